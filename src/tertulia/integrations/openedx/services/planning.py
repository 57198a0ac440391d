"""What happens by itself: rosters when they are due, those that got lost in between, and forgetting."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Q

from tertulia.integrations.openedx import jobs
from tertulia.integrations.openedx.models import (
    UNFINISHED,
    Connection,
    Course,
    Event,
    Every,
    Fetch,
    Outcome,
    Piece,
    State,
    Unknown,
)
from tertulia.integrations.openedx.services import rosters
from tertulia.kernel.clock import now

NIGHT = range(1, 5)
"""Hours in UTC."""
EARLY = timedelta(minutes=30)
EARLY_AT_NIGHT = timedelta(hours=14)
"""What somebody asked for by day does not make the night wait for another."""
LATE = timedelta(hours=6)
LOST = timedelta(minutes=20)
"""Without a sign of life for so long, its job is gone."""
EVENTS_KEPT = timedelta(days=45)
FETCHES_KEPT = timedelta(days=90)


def begin_what_is_due() -> None:
    """Begin the rosters of followed courses whose time has come, and read lists of courses once a night."""
    moment = now()
    for connection in Connection.objects.filter(is_active=True).exclude(every=Every.NEVER):
        if moment.hour in NIGHT and (
            connection.listed_at is None or connection.listed_at < moment - timedelta(hours=20)
        ):
            jobs.list_courses.defer(connection_id=str(connection.pk))
        due = moment - timedelta(hours=connection.every) + _slack(connection, moment)
        courses = Course.objects.filter(connection=connection, is_followed=True)
        for course in courses.filter(Q(asked_at=None) | Q(asked_at__lt=due)):
            rosters.start(course=course)


def take_up_again() -> None:
    """Go on with fetches whose job was lost. Should it not be lost after all, one of the two gives way."""
    moment = now()
    silent = Q(beat_at__lt=moment - LOST) & (Q(next_at=None) | Q(next_at__lt=moment - LOST))
    for fetch_id in Fetch.objects.filter(silent, state__in=UNFINISHED).values_list("pk", flat=True):
        jobs.fetch_roster.defer(fetch_id=str(fetch_id))


def drop_old() -> None:
    """Forget what is over: events after some weeks, rosters after some months, pieces that nobody waits for."""
    moment = now()
    Event.objects.filter(received_at__lt=moment - EVENTS_KEPT).exclude(outcome=Outcome.WAITING).delete()
    Unknown.objects.filter(last_at__lt=moment - FETCHES_KEPT).delete()
    Fetch.objects.filter(began_at__lt=moment - FETCHES_KEPT).exclude(state__in=UNFINISHED).delete()
    over = Fetch.objects.filter(state=State.ASKING, began_at__lt=moment - rosters.ASKED_FOR)
    over.update(state=State.OVER)
    Course.objects.filter(state=State.ASKING).exclude(fetches__state=State.ASKING).update(state=State.OVER)
    Piece.objects.exclude(fetch__state__in=[*UNFINISHED, State.ASKING]).delete()


def _slack(connection: Connection, moment: datetime) -> timedelta:
    """Long intervals are kept for the night, when nobody minds; a night that was missed is made up for by day."""
    if connection.every < Every.NIGHT:
        return EARLY
    return EARLY_AT_NIGHT if moment.hour in NIGHT else -LATE
