"""Writes small Slack exports for tests."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

Record = dict[str, Any]


def user(identity: str, name: str, **more: Any) -> Record:
    profile = {
        "real_name": more.pop("real_name", name.title()),
        "email": more.pop("email", ""),
        **more.pop("profile", {}),
    }
    return {"id": identity, "name": name, "profile": profile, "tz": "Europe/Madrid", **more}


def channel(identity: str, name: str, members: Sequence[str] = (), **more: Any) -> Record:
    return {
        "id": identity,
        "name": name,
        "created": 1600000000,
        "creator": members[0] if members else "",
        "is_archived": False,
        "is_general": False,
        "members": list(members),
        "topic": {"value": more.pop("topic", "")},
        "purpose": {"value": more.pop("purpose", "")},
        **more,
    }


def message(ts: str, person: str, text: str, **more: Any) -> Record:
    return {"type": "message", "ts": ts, "user": person, "text": text, **more}


def write(path: Path, parts: Mapping[str, Any], *, outer: str = "") -> Path:
    """Write an archive to `path`; a part that is text or bytes is written as it is, anything else as indented JSON."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            data = content if isinstance(content, str | bytes) else json.dumps(content, indent=1)
            archive.writestr(outer + name, data)
    return path


def small(path: Path, **days: Sequence[Record]) -> Path:
    """An export of two people and one channel, with these days: `d2024_05_01=[...]`."""
    parts: dict[str, Any] = {
        "users.json": [user("U1", "ana"), user("U2", "ben")],
        "channels.json": [channel("C1", "chatter", ["U1", "U2"])],
    }
    for name, messages in days.items():
        parts[f"chatter/{name.removeprefix('d').replace('_', '-')}.json"] = list(messages)
    return write(path, parts)
