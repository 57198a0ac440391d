"""When rosters are fetched: at night, and once when a course is new; for its workspace, or for rules alone."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from procrastinate.exceptions import AlreadyEnqueued

from tertulia.integrations.lti import jobs
from tertulia.integrations.lti.models import Context, Platform
from tertulia.integrations.lti.services import facts


def send_for(context: Context, *, confirmed: bool = False, for_rules: bool = False, seconds: int = 0) -> None:
    """A job for its roster, in so many seconds; none if one waits already. Jobs of one course run one at a time."""
    lock = f"lti-roster:{context.pk}"
    wanted: dict[str, Any] = {"context_id": str(context.pk), "confirmed": confirmed}
    options: dict[str, Any] = {"lock": lock, "queueing_lock": f"{lock}:{confirmed}"}
    if for_rules:
        wanted["for_rules"] = True
        options["queueing_lock"] += ":rules"
    if seconds:
        options["schedule_in"] = {"seconds": seconds}
    try:
        with transaction.atomic():
            jobs.fetch_roster.configure(**options).defer(**wanted)
    except AlreadyEnqueued:
        return


def send_nightly() -> None:
    """Jobs for the rosters of the courses that want it, and of those that rules may be about and that have no home."""
    wanted = Context.objects.filter(
        roster_nightly=True, launches_admit=True, workspace__archived_at=None, platform__is_active=True
    )
    for context in wanted.exclude(workspace=None):
        send_for(context)
    for platform in Platform.objects.filter(is_active=True, rosters_for_rules=True).exclude(token_url=""):
        interest = facts.interest_in(platform)
        accepted = platform.deployments.values("deployment_id")
        homeless = platform.contexts.filter(workspace=None, deployment_id__in=accepted).exclude(nrps_url="")
        for context in homeless.select_related("platform").order_by("pk"):
            if interest.covers(facts.can_say(context)):
                send_for(context, for_rules=True)


def send_first(context: Context) -> None:
    """At a launch: a job for the roster of a course of which none was ever fetched, if rules may be about it."""
    if context.roster_at is None and not why_not_for_rules(context):
        send_for(context, for_rules=True)


def why_not_for_rules(context: Context) -> str:
    """Why the roster of this course is not fetched for rules, as a sentence; "" where it is."""
    platform = context.platform
    why = ""
    if not platform.is_active:
        why = _("Launches from this learning platform are not let in, so its rosters are not fetched either.")
    elif not platform.rosters_for_rules:
        why = _("Rosters of this learning platform are not fetched for rules. Its page says so, and can change it.")
    elif context.workspace_id is not None:
        why = _("This course has a workspace of its own, whose people say whether its roster is fetched.")
    elif not context.nrps_url or not platform.token_url:
        why = _("This learning platform offers no roster (Names and Roles), or its token address is missing.")
    elif not platform.deployments.filter(deployment_id=context.deployment_id).exists():
        why = _("Launches from this course's deployment are refused, so its roster is not fetched either.")
    elif not facts.interest_in(platform).covers(facts.can_say(context)):
        why = _("No rule that is switched on could be about this course, so nobody's data are fetched.")
    return why
