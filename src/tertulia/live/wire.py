"""The websocket as the product serves it: uvicorn hands a socket over to `Wire` when a request asks for one.

What is hot is bare: frames come as the bytes of the websocket and go straight into the socket, with no task, queue or
copy for each tab. What is not is the library's (`websockets`): the handshake, reading frames, closing. There is no
compression: it would make each tab's bytes its own, and cost 50 microseconds and tens of kilobytes for each.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import unquote

import structlog
from uvicorn.protocols.utils import get_local_addr, get_remote_addr, is_ssl
from websockets.frames import Frame, Opcode
from websockets.http11 import Request, Response
from websockets.protocol import Protocol, Side, State
from websockets.server import ServerProtocol

from tertulia.live.connection import RESTARTING, Connection

if TYPE_CHECKING:
    from uvicorn.config import Config
    from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
    from uvicorn.server import ServerState

log = structlog.get_logger()

EXTENSION: Final = "tertulia.wire"
"""Under this name the application finds the wire itself among the scope's extensions."""
BACKLOG: Final = 1024 * 1024
"""Bytes that may wait for a tab that reads slowly, before another frame ends it."""
FAREWELL: Final = 1.0
"""Seconds for the tab to take the closing frame and answer it."""
PING: Final = Frame(Opcode.PING, b"").serialize(mask=False)

_quiet = logging.getLogger("tertulia.live.wire")  # the library tells of every step
_quiet.setLevel(logging.ERROR)


def _nothing(_frames: bytes, /) -> None:
    """Writes to a socket that has ended."""


class Wire(asyncio.Protocol):
    """One websocket: a protocol of asyncio, made and called as uvicorn does with its own."""

    __slots__ = (
        "_config",
        "_ending",
        "_heard",
        "_opening",
        "_parts",
        "_reader",
        "_server",
        "_tab",
        "_timer",
        "_transport",
        "full",
        "write",
    )

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],  # noqa: ARG002 - what uvicorn hands over; our application keeps nothing there
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self._config = config
        self._server = server_state
        self._opening: tuple[ServerProtocol, Response] | None = None
        self._reader: Protocol | None = None
        self._tab: Connection | None = None
        self._parts: bytearray | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._heard = True
        self._ending = False
        self.full = False

    # what the event loop tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is ours from here on."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=BACKLOG)
        self.write: Callable[[bytes], None] = self._transport.write  # straight into the socket: this is what is hot
        self._server.connections.add(self._as_uvicorns)

    def data_received(self, data: bytes) -> None:
        """Bytes came: the request first, which uvicorn hands over, then frames."""
        reader = self._reader
        if reader is None:
            if self._opening is None:
                self._open(data)
            return
        self._heard = True
        reader.receive_data(data)
        for frame in reader.events_received():
            self._take(cast("Frame", frame))
        self._answer(reader)

    def eof_received(self) -> None:
        """The browser went away."""

    def pause_writing(self) -> None:
        """More waits than may."""
        self.full = True

    def resume_writing(self) -> None:
        """The tab has taken most of it."""
        self.full = False

    def connection_lost(self, _reason: Exception | None) -> None:
        """The socket has ended."""
        self._ending = True
        if self._timer is not None:
            self._timer.cancel()
        self._server.connections.discard(self._as_uvicorns)
        self.write = _nothing
        tab, self._tab = self._tab, None
        if tab is not None:
            tab.gone()

    def shutdown(self) -> None:
        """The server stops."""
        if self._tab is not None:
            self._tab.close(RESTARTING)
        elif not self._ending:
            self._transport.close()

    # what the application asks for

    async def accept(self) -> None:
        """Take the websocket up."""
        if self._opening is None or self._transport.is_closing():
            return
        self._respond(self._opening[1])
        self._opening = None
        self._reader = Protocol(Side.SERVER, state=State.OPEN, max_size=self._config.ws_max_size, logger=_quiet)
        self._transport.resume_reading()
        self._beat_later()

    async def refuse(self, _code: int) -> None:
        """Do not take it up: 403."""
        if self._opening is not None:
            self._end(self._opening[0].reject(HTTPStatus.FORBIDDEN, ""))

    async def carry(self, tab: Connection | None) -> None:
        """Pass on what comes to the tab, from here on."""
        if tab is not None:
            self._tab = tab
            if self._transport.is_closing():
                tab.gone()

    def close(self, code: int) -> None:
        """End with this code; a tab that does not answer in time is cut off."""
        if self._ending or self._reader is None or self._reader.state is not State.OPEN:
            return
        self._reader.send_close(code)
        self._answer(self._reader)
        self._cut_off_later()

    # opening

    def _open(self, head: bytes) -> None:
        self._transport.pause_reading()  # until it is clear whether the tab may speak
        opening = ServerProtocol(max_size=self._config.ws_max_size, logger=_quiet)
        opening.receive_data(head)
        request = next((event for event in opening.events_received() if isinstance(event, Request)), None)
        if request is None:
            self._transport.close()
            return
        response = opening.accept(request)
        self._opening = opening, response
        if response.status_code != HTTPStatus.SWITCHING_PROTOCOLS:
            self._end(response)
            return
        task = asyncio.get_running_loop().create_task(self._run(request))
        self._server.tasks.add(task)
        task.add_done_callback(self._server.tasks.discard)

    async def _run(self, request: Request) -> None:
        """The application, as for every websocket; ours returns as soon as the tab is signed in."""
        try:
            await self._config.loaded_app(self._scope(request), self._receive, self._send)
        except Exception:
            log.exception("A websocket could not be opened")
        if self._opening is not None:
            self._end(self._opening[0].reject(HTTPStatus.INTERNAL_SERVER_ERROR, ""))
        elif self._tab is None and not self._ending:
            self._transport.close()

    def _scope(self, request: Request) -> dict[str, Any]:
        path, _question, query = request.path.partition("?")
        transport = self._transport
        return {
            "type": "websocket",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "scheme": "wss" if is_ssl(transport) else "ws",
            "path": unquote(path),
            "raw_path": path.encode("ascii"),
            "query_string": query.encode("ascii"),
            "root_path": "",
            "headers": [
                (name.lower().encode("ascii"), value.encode("latin-1")) for name, value in request.headers.raw_items()
            ],
            "client": get_remote_addr(transport),
            "server": get_local_addr(transport),
            "subprotocols": [],
            "extensions": {EXTENSION: self},
        }

    async def _receive(self) -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def _send(self, message: dict[str, Any]) -> None:
        """ASGI for whoever does not know wires: only to refuse."""
        if message["type"] != "websocket.close":
            raise RuntimeError("Only a wire's own methods send on it.")
        await self.refuse(message["code"])

    def _respond(self, response: Response) -> None:
        assert self._opening is not None
        opening = self._opening[0]
        opening.send_response(response)
        self.write(b"".join(opening.data_to_send()))

    def _end(self, response: Response) -> None:
        if not self._transport.is_closing():
            self._respond(response)
            self._transport.close()
        self._opening = None

    # frames that come

    def _take(self, frame: Frame) -> None:
        tab = self._tab
        if tab is None or self._ending or frame.opcode in {Opcode.PING, Opcode.PONG}:
            return  # the library answers pings
        if frame.opcode is Opcode.CLOSE:
            tab.gone()
        elif not frame.fin or frame.opcode is Opcode.CONT:
            self._parts = (self._parts or bytearray()) + frame.data
            if frame.fin:
                whole, self._parts = bytes(self._parts), None
                tab.heard(whole)
        else:
            tab.heard(bytes(frame.data) if frame.opcode is Opcode.TEXT else b"")

    def _answer(self, reader: Protocol) -> None:
        """Write what the library has to say: pongs, closing frames, the end."""
        for data in reader.data_to_send():
            if data:
                self.write(data)
            else:
                self._transport.close()
                self._cut_off_later()

    # staying and ending

    def _beat(self) -> None:
        """Ask for a sign of life, and end what has not given one since the last time: phones go without a word."""
        if not self._heard:
            self._transport.abort()
            return
        self._heard = False
        self.write(PING)
        self._beat_later()

    def _beat_later(self) -> None:
        every = self._config.ws_ping_interval
        if every:
            self._timer = asyncio.get_running_loop().call_later(every, self._beat)

    def _cut_off_later(self) -> None:
        if not self._ending:
            self._ending = True
            if self._timer is not None:
                self._timer.cancel()
            self._timer = asyncio.get_running_loop().call_later(FAREWELL, self._transport.abort)

    @property
    def _as_uvicorns(self) -> WebSocketsSansIOProtocol:
        """What uvicorn counts: it calls `shutdown` of its own protocols, and asks nothing else of them."""
        return cast("WebSocketsSansIOProtocol", self)
