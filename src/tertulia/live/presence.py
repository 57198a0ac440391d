"""Who is here, coarsely: door open, door closed, or away. Never stored, never all-to-all.

Each process tells the others once a minute, and when somebody comes or goes, in notices that hold up to a hundred
people. A tab hears only of the people it shows.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Collection
from typing import TYPE_CHECKING, Final
from uuid import UUID

import structlog
from django.db import InterfaceError, OperationalError

from tertulia.kernel import bus
from tertulia.live import queries
from tertulia.live.frames import encode
from tertulia.live.gathering import Gathered

if TYPE_CHECKING:
    from tertulia.live.connection import Connection
    from tertulia.live.hub import Hub

log = structlog.get_logger()

TICK: Final = 1.0
"""Seconds in which changes are gathered before anybody is told."""
ANNOUNCE: Final = 60.0
FORGET: Final = 150.0
"""Seconds after which somebody whom no process mentions any more counts as away."""
LINGER: Final = 4.0
"""Seconds that somebody may be gone before it is told: from one page to the next it takes one."""
FADE: Final = 2.5
"""Seconds in which another process may object that somebody is still there."""
BATCH: Final = 100
AWAY: Final = "away"


class Presence:
    """What this process knows of who is here."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._acquaintances = Gathered(hub.database, queries.acquaintances)
        self._known: dict[UUID, tuple[str, float]] = {}  # state, and until when it holds
        self._door: dict[UUID, str] = {}  # of people connected to this process
        self._left_at: dict[UUID, float] = {}  # people whose last socket here closed, and nobody has been told yet
        self._to_announce: set[UUID] = set()
        self._to_tell: set[UUID] = set()
        self._announced_at = time.monotonic()
        self._ask = True

    def came(self, person: UUID) -> None:
        """A socket of theirs opened here."""
        if self._left_at.pop(person, None) is None:
            self._to_announce.add(person)

    def gone(self, person: UUID) -> None:
        """The last socket of theirs here closed; told unless they are back soon."""
        self._left_at[person] = time.monotonic()

    def door_changed(self, person: UUID) -> None:
        """The person may have opened or closed the door; it is looked up at the next tick."""
        if person in self._hub.by_person:
            self._door.pop(person, None)
            self._to_announce.add(person)

    def ask(self) -> None:
        """Have everybody told again by all processes: this one may have missed something."""
        self._ask = True

    async def watch(self, connection: Connection, people: Collection[UUID]) -> None:
        """The tab shows these people: tell it of them now and when they change. Strangers are left out."""
        allowed = await self._acquaintances((connection.person_id, frozenset(people)))
        connection.watched = allowed
        connection.send(encode("presence", people={str(person): self.state(person) for person in allowed}))

    def state(self, person: UUID) -> str:
        """`open`, `closed` or `away`."""
        state, until = self._known.get(person, (AWAY, 0.0))
        return state if until > time.monotonic() else AWAY

    def heard(self, states: str) -> None:
        """A process, perhaps this one, told of people; of nobody: it wants to be told."""
        moment = time.monotonic()
        told = {UUID(key): state for key, state in json.loads(states).items()}
        if not told:
            self._to_announce.update(self._hub.by_person)
        for person, state in told.items():
            if state == AWAY:
                self._fade(person, moment)
                continue
            if self.state(person) != state:
                self._to_tell.add(person)
            self._known[person] = (state, moment + FORGET)

    async def run(self) -> None:
        """Gather, announce and tell, once a tick, until cancelled."""
        while True:
            await asyncio.sleep(TICK)
            try:
                await self._tick()
            except (OperationalError, InterfaceError) as error:
                log.warning("Presence waits for the database", error=str(error).strip())
            except Exception:
                log.exception("Presence stumbled; going on")

    async def _tick(self) -> None:
        moment = time.monotonic()
        if moment - self._announced_at > ANNOUNCE:
            self._announced_at = moment
            self._to_announce.update(self._hub.by_person)
        for person in [person for person, left_at in self._left_at.items() if moment - left_at > LINGER]:
            del self._left_at[person]
            self._to_announce.add(person)
        if self._ask:
            await self._hub.database.read(bus.notify, "presence", states="{}")
            self._ask = False
        people, self._to_announce = self._to_announce, set()
        try:
            await self._announce(people)
        except Exception:
            self._to_announce |= people
            raise
        for person in [person for person, (_, until) in self._known.items() if until < moment]:
            del self._known[person]
            self._to_tell.add(person)
        self._tell()

    def _fade(self, person: UUID, moment: float) -> None:
        if person in self._hub.by_person or person in self._left_at:
            self._to_announce.add(person)  # gone there, but still here: say so
        elif person in self._known:
            state, until = self._known[person]
            self._known[person] = (state, min(until, moment + FADE))

    async def _announce(self, people: set[UUID]) -> None:
        here = {person for person in people if person in self._hub.by_person or person in self._left_at}
        unknown = here - self._door.keys()
        if unknown:
            self._door.update(await self._hub.database.read(queries.doors, unknown))
        states = {str(person): self._door.get(person, "closed") if person in here else AWAY for person in people}
        for person in people - here:
            self._door.pop(person, None)
        rows = list(states.items())
        for start in range(0, len(rows), BATCH):
            part = json.dumps(dict(rows[start : start + BATCH]))
            await self._hub.database.read(bus.notify, "presence", states=part)

    def _tell(self) -> None:
        changed, self._to_tell = self._to_tell, set()
        for connection in list(self._hub.connections) if changed else ():
            if mine := changed & connection.watched:
                connection.send(encode("presence", people={str(person): self.state(person) for person in mine}))
