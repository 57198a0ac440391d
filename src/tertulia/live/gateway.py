"""The websocket endpoint `/live`: signs a tab in by its session, then passes frames between it and the hub."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final, Protocol
from urllib.parse import urlsplit
from uuid import UUID

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError

from tertulia.live.connection import BYE, RESTARTING, SIGNED_OUT, TRY_LATER, Connection
from tertulia.live.cookies import cookies
from tertulia.live.database import Database
from tertulia.live.fresh import Fresh
from tertulia.live.hub import Hub, Notice
from tertulia.live.listener import listen
from tertulia.live.plain import Message, Plain, Receive, Send
from tertulia.live.watch import watch
from tertulia.live.wire import EXTENSION, Wire

log = structlog.get_logger()

SESSIONS_CHECKED_EVERY: Final = 60.0
PATIENCE: Final = 5.0
"""Seconds in which the bus should be heard before the first tabs come, who would otherwise all have to look again."""
FORBIDDEN: Final = 4403


class Ear(Protocol):
    """Somebody who hears the bus."""

    def heard(self, notice: Notice) -> None:
        """A notice came."""

    def missed(self) -> None:
        """Notices may have been missed."""


class Gateway:
    """The live gateway of one web process: `startup`, then one call for each websocket, then `shutdown`."""

    def __init__(self) -> None:
        self.hub: Hub | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def startup(self, *others: Ear) -> None:
        """Begin to listen; called once when the web process starts. A database that is away does not stop it.

        `others` hear the bus, too, each notice before the hub does.
        """
        hub = self.hub = Hub(Database())
        listening = asyncio.Event()

        def heard(notice: Notice) -> None:
            for ear in (*others, hub):
                try:
                    ear.heard(notice)
                except Exception:  # whatever one cannot understand, the others must hear
                    log.exception("A notice could not be followed", notice=str(notice)[:500])

        def connected() -> None:
            listening.set()
            for ear in (*others, hub):
                ear.missed()

        self._tasks = [
            asyncio.create_task(listen(heard, connected)),
            asyncio.create_task(watch(hub)),
            asyncio.create_task(hub.presence.run()),
            asyncio.create_task(_check_sessions(hub)),
        ]
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(listening.wait(), PATIENCE)

    async def shutdown(self) -> None:
        """Send everybody away (service restart); they come back by themselves."""
        hub, self.hub = self.hub, None
        if hub is None:
            return
        for connection in list(hub.connections):
            connection.close(RESTARTING)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await hub.close()
        await hub.database.close()

    def look(self, channel: UUID, revision: int) -> None:
        """This process has just changed a channel: tell it here without waiting for the notice."""
        if self.hub is not None:
            self.hub.look(channel, revision)

    def wrote(self, fresh: Fresh) -> None:
        """The same, where what was written is at hand."""
        if self.hub is not None:
            self.hub.wrote(fresh)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """ASGI application for one websocket; with a wire it is done as soon as the tab is signed in."""
        await receive()  # websocket.connect
        wire: Wire | Plain = scope.get("extensions", {}).get(EXTENSION) or Plain(receive, send)
        hub = self.hub
        if hub is None or not _same_origin(scope):
            await wire.refuse(FORBIDDEN)
            return
        key = _session_key(scope)
        try:
            somebody = await hub.everybody(key) if key else None
        except (OperationalError, InterfaceError) as error:
            log.warning("A tab could not be signed in", error=str(error).strip())
            await wire.refuse(TRY_LATER)
            return
        await wire.accept()
        tab = None
        if somebody is None or key is None or self.hub is None:
            if self.hub is not None:
                wire.write(BYE)
            wire.close(SIGNED_OUT if self.hub is not None else RESTARTING)
        else:
            tab = Connection(hub, wire, somebody.person_id, somebody.name, key)
            hub.add(tab)
        await wire.carry(tab)


async def _check_sessions(hub: Hub) -> None:
    """Backstop: sessions may end without a notice (they expire, or a row is deleted by hand)."""
    while True:
        await asyncio.sleep(SESSIONS_CHECKED_EVERY)
        for person in list(hub.by_person):
            hub.rights.doubt(person)
            await asyncio.sleep(SESSIONS_CHECKED_EVERY / 2 / (len(hub.by_person) + 1))  # never all at once


def _session_key(scope: Message) -> str | None:
    sent = b"; ".join(value for name, value in scope["headers"] if name == b"cookie")
    return cookies(sent).get(settings.SESSION_COOKIE_NAME)


def _same_origin(scope: Message) -> bool:
    """Whether the page that opens the socket is ours (RFC 6455 section 10.2); cookies alone would let any page in."""
    headers = dict(scope["headers"])
    origin = headers.get(b"origin", b"").decode("latin-1")
    host = headers.get(b"host", b"").decode("latin-1")
    return bool(origin and host) and (urlsplit(origin).netloc == host or origin == settings.BASE_URL)


_gateway = Gateway()
application = _gateway
startup = _gateway.startup
shutdown = _gateway.shutdown
