"""A websocket of a server that has its own (any that speaks ASGI), as a tab's wire; `wire` is what the product is
served with.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

from websockets.frames import Frame
from websockets.protocol import Protocol, Side, State

from tertulia.live import connection
from tertulia.live.connection import Connection

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

FAREWELL: Final = 1.0
"""Seconds in which a closing frame must have been taken; who does not read does not hold up others."""


class Plain:
    """One websocket through ASGI."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._waiting: asyncio.Queue[bytes] = asyncio.Queue()
        self._code: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def accept(self) -> None:
        """Take the websocket up."""
        await self._send({"type": "websocket.accept"})

    async def refuse(self, code: int) -> None:
        """Do not take it up."""
        await self._send({"type": "websocket.close", "code": code})

    async def carry(self, tab: Connection | None) -> None:
        """Pass frames until one side ends."""
        writing = asyncio.create_task(self._write())
        reading = asyncio.create_task(self._read(tab))
        try:
            ends: list[asyncio.Future[Any]] = [writing, reading, self._code]
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if tab is not None:
                tab.gone()
            for task in (writing, reading):
                task.cancel()
            await asyncio.gather(writing, reading, return_exceptions=True)
        if self._code.done():
            with contextlib.suppress(Exception):  # the tab may be gone already, or not be reading
                async with asyncio.timeout(FAREWELL):
                    while not self._waiting.empty():
                        await self._pass_on(self._waiting.get_nowait())
                    await self._send({"type": "websocket.close", "code": self._code.result()})

    @property
    def full(self) -> bool:
        """Whether the tab does not keep up."""
        return self._waiting.qsize() >= connection.QUEUE

    def write(self, frames: bytes, /) -> None:
        """Send these frames after all that wait."""
        self._waiting.put_nowait(frames)

    def close(self, code: int) -> None:
        """End with this code."""
        if not self._code.done():
            self._code.set_result(code)

    async def _write(self) -> None:
        while True:
            await self._pass_on(await self._waiting.get())

    async def _pass_on(self, frames: bytes) -> None:
        reader = Protocol(Side.CLIENT, state=State.OPEN, max_size=None)
        reader.receive_data(frames)
        for frame in reader.events_received():
            assert isinstance(frame, Frame)
            await self._send({"type": "websocket.send", "text": bytes(frame.data).decode()})

    async def _read(self, tab: Connection | None) -> None:
        while True:
            message = await self._receive()
            if message["type"] == "websocket.disconnect":
                return
            if tab is not None:
                tab.heard(message.get("text") or "")
