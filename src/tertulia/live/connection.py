"""One tab's websocket: who it is, what it hears, and the bounded queue of frames that wait to be written."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from uuid import UUID

if TYPE_CHECKING:
    from tertulia.live.rooms import Room

QUEUE: Final = 256
"""Frames that may wait for a slow reader before the connection is dropped; the tab resumes by revision."""
BURST: Final = 200
PER_SECOND: Final = 20
"""Frames that a tab may send at once, and on and on."""

RESTARTING: Final = 1012
TRY_LATER: Final = 1013
BROKEN: Final = 1011
TOO_MANY: Final = 1008
NOT_A_FRAME: Final = 1007
SIGNED_OUT: Final = 4401


@dataclass(eq=False)
class Connection:
    """State of one socket. Only the event loop's thread touches it.

    `member_of`, `shown`: the rooms it hears of, which live as long as somebody holds them.
    `settled`: its rights have been read, and it has been greeted.
    """

    person_id: UUID
    name: str
    session_key: str
    member_of: dict[UUID, Room] = field(default_factory=dict)
    shown: dict[UUID, Room] = field(default_factory=dict)
    workspaces: frozenset[UUID] = frozenset()
    watched: set[UUID] = field(default_factory=set)
    typed_at: dict[UUID, float] = field(default_factory=dict)
    settled: asyncio.Event = field(default_factory=asyncio.Event)
    closing: asyncio.Future[int] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    _waiting: deque[tuple[UUID | None, str]] = field(default_factory=deque)
    _ready: asyncio.Event = field(default_factory=asyncio.Event)
    _held: bool = False
    _allowance: float = BURST
    _heard_at: float = field(default_factory=time.monotonic)

    def send(self, frame: str, about: UUID | None = None) -> None:
        """Queue a frame, `about` a channel; a tab that does not keep up is closed (try again later) and resumes."""
        if len(self._waiting) >= QUEUE:
            self.close(TRY_LATER)
            return
        self._waiting.append((about, frame))
        self._look()

    def greet(self, frame: str) -> None:
        """Queue the first frame of all, before whatever was said while rights were being read."""
        self._waiting.appendleft((None, frame))
        self._look()

    def forget(self, channel: UUID) -> None:
        """What waits about a channel is not sent after all."""
        self._waiting = deque(item for item in self._waiting if item[0] != channel)
        self._look()

    def hold(self) -> None:
        """Write nothing until `release`: it is not sure that this tab may still hear what waits."""
        self._held = True
        self._look()

    def release(self) -> None:
        """Write again; what waits has been found right."""
        self._held = False
        self._look()

    async def next(self) -> str:
        """The next frame to be written, when there is one and it may be."""
        await self._ready.wait()
        _about, frame = self._waiting.popleft()
        self._look()
        return frame

    def close(self, code: int) -> None:
        """Ask the gateway to close with this websocket code, and write nothing more; the first reason wins."""
        if not self.closing.done():
            self.closing.set_result(code)
        self._look()

    def may_speak(self) -> bool:
        """Whether another frame from this tab is within what a tab may send."""
        moment = time.monotonic()
        self._allowance = min(BURST, self._allowance + (moment - self._heard_at) * PER_SECOND) - 1
        self._heard_at = moment
        return self._allowance >= 0

    def _look(self) -> None:
        if self._waiting and not self._held and not self.closing.done():
            self._ready.set()
        else:
            self._ready.clear()
