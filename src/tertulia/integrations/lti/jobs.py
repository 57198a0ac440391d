"""Background tasks of LTI: rosters, grades, and sweeping up what is over."""

from __future__ import annotations

import logging
import uuid

import procrastinate
from procrastinate.contrib.django import app

from tertulia.integrations.lti import attempts
from tertulia.integrations.lti.models import Context, Grade, Score
from tertulia.integrations.lti.services import keys

_log = logging.getLogger(__name__)
_RETRY = procrastinate.RetryStrategy(max_attempts=5, exponential_wait=5)
_GRADE = ("context__platform", "context__workspace", "link__thread", "link__placement", "by")


@app.periodic(cron="*/10 * * * *")
@app.task(queue="sweeping", queueing_lock="sweep-lti")
def sweep(timestamp: int) -> None:
    """Drop launches, tickets and choices whose time is over, old refusals, and keys that are not published any more."""
    del timestamp
    attempts.sweep()
    keys.drop_retired()


@app.task(queue="rosters", retry=_RETRY)
def fetch_roster(context_id: str, *, confirmed: bool = False, for_rules: bool = False) -> None:
    """Go on with one course's roster; how it goes stands on the course's page."""
    from tertulia.integrations.lti.services import roster  # which defers this

    related = ("platform", "workspace", "source__workspace", "set_up_by")
    context = Context.objects.select_related(*related).filter(pk=uuid.UUID(context_id)).first()
    if context is not None:
        roster.fetch_roster(context=context, confirmed=confirmed, for_rules=for_rules)


@app.periodic(cron="23 2 * * *")
@app.task(queue="sweeping", queueing_lock="fetch-lti-rosters")
def fetch_rosters(timestamp: int) -> None:
    """Every night: the rosters of the courses that want it, each as a job of its own."""
    from tertulia.integrations.lti.services import roster_times  # which defers these

    del timestamp
    roster_times.send_nightly()


@app.periodic(cron="*/5 * * * *")
@app.task(queue="sweeping", queueing_lock="count-lti-grades")
def count_grades(timestamp: int) -> None:
    """Every five minutes: what has people contributed since, and whose score is to be sent?"""
    from tertulia.integrations.lti.services import grades

    del timestamp
    for grade in Grade.objects.select_related(*_GRADE).filter(is_on=True, context__platform__is_active=True):
        try:
            grades.keep(grade)
        except Exception:  # noqa: BLE001 - one course's trouble is not the others'
            _log.exception("counting a grade failed", extra={"grade": str(grade.pk)})


@app.task(queue="grades", retry=_RETRY)
def send_scores(grade_id: str) -> None:
    """Send what is due of one grade; how it goes stands on its page."""
    from tertulia.integrations.lti.services import scores  # which defers this

    grade = Grade.objects.select_related(*_GRADE).filter(pk=uuid.UUID(grade_id)).first()
    if grade is not None:
        scores.send(grade)


@app.periodic(cron="41 3 * * *")
@app.task(queue="sweeping", queueing_lock="recount-lti-grades")
def recount_grades(timestamp: int) -> None:
    """Every night: count from the beginning, and try again whom the platform did not take."""
    del timestamp
    on = Grade.objects.filter(is_on=True)
    on.update(seen={}, counted_at=None)
    Score.objects.filter(grade__in=on, due=False).exclude(problem="").update(due=True, attempts=0, not_before=None)
