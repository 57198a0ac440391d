"""What every REST router shares, so that the whole of `/api/v1` behaves alike. `config.api` mounts them.

A router is `router = Router(tags=["posts"])` in `<package>/rest.py`; an operation looks like this:

    class NewPost(Strict):  # a body: unknown fields are refused with a sentence that names them
        body: Annotated[str, Field(max_length=20_000)]

    @router.post("/channels/{uuid:channel_id}/posts", response={201: PostOut, **problems(404, 409)})
    @requires("posts:write")  # directly above the function; the token must carry this scope
    def create_post(request: HttpRequest, channel_id: UUID, new: NewPost) -> Status[PostOut]:
        "One line that the reference shows."
        post = services.create_post(actor=actor(request), ...)
        return Status(201, PostOut.from_post(post))

- **Who asks**: `actor(request)`, after the Bearer token or the browser's session has been checked (every
  operation is, unless it says `auth=None`). `requires("word:read")` or `requires("word:write")` asks for a
  token's scope; a signed-in browser has them all.
- **Errors**: raise `kernel.errors` refusals; they become problem+json. Never build an error answer by hand.
- **Documented answers**: 400, 401, 403, 404, 422, 429 (and 409, 413, 415 where there is a body) are added to
  each operation by `config.api`; `problems(409)` adds others.
- **Lists**: take `query: Query[ListQuery]`, return `Page[ThingOut]`: `kernel.paging.keyset` slices a queryset
  by cursor, in the package's queries, and `page(slice, ThingOut.from_thing)` makes the answer.
- **Numbers from outside** are bounded (`Seq`, `Limit`), since PostgreSQL refuses what does not fit. NUL
  characters never arrive: `config.api` refuses them everywhere.
"""

from __future__ import annotations

import functools
import inspect
import json
from collections.abc import Callable
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Concatenate, Generic, ParamSpec, TypeVar, Union, get_args, get_origin

from django.http import HttpRequest
from django.utils.translation import gettext as _
from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from tertulia.kernel.errors import Forbidden, Invalid

if TYPE_CHECKING:
    from django.contrib.auth.models import _User

    from tertulia.kernel.paging import Slice

T = TypeVar("T")
M = TypeVar("M")
P = ParamSpec("P")
R = TypeVar("R")

MAX_BIGINT = 2**63 - 1

Seq = Annotated[int, Field(ge=0, le=MAX_BIGINT, description="A place in a channel: 1 is its first post.")]
Limit = Annotated[int, Field(ge=1, le=200, description="How many, at most.")]


class Strict(BaseModel):
    """Base of every body: what does not exist is refused, not ignored; what is of another kind is refused, not bent.

    pydantic alone takes `0` for false, `"7"` for 7, and any number for a time.
    """

    model_config = ConfigDict(extra="forbid")

    @field_validator("*", mode="before")
    @classmethod
    def _of_its_kind(cls, value: object, info: ValidationInfo) -> object:
        kinds = _kinds(cls.model_fields[info.field_name].annotation) if info.field_name else frozenset()
        if isinstance(value, bool | int | float | str) and not _fits(value, kinds):
            raise ValueError(_("This is of the wrong kind: %(value)s.") % {"value": json.dumps(value)[:100]})
        return value


def _kinds(annotation: object) -> frozenset[object]:
    """The types that an annotation allows, without what is said about them."""
    if get_origin(annotation) is Annotated:
        return _kinds(get_args(annotation)[0])
    if get_origin(annotation) in {Union, UnionType}:
        return frozenset().union(*(_kinds(one) for one in get_args(annotation)))
    return frozenset({get_origin(annotation) or annotation})


def _fits(value: bool | float | str, kinds: frozenset[object]) -> bool:
    """Whether JSON writes values of these kinds as this one is written."""
    if isinstance(value, bool):
        return bool in kinds
    if isinstance(value, int | float):
        return not kinds.isdisjoint({int, float})
    return not kinds <= {bool, int, float, NoneType}  # times, ids and words are all strings


class Out(BaseModel):
    """Base of everything that goes out."""

    model_config = ConfigDict(from_attributes=True)


class ListQuery(BaseModel):
    """Query parameters of a list. `requires` refuses those that do not exist."""

    cursor: Annotated[str, Field(max_length=500)] | None = Field(
        None, description="Where to go on: as it stands in `next` or `previous` of another page."
    )
    limit: Limit = 50


class Page(BaseModel, Generic[T]):
    """One page of a list; `next` and `previous` are cursors for the pages around it, null at either end."""

    items: list[T]
    next: str | None = Field(None, description="The `cursor` of the next page.")
    previous: str | None = Field(None, description="The `cursor` of the page before.")


class FieldProblem(BaseModel):
    """One field that cannot be used."""

    field: str = Field(description="Where: names joined by dots, e.g. `body` or `items.0.email`.")
    detail: str = Field(description="What is wrong with it.")


class Problem(BaseModel):
    """A refusal, after RFC 9457. Programs look at `type`, which never changes; people read `detail`."""

    type: str = Field(description="Stable name of the kind of problem, e.g. `/problems/not-found`.")
    title: str
    status: int
    detail: str
    field: str | None = Field(None, description="The culprit, where there is one.")
    errors: list[FieldProblem] | None = Field(None, description="All culprits, where there are several.")


# All kinds of refusal that an operation may answer with, for `response={200: Thing, **PROBLEMS}`.
PROBLEMS: dict[int, type[Problem]] = dict.fromkeys((400, 401, 403, 404, 409, 413, 415, 422, 429), Problem)


def problems(*statuses: int) -> dict[int, type[Problem]]:
    """Documents these refusals: `response={200: Thing, **problems(404, 409)}`."""
    return dict.fromkeys(statuses, Problem)


@dataclass(frozen=True, slots=True)
class Grant:
    """Who asks, and how far their word goes: authentication leaves this in `request.auth`."""

    person: _User
    scopes: frozenset[str] | None = None
    """The token's scopes; None in a signed-in browser, which may do all that the person may."""

    def allows(self, scope: str) -> bool:
        """Whether `scope` is granted. Who may write may also read."""
        if self.scopes is None or scope in self.scopes:
            return True
        word, _colon, verb = scope.partition(":")
        return verb == "read" and f"{word}:write" in self.scopes


def grant(request: HttpRequest) -> Grant:
    """What authentication found out about this request; only for operations that ask for it."""
    found = getattr(request, "auth", None)
    if not isinstance(found, Grant):
        raise TypeError("this operation has no authentication, so nobody asks")
    return found


def actor(request: HttpRequest) -> _User:
    """The person who asks."""
    return grant(request).person


def requires(
    scope: str,
) -> Callable[[Callable[Concatenate[HttpRequest, P], R]], Callable[Concatenate[HttpRequest, P], R]]:
    """The operation below it is refused (403) to tokens without `scope`, e.g. `posts:write`."""

    def decorate(
        operation: Callable[Concatenate[HttpRequest, P], R],
    ) -> Callable[Concatenate[HttpRequest, P], R]:
        signature = inspect.signature(operation, eval_str=True)
        known = _query_names(signature)

        @functools.wraps(operation)
        def checked(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> R:
            for name in request.GET:  # ninja reads those it knows and ignores the others
                if name not in known:
                    raise Invalid(_("There is no parameter of this name: %(name)s.") % {"name": name}, field=name)
            if not grant(request).allows(scope):
                raise Forbidden(
                    _("This token may not do that: it lacks the scope “%(scope)s”. Make a token that has it.")
                    % {"scope": scope},
                    type="missing-scope",
                )
            return operation(request, *args, **kwargs)

        # ninja resolves written annotations in the globals of the function it is given: this module's.
        checked.__signature__ = signature  # type: ignore[attr-defined]
        checked.scope = scope  # type: ignore[attr-defined]  # read by config.api, for the reference
        return checked

    return decorate


def _query_names(signature: inspect.Signature) -> frozenset[str]:
    """The query parameters of an operation: the fields of its `Query[…]`."""
    models = [get_args(one.annotation)[0] for one in signature.parameters.values() if get_args(one.annotation)]
    return frozenset(
        name
        for model in models
        if isinstance(model, type) and issubclass(model, ListQuery)
        for name in model.model_fields
    )


def page(slice_: Slice[M], render: Callable[[M], T]) -> Page[T]:
    """The answer for one slice of a list."""
    return Page(items=[render(item) for item in slice_.items], next=slice_.next, previous=slice_.previous)
