"""What the web server runs: the websocket and a handful of hot routes go to `live`, everything else to Django's WSGI
application in threads.

Django's own ASGI handler is ten times slower than its WSGI handler (docs/decisions), so it is not used.
"""

from __future__ import annotations

import logging
from http import HTTPStatus
from importlib import import_module

from django.conf import settings
from django.http import HttpResponse
from django.utils.translation import gettext as _

from tertulia.config import lists, problems
from tertulia.config.bridge import Bridge, Receive, Scope, Send, TooMuch
from tertulia.config.wsgi import application as django  # sets Django up, so it comes before what needs it
from tertulia.kernel.errors import Refusal, TooLarge
from tertulia.live import gateway
from tertulia.live.lane import Lane

LIVE = "/live"
UPLOAD = "/api/v1/files"
FORM_FILES = 10  # a post's form may carry several files
SLACK = 1024 * 1024  # what multipart wraps around files

logger = logging.getLogger("tertulia.web")
import_module(settings.ROOT_URLCONF)  # all pages, now: a broken one stops the start, and no first visitor waits
bridge = Bridge(django, threads=settings.WEB_THREADS)
lane = Lane()


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """The ASGI application (ASGI 3.0)."""
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
        return
    _see_through_proxies(scope, settings.PROXIES)
    if scope["type"] == "websocket":
        if scope["path"] == LIVE:
            await gateway.application(scope, receive, send)
        else:
            await receive()
            await send({"type": "websocket.close", "code": 1008})
        return
    if settings.FAST_LANE:
        try:
            rest = await lane(scope, receive, send)
        except Refusal as refusal:
            await _send(send, problems.problem(refusal))
            return
        except Exception:
            logger.exception("the fast lane broke")
            await _send(send, problems.problem(problems.for_status(HTTPStatus.INTERNAL_SERVER_ERROR)))
            return
        if rest is None:
            return
        receive = rest
    try:
        receive = await lists.checked(scope, receive)
        await bridge(scope, receive, send, limit=_limit(scope))
    except TooMuch:
        await _refuse(scope, send, _limit(scope))


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            try:
                await gateway.startup(lane)
            except Exception:
                logger.exception("the live gateway does not start")
                await send({"type": "lifespan.startup.failed", "message": "the live gateway does not start"})
                return
            await send({"type": "lifespan.startup.complete"})
        else:
            await gateway.shutdown()
            await lane.close()
            await send({"type": "lifespan.shutdown.complete"})
            return


def _limit(scope: Scope) -> int:
    """How large a body may be, in bytes."""
    kind = dict(scope["headers"]).get(b"content-type", b"")
    if not kind.startswith(b"multipart/form-data"):
        return int(settings.MAX_LIST_BYTES if lists.is_list(scope) else settings.MAX_FORM_BYTES)
    files = 1 if scope["path"] == UPLOAD else FORM_FILES
    return files * int(settings.MAX_FILE_BYTES) + SLACK


async def _refuse(scope: Scope, send: Send, limit: int) -> None:
    """413, before the application or its threads have seen anything."""
    mib = limit / 1024 / 1024
    sentence = _("This is too large: at most %(limit)s MiB can be sent at once.") % {"limit": f"{mib:.0f}"}
    answer = problems.problem(TooLarge(sentence))
    if not scope["path"].startswith("/api/"):
        answer = HttpResponse(sentence, status=answer.status_code, content_type="text/plain; charset=utf-8")
        answer["Content-Length"] = str(len(answer.content))
    await _send(send, answer)


async def _send(send: Send, answer: HttpResponse) -> None:
    headers = [(name.lower().encode(), value.encode()) for name, value in answer.items()]
    await send({"type": "http.response.start", "status": answer.status_code, "headers": headers})
    await send({"type": "http.response.body", "body": answer.content})


def _see_through_proxies(scope: Scope, proxies: int) -> None:
    """Put the address and scheme that the outermost trusted proxy saw in place of the innermost proxy's own.

    Each proxy appends the address it was called from to `X-Forwarded-For`, so with `proxies` of them the client is the
    `proxies`-th from the right; whatever stands left of it was sent by the client and means nothing.
    """
    if not proxies:
        return
    headers = scope["headers"]
    chain = b",".join(value for name, value in headers if name == b"x-forwarded-for").decode("latin-1").split(",")
    if len(chain) >= proxies and chain[-proxies].strip():
        scope["client"] = (chain[-proxies].strip(), 0)
    for name, value in headers:
        if name == b"x-forwarded-proto":
            scheme = value.decode("latin-1").split(",")[-1].strip().lower()
            if scheme in {"http", "https"}:
                secure = scheme == "https"
                scope["scheme"] = ("wss" if secure else "ws") if scope["type"] == "websocket" else scheme
