"""Keyset pagination: pages that neither skip nor repeat when rows come and go, equally fast at any depth.

A cursor is the sort key of the row at the page's edge, and the direction, in URL-safe characters. It is opaque
to clients and grants nothing: the queryset it is applied to is already narrowed to what the reader may see.
"""

from __future__ import annotations

import base64
import binascii
import datetime
import json
import math
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import F, Model, Q, QuerySet
from django.utils.translation import gettext as _

from tertulia.kernel.errors import Invalid

T = TypeVar("T")
M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True)
class Slice(Generic[T]):
    """Some rows in order, and the cursors of the slices around them (None: there are none)."""

    items: list[T]
    next: str | None = None
    previous: str | None = None


def keyset(queryset: QuerySet[M], *, order: Sequence[str], cursor: str | None, limit: int) -> Slice[M]:
    """One page of `queryset`, in one query.

    `order` names plain columns that are never null and together unique, e.g. `("name", "id")` or
    `("-created_at", "id")`.
    Raises Invalid for a cursor that no page gave out.
    """
    forward, key = (True, None) if cursor is None else _decode(cursor, len(order))
    columns = [(name.lstrip("-"), name.startswith("-") == forward) for name in order]
    if key is not None:
        try:
            queryset = queryset.filter(_beyond(columns, key))
        except (ValidationError, ValueError, TypeError):
            raise _bad_cursor() from None
    rows = list(queryset.order_by(*(F(n).desc() if down else F(n).asc() for n, down in columns))[: limit + 1])
    more, rows = len(rows) > limit, rows[:limit]
    if not forward:
        rows.reverse()
    if not rows:
        return Slice([])
    first, last = ([_plain(getattr(row, name)) for name, _down in columns] for row in (rows[0], rows[-1]))
    has_next, has_previous = (more, key is not None) if forward else (True, more)
    return Slice(
        rows,
        next=_encode(last, forward=True) if has_next else None,
        previous=_encode(first, forward=False) if has_previous else None,
    )


def _beyond(columns: Sequence[tuple[str, bool]], key: Sequence[Any]) -> Q:
    """Rows strictly after `key`: the first column beats it, or ties and the second does, and so on."""
    result = Q(pk__in=[])
    ties = Q()
    for (name, descending), value in zip(columns, key, strict=True):
        result |= ties & Q(**{f"{name}__{'lt' if descending else 'gt'}": value})
        ties &= Q(**{name: value})
    return result


def _plain(value: object) -> str | int | float | bool:
    if isinstance(value, datetime.datetime | datetime.date):
        return value.isoformat()
    if isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, uuid.UUID):
        return str(value)
    raise TypeError(f"a cursor cannot hold {type(value).__name__}")


def _encode(key: Sequence[object], *, forward: bool) -> str:
    text = json.dumps(["f" if forward else "b", *key], separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decode(cursor: str, length: int) -> tuple[bool, list[Any]]:
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        direction, *key = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, TypeError, binascii.Error, RecursionError):
        raise _bad_cursor() from None
    if direction not in ("f", "b") or len(key) != length or not all(_sound(part) for part in key):
        raise _bad_cursor()
    return direction == "f", key


def _sound(part: object) -> bool:
    """Whether PostgreSQL can take this value: a made-up cursor must not become a server error."""
    if isinstance(part, str):
        # Names hold unprintable characters rightly (joiners in emoji and Persian); half characters cannot be stored.
        return "\0" not in part and not any("\ud800" <= character <= "\udfff" for character in part)
    if isinstance(part, int):
        return -(2**63) <= part < 2**63
    return isinstance(part, float) and math.isfinite(part)


def _bad_cursor() -> Invalid:
    return Invalid(_("This place in the list is not known. Start again from its first page."), field="cursor")
