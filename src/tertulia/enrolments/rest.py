"""REST of enrolments: a list of people, merged or mirrored, previewed or done; the sources and what they did.

Rules: `rest_rules`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from pydantic import Field

from tertulia.enrolments import access, queries, rest_rules, services, wire
from tertulia.enrolments.models import Kind, Leaving, Run, Source
from tertulia.enrolments.records import Mode, Outcome, Report
from tertulia.kernel import limits
from tertulia.kernel.limits import Limit
from tertulia.kernel.rest import ListQuery, Out, Page, actor, page, problems, requires

router = Router(tags=["enrolments"])
router.add_router("", rest_rules.router)

CALLS = Limit("enrolments", times=120, seconds=600)
"""Calls of one person, however many people each names."""


class EnrolledPerson(Out):
    """What became of one person: who left although they were not named is here, too."""

    external_id: str
    outcome: Outcome
    person_id: UUID | None = Field(description="Null where there is no account (yet).")
    detail: str = Field(description="What changed, or why not, in a sentence; empty where there is nothing to say.")


class EnrolledOut(Out):
    """What a list did, or would do."""

    people: list[EnrolledPerson]
    counts: dict[Outcome, int] = Field(description="How many people had each outcome.")
    enrolled: int = Field(description="How many people the source had before.")
    leaving: int = Field(description="How many of them leave it.")
    needs_confirmation: bool = Field(description="More than the source's share leaves: `confirm` is needed.")


class SourceOut(Out):
    """A system or list that says who belongs here."""

    id: UUID
    name: str
    kind: Kind
    leaving: Leaving = Field(description="What happens to people who leave it.")
    largest_share: int = Field(description="The largest share that one mirror may let go unconfirmed, in percent.")
    welcome: bool = Field(description="Whether people who come in get a mail.")
    enrolled: int = Field(description="How many people it has now.")
    last_run_at: datetime | None

    @classmethod
    def of(cls, source: Source) -> SourceOut:
        """One of `queries.sources`."""
        names = ("name", "kind", "leaving", "largest_share", "welcome", "enrolled")
        values = {name: getattr(source, name) for name in names}
        return cls.model_validate({"id": source.pk, "last_run_at": getattr(source, "last_at", None), **values})


class RunOut(Out):
    """What one call of a source did."""

    id: UUID
    source_id: UUID
    source: str
    mode: Mode
    by: UUID | None = Field(description="Whose token or hand it was; null: the source by itself.")
    counts: dict[Outcome, int]
    times: int = Field(description="How often the same came in a row.")
    created_at: datetime
    last_at: datetime

    @classmethod
    def of(cls, run: Run) -> RunOut:
        """One of `queries.runs`."""
        return cls.model_validate(
            {
                "id": run.pk,
                "source_id": run.source_id,
                "source": run.source.name,
                "by": run.by_id,
                **{name: getattr(run, name) for name in ("mode", "counts", "times", "created_at", "last_at")},
            }
        )


class RunsQuery(ListQuery):
    """Which runs."""

    source: Annotated[UUID | None, Field(description="Of this source only.")] = None


@router.put(
    "/workspaces/{slug}/enrolments",
    response={200: EnrolledOut, **problems(409, 413, 415)},
    summary="Enrol people by a list",
    openapi_extra=wire.BODY,
)
@requires("enrolments:write")
def put_enrolments(request: HttpRequest, slug: str) -> HttpResponse:
    """Lets the workspace follow a list of up to 10,000 people; for owners and operations.

    Saying the same again changes nothing. A source touches only what it added: who was there before, whom another
    source has, too, and what staff changed by hand stays. New people get an account without password and no mail
    (unless the source says so), and sign in by e-mailed code or by your sign-in system.

    `mirror` refuses with 409 `too-many-leaving` to let go more than the source's share, unless `confirm` is true.
    """
    person = actor(request)
    place = access.place(person, slug)
    limits.spend(CALLS, person.pk)
    sent = wire.read(request)
    report = services.follow(
        actor=person,
        workspace=place.workspace,
        name=sent.source,
        people=sent.entries(),
        mode=sent.mode,
        confirmed=sent.confirm,
        as_of=sent.as_of,
    )
    return _answer(report)


@router.post(
    "/workspaces/{slug}/enrolments/preview",
    response={200: EnrolledOut, **problems(409, 413, 415)},
    summary="What a list would do",
    openapi_extra=wire.BODY,
)
@requires("enrolments:write")
def preview_enrolments(request: HttpRequest, slug: str) -> HttpResponse:
    """The answer that the same body would get by `PUT`, without doing it; a source need not exist for that."""
    person = actor(request)
    place = access.place(person, slug)
    limits.spend(CALLS, person.pk)
    sent = wire.read(request)
    source = services.find_source(workspace=place.workspace, name=sent.source, kind=Kind.REST)
    report = services.enrol(
        source=source, people=sent.entries(), mode=sent.mode, actor=person, dry_run=True, as_of=sent.as_of
    )
    return _answer(report)


@router.get("/workspaces/{slug}/enrolments/sources", response={200: Page[SourceOut]}, summary="Sources of enrolments")
@requires("enrolments:read")
def list_sources(request: HttpRequest, slug: str, query: Query[ListQuery]) -> Page[SourceOut]:
    """The systems and lists that say who belongs here, by name; for owners and operations."""
    place = access.place(actor(request), slug)
    return page(queries.sources(place.workspace, cursor=query.cursor, limit=query.limit), SourceOut.of)


@router.get("/workspaces/{slug}/enrolments/runs", response={200: Page[RunOut]}, summary="What sources did")
@requires("enrolments:read")
def list_runs(request: HttpRequest, slug: str, query: Query[RunsQuery]) -> Page[RunOut]:
    """Each call that came, newest first; for owners and operations."""
    place = access.place(actor(request), slug)
    found = queries.runs(place.workspace, source_id=query.source, cursor=query.cursor, limit=query.limit)
    return page(found, RunOut.of)


def _answer(report: Report) -> HttpResponse:
    # Ready bytes: the framework would look at each of ten thousand people once more.
    return HttpResponse(wire.answer(report), content_type="application/json; charset=utf-8")
