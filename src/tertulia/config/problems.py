"""Refusals as problem+json (RFC 9457): the one shape of every error that `/api/` answers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _

from tertulia.kernel.errors import Busy, Forbidden, NotFound, Refusal, TooMany

CONTENT_TYPE = "application/problem+json"


class NotAllowed(Refusal):
    """The address exists, but not for this method."""

    status = 405
    type = "method-not-allowed"


class NotSignedIn(Refusal):
    """Nobody asks, and somebody must."""

    status = 401
    type = "not-signed-in"


class WrongMediaType(Refusal):
    """The body is of a kind that this operation does not read."""

    status = 415
    type = "unsupported-media-type"


class Malformed(Refusal):
    """The request is not what HTTP or JSON say it should be."""

    status = 400
    type = "malformed"


class Broken(Refusal):
    """Our fault, or a disturbance that will pass."""

    status = 500
    type = "broken"


def problem(refusal: Refusal, *, errors: Sequence[Mapping[str, str]] = ()) -> HttpResponse:
    """The answer for a refusal; `errors` lists all culprits as `{"field", "detail"}` where there are several."""
    body: dict[str, Any] = {
        "type": f"/problems/{refusal.type}",
        "title": HTTPStatus(refusal.status).phrase,
        "status": refusal.status,
        "detail": refusal.detail,
    }
    if refusal.field:
        body["field"] = refusal.field
    if errors:
        body["errors"] = list(errors)
    response = HttpResponse(json.dumps(body, ensure_ascii=False), status=refusal.status, content_type=CONTENT_TYPE)
    response["Content-Length"] = str(len(response.content))
    if isinstance(refusal, (TooMany, Busy)):
        response["Retry-After"] = str(refusal.retry_after)
    if refusal.status == HTTPStatus.UNAUTHORIZED:
        response["WWW-Authenticate"] = 'Bearer realm="Tertulia"'
    return response


def for_status(status: int) -> Refusal:
    """The refusal that fits an error answer that somebody else made."""
    if status == HTTPStatus.UNAUTHORIZED:
        return NotSignedIn(_("Sign in, or send a token: “Authorization: Bearer …”."))
    if status == HTTPStatus.FORBIDDEN:
        return Forbidden(_("You may not do this here."))
    if status == HTTPStatus.NOT_FOUND:
        return NotFound()
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        return NotAllowed(_("This address does not answer to that method."))
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Broken(_("Something broke on our side. It has been written down; please try again in a minute."))
    return Malformed(_("This request could not be understood."))
