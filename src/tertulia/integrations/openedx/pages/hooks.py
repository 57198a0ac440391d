"""The addresses that platforms post their events to. Who does not know the secret learns nothing, not even that."""

from __future__ import annotations

import hashlib
import hmac
import uuid
from collections.abc import Callable
from http import HTTPStatus

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.request import UnreadablePostError
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from tertulia.integrations.openedx import access, payloads
from tertulia.integrations.openedx.models import Connection, Outcome
from tertulia.integrations.openedx.payloads import News
from tertulia.integrations.openedx.services import connections, events
from tertulia.kernel import limits
from tertulia.kernel.errors import Invalid, NotFound, Refusal, TooLarge, TooMany

MOST_BYTES = 256 * 1024
FORGED = limits.Limit("openedx-forged", times=60, seconds=60, fixed=True)
SIGNATURES = ("X-Tertulia-Signature", "X-Hub-Signature-256")
"""`sha256=` and the HMAC-SHA256 of the body in hexadecimal, by the secret; the second name is WebSub's and GitHub's."""
_NOBODY = "0" * 43
Read = Callable[[bytes, str], News]


class _Unknown(Refusal):
    """Whoever sends this has not shown the secret of this address, or there is no such address."""

    status = 401
    type = "unknown-sender"


@csrf_exempt  # programs post it, without a browser's session
@require_POST
@never_cache
def openedx_webhooks(request: HttpRequest, connection_id: uuid.UUID, secret: str = "") -> HttpResponse:
    """An event of aulasneo's `openedx-webhooks`, which can show a secret in its address only."""
    return _take(request, connection_id, secret, payloads.of_openedx_webhooks)


@csrf_exempt  # programs post it, without a browser's session
@require_POST
@never_cache
def eox_hooks(request: HttpRequest, connection_id: uuid.UUID, secret: str = "") -> HttpResponse:
    """An event of eduNEXT's `eox-hooks`, which can show a secret in a field."""
    return _take(request, connection_id, secret, payloads.of_eox_hooks)


def _take(request: HttpRequest, connection_id: uuid.UUID, secret: str, read: Read) -> HttpResponse:
    try:
        body = _body(request)
        connection = _sender(request, connection_id, secret, body)
        outcome = events.take(connection, read(body, request.content_type or ""))
    except Refusal as refusal:
        status = HTTPStatus.BAD_REQUEST if isinstance(refusal, Invalid) else refusal.status
        return _problem(refusal, status)
    status = HTTPStatus.ACCEPTED if outcome is Outcome.WAITING else HTTPStatus.OK
    return JsonResponse({"outcome": outcome.value, "detail": str(outcome.label)}, status=status)


def _body(request: HttpRequest) -> bytes:
    try:
        length = int(request.headers.get("Content-Length") or 0)
        body = request.body if length <= MOST_BYTES else b""
    except (RequestDataTooBig, UnreadablePostError, ValueError):
        length, body = MOST_BYTES + 1, b""
    if max(length, len(body)) > MOST_BYTES:
        raise TooLarge(_("An event has %(most)d KiB at most.") % {"most": MOST_BYTES // 1024})
    return body


def _sender(request: HttpRequest, connection_id: uuid.UUID, secret: str, body: bytes) -> Connection:
    """The platform, if this request shows its secret or is signed by it. Raises Refusal."""
    try:
        connection: Connection | None = access.speaker(connection_id)
    except NotFound:
        connection = None
    wanted = (connections.webhook_secret(connection) if connection else "") or _NOBODY
    if not _shows(request, secret, body, wanted) or connection is None or wanted == _NOBODY:
        address = request.META.get("REMOTE_ADDR", "")
        limits.spend(FORGED, address)
        raise _Unknown(_("This address does not take this. Look at the secret or signature that was sent."))
    return connection


def _shows(request: HttpRequest, secret: str, body: bytes, wanted: str) -> bool:
    """Whether the signature is right; where there is none, whether a secret is. Compared in constant time."""
    signature = next((request.headers[name] for name in SIGNATURES if name in request.headers), None)
    if signature is not None:
        made = "sha256=" + hmac.new(wanted.encode(), body, hashlib.sha256).hexdigest()
        return _same(signature.strip().lower(), made)
    bearer = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
    shown = (secret, bearer, request.headers.get("X-Webhook-Secret", ""), payloads.secret_in(body, _kind(request)))
    return any(_same(one, wanted) for one in shown)


def _kind(request: HttpRequest) -> str:
    return request.content_type or ""


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def _problem(refusal: Refusal, status: int) -> HttpResponse:
    """RFC 9457, without a word of what was sent."""
    said = {"type": refusal.type, "status": int(status), "detail": refusal.detail}
    answer = JsonResponse(said, status=status, content_type="application/problem+json")
    if isinstance(refusal, TooMany):
        answer["Retry-After"] = str(refusal.retry_after)
    if status == HTTPStatus.UNAUTHORIZED:
        answer["WWW-Authenticate"] = "Bearer"
    return answer
