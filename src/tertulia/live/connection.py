"""One tab: who it is, what it hears, and what waits while it is not sure that it may hear it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, Protocol
from uuid import UUID

from tertulia.live import saying
from tertulia.live.frames import encode

if TYPE_CHECKING:
    import asyncio

    from tertulia.live.frames import Incoming
    from tertulia.live.hub import Hub
    from tertulia.live.rooms import Room

QUEUE: Final = 256
"""Frames that may wait while rights are read, before the connection is dropped; the tab resumes by revision."""
BURST: Final = 200
PER_SECOND: Final = 20
"""Frames that a tab may send at once, and on and on."""

RESTARTING: Final = 1012
TRY_LATER: Final = 1013
BROKEN: Final = 1011
TOO_MANY: Final = 1008
NOT_A_FRAME: Final = 1007
SIGNED_OUT: Final = 4401

BYE: Final = encode("bye")
NOBODY: Final[frozenset[UUID]] = frozenset()


class Wire(Protocol):
    """What carries a tab's frames: `wire.Wire`, or `plain.Plain` where a server has its own websockets."""

    @property
    def full(self) -> bool:
        """So much waits to be taken that the tab does not keep up."""

    def write(self, frames: bytes, /) -> None:
        """Send these whole frames; what the network does not take at once is kept."""

    def close(self, code: int) -> None:
        """Say goodbye with this code, and end."""


class Connection:
    """State of one socket. Only the event loop's thread touches it. There are thousands, so it is small.

    `member_of`, `shown`: the rooms it hears of, which live as long as somebody holds them.
    `settled`: its rights have been read, and it has been greeted.
    `asking`: what it said while something that it said before is being answered; None when nothing is.
    """

    __slots__ = (
        "_allowance",
        "_heard_at",
        "_held",
        "asking",
        "closed",
        "hub",
        "member_of",
        "name",
        "person_id",
        "session_key",
        "settled",
        "shown",
        "task",
        "typed_at",
        "watched",
        "wire",
        "workspaces",
    )

    def __init__(self, hub: Hub, wire: Wire, person_id: UUID, name: str, session_key: str) -> None:
        self.hub = hub
        self.wire = wire
        self.person_id = person_id
        self.name = name
        self.session_key = session_key
        self.member_of: list[Room] = []
        self.shown: dict[UUID, Room] = {}
        self.workspaces = NOBODY
        self.watched: frozenset[UUID] = NOBODY
        self.typed_at: dict[UUID, float] | None = None
        self.settled = False
        self.closed = False
        self.asking: list[Incoming] | None = []
        self.task: asyncio.Task[None] | None = None
        self._held: list[tuple[UUID | None, bytes]] | None = None
        self._allowance: float = BURST
        self._heard_at = time.monotonic()

    # to the tab

    def send(self, frame: bytes, about: UUID | None = None) -> None:
        """Write a frame, `about` a channel; a tab that does not keep up is closed (try again later) and resumes."""
        if self.closed:
            return
        if self._held is None:
            if self.wire.full:
                self.close(TRY_LATER)
            else:
                self.wire.write(frame)
        elif len(self._held) >= QUEUE:
            self.close(TRY_LATER)
        else:
            self._held.append((about, frame))

    def greet(self, frame: bytes) -> None:
        """The first frame of all, before whatever was said while rights were being read; what the tab says is heard."""
        if self._held is None:
            self.send(frame)
        else:
            self._held.insert(0, (None, frame))
        self.settled = True
        saying.go_on(self)

    @property
    def held(self) -> bool:
        """Whether frames wait."""
        return self._held is not None

    def hold(self) -> None:
        """Write nothing until `release`: it is not sure that this tab may still hear what is said."""
        if self._held is None:
            self._held = []

    def forget(self, channel: UUID) -> None:
        """What waits about a channel is not sent after all."""
        if self._held:
            self._held = [item for item in self._held if item[0] != channel]

    def release(self) -> None:
        """Write again; what waits has been found right."""
        held, self._held = self._held, None
        if held:
            self.send(b"".join(frame for _about, frame in held))

    def close(self, code: int) -> None:
        """End with this websocket code, and write nothing more; the first reason wins."""
        if not self.closed:
            if code == SIGNED_OUT:
                self.wire.write(BYE)
            self.wire.close(code)
            self.gone()

    # from the tab

    def heard(self, text: str | bytes) -> None:
        """The tab said something."""
        saying.heard(self, text)

    def gone(self) -> None:
        """The socket has ended, from whichever side."""
        if self.closed:
            return
        self.closed = True
        self.hub.remove(self)
        if self.task is not None:
            self.task.cancel()

    def may_speak(self) -> bool:
        """Whether another frame from this tab is within what a tab may send."""
        moment = time.monotonic()
        self._allowance = min(BURST, self._allowance + (moment - self._heard_at) * PER_SECOND) - 1
        self._heard_at = moment
        return self._allowance >= 0
