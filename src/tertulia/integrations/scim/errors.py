"""Refusals in SCIM's shape (RFC 7644, section 3.12)."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING

from django.http import HttpResponse
from pydantic import ValidationError

from tertulia.kernel.errors import Busy, Conflict, Invalid, Refusal, TooMany

if TYPE_CHECKING:  # the middleware knows this module, and most processes never need the types
    from scim2_models import SCIMException

CONTENT_TYPE = "application/scim+json"
SCHEMA = "urn:ietf:params:scim:api:messages:2.0:Error"
LONGEST = 500
"""Characters of a detail, which may quote what was sent."""


class Malformed(Invalid):
    """What was sent is no JSON, no filter, no number; `type` is a `scimType` of RFC 7644, table 9."""

    type = "invalidSyntax"


class Taken(Conflict):
    """Another resource has this name."""

    type = "uniqueness"


class Outdated(Refusal):
    """The resource has changed since the client read it (`If-Match`)."""

    status = 412


class Unauthorized(Refusal):
    """No token, or none that is known."""

    status = 401


class NotAllowed(Refusal):
    """The address exists, but not for this method."""

    status = 405


class WrongMediaType(Refusal):
    """The body is not said to be JSON."""

    status = 415


class NotImplementedHere(Refusal):
    """A part of SCIM that this service does not have, and says so in its configuration."""

    status = 501


def answer(refusal: Refusal) -> HttpResponse:
    """The answer for a refusal of ours. 422 is no status of SCIM: it is 400 there."""
    is_invalid = isinstance(refusal, Invalid)
    scim_type = refusal.type if isinstance(refusal, (Malformed, Taken)) else "invalidValue" if is_invalid else ""
    status = HTTPStatus.BAD_REQUEST if is_invalid else refusal.status
    response = _response(status, scim_type, refusal.detail)
    if isinstance(refusal, (TooMany, Busy)):
        response["Retry-After"] = str(refusal.retry_after)
    if status == HTTPStatus.UNAUTHORIZED:
        response["WWW-Authenticate"] = 'Bearer realm="Tertulia"'
    return response


def answer_for_types(failure: SCIMException | ValidationError) -> HttpResponse:
    """The answer for what the types refuse."""
    if not isinstance(failure, ValidationError):
        # Where a value does not fit, the types hand on what pydantic says, with its marks.
        return _response(failure.status, failure.scim_type, failure.detail.partition(" [type=")[0])
    first = failure.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    context = first.get("ctx", {})
    scim_type = str(context.get("scim_type") or "invalidValue")
    return _response(HTTPStatus.BAD_REQUEST, scim_type, f"{where}: {first['msg']}" if where else first["msg"])


def _response(status: int, scim_type: str, detail: str) -> HttpResponse:
    body = {"schemas": [SCHEMA], "status": str(int(status)), "detail": detail[:LONGEST]}
    if scim_type:
        body["scimType"] = scim_type
    response = HttpResponse(json.dumps(body, ensure_ascii=False), status=status, content_type=CONTENT_TYPE)
    response["Content-Length"] = str(len(response.content))
    return response
