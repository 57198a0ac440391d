"""Background tasks of LTI: rosters, and sweeping up what is over."""

from __future__ import annotations

import uuid

from procrastinate.contrib.django import app

from tertulia.integrations.lti import attempts
from tertulia.integrations.lti.models import Context
from tertulia.integrations.lti.services import keys


@app.periodic(cron="*/10 * * * *")
@app.task(queue="sweeping", queueing_lock="sweep-lti")
def sweep(timestamp: int) -> None:
    """Drop launches, tickets and choices whose time is over, old refusals, and keys that are not published any more."""
    del timestamp
    attempts.sweep()
    keys.drop_retired()


@app.task(queue="rosters")
def fetch_roster(context_id: str, *, confirmed: bool = False) -> None:
    """Fetch one course's roster; how it went stands on the course's page."""
    from tertulia.integrations.lti.services import roster  # which defers this

    related = ("platform", "workspace", "source__workspace", "set_up_by")
    context = Context.objects.select_related(*related).filter(pk=uuid.UUID(context_id)).first()
    if context is not None:
        roster.fetch_roster(context=context, confirmed=confirmed)


@app.periodic(cron="23 2 * * *")
@app.task(queue="sweeping", queueing_lock="fetch-lti-rosters")
def fetch_rosters(timestamp: int) -> None:
    """Every night: the rosters of the courses that want it, each as a job of its own."""
    del timestamp
    wanted = Context.objects.filter(roster_nightly=True, workspace__archived_at=None, platform__is_active=True)
    for context_id in wanted.exclude(workspace=None).values_list("pk", flat=True):
        fetch_roster.defer(context_id=str(context_id))
