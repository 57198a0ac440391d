"""What a checked launch does: an account, a membership, a role, and the place that it leads to."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from tertulia.channels import access as channel_access
from tertulia.enrolments import services as enrolments
from tertulia.enrolments.models import Kind, Source
from tertulia.enrolments.records import Entry, Mode, Outcome
from tertulia.integrations.lti import checking, gradebook, roles, secrets
from tertulia.integrations.lti.checking import Launch
from tertulia.integrations.lti.models import (
    Context,
    DeepLinking,
    Deployment,
    Grade,
    Link,
    Pending,
    Placement,
    Runner,
    Target,
)
from tertulia.integrations.lti.refusals import Reason, Wrong
from tertulia.integrations.lti.services import facts, learners, roster_times
from tertulia.integrations.lti.services.threads import thread_address, thread_of
from tertulia.kernel.clock import now
from tertulia.kernel.errors import Conflict, Forbidden, NotFound, Refusal
from tertulia.people import services as people
from tertulia.people.models import Person
from tertulia.workspaces.access import RANK
from tertulia.workspaces.models import Membership, Role, Workspace

CHOOSING = timedelta(hours=1)
PLACEMENT = re.compile(r"/lti/at/([0-9a-f-]{36})\Z")


class Unopened(Refusal):
    """The course has no workspace yet, and this person may not give it one."""

    status = 409
    type = "course-unopened"


class NotListed(Refusal):
    """Another list says who is in the course, and this person is not, or no longer, on it."""

    status = 403
    type = "not-listed"


def person_of(launch: Launch) -> Person:
    """The account of whoever launched, made if they are new.

    Raises Wrong (UNKNOWN_DEPLOYMENT, NO_COURSE), Unopened (nobody gets an account by a course that leads nowhere yet),
    NotListed, NeedsLinking, Forbidden.
    """
    _check_deployment(launch)
    if not launch.context_id:
        if launch.is_deep_linking or PLACEMENT.search(launch.target.partition("?")[0]):
            raise Wrong(Reason.NO_COURSE, platform=launch.platform)
        return _account(launch)
    context = _context(launch)
    facts.tell(launch, context, as_of=_said_at(launch))
    roster_times.send_first(context)
    if _kind(launch) in roles.RUNNERS or (context.workspace is not None and context.launches_admit):
        return _account(launch)
    with transaction.atomic():  # no account for whom neither a rule nor another list lets in
        person = _account(launch)
        member = Membership.objects.filter(workspace=context.workspace, person=person).exists()
        if not (member or facts.places(context, person)):
            raise _unopened(context) if context.workspace is None else _not_listed(context)
        return person


def _account(launch: Launch) -> Person:
    return people.arrive(
        issuer=launch.platform.issuer,
        subject=launch.subject,
        name=launch.name,
        email=launch.email,
        email_verified=checking.mail_is_verified(launch),
    )


def _unopened(context: Context) -> Unopened:
    return Unopened(
        _(
            "“%(course)s” has no home in Tertulia yet. Its instructor has to open this activity once; after that it"
            " works for everybody."
        )
        % {"course": context}
    )


def connect(*, actor: Person, launch: Launch) -> Person:
    """After signing in: whoever launched is `actor`, from now on. Raises Conflict if they are somebody else here."""
    people.link(actor=actor, issuer=launch.platform.issuer, subject=launch.subject, email=launch.email)
    return person_of(launch)


def settle(launch: Launch, person: Person) -> str:
    """Put `person` where this launch says, and return the path of the page that they wanted.

    Raises Forbidden where the workspace does not take them.
    """
    if not launch.context_id:
        return launch.target if not launch.target.startswith("/lti/") else "/"
    context = _context(launch)
    kind = _kind(launch)
    _note_runner(context, person, runs=kind in roles.RUNNERS)
    learners.note(context, person, launch.subject, kind)
    choice = _deep_linking(launch, context, person) if launch.is_deep_linking else None
    if choice is not None and kind not in roles.RUNNERS:
        raise Forbidden(_("Only instructors can put things into a course. Ask yours."))
    if context.workspace is None:
        return _by_rule(launch, context, person, choice)
    enter(launch, context, context.workspace, person)
    if choice is not None:
        return reverse("lti:choose", args=[choice.pk])
    return _place(launch, context, context.workspace, person)


def _by_rule(launch: Launch, context: Context, person: Person, choice: DeepLinking | None) -> str:
    """Where a course leads that has no home: where rules have put the person; else who runs it gives it one."""
    there = facts.places(context, person)
    if choice is not None or (not there and _kind(launch) in roles.RUNNERS):
        return reverse("lti:set_up", args=[context.pk]) + (f"?then={choice.pk}" if choice else "")
    if not there:
        raise _unopened(context)
    alone = len(there) == 1 and _kind(launch) not in roles.RUNNERS
    return there[0].get_absolute_url() if alone else reverse("lti:places", args=[context.pk])


def enter(launch: Launch, context: Context, workspace: Workspace, person: Person) -> None:
    """Make `person` a member, as the course says, unless the roster or another list has said since that they left.

    Raises Forbidden where the workspace does not take them, NotListed.
    """
    is_member = Membership.objects.filter(workspace=workspace, person=person).exists()
    if not _admits(context, launch):
        if not is_member:
            raise _not_listed(context)
        return
    role, actor = given(context, workspace, roles.role_of(_kind(launch), context.roles))
    entry = Entry(
        external_id=launch.subject,
        email=launch.email,
        name=launch.name,
        role=role.value,
        groups=tuple(context.groups),
        channels=tuple(str(channel_id) for channel_id in context.channels),
        person_id=person.pk,
    )
    try:
        source = source_of(context, workspace)
        report = enrolments.enrol(source=source, people=[entry], mode=Mode.MERGE, actor=actor, as_of=_said_at(launch))
    except Conflict:
        if is_member:  # an archived workspace can still be read
            return
        raise
    refused = [line for line in report.lines if line.outcome is Outcome.REFUSED]
    if refused and not is_member:
        raise Forbidden(
            _("%(workspace)s does not let you in: %(why)s") % {"workspace": workspace, "why": refused[0].detail}
        )
    if not Membership.objects.filter(workspace=workspace, person=person).exists():  # a launch from before they left
        raise _not_listed(context)


def _admits(context: Context, launch: Launch) -> bool:
    """Whether this launch lets in whom no list knows: those who run a course are often on none."""
    return context.launches_admit or _kind(launch) in roles.RUNNERS


def _not_listed(context: Context) -> NotListed:
    return NotListed(
        _(
            "You are not on the list of “%(course)s”, or no longer. If you have just enrolled, open this again in a few"
            " minutes: the list may be on its way. If that does not help, ask the people who run the course."
        )
        % {"course": context}
    )


def _said_at(launch: Launch) -> datetime:
    """When the platform said so, by its whole second. Its clock may be ahead of ours (`checking.LEEWAY`)."""
    return min(now(), datetime.fromtimestamp(float(launch.claims["iat"]) + 1, tz=UTC))


def given(context: Context, workspace: Workspace, role: Role) -> tuple[Role, Person | None]:
    """The role, and on whose word: a course by itself gives roles up to instructor, whoever set it up theirs."""
    if RANK[role] >= RANK[Role.INSTRUCTOR]:
        return role, None
    if context.set_up_by is not None:
        membership = Membership.objects.filter(workspace=workspace, person=context.set_up_by).first()
        if membership is not None and RANK[Role(membership.role)] <= RANK[role]:
            return role, context.set_up_by
    return Role.INSTRUCTOR, None


def wait(launch: Launch) -> tuple[Pending, str]:
    """Keep a checked launch until its person has signed in. Returns it with the secret that finds it again."""
    secret = secrets.new_secret()
    pending = Pending.objects.create(
        digest=secrets.digest(secret),
        platform=launch.platform,
        claims=dict(launch.claims),
        expires_at=now() + CHOOSING,
    )
    return pending, secret


def launch_of(pending: Pending) -> Launch:
    """The launch that waited."""
    return checking.launch_of(pending.platform, pending.claims)


def _check_deployment(launch: Launch) -> None:
    known = Deployment.objects.filter(platform=launch.platform, deployment_id=launch.deployment_id)
    if known.exists():
        return
    if not launch.platform.takes_new_deployments:
        raise Wrong(Reason.UNKNOWN_DEPLOYMENT, platform=launch.platform, deployment=launch.deployment_id)
    Deployment.objects.get_or_create(platform=launch.platform, deployment_id=launch.deployment_id)


def _kind(launch: Launch) -> roles.Kind:
    return roles.kind_of(launch.roles, administrators=launch.platform.administrators_run)


def _context(launch: Launch) -> Context:
    """The course, as it calls itself now."""
    nrps = launch.claims.get(checking.NRPS)
    said: dict[str, Any] = {
        "title": launch.context_title,
        "label": launch.context_label,
        "nrps_url": checking.web_address(nrps.get("context_memberships_url")) if isinstance(nrps, dict) else "",
    }
    if (offered := gradebook.claimed(launch.claims)) is not None:
        said["ags"] = {**offered, "line_item": ""}
    said = {name: value for name, value in said.items() if value}
    context, _created = Context.objects.update_or_create(
        platform=launch.platform,
        deployment_id=launch.deployment_id,
        context_id=launch.context_id,
        defaults={**said, "last_launch_at": now()},
    )
    related = ("workspace", "platform", "unit_channel__workspace", "source__workspace", "set_up_by")
    return Context.objects.select_related(*related).get(pk=context.pk)


def _note_runner(context: Context, person: Person, *, runs: bool) -> None:
    if runs:
        Runner.objects.get_or_create(context=context, person=person)
        # They may have come because a grade waits for what their launch offers.
        Grade.objects.filter(context=context, is_on=True).exclude(problem="").update(not_before=None, attempts=0)
    else:
        Runner.objects.filter(context=context, person=person).delete()


def _deep_linking(launch: Launch, context: Context, person: Person) -> DeepLinking:
    chosen = launch.deep_linking_settings
    return DeepLinking.objects.create(
        context=context,
        person=person,
        return_url=chosen["deep_link_return_url"],
        data=chosen.get("data", ""),
        expires_at=now() + CHOOSING,
    )


def _place(launch: Launch, context: Context, workspace: Workspace, person: Person) -> str:
    """Where a link in the course leads: to what was chosen for it, else to the page it names, else to the course."""
    offered = gradebook.claimed(launch.claims)
    link, _created = Link.objects.update_or_create(
        context=context,
        resource_link_id=launch.link_id,
        defaults={
            "title": launch.link_title,
            "placement": _placement(launch, context),
            **({} if offered is None else {"ags": offered}),
        },
    )
    placement = link.placement
    channel = placement.channel if placement else context.unit_channel
    wants_thread = placement.target == Target.UNIT if placement else channel is not None
    if placement is None and not launch.target.startswith("/lti/") and launch.target != "/":
        return launch.target
    if channel is None or channel.workspace_id != workspace.pk:
        return workspace.get_absolute_url()
    try:
        seat = channel_access.channel(person, channel.pk)
    except NotFound:
        return workspace.get_absolute_url()
    if placement is not None and placement.target == Target.THREAD:
        return thread_address(placement.thread, seat.place.workspace, channel)
    if wants_thread:
        return thread_of(link, seat, person, chosen_by=placement.by if placement else context.set_up_by, launch=launch)
    return channel.get_absolute_url()


def _placement(launch: Launch, context: Context) -> Placement | None:
    """What the address of the link names; it must have been chosen in this very course."""
    found = PLACEMENT.search(launch.target.partition("?")[0])
    if found is None:
        return None
    try:
        wanted = uuid.UUID(found[1])
    except ValueError:
        return None
    related = ("channel__workspace", "thread", "by")
    return Placement.objects.select_related(*related).filter(pk=wanted, context=context).first()


def source_of(context: Context, workspace: Workspace) -> Source:
    """The source of enrolments that stands for this course, in its workspace; made on first use."""
    if context.source is not None and context.source.workspace_id == workspace.pk:
        return context.source
    # The end of the id keeps courses of one title apart, and the name as it was when the title changes.
    name = f"{str(context)[:60]} ({context.pk.hex[-8:]})"
    context.source = enrolments.open_source(actor=None, workspace=workspace, name=name, kind=Kind.LTI)
    context.save(update_fields=["source"])
    return context.source
