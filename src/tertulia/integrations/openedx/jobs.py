"""Background tasks: rosters piece by piece, lists of courses, events that could not be applied at once, sweeping."""

from __future__ import annotations

import uuid

import procrastinate
from procrastinate.contrib.django import app

QUEUE = "rosters"


@app.task(queue=QUEUE)
def fetch_roster(fetch_id: str) -> None:
    """Go on with a roster. If it has to wait, another job goes on then, and this one's worker is free."""
    from tertulia.integrations.openedx.services import rosters  # which defers this

    seconds = rosters.go_on(uuid.UUID(fetch_id))
    if seconds is not None:
        fetch_roster.configure(schedule_in={"seconds": seconds}).defer(fetch_id=fetch_id)


@app.task(queue=QUEUE)
def list_courses(connection_id: str, tries: int = 0) -> None:
    """Go on reading a platform's list of courses; how it went stands on the connection's page."""
    from tertulia.integrations.openedx.services import courses  # which defers this

    seconds = courses.go_on(uuid.UUID(connection_id), tries)
    if seconds is not None:
        again = list_courses.configure(schedule_in={"seconds": seconds})
        again.defer(connection_id=connection_id, tries=tries + 1)


@app.task(queue=QUEUE, retry=procrastinate.RetryStrategy(max_attempts=6, exponential_wait=4))
def apply_event(event_id: str) -> None:
    """Apply an event that was taken, and could not be applied at once; fails to be tried again."""
    from tertulia.integrations.openedx.services import events  # which defers this

    events.apply_again(uuid.UUID(event_id))


@app.periodic(cron="7 * * * *")
@app.task(queue="sweeping", queueing_lock="plan-openedx-rosters")
def plan_rosters(timestamp: int) -> None:
    """Every hour: begin the rosters whose time has come."""
    from tertulia.integrations.openedx.services import planning  # which defers from here

    del timestamp
    planning.begin_what_is_due()


@app.periodic(cron="*/10 * * * *")
@app.task(queue="sweeping", queueing_lock="sweep-openedx")
def sweep(timestamp: int) -> None:
    """Go on with rosters that nobody goes on with, and drop what is old."""
    from tertulia.integrations.openedx.services import planning  # which defers from here

    del timestamp
    planning.take_up_again()
    planning.drop_old()
