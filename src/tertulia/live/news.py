"""What is said, on its way to everybody who hears it: read once for all rooms that have news, told in one go.

A lone post is told at once. While more comes, it is gathered for a moment, and each tab gets what there is for it in
one write: most of what a delivery costs is the kernel's, for each write and not for each frame.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import structlog
from django.db import InterfaceError, OperationalError

from tertulia.live import queries
from tertulia.live.connection import Connection
from tertulia.live.errands import Stale
from tertulia.live.frames import encode
from tertulia.live.fresh import changes as fresh_changes
from tertulia.live.queries import Changes
from tertulia.live.rooms import Room

if TYPE_CHECKING:
    from tertulia.live.hub import Hub

log = structlog.get_logger()

TICK: Final = 0.015
"""Seconds in which news are gathered after some have been told."""
REST: Final = 9.0
"""A round is followed by a pause as long as it took to tell, times this: other work comes to its turn, and under load
more goes into each write, which wakes its receiver."""
LONGEST: Final = 0.06
ROOMS: Final = 100
"""Rooms that are read at once."""


class News:
    """Tells the rooms of one process what is new in them."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._rooms: dict[Room, None] = {}  # in the order in which they had news

    def look(self, room: Room) -> None:
        """Tell what is new in a room, as far as it is wanted."""
        self._rooms[room] = None
        self._hub.errands.ask("news", self._round)

    async def _round(self, _stale: Stale) -> None:
        while self._rooms:
            begun = time.perf_counter()
            self._tell(_written_here(self._rooms))
            self._forget_told()
            took = time.perf_counter() - begun
            if self._rooms:
                took += await self._read(list(self._rooms)[:ROOMS])
            await asyncio.sleep(min(LONGEST, max(TICK, took * REST)))

    async def _read(self, rooms: Sequence[Room]) -> float:
        """Read what is new in these rooms, and tell it; returns how long telling took, in seconds."""
        asked = {room: room.wanted for room in rooms}
        since = {
            room.channel: room.mark
            for room, wanted in asked.items()
            if wanted is not None and room.mark is not None and wanted > room.mark.revision
        }
        try:
            found = await self._hub.database.read(queries.changes, since) if since else {}
        except (OperationalError, InterfaceError):
            raise  # the errand tries again
        except Exception:
            for room in rooms:  # the next notice asks for them again; until then the others get their turn
                del self._rooms[room]
            raise
        begun = time.perf_counter()
        changed: dict[Room, Changes] = {}
        for room, wanted in asked.items():
            if wanted is None or room.mark is None:
                continue
            changes = found.get(room.channel)
            room.told(changes.mark if changes else room.mark, wanted)
            if changes is not None:
                changed[room] = changes
        self._forget_told()
        self._tell(changed)
        return time.perf_counter() - begun

    def _forget_told(self) -> None:
        for room in [room for room in self._rooms if room.wanted is None or not _is_heard(room)]:
            del self._rooms[room]

    def _tell(self, changed: Mapping[Room, Changes]) -> None:
        letters: dict[Connection, bytes | list[bytes]] = {}  # nearly always one: no list, which the collector follows
        alone = len(changed) == 1
        for room, changes in changed.items():
            for frames, tabs in _deliveries(room, changes):
                for tab in tabs:
                    if alone or tab.held:
                        tab.send(frames, room.channel)  # who is held may have to forget the channel
                    elif tab in letters:
                        already = letters[tab]
                        letters[tab] = [*already, frames] if isinstance(already, list) else [already, frames]
                    else:
                        letters[tab] = frames
        for tab, letter in letters.items():
            tab.send(letter if isinstance(letter, bytes) else b"".join(letter))


def _written_here(rooms: Iterable[Room]) -> dict[Room, Changes]:
    """What this process has just written itself and need not read."""
    found: dict[Room, Changes] = {}
    for room in rooms:
        fresh = room.take_fresh()
        if not fresh or not _is_heard(room):
            continue
        try:
            changes = fresh_changes(fresh)
        except Exception:  # it will be read, and said again what is wrong with it
            log.exception("What was written here could not be told", channel=str(room.channel))
            continue
        room.told(changes.mark, changes.mark.revision)
        found[room] = changes
    return found


def _is_heard(room: Room) -> bool:
    return room.mark is not None and bool(room.members or room.showing)


def _deliveries(room: Room, changes: Changes) -> Iterator[tuple[bytes, set[Connection]]]:
    """Who gets what: posts go to those who show the channel, activity to those who belong to it."""
    posts, activity = changes.posts or b"", changes.activity or b""
    if changes.too_many:
        posts = encode("reload", channel=room.channel)
        activity = encode("sidebar", workspace=changes.workspace_id)
    if posts and activity:
        yield posts + activity, room.showing & room.members
        yield posts, room.showing - room.members
        yield activity, room.members - room.showing
    elif posts:
        yield posts, set(room.showing)
    elif activity:
        yield activity, set(room.members)
