"""The bus: short notices from services to the live gateways of every process, delivered by PostgreSQL at commit.

A notice holds ids only; whoever hears it reads what it may from the database.
"""

from __future__ import annotations

import json
from typing import Any

from django.db import connection

CHANNEL = "tertulia"

# kind -> the ids it carries
KINDS = {
    "posts": ("channel", "revision"),  # posts of a channel changed, up to this revision
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
    if set(ids) != set(KINDS[kind]):
        raise ValueError(f"A {kind} notice carries {KINDS[kind]}, not {tuple(ids)}.")
    payload = json.dumps(
        {"kind": kind, **{name: value if value is None else str(value) for name, value in ids.items()}}
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, payload])
