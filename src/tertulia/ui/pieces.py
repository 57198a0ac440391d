"""Templates kept as pieces: rendered once for each way that they can look, filled in for each reader.

A template that `Kept` holds sees nothing but `looks`, a NamedTuple of flags and of holes. What differs from reader to
reader or from minute to minute - names, numbers, tokens, lists - is a hole: `hole("name")` stands in its place while
the template is rendered, and `fill` puts the value there. So what is kept is a function of its key, and can never be
out of date: whatever a template shows is in the key or comes in anew.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Hashable, Mapping
from functools import lru_cache
from html import escape
from typing import Any, Protocol

from django.conf import settings
from django.template.loader import get_template
from django.utils.translation import get_language

# Small letters and digits pass through everything that templates do to words: escaping, URLs, JSON. Nobody can guess
# these, so that nothing which people wrote is taken for a hole.
_BEGIN = f"x{secrets.token_hex(8)}x"
_END = f"y{secrets.token_hex(8)}y"
_HOLE = re.compile(f"{_BEGIN}([a-z0-9]+){_END}")


class Looks(Hashable, Protocol):
    """A NamedTuple, all of whose values are flags, words of few kinds, holes, or such tuples."""

    def _asdict(self) -> dict[str, Any]: ...


def hole(name: str) -> str:
    """What stands for a value while its template is rendered; `name` has small letters and digits only."""
    return f"{_BEGIN}{name}{_END}"


def as_bytes(value: object) -> bytes:
    """A value as a template would write it: what is no HTML is escaped. Bytes are HTML of ours."""
    if isinstance(value, bytes):
        return value
    text = str(value)
    return (text if isinstance(value, int) or hasattr(value, "__html__") else escape(text)).encode()


class Kept:
    """One template, kept in at most so many looks."""

    def __init__(self, template: str, *, most: int = 256) -> None:
        self.template = template
        self._pieces = lru_cache(maxsize=most)(self._cut)

    def fill(self, looks: Looks, values: Mapping[str, object]) -> bytes:
        """The template with these looks, in the active language. `values` has one for each hole in it."""
        cut = self._cut if settings.DEBUG else self._pieces
        pieces, places = cut(looks, get_language())
        filled = list(pieces)
        for name, where in places.items():
            value = as_bytes(values[name])
            for place in where:
                filled[place] = value
        return b"".join(filled)

    def _cut(self, looks: Looks, language: str | None) -> tuple[tuple[bytes, ...], dict[str, list[int]]]:
        """The bytes between holes, and at which places among them each hole is."""
        del language  # tells pieces in different languages apart
        parts = _HOLE.split(get_template(self.template).render(looks._asdict()))
        places: dict[str, list[int]] = {}
        for place in range(1, len(parts), 2):
            places.setdefault(parts[place], []).append(place)
        return tuple(b"" if place % 2 else part.encode() for place, part in enumerate(parts)), places
