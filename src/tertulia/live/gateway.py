"""The websocket endpoint `/live`: signs a tab in by its session, then passes frames between it and the hub."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError

from tertulia.kernel import bus
from tertulia.live import frames, queries
from tertulia.live.connection import (
    BROKEN,
    NOT_A_FRAME,
    RESTARTING,
    SIGNED_OUT,
    TOO_MANY,
    TRY_LATER,
    Connection,
)
from tertulia.live.database import Database
from tertulia.live.hub import Hub
from tertulia.live.listener import listen

log = structlog.get_logger()

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

TYPING_PAUSE: Final = 2.5
"""Seconds in which a tab's typing in one channel is told once."""
LONGEST: Final = 16 * 1024
SESSIONS_CHECKED_EVERY: Final = 60.0
PATIENCE: Final = 5.0
"""Seconds in which the bus should be heard before the first tabs come, who would otherwise all have to look again."""
FAREWELL: Final = 1.0
"""Seconds in which a closing frame must have been taken; who does not read does not hold up others."""
FORBIDDEN: Final = 4403


class Gateway:
    """The live gateway of one web process: `startup`, then one call for each websocket, then `shutdown`."""

    def __init__(self) -> None:
        self.hub: Hub | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def startup(self) -> None:
        """Begin to listen; called once when the web process starts. A database that is away does not stop it."""
        hub = self.hub = Hub(Database())
        listening = asyncio.Event()

        def connected() -> None:
            listening.set()
            hub.missed()

        self._tasks = [
            asyncio.create_task(listen(hub.heard, connected)),
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

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """ASGI application for one websocket."""
        await receive()  # websocket.connect
        hub = self.hub
        if hub is None or not _same_origin(scope):
            await send({"type": "websocket.close", "code": FORBIDDEN})
            return
        key = _session_key(scope)
        try:
            somebody = await hub.database.read(queries.who, key) if key else None
        except (OperationalError, InterfaceError) as error:
            log.warning("A tab could not be signed in", error=str(error).strip())
            await send({"type": "websocket.close", "code": TRY_LATER})
            return
        await send({"type": "websocket.accept"})
        if somebody is None or key is None:
            await _farewell(send, SIGNED_OUT)
            return
        connection = Connection(somebody.person_id, somebody.name, key)
        code = await _serve(hub, connection, receive, send)
        if code is not None:
            await _farewell(send, code)


async def _serve(hub: Hub, connection: Connection, receive: Receive, send: Send) -> int | None:
    """Pass frames until one side ends. Returns the code to close with; None where the tab has gone."""
    hub.add(connection)
    writer = asyncio.create_task(_write(connection, send))
    reader = asyncio.create_task(_read(hub, connection, receive))
    try:
        ends: list[asyncio.Future[Any]] = [writer, reader, connection.closing]
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    finally:
        hub.remove(connection)
        for task in (writer, reader):
            task.cancel()
        _, failure = await asyncio.gather(writer, reader, return_exceptions=True)
    if connection.closing.done():
        return connection.closing.result()
    if isinstance(failure, (OperationalError, InterfaceError)):
        log.warning("A tab's frame needs the database, which is away", error=str(failure).strip())
        return TRY_LATER
    if isinstance(failure, Exception):
        log.error("A tab's frame could not be answered", exc_info=failure)
        return BROKEN
    return None


async def _farewell(send: Send, code: int) -> None:
    with contextlib.suppress(Exception):  # the tab may be gone already, or not be reading
        async with asyncio.timeout(FAREWELL):
            if code == SIGNED_OUT:
                await send({"type": "websocket.send", "text": frames.encode("bye")})
            await send({"type": "websocket.close", "code": code})


async def _write(connection: Connection, send: Send) -> None:
    while True:
        frame = await connection.next()
        await send({"type": "websocket.send", "text": frame})


async def _read(hub: Hub, connection: Connection, receive: Receive) -> None:
    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            return
        text = message.get("text") or ""
        if not connection.may_speak():
            connection.close(TOO_MANY)
            return
        try:
            if len(text) > LONGEST:
                raise msgspec.ValidationError
            frame = frames.decode(text)
        except msgspec.DecodeError:
            connection.close(NOT_A_FRAME)
            return
        await connection.settled.wait()
        await _answer(hub, connection, frame)


async def _answer(hub: Hub, connection: Connection, frame: frames.Incoming) -> None:
    match frame:
        case frames.Show(channel, revision):
            await hub.show(connection, channel, revision)
        case frames.Hide(channel):
            hub.hide(connection, channel)
        case frames.Typing(channel, root):
            await _typing(hub, connection, channel, root)
        case frames.Watch(people):
            await hub.presence.watch(connection, people)
        case frames.Ping():
            connection.send(frames.encode("pong"))


async def _typing(hub: Hub, connection: Connection, channel: UUID, root: UUID | None) -> None:
    moment = time.monotonic()
    if channel not in connection.member_of or moment - connection.typed_at.get(channel, -TYPING_PAUSE) < TYPING_PAUSE:
        return
    connection.typed_at[channel] = moment
    person, name = connection.person_id, connection.name
    await hub.database.read(bus.notify, "typing", channel=channel, root=root, person=person, name=name)


async def _check_sessions(hub: Hub) -> None:
    """Backstop: sessions may end without a notice (they expire, or a row is deleted by hand)."""
    while True:
        await asyncio.sleep(SESSIONS_CHECKED_EVERY)
        for person in list(hub.by_person):
            hub.rights.doubt(person)
            await asyncio.sleep(SESSIONS_CHECKED_EVERY / 2 / (len(hub.by_person) + 1))  # never all at once


def _session_key(scope: Message) -> str | None:
    cookies: SimpleCookie = SimpleCookie()
    for name, value in scope["headers"]:
        if name == b"cookie":
            with contextlib.suppress(CookieError):
                cookies.load(value.decode("latin-1"))
    morsel = cookies.get(settings.SESSION_COOKIE_NAME)
    return morsel.value if morsel else None


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
