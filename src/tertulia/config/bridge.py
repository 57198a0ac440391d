"""Serves a WSGI application from an ASGI server, in threads that slow clients cannot hold.

A request's body is read whole (and counted) before a thread is taken, and files are sent without one: somebody on a
train uploading a film or downloading one costs no place among the few threads that make pages.
"""

from __future__ import annotations

import asyncio
import functools
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from tempfile import SpooledTemporaryFile
from typing import IO, Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
WSGIApplication = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

IN_MEMORY = 1024 * 1024
CHUNK = 256 * 1024


class TooMuch(Exception):
    """The body is larger than allowed; nothing of it has reached the application."""


class Disconnected(Exception):
    """The client went away while sending."""


class FileAnswer:
    """`wsgi.file_wrapper` (PEP 3333): marks an answer that is a file."""

    def __init__(self, file: IO[bytes], block_size: int = CHUNK) -> None:
        self.file = file
        self.block_size = block_size

    def close(self) -> None:
        self.file.close()


class Bridge:
    """`await bridge(scope, receive, send, limit=...)` answers one HTTP request by the WSGI application."""

    def __init__(self, application: WSGIApplication, *, threads: int) -> None:
        self.application = application
        self.pages = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="page")
        self.files = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="file")

    async def __call__(self, scope: Scope, receive: Receive, send: Send, *, limit: int) -> None:
        """Raises TooMuch, before anything is sent, for a body of more than `limit` bytes."""
        with SpooledTemporaryFile(max_size=IN_MEMORY) as body:
            try:
                await read_body(scope, receive, body, limit)
            except Disconnected:
                return
            loop = asyncio.get_running_loop()
            exchange = _Exchange(loop, send)
            run = functools.partial(exchange.run, self.application, _environ(scope, body))
            messages, file = await loop.run_in_executor(self.pages, run)
        for message in messages:
            await send(message)
        if file is not None:
            await self._send_file(file, scope, receive, send)

    async def _send_file(self, answer: FileAnswer, scope: Scope, receive: Receive, send: Send) -> None:
        loop = asyncio.get_running_loop()
        gone = asyncio.ensure_future(_disconnected(receive))
        try:
            while scope["method"] != "HEAD" and not gone.done():
                chunk = await loop.run_in_executor(self.files, answer.file.read, CHUNK)
                if not chunk:
                    break
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            gone.cancel()
            await loop.run_in_executor(self.files, answer.close)

    def close(self) -> None:
        """Let requests under way finish; take no more."""
        self.pages.shutdown()
        self.files.shutdown()


class _Exchange:
    """One request in its thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop, send: Send) -> None:
        self.loop = loop
        self._send = send
        self.head: list[Message] = []

    def run(self, application: WSGIApplication, environ: dict[str, Any]) -> tuple[list[Message], FileAnswer | None]:
        """What is to be sent, and a file that is to be sent after it. Only a streaming answer is sent from here."""
        result = application(environ, self._start)
        if isinstance(result, FileAnswer):
            return self.head, result
        try:
            if not getattr(result, "streaming", False):
                return [*self.head, {"type": "http.response.body", "body": b"".join(result)}], None
            for chunk in result:
                self._say({"type": "http.response.body", "body": chunk, "more_body": True})
            return [*self.head, {"type": "http.response.body", "body": b""}], None
        finally:
            # In the thread that made the page: closing gives back its database connection.
            getattr(result, "close", lambda: None)()

    def _start(self, status: str, headers: list[tuple[str, str]], _exc_info: Any = None) -> None:
        self.head = [
            {
                "type": "http.response.start",
                "status": int(status[:3]),
                "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers],
            }
        ]

    def _say(self, message: Message) -> None:
        messages, self.head = [*self.head, message], []
        asyncio.run_coroutine_threadsafe(self._all(messages), self.loop).result()

    async def _all(self, messages: list[Message]) -> None:
        for message in messages:
            await self._send(message)


async def read_body(scope: Scope, receive: Receive, into: IO[bytes], limit: int) -> None:
    """The whole body, from its start. Raises TooMuch, before reading where the client told the length; Disconnected."""
    told = dict(scope["headers"]).get(b"content-length", b"")
    if told.isdigit() and int(told) > limit:
        raise TooMuch
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        size += into.write(message.get("body", b""))
        if size > limit:
            raise TooMuch
        if not message.get("more_body", False):
            into.seek(0)
            return


async def _disconnected(receive: Receive) -> None:
    with suppress(asyncio.CancelledError):
        while (await receive())["type"] != "http.disconnect":
            pass


def _environ(scope: Scope, body: IO[bytes]) -> dict[str, Any]:
    """The WSGI environment (PEP 3333) of an ASGI scope."""
    server = scope.get("server") or ("localhost", 80)
    client = scope.get("client") or ("", 0)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": scope["path"].encode().decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1] or 0),
        "REMOTE_ADDR": client[0],
        "REMOTE_PORT": str(client[1]),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.input": body,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "wsgi.file_wrapper": FileAnswer,
        **_headers(scope["headers"]),
    }
    if "CONTENT_LENGTH" not in environ and "HTTP_TRANSFER_ENCODING" in environ:
        body.seek(0, 2)
        environ["CONTENT_LENGTH"] = str(body.tell())
        body.seek(0)
    return environ


def _headers(headers: Iterable[tuple[bytes, bytes]]) -> Mapping[str, str]:
    result: dict[str, str] = {}
    for raw, value in headers:
        if b"_" in raw:
            continue  # it would pass for the header with dashes, and so get by a proxy that strips that one
        name = raw.decode("latin-1").upper().replace("-", "_")
        if name not in {"CONTENT_LENGTH", "CONTENT_TYPE"}:
            name = f"HTTP_{name}"
        text = value.decode("latin-1")
        if name in result:
            text = f"{result[name]}{'; ' if name == 'HTTP_COOKIE' else ','}{text}"
        result[name] = text
    return result
