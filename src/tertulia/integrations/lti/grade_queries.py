"""Reads for the pages of grades; each in a fixed number of queries."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Q

from tertulia.integrations.lti import gradebook
from tertulia.integrations.lti.models import Context, Grade, Learner, Link, Score
from tertulia.integrations.lti.services import notices
from tertulia.kernel.paging import Slice, keyset
from tertulia.people.models import Person
from tertulia.workspaces.models import Workspace

MOST = 200


@dataclass(frozen=True, slots=True)
class Counts:
    """How it stands with a grade: people with a score that arrived, that waits, that was not taken."""

    sent: int
    waiting: int
    refused: int


@dataclass(frozen=True, slots=True)
class Own:
    """A grade as one learner sees it. `score` is None before their first contribution."""

    grade: Grade
    rule: str
    score: Score | None


def grades(context: Context) -> list[Grade]:
    """The grades of a course, those that are on first; each with `score_count`. One query."""
    counted = Count("scores", filter=Q(scores__sent_at__isnull=False))
    found = Grade.objects.select_related("link").filter(context=context).annotate(score_count=counted)
    return list(found.order_by("-is_on", "label", "pk")[:MOST])


def places(context: Context) -> list[Link]:
    """The places of a course that can have a grade: their launches offered a gradebook. One query."""
    found = Link.objects.filter(context=context).exclude(ags={}).order_by("title", "pk")[:MOST]
    return [link for link in found if not gradebook.offer(link.ags).why_not]


def why_no_grade(context: Context) -> str:
    """What is missing at the platform for any grade in this course, as a sentence; empty if nothing is. One query."""
    return "" if places(context) else gradebook.offer(context.ags).why_not


def scores(grade: Grade, *, cursor: str | None, limit: int = 50) -> Slice[Score]:
    """Whom it counts for, by the time of their first contribution. One query."""
    rows = Score.objects.select_related("person").filter(grade=grade)
    return keyset(rows, order=("id",), cursor=cursor, limit=limit)


def counts(grade: Grade) -> Counts:
    """One query."""
    found = Score.objects.filter(grade=grade).aggregate(
        sent=Count("id", filter=Q(sent_at__isnull=False)),
        waiting=Count("id", filter=Q(due=True)),
        refused=Count("id", filter=~Q(problem="") & Q(due=False)),
    )
    return Counts(**found)


def own(workspace: Workspace, person: Person) -> list[Own]:
    """The grades that count for a person here, off ones only where something was sent of them. Two queries."""
    courses = Learner.objects.filter(person=person, context__workspace=workspace).values("context")
    theirs = {
        score.grade_id: score for score in Score.objects.filter(person=person, grade__context__workspace=workspace)
    }
    found = Grade.objects.select_related("context", "link").filter(
        Q(is_on=True, context__in=courses) | Q(pk__in=[key for key, score in theirs.items() if score.sent_at])
    )
    rows = found.order_by("-is_on", "context__title", "label", "pk")[:MOST]
    return [Own(grade, notices.rule(grade), theirs.get(grade.pk)) for grade in rows]
