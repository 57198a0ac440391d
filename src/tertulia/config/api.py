"""The REST interface: one OpenAPI 3.1 description at `/api/v1/openapi.json`, a reference at `/api/v1/docs`.

Routers live in the packages; what they share is in `kernel.rest`. Here: who asks (a Bearer token, or the browser's own
session with its forgery check), how refusals are answered, and what every operation documents.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import Any

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError, ValidationErrorContext
from ninja.openapi.docs import DocsBase
from ninja.openapi.schema import OpenAPISchema
from ninja.parser import Parser
from ninja.security import HttpBearer
from ninja.security.base import AuthBase
from ninja.types import DictStrAny
from ninja.utils import check_csrf

from tertulia.channels.rest import router as channels
from tertulia.config import problems
from tertulia.config.reference import reference
from tertulia.enrolments.rest import router as enrolments
from tertulia.kernel.errors import Busy, Invalid, Refusal, TooLarge
from tertulia.kernel.rest import Grant, Problem
from tertulia.people.access import person_for_token
from tertulia.people.rest import router as people
from tertulia.posts.rest import router as posts
from tertulia.workspaces.rest import router as workspaces

TITLE = "Tertulia"
DESCRIPTION = (
    "Everything that people do in the browser, for programs. Send `Authorization: Bearer TOKEN`; make tokens in your"
    " settings or by `tertulia token create`. Lists come in pages: `next` is the `cursor` of the next one. Refusals are"
    " problem+json (RFC 9457): programs look at `type`, which never changes, people read `detail`."
)
ROUTERS = [people, workspaces, channels, posts, enrolments]

logger = logging.getLogger("tertulia.web")

JSON_TYPES = ("application/json", "application/merge-patch+json")
ALWAYS = (400, 401, 403, 404, 422, 429, 503)
WITH_BODY = (409, 413, 415)


class BearerToken(HttpBearer):
    """A personal access token."""

    def authenticate(self, request: HttpRequest, token: str) -> Grant | None:
        """Its person and scopes, or a refusal: a wrong token is not helped by the session beside it."""
        found = person_for_token(token)
        if found is None:
            raise problems.NotSignedIn(
                _("This token is not known, has been revoked or has expired. Make a new one in your settings."),
                type="bad-token",
            )
        person, access_token = found
        request.user = person
        return Grant(person=person, scopes=frozenset(access_token.scopes))


class BrowserSession(AuthBase):
    """Being signed in, in a browser; what changes something carries the form token, as every form does."""

    openapi_type = "apiKey"
    openapi_in = "cookie"
    openapi_name = "tertulia_session"

    def __call__(self, request: HttpRequest) -> Grant | None:
        if not request.user.is_authenticated:
            return None
        if check_csrf(request) is not None:
            raise problems.for_status(403)
        return Grant(person=request.user)


class StrictParser(Parser):
    """Reads bodies that are JSON and say so."""

    def parse_body(self, request: HttpRequest) -> DictStrAny:
        """The body as JSON; ninja hands on what is raised here as the cause of its own HttpError."""
        if request.content_type not in JSON_TYPES:
            raise problems.WrongMediaType(_("Send the body as JSON, with “Content-Type: application/json”."))
        try:
            data: DictStrAny = json.loads(request.body, parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            raise problems.Malformed(
                _("The body is not valid JSON: %(reason)s.") % {"reason": str(error) or "nested too deeply"}
            ) from error
        _refuse_unstorable(data)
        return data

    def parse_querydict(
        self, data: MultiValueDict[str, Any], list_fields: list[str], request: HttpRequest
    ) -> DictStrAny:
        """Query or form fields; a field that is no list is sent once."""
        for value in (value for _name, values in data.lists() for value in values):
            if isinstance(value, str):
                _refuse_unstorable(value)
        return super().parse_querydict(data, list_fields, request)


class Reference(DocsBase):
    """The browsable reference."""

    def render_page(self, request: HttpRequest, api: NinjaAPI, **kwargs: Any) -> HttpResponse:
        """A page of ours like any other, for everybody."""
        context = {"reference": reference(api), "openapi_url": self.get_openapi_url(api, kwargs)}
        return render(request, "config/reference.html", context)


class API(NinjaAPI):
    """NinjaAPI whose description tells every answer that can come."""

    def get_openapi_schema(self, **kwargs: Any) -> OpenAPISchema:
        """The OpenAPI description."""
        schema = super().get_openapi_schema(**kwargs)
        schema["components"]["schemas"]["Problem"] = Problem.model_json_schema(
            ref_template="#/components/schemas/{model}"
        )
        schema["components"]["schemas"].update(schema["components"]["schemas"]["Problem"].pop("$defs"))
        scopes = self._scopes()
        for operation in _operations(schema):
            _document(operation, scopes.get(operation["operationId"]))
        return schema

    def _scopes(self) -> dict[str, str]:
        operations = (
            operation
            for router in self._get_bound_routers()
            for view in router.path_operations.values()
            for operation in view.operations
        )
        return {
            operation.operation_id or self.get_openapi_operation_id(operation): operation.view_func.scope
            for operation in operations
            if hasattr(operation.view_func, "scope")
        }

    def validation_error_from_error_contexts(
        self, error_contexts: list[ValidationErrorContext[Any]]
    ) -> ValidationError:
        """As ninja makes it, and how long a text is that is too long: ninja keeps nothing of what was sent."""
        failure = super().validation_error_from_error_contexts(error_contexts)
        sent = [
            error["input"]
            for context in error_contexts
            for error in context.pydantic_validation_error.errors(include_url=False)
        ]
        for error, value in zip(failure.errors, sent, strict=True):
            if isinstance(value, str):
                error["length"] = len(value)
        return failure

    def get_openapi_operation_id(self, operation: Any) -> str:
        """The function's own name: `create_post`."""
        name: str = operation.view_func.__name__
        return name


def _operations(schema: OpenAPISchema) -> Iterator[dict[str, Any]]:
    for methods in schema["paths"].values():
        yield from methods.values()


def _document(operation: dict[str, Any], scope: str | None) -> None:
    operation["summary"] = operation["summary"].capitalize()
    answers = operation["responses"]
    answer = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for status in (*ALWAYS, *(WITH_BODY if "requestBody" in operation else ())):
        answers.setdefault(status, {"description": HTTPStatus(status).phrase})
    for status, described in answers.items():
        if int(status) >= HTTPStatus.BAD_REQUEST:
            described["content"] = answer
    if scope:
        note = f"A token needs the scope `{scope}`."
        operation["description"] = f"{operation['description']}\n\n{note}" if operation.get("description") else note


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _refuse_unstorable(data: Any) -> None:
    """NUL and halves of surrogate pairs cannot be stored, so no text has them."""
    waiting = [data]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            waiting += [*item.keys(), *item.values()]
        elif isinstance(item, list):
            waiting += item
        elif isinstance(item, str) and ("\0" in item or any("\ud800" <= letter <= "\udfff" for letter in item)):
            raise Invalid(_("The text has a character in it that cannot be stored (NUL, or half of a pair)."))


def _where(location: Iterable[object]) -> str:
    """`("body", "new", "items", 0, "email")` as a person would write it: `items.0.email`."""
    source, *parts = (str(part) for part in location)
    if source == "body":
        parts = parts[1:]
    return ".".join(parts) or source


def _sentence(error: dict[str, Any]) -> str:
    if error["type"] == "extra_forbidden":
        return _("There is no field of this name.")
    if error["type"] == "missing":
        return _("This is needed.")
    limit = error.get("ctx", {})
    if error["type"] == "string_too_long":
        return _("At most %(limit)s characters fit here; this has %(length)s.") % {
            "limit": limit["max_length"],
            "length": error["length"],
        }
    if error["type"] == "string_too_short":
        return _("At least %(limit)s characters are needed.") % {"limit": limit["min_length"]}
    message: str = error["msg"].removeprefix("Value error, ").replace("Input should", "It must")
    return message[:1].upper() + message[1:] + ("" if message.endswith(".") else ".")


def _add_handlers(api: NinjaAPI) -> None:
    @api.exception_handler(Refusal)
    def refused(_request: HttpRequest, refusal: Refusal) -> HttpResponse:
        return problems.problem(refusal)

    @api.exception_handler(ValidationError)
    def invalid(_request: HttpRequest, failure: ValidationError) -> HttpResponse:
        errors = [{"field": _where(error["loc"]), "detail": _sentence(error)} for error in failure.errors]
        detail = " ".join(f"{error['field']}: {error['detail']}" for error in errors[:5])
        return problems.problem(Invalid(detail, field=errors[0]["field"] if errors else None), errors=errors)

    @api.exception_handler(AuthenticationError)
    @api.exception_handler(HttpError)
    def http_error(_request: HttpRequest, failure: HttpError) -> HttpResponse:
        cause = failure.__cause__
        return problems.problem(cause if isinstance(cause, Refusal) else problems.for_status(failure.status_code))

    @api.exception_handler(Http404)
    def not_found(_request: HttpRequest, _failure: Http404) -> HttpResponse:
        return problems.problem(problems.for_status(404))

    @api.exception_handler(OperationalError)
    @api.exception_handler(InterfaceError)
    def away(_request: HttpRequest, failure: Exception) -> HttpResponse:
        logger.warning("the database is away: %s", str(failure).strip())
        return problems.problem(Busy(_("The database is away for a moment. Try again in a second.")))

    @api.exception_handler(RequestDataTooBig)
    @api.exception_handler(TooManyFieldsSent)
    @api.exception_handler(TooManyFilesSent)
    def too_large(_request: HttpRequest, _failure: Exception) -> HttpResponse:
        return problems.problem(TooLarge(_("This is more than one request may carry. Send less at once.")))


def _make() -> NinjaAPI:
    api = API(
        title=TITLE,
        version="1",
        description=DESCRIPTION,
        urls_namespace="api",
        auth=[BearerToken(), BrowserSession()],
        parser=StrictParser(),
        docs=Reference(),
    )
    _add_handlers(api)
    for router in ROUTERS:
        api.add_router("", router)
    return api


api = _make()
