"""The addresses of a workspace's directory (RFC 7644): who asks, what is asked, and answers in SCIM's words."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from pydantic import ValidationError
from scim2_models import Context, ResponseParameters, SCIMException

from tertulia.enrolments import access
from tertulia.integrations.scim import errors, filters, rendering, writing
from tertulia.integrations.scim.models import DirectoryGroup, DirectoryUser
from tertulia.integrations.scim.resources import MOST_RESULTS, TOLERANT, Group, User, provider_config
from tertulia.integrations.scim.services import find_source
from tertulia.kernel import limits
from tertulia.kernel.errors import Busy, Forbidden, NotFound, Refusal, TooLarge
from tertulia.kernel.rest import Grant
from tertulia.people.access import person_for_token
from tertulia.people.models import Person
from tertulia.workspaces.access import Place
from tertulia.workspaces.models import Workspace

CALLS = limits.Limit("scim", times=600, seconds=60)
"""Changes of one person's tokens: a directory sends its people one by one."""
PAGE = 100
READING = frozenset({"GET", "HEAD"})
JSON_TYPES = frozenset({"application/scim+json", "application/json"})
DISCOVERY = {"ServiceProviderConfig": None, "ResourceTypes": rendering.resource_types, "Schemas": rendering.schemas}
Listed = Callable[[str], list[dict[str, Any]]]


@csrf_exempt  # nothing here looks at the browser's session
def endpoint(request: HttpRequest, slug: str, rest: str) -> HttpResponse:
    """Everything below `/scim/v2/w/SLUG/`."""
    try:
        with TOLERANT:
            return _answer(request, slug, rest.rstrip("/").split("/"))
    except Refusal as refusal:
        return errors.answer(refusal)
    except (SCIMException, ValidationError) as failure:
        return errors.answer_for_types(failure)
    except RequestDataTooBig:
        return errors.answer(TooLarge(_("This is more than one request may carry. Send less at once.")))
    except (OperationalError, InterfaceError):
        return errors.answer(Busy(_("The database is away for a moment. Try again in a second.")))


def _answer(request: HttpRequest, slug: str, parts: list[str]) -> HttpResponse:
    actor, place = _who(request, slug)
    match parts:
        case [*_, ".search"] | ["Bulk"] | ["Me"]:
            raise errors.NotImplementedHere(_("This part of SCIM is not offered here; see ServiceProviderConfig."))
        case [("Users" | "Groups") as kind]:
            _allow(request, "GET", "HEAD", "POST")
            if request.method == "POST":
                key = writing.create(kind, actor=actor, workspace=place.workspace, body=_body(request, actor, kind))
                return _one(request, place.workspace, kind, key, status=201)
            return _list(request, place.workspace, kind)
        case [("Users" | "Groups") as kind, key]:
            return _resource(request, actor, place.workspace, kind, _id(key))
        case [("ServiceProviderConfig" | "ResourceTypes" | "Schemas") as kind, *rest] if len(rest) <= 1:
            return _discovery(request, slug, kind, rest)
    raise NotFound


def _who(request: HttpRequest, slug: str) -> tuple[Person, Place]:
    """Who asks, by a token with the scope, and where. Raises Unauthorized, Forbidden, NotFound."""
    scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
    found = person_for_token(token.strip()) if scheme.lower() == "bearer" else None
    if found is None:
        raise errors.Unauthorized(_("Send an access token that is valid: “Authorization: Bearer …”."))
    person, access_token = found
    request.user = person
    scope = "enrolments:read" if request.method in READING else "enrolments:write"
    if not Grant(person=person, scopes=frozenset(access_token.scopes)).allows(scope):
        raise Forbidden(
            _("This token may not do that: it lacks the scope “%(scope)s”. Make a token that has it.")
            % {"scope": scope}
        )
    return person, access.place(person, slug)


def _allow(request: HttpRequest, *methods: str) -> None:
    if request.method not in methods:
        raise errors.NotAllowed(_("This address does not answer to that method."))


def _id(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise NotFound from None


def _body(request: HttpRequest, actor: Person, kind: str) -> dict[str, Any]:
    limits.spend(CALLS, actor.pk)
    if request.content_type not in JSON_TYPES:
        raise errors.WrongMediaType(_("Send the body as JSON, with “Content-Type: application/scim+json”."))
    return writing.parse(kind, request.body)


def _resource(request: HttpRequest, actor: Person, workspace: Workspace, kind: str, key: uuid.UUID) -> HttpResponse:
    _allow(request, "GET", "HEAD", "PUT", "PATCH", "DELETE")
    if request.method in READING:
        return _one(request, workspace, kind, key)
    if request.method == "DELETE":
        limits.spend(CALLS, actor.pk)
        writing.delete(kind, actor=actor, workspace=workspace, key=key)
        return HttpResponse(status=204)
    writing.save(
        kind,
        actor=actor,
        workspace=workspace,
        key=key,
        body=_body(request, actor, kind),
        is_patch=request.method == "PATCH",
        if_match=request.headers.get("If-Match", ""),
    )
    return _one(request, workspace, kind, key)


def _one(request: HttpRequest, workspace: Workspace, kind: str, key: uuid.UUID, *, status: int = 200) -> HttpResponse:
    row = _rows(workspace, kind).filter(pk=key).first()
    if row is None:
        raise NotFound
    values = _values(row, workspace)
    version = rendering.version(values)
    if request.method in READING and version in request.headers.get("If-None-Match", ""):
        response = HttpResponse(status=304)
    else:
        response = _json(rendering.dump(_type(kind), values, _wanted(request, kind)), status)
    response["ETag"] = version
    response["Location"] = values["meta"]["location"]
    return response


def _list(request: HttpRequest, workspace: Workspace, kind: str) -> HttpResponse:
    rows = _rows(workspace, kind)
    if text := request.GET.get("filter", ""):
        rows = rows.filter(filters.query(text, filters.USERS if kind == "Users" else filters.GROUPS))
    start = max(1, _number(request, "startIndex", 1))
    count = min(MOST_RESULTS, max(0, _number(request, "count", PAGE)))
    wanted = _wanted(request, kind)
    found = [
        rendering.dump(_type(kind), _values(row, workspace), wanted)
        for row in rows.order_by("pk")[start - 1 : start - 1 + count]
    ]
    return _json(rendering.listing(found, total=rows.count(), start=start))


def _rows(workspace: Workspace, kind: str) -> Any:
    """The users or groups of a workspace's directory, with what belongs to them."""
    source = find_source(workspace)
    if kind == "Users":
        return DirectoryUser.objects.filter(source=source).select_related("enrolment").prefetch_related("groups")
    return DirectoryGroup.objects.filter(source=source).prefetch_related("users")


def _values(row: DirectoryUser | DirectoryGroup, workspace: Workspace) -> dict[str, Any]:
    if isinstance(row, DirectoryUser):
        return rendering.user(row, workspace.slug)
    return rendering.group(row, workspace.slug)


def _type(kind: str) -> type[User | Group]:
    return User if kind == "Users" else Group


def _wanted(request: HttpRequest, kind: str) -> ResponseParameters[Any]:
    names = ("attributes", "excludedAttributes")
    asked = {name: request.GET[name] for name in names if request.GET.get(name)}
    model = ResponseParameters[User] if kind == "Users" else ResponseParameters[Group]
    return model.model_validate(asked)


def _number(request: HttpRequest, name: str, default: int) -> int:
    text = request.GET.get(name, "")
    try:
        return min(int(text), 2**31) if text else default
    except ValueError:
        raise errors.Malformed(_("%(name)s must be a whole number.") % {"name": name}, type="invalidValue") from None


def _discovery(request: HttpRequest, slug: str, kind: str, rest: list[str]) -> HttpResponse:
    _allow(request, *READING)
    if request.GET.get("filter"):
        raise Forbidden(_("This list cannot be filtered."))  # RFC 7644, section 4
    listed: Listed | None = DISCOVERY[kind]
    if listed is None:
        if rest:
            raise NotFound
        config = provider_config(f"{settings.BASE_URL}/api/v1/docs")
        values = config.model_dump(scim_ctx=Context.RESOURCE_QUERY_RESPONSE)
        location = f"{rendering.base(slug)}/ServiceProviderConfig"
        return _json(values | {"meta": {"resourceType": "ServiceProviderConfig", "location": location}})
    there = listed(slug)
    if not rest:
        return _json(rendering.listing(there, total=len(there), start=1))
    for one in there:
        if one["id"] == rest[0]:
            return _json(one)
    raise NotFound


def _json(values: dict[str, Any], status: int = 200) -> HttpResponse:
    response = HttpResponse(json.dumps(values, ensure_ascii=False), status=status, content_type=errors.CONTENT_TYPE)
    response["Cache-Control"] = "private, no-store"
    return response
