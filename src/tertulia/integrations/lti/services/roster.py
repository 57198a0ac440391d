"""The roster of a course, by Names and Role Provisioning Services 2.0: whole or not at all.

A fetching is a row (`RosterFetch`); jobs go on with it until it ends. Where the platform asks to wait, or is away, the
job ends, and another one is there at its time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from tertulia.enrolments import services as enrolments
from tertulia.enrolments.records import Entry, Mode, Report
from tertulia.integrations.lti import access, roles
from tertulia.integrations.lti.models import Context, RosterFetch
from tertulia.integrations.lti.services import arriving, asking, facts, learners, roster_pages, roster_times
from tertulia.integrations.lti.services.roster_pages import Member
from tertulia.integrations.lti.services.roster_times import send_for
from tertulia.kernel import audit, fetching, limits
from tertulia.kernel.clock import now
from tertulia.kernel.errors import Conflict, Invalid, Refusal
from tertulia.kernel.tidying import tidy
from tertulia.people.models import Identity, Person
from tertulia.workspaces.access import RANK
from tertulia.workspaces.models import Role, Workspace

MOST_ATTEMPTS = 8
"""In a row that brought no page: over the minutes of `_later`, two hours in all."""
MOST_WAITS = 60
"""In a row that the platform asked for."""
KEPT = 30
"""Fetchings of a course that are remembered."""
ASKING = limits.Limit("lti-roster", times=6, seconds=600)


def ask_for_roster(*, actor: Person, context: Context, confirmed: bool = False) -> None:
    """Have the roster fetched soon; the course's page tells how it went. Raises Conflict if the LMS offers none."""
    _check(context)
    limits.spend(ASKING, context.pk)
    send_for(context, confirmed=confirmed)
    del actor  # whoever may see the course's page, which its caller has made sure of


def ask_for_rules(*, actor: Person, context: Context, confirmed: bool = False) -> None:
    """Have the roster of a course without a workspace fetched soon, for rules alone; the owners' page says how it went.

    Raises NotFound for everybody but owners of the installation, Conflict if there is nothing to fetch or nobody to
    fetch it for.
    """
    access.check_owner(actor)
    _check(context, for_rules=True)
    limits.spend(ASKING, context.pk)
    with transaction.atomic():
        if confirmed:
            course = {"course": str(context), "platform": context.platform.name}
            audit.record(
                actor=actor, verb="confirmed the roster", object_kind="LTI course", object_id=context.pk, after=course
            )
        send_for(context, confirmed=confirmed, for_rules=True)


def fetch_roster(*, context: Context, confirmed: bool = False, for_rules: bool = False) -> Report | None:
    """Go on with the course's roster, or begin it; when it is whole, let the workspace follow it, and rules.

    `for_rules`: it was sent for rules alone, and does nothing to a workspace that the course may have by now.
    None then, if it is not whole yet, or did not go well: `roster_problem` and the fetching itself say why.
    """
    try:
        workspace = _check(context, for_rules=for_rules)
    except Refusal as refusal:
        begun = list(RosterFetch.objects.filter(context=context, state=RosterFetch.State.RUNNING))
        for fetch in begun:
            roster_pages.end(fetch, problem=refusal.detail)
        if begun or not for_rules:
            _tell(context, refusal.detail)
        return None
    fetch = roster_pages.begin(context, confirmed=confirmed)
    if fetch.not_before is not None and fetch.not_before > now() + timedelta(seconds=1):
        send_for(context, for_rules=for_rules, seconds=round((fetch.not_before - now()).total_seconds()))
        return None
    try:
        _read(fetch)
        report, counts = _follow(fetch, context, workspace)
    except asking.Wait as wait:
        _later(fetch, wait.sentence, most=MOST_WAITS, for_rules=for_rules, seconds=wait.seconds)
    except asking.Away as failure:
        _later(fetch, str(failure), most=MOST_ATTEMPTS, for_rules=for_rules)
    except (fetching.Unreachable, Refusal) as failure:
        _end(fetch, problem=_why(failure))
    else:
        _end(fetch, counts=counts)
        return report
    return None


def fetches(context: Context) -> list[RosterFetch]:
    """The newest fetchings of a course, for people to read. One query."""
    return list(RosterFetch.objects.filter(context=context).order_by("-id")[:10])


def _read(fetch: RosterFetch) -> None:
    try:
        roster_pages.read_on(fetch)
    except roster_pages.Stale:
        roster_pages.begin_anew(fetch)
        roster_pages.read_on(fetch)


def _later(fetch: RosterFetch, problem: str, *, most: int, for_rules: bool, seconds: int = 0) -> None:
    """Go on in so many seconds, or in 1, 2, 4, … minutes; at last give up: the next night is another day."""
    fetch.attempts += 1
    if fetch.attempts >= most:
        _end(fetch, problem=problem)
        return
    seconds = seconds or 60 * 2 ** (fetch.attempts - 1)
    with transaction.atomic():
        fetch.problem, fetch.not_before = problem[:400], now() + timedelta(seconds=seconds)
        fetch.save(update_fields=["problem", "not_before", "attempts"])
        _tell(fetch.context, problem)
        send_for(fetch.context, for_rules=for_rules, seconds=seconds)


def _end(fetch: RosterFetch, *, problem: str = "", counts: Mapping[str, int] | None = None) -> None:
    with transaction.atomic():
        roster_pages.end(fetch, problem=problem, counts=counts)
        _tell(fetch.context, problem)
        kept = RosterFetch.objects.filter(context=fetch.context).order_by("-id").values_list("pk", flat=True)[:KEPT]
        RosterFetch.objects.filter(context=fetch.context).exclude(pk__in=list(kept)).delete()


def _tell(context: Context, problem: str) -> None:
    Context.objects.filter(pk=context.pk).update(roster_at=now(), roster_problem=problem[:400])


def _follow(
    fetch: RosterFetch, context: Context, workspace: Workspace | None
) -> tuple[Report | None, Mapping[str, int]]:
    """Let the workspace follow, or rules alone if there is none; gives back what to write down of it."""
    members = roster_pages.members(fetch)
    if not members:
        raise Invalid(_("The roster is empty. That is hardly true, so nothing was changed."))
    kinds = {member["user_id"]: _kind(context, member) for member in members if _is_active(member)}
    if workspace is None:
        told = facts.tell_roster(context, members, kinds, as_of=fetch.started_at, confirmed=fetch.confirmed)
        news = {"new": told.new, "changed": told.changed, "gone": told.gone, "unchanged": told.unchanged}
        return None, {**news, "waiting": facts.waiting(context)}  # whom rules have just given an account does not wait
    report = _enrol(context, workspace, members, kinds, confirmed=fetch.confirmed, as_of=fetch.started_at)
    return report, report.counts


def _enrol(
    context: Context,
    workspace: Workspace,
    members: Sequence[Member],
    kinds: Mapping[str, roles.Kind],
    *,
    confirmed: bool,
    as_of: datetime,
) -> Report:
    known = dict(
        Identity.objects.filter(
            issuer=context.platform.issuer, subject__in=[member["user_id"] for member in members]
        ).values_list("subject", "person_id")
    )
    people = [entry for member in members if (entry := _entry(context, member, known)) is not None]
    highest = min((RANK[Role(entry.role)] for entry in people), default=RANK[Role.GUEST])
    actor = None
    if highest < RANK[Role.INSTRUCTOR]:
        allowed, actor = arriving.given(context, workspace, Role.OPERATIONS)
        if actor is None:
            people = [_capped(entry, allowed) for entry in people]
    with transaction.atomic():  # both or neither; and what is told comes before what is enrolled
        facts.tell_roster(context, members, kinds, as_of=as_of, confirmed=confirmed)
        source = arriving.source_of(context, workspace)
        report = enrolments.enrol(
            source=source, people=people, mode=Mode.MIRROR, actor=actor, confirmed=confirmed, as_of=as_of
        )
        met = {line.external_id: line.person_id for line in report.lines if line.person_id is not None}
        learners.note_all(context, {**met, **known}, kinds)
    return report


def _entry(context: Context, member: Member, known: Mapping[str, Any]) -> Entry | None:
    """A member as an enrolment; None for somebody who has never come and whose address proves nothing."""
    subject, email = member["user_id"], member.get("email", "")
    if subject not in known and not (context.platform.mail_verified and email):
        return None
    return Entry(
        external_id=subject,
        email=email,
        name=tidy(member.get("name", ""))[:80],
        role=roles.role_of(_kind(context, member), context.roles).value,
        groups=tuple(context.groups),
        channels=tuple(str(channel_id) for channel_id in context.channels),
        active=_is_active(member),
        person_id=known.get(subject),
    )


def _kind(context: Context, member: Member) -> roles.Kind:
    return roles.kind_of(member["roles"], administrators=context.platform.administrators_run)


def _is_active(member: Member) -> bool:
    return str(member.get("status", "Active")) == "Active"


def _capped(entry: Entry, highest: Role) -> Entry:
    return entry if RANK[Role(entry.role)] >= RANK[highest] else replace(entry, role=highest.value)


def _check(context: Context, *, for_rules: bool = False) -> Workspace | None:
    """The workspace that follows the roster, None: rules alone do. Raises Conflict where it is not fetched."""
    if for_rules:
        if why := roster_times.why_not_for_rules(context):
            raise Conflict(why)
        return None
    if not context.nrps_url or not context.platform.token_url or not context.platform.is_active:
        raise Conflict(_("This learning platform offers no roster (Names and Roles), or its token address is missing."))
    if context.workspace is None:
        raise Conflict(_("This course leads to no workspace."))
    if not context.launches_admit:
        raise Conflict(_("Another list says who is in this course, so its roster is not fetched."))
    return context.workspace


def _why(failure: Exception) -> str:
    if isinstance(failure, Refusal) and failure.type == "too-many-leaving":
        return _(
            "More people than usual would have to leave, so nothing was changed. Look at the course, then confirm."
        )
    return failure.detail if isinstance(failure, Refusal) else str(failure)
