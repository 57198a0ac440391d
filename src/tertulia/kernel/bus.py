"""The bus: short notices from services to the live gateways of every process, told at commit.

A notice holds ids only; whoever hears it reads what it may from the database. PostgreSQL carries them, or with
`TERTULIA_BUS_URL` a Valkey server (`kernel.carrier`). They may be late, come twice or be lost, and nothing is wrong
for longer than a moment: docs/decisions/bus.md.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping
from functools import partial
from itertools import islice
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from tertulia.kernel import carrier
from tertulia.kernel.prepared import fetch

CHANNEL = "tertulia"
ME = secrets.token_hex(6)
"""This process, in notices of what it tells its own tabs without them."""
CHANNELS = 130
"""Of one `posts` notice, which has to fit into PostgreSQL's 8,000 bytes."""

# kind -> the ids it carries
KINDS = {
    # posts changed: channel -> up to which revision, of at most `CHANNELS`; `by`: the process that tells its own tabs
    "posts": ("revisions", "by"),
    "channel": ("channel",),  # its name, header, purpose, visibility, posting or archive state changed
    "joined": ("channel", "person"),  # came into a channel
    "left": ("channel", "person"),  # may no longer hear a channel
    "read": ("channel", "person"),  # read further (or marked unread)
    "sidebar": ("person",),  # favourites, mutes, drafts, workspaces or roles of one person changed
    "workspace": ("workspace",),  # its name, goal, members' roles or channel list changed
    "identity": ("person",),  # sessions, tokens, door, name or picture changed: forget what you know of them
    "typing": ("channel", "root", "person", "name"),
    "presence": ("states",),  # JSON: person -> open, closed or away; at most a hundred
}


def notify(kind: str, **ids: Any) -> None:
    """Tell every process at commit. `ids` must be exactly those that `KINDS` names for the kind (None allowed)."""
    notify_all(kind, [ids])


def notify_all(kind: str, notices: Iterable[Mapping[str, Any]]) -> None:
    """The same for many at once, in one trip to the database or the Valkey server."""
    payloads = [_payload(kind, ids) for ids in notices]
    if not payloads:
        return
    if settings.BUS_URL is not None:
        transaction.on_commit(partial(carrier.send, payloads), robust=True)
        return
    fetch("SELECT pg_notify(%s, v) FROM unnest(%s::text[]) AS v", [CHANNEL, payloads])


def notify_posts(revisions: Iterable[tuple[UUID, int]]) -> None:
    """Tell at commit that posts of these channels changed, each up to its revision."""
    waiting = iter(revisions)
    parts = iter(lambda: dict(islice(waiting, CHANNELS)), {})
    notify_all("posts", [{"revisions": part, "by": None} for part in parts])


def told_by_database() -> str | None:
    """PostgreSQL's channel, for writers whose one statement also tells. None: they `tell` once it is committed."""
    return CHANNEL if settings.BUS_URL is None else None


def tell(kind: str, notices: Iterable[Mapping[str, Any]]) -> None:
    """Tell what is committed already, where PostgreSQL does not carry notices (`told_by_database`)."""
    carrier.send([_payload(kind, ids) for ids in notices])


def _payload(kind: str, ids: Mapping[str, Any]) -> str:
    if set(ids) != set(KINDS[kind]):
        raise ValueError(f"A {kind} notice carries {KINDS[kind]}, not {tuple(ids)}.")
    return json.dumps({"kind": kind, **{name: _plain(value) for name, value in ids.items()}})


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): number for key, number in value.items()}
    return value if value is None else str(value)
