"""Answers with the headers that every page of ours has."""

from __future__ import annotations

import io
import itertools
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from csp.middleware import CSPMiddleware
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, HttpResponse
from django.middleware.clickjacking import XFrameOptionsMiddleware
from django.middleware.security import SecurityMiddleware

from tertulia.kernel.ids import new_id

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]

Headers = dict[bytes, bytes]

JSON = b"application/json; charset=utf-8"
HTML = b"text/html; charset=utf-8"
_OF_A_PROXY = re.compile(rb"[\w.-]{8,64}", re.ASCII)


class Answers:
    """Sends what is ready."""

    def __init__(self) -> None:
        self._series = new_id().hex[10:].encode()  # of this process; making an id for each answer would cost more
        self._count = itertools.count()
        self._guards = {scheme: _guarding(scheme) for scheme in ("http", "https")}

    async def json(self, scope: Message, headers: Headers, send: Send, body: bytes, *, status: int = 200) -> None:
        """JSON that went well."""
        await self._send(scope, headers, send, body, status=status, kind=JSON)

    async def html(self, scope: Message, headers: Headers, send: Send, body: bytes, language: str) -> None:
        """A part of a page in a language."""
        await self._send(scope, headers, send, body, (b"content-language", language.encode()), kind=HTML)

    async def _send(
        self,
        scope: Message,
        headers: Headers,
        send: Send,
        body: bytes,
        *more: tuple[bytes, bytes],
        status: int = 200,
        kind: bytes,
    ) -> None:
        number = headers.get(b"x-request-id")
        if number is None or not _OF_A_PROXY.fullmatch(number):
            number = b"%b%010x" % (self._series, next(self._count))
        lines = [
            (b"content-type", kind),
            (b"content-length", b"%d" % len(body)),
            *self._guards[scope["scheme"]],
            (b"x-request-id", number),
            *more,
        ]
        await send({"type": "http.response.start", "status": status, "headers": lines})
        await send({"type": "http.response.body", "body": body})


def _guarding(scheme: str) -> list[tuple[bytes, bytes]]:
    """What Django's own middleware adds to an answer of ours, asked once."""

    def empty(_request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/api/v1/",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "wsgi.url_scheme": scheme,
        "wsgi.input": io.BytesIO(),
    }
    guarded = SecurityMiddleware(CSPMiddleware(XFrameOptionsMiddleware(empty)))
    response = guarded(WSGIRequest(environ))
    assert isinstance(response, HttpResponse)
    del response["Content-Type"]
    response["Vary"] = "Accept-Language, Cookie"
    return [(name.lower().encode(), value.encode()) for name, value in response.items()]
