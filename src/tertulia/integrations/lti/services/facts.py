"""What launches and rosters tell of people, for rules of enrolment; and where rules have put them.

A rule can be about a context (its id), a course (the context's label), a role there, or a platform as a whole.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from tertulia.enrolments import queries
from tertulia.enrolments import services as enrolments
from tertulia.enrolments.models import Enrolment, Key, Registration, RuleSource, System
from tertulia.enrolments.models import Kind as SystemKind
from tertulia.enrolments.queries import Interest
from tertulia.enrolments.records import Registered, Told
from tertulia.integrations.lti import checking, roles
from tertulia.integrations.lti.checking import Launch
from tertulia.integrations.lti.models import ID_LENGTH, Context, Platform
from tertulia.people.models import Person
from tertulia.workspaces.models import Membership, Workspace

OURS = (Key.CONTEXT, Key.COURSE, Key.ROLE, Key.PLATFORM)
ROLES: Mapping[roles.Kind, str] = {
    roles.Kind.ADMINISTRATOR: "operations",
    roles.Kind.INSTRUCTOR: "instructor",
    roles.Kind.ASSISTANT: "mentor",
    roles.Kind.LEARNER: "learner",
    roles.Kind.OBSERVER: "guest",
}


def system_of(platform: Platform) -> System:
    """The system that stands for a platform: one for each issuer, for a subject means the same person all over it.

    Its addresses prove somebody only if an owner trusts all its registrations here so far.
    """
    same = list(Platform.objects.filter(issuer=platform.issuer).order_by("pk"))
    return enrolments.open_system(
        kind=SystemKind.LTI,
        name=same[0].name if same else platform.name,
        issuer=platform.issuer,
        mail_verified=bool(same) and all(each.mail_verified for each in same),
    )


def known_system(platform: Platform) -> System | None:
    """The system that stands for a platform, if any of its courses has told of somebody. One query."""
    return System.objects.filter(kind=SystemKind.LTI, issuer=platform.issuer, workspace=None).first()


def interest_in(platform: Platform) -> Interest:
    """The rules to which what courses of this platform tell could mean something. Up to three queries."""
    system = known_system(platform)
    return Interest(rules=(), over=()) if system is None else queries.interest(system, OURS)


def waiting(context: Context) -> int:
    """How many people are in the course, as was told, and have no account here. Two queries."""
    told = Registration.objects.filter(system=known_system(context.platform), scope=scope_of(context), active=True)
    return told.filter(person=None).count()


def can_say(context: Context) -> Mapping[Key, Sequence[str]]:
    """Everything that a registration in this course can say."""
    course = [context.label] if context.label else []
    return {
        Key.CONTEXT: [context.context_id],
        Key.COURSE: course,
        Key.ROLE: list(ROLES.values()),
        Key.PLATFORM: [context.platform.issuer],
    }


def scope_of(context: Context) -> str:
    """What a registration is about: the deployment and its course, in 255 characters."""
    text = f"{context.deployment_id} {context.context_id}"
    return text if len(text) <= ID_LENGTH else f"{text[:180]} {hashlib.sha256(text.encode()).hexdigest()}"


def tell(launch: Launch, context: Context, *, as_of: datetime) -> None:
    """What a launch says of one person. Rules that it touches hold when this returns."""
    kind = roles.kind_of(launch.roles, administrators=launch.platform.administrators_run)
    one = Registered(
        subject=launch.subject,
        scope=scope_of(context),
        facts=_facts(context, kind),
        email=launch.email if checking.mail_is_verified(launch) else "",
        name=launch.name,
        active=True,
    )
    enrolments.tell(system=system_of(context.platform), people=[one], as_of=as_of, titles=_titles(context))


def tell_roster(
    context: Context,
    members: Sequence[Mapping[str, Any]],
    kinds: Mapping[str, roles.Kind],
    *,
    as_of: datetime,
    confirmed: bool,
) -> Told:
    """What a whole roster says; `kinds` are those who are active. Raises Conflict `too-many-leaving`."""
    people = [
        Registered(
            subject=member["user_id"],
            facts=_facts(context, kinds[member["user_id"]]) if member["user_id"] in kinds else {},
            email=member.get("email", "") if context.platform.mail_verified else "",
            name=member.get("name", ""),
            active=member["user_id"] in kinds,
        )
        for member in members
    ]
    return enrolments.tell_whole(
        system=system_of(context.platform),
        scope=scope_of(context),
        people=people,
        as_of=as_of,
        confirmed=confirmed,
        titles=_titles(context),
    )


def places(context: Context, person: Person) -> list[Workspace]:
    """The workspaces into which rules about this course have put a person, by name. Four queries."""
    system = known_system(context.platform)
    told = Registration.objects.filter(system=system, scope=scope_of(context), person=person, active=True).first()
    if system is None or told is None:
        return []
    given = Enrolment.objects.filter(person=person, active=True, source__kind=SystemKind.RULE).exclude(role="")
    sources = [line.source_id for line in given]
    rules = RuleSource.objects.select_related("rule").filter(source__in=sources)
    followed = [each.source_id for each in rules if _is_about(each, system, told.facts)]
    mine = Membership.objects.select_related("workspace").filter(
        person=person, workspace__archived_at=None, workspace__enrolment_sources__in=followed
    )
    found = {membership.workspace_id: membership.workspace for membership in mine}
    return sorted(found.values(), key=lambda workspace: (workspace.name.casefold(), str(workspace.pk)))


def _is_about(speaks: RuleSource, system: System, facts: Mapping[str, Sequence[str]]) -> bool:
    """Whether it is because of this course that the rule holds, which it does: somebody else's conditions are met."""
    rule = speaks.rule
    if rule.system_id not in {None, system.pk} or speaks.system_id not in {None, system.pk}:
        return False
    wanted = {condition["key"]: condition["values"] for condition in rule.conditions if condition["key"] in OURS}
    if rule.per in OURS:
        wanted[rule.per] = [speaks.value]
    return bool(wanted or rule.system_id) and all(
        any(queries.fits(value, fact) for value in values for fact in facts.get(key, ()))
        for key, values in wanted.items()
    )


def _facts(context: Context, kind: roles.Kind) -> Mapping[Key, Sequence[str]]:
    course = [context.label] if context.label else []
    return {Key.CONTEXT: [context.context_id], Key.COURSE: course, Key.ROLE: [ROLES[kind]]}


def _titles(context: Context) -> Mapping[tuple[Key, str], str]:
    named = {Key.CONTEXT: context.context_id, Key.COURSE: context.label}
    return {(key, value): context.title for key, value in named.items() if value and context.title}
