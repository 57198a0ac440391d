"""Reads for the owners' pages; each in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _

from tertulia.integrations.openedx import words
from tertulia.integrations.openedx.models import (
    UNFINISHED,
    Connection,
    Course,
    Event,
    Fetch,
    Outcome,
    State,
    Unknown,
)
from tertulia.integrations.openedx.payloads import CERTIFICATE, COHORT, UNENROLLED
from tertulia.kernel.clock import now
from tertulia.kernel.paging import Slice, keyset

NEWEST = 30
LATELY = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Heard:
    """An event as a sentence."""

    at: datetime
    text: str
    outcome: str
    is_trouble: bool
    times: int


def connections() -> list[Connection]:
    """All platforms by name, each with how many courses are `followed`, and how many want somebody (`troubles`)."""
    ours = Q(courses__is_followed=True)
    return list(
        Connection.objects.annotate(
            followed=Count("courses", filter=ours),
            troubles=Count("courses", filter=ours & Q(courses__state__in=[State.FAILED, State.ASKING])),
        ).order_by("name", "pk")
    )


def followed(connection: Connection, *, cursor: str | None = None, limit: int = 50) -> Slice[Course]:
    """The courses that are followed, by key. One query."""
    rows = Course.objects.filter(connection=connection, is_followed=True)
    return keyset(rows, order=("key", "id"), cursor=cursor, limit=limit)


def listed(connection: Connection, *, text: str = "", cursor: str | None = None, limit: int = 100) -> Slice[Course]:
    """Courses that are known of the platform, by key; those whose key or title contains `text`. One query."""
    rows = Course.objects.filter(connection=connection)
    if text:
        rows = rows.filter(Q(key__icontains=text) | Q(title__icontains=text))
    return keyset(rows, order=("key", "id"), cursor=cursor, limit=limit)


def fetches(course: Course, *, cursor: str | None = None, limit: int = 20) -> Slice[Fetch]:
    """What was fetched, the newest first, each with who asked for it. One query."""
    rows = Fetch.objects.select_related("by").filter(course=course)
    return keyset(rows, order=("-id",), cursor=cursor, limit=limit)


def log_of(fetch: Fetch) -> list[words.Line]:
    """The lines of a fetch, the oldest first."""
    return [words.read(stored) for stored in fetch.lines]


def under_way(course: Course) -> Fetch | None:
    """The fetch that goes on, or asks, if there is one. One query."""
    return Fetch.objects.filter(course=course, state__in=[*UNFINISHED, State.ASKING]).order_by("-id").first()


def heard(connection: Connection) -> list[Heard]:
    """The newest events, in words. Two queries."""
    rows = list(_events(connection).order_by("-id")[:NEWEST])
    titles = dict(
        Course.objects.filter(connection=connection, key__in={row.scope for row in rows}).values_list("key", "title")
    )
    return [_heard(row, titles) for row in rows]


def unknown(connection: Connection) -> list[Unknown]:
    """Kinds of events that were taken and not read, the most frequent first. One query."""
    return list(Unknown.objects.filter(connection=connection).order_by("-times", "type")[:NEWEST])


def events_lately(connection: Connection) -> int:
    """How many events came in the last week. One query."""
    return _events(connection).filter(received_at__gt=now() - LATELY).count()


def is_lent(connection: Connection) -> bool:
    """Whether any workspace may write rules on it by name. One query."""
    return connection.system.workspaces.exists()


def _events(connection: Connection) -> QuerySet[Event]:
    return Event.objects.filter(connection=connection)


def _heard(row: Event, titles: Mapping[str, str]) -> Heard:
    named = {"who": row.subject, "course": titles.get(row.scope) or row.said.get("title") or row.scope}
    if row.type in CERTIFICATE:
        text = _("%(who)s got a certificate of %(course)s") % named
    elif row.type in COHORT:
        text = _("%(who)s is in the cohort “%(cohort)s” of %(course)s") % {**named, "cohort": row.said["cohort"]}
    elif row.type in UNENROLLED or row.said["active"] is False:
        text = _("%(who)s left %(course)s") % named
    elif row.said["mode"]:
        text = _("%(who)s is enrolled in %(course)s (%(mode)s)") % {**named, "mode": row.said["mode"]}
    else:
        text = _("%(who)s is enrolled in %(course)s") % named
    is_trouble = row.outcome in (Outcome.FAILED, Outcome.WAITING)
    return Heard(row.happened_at, text, str(Outcome(row.outcome).label), is_trouble, row.times)
