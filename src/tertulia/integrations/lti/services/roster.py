"""The roster of a course, by Names and Role Provisioning Services 2.0: whole or not at all."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urljoin

from django.utils.translation import gettext as _

from tertulia.enrolments import services as enrolments
from tertulia.enrolments.records import Entry, Mode, Report
from tertulia.integrations.lti import attempts, jobs, roles, secrets
from tertulia.integrations.lti.models import ID_LENGTH, Context, Platform
from tertulia.integrations.lti.services import arriving, keys
from tertulia.integrations.lti.services.registration import ROSTER_SCOPE
from tertulia.kernel import fetching, limits
from tertulia.kernel.clock import now
from tertulia.kernel.errors import Conflict, Invalid, Refusal
from tertulia.kernel.tidying import tidy
from tertulia.people.models import Identity, Person
from tertulia.workspaces.access import RANK
from tertulia.workspaces.models import Role, Workspace

MEDIA_TYPE = "application/vnd.ims.lti-nrps.v2.membershipcontainer+json"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_SECONDS = 300
PAGE = 500
MOST_PAGES = 1000
MOST_MEMBERS = 10_000
SECONDS = 30.0
"""For one page: an LMS makes it of many tables."""
ASKING = limits.Limit("lti-roster", times=6, seconds=600)
_NEXT = re.compile(r'<([^<>]*)>\s*;[^,]*\brel="?next"?', re.IGNORECASE)
"""The next page in a `Link` header (RFC 8288)."""


def ask_for_roster(*, actor: Person, context: Context, confirmed: bool = False) -> None:
    """Have the roster fetched soon; the course's page tells how it went. Raises Conflict if the LMS offers none."""
    _check(context)
    limits.spend(ASKING, context.pk)
    jobs.fetch_roster.defer(context_id=str(context.pk), confirmed=confirmed)
    del actor  # whoever may see the course's page, which its caller has made sure of


def fetch_roster(*, context: Context, confirmed: bool = False) -> Report | None:
    """Let the workspace follow the course's roster. None if that did not go well: `roster_problem` says why."""
    started = now()
    try:
        workspace = _check(context)
        members = read_members(context)
        report = _follow(context, workspace, members, confirmed=confirmed, as_of=started)
    except (fetching.Unreachable, Refusal) as failure:
        Context.objects.filter(pk=context.pk).update(roster_at=now(), roster_problem=_why(failure)[:400])
        return None
    Context.objects.filter(pk=context.pk).update(roster_at=now(), roster_problem="")
    return report


def read_members(context: Context) -> list[Mapping[str, Any]]:
    """Everybody on the roster, active or not. All pages, or none: raises Unreachable if any of them cannot be had."""
    token = access_token(context.platform, ROSTER_SCOPE)
    found: dict[str, Mapping[str, Any]] = {}
    for page in _pages(context, token):
        for member in page:
            subject = member.get("user_id") if isinstance(member, dict) else None
            if not isinstance(subject, str) or not subject or len(subject) > ID_LENGTH:
                raise fetching.Unreachable(_("A member of the roster has no user_id."))
            found[subject] = member
        if len(found) > MOST_MEMBERS:
            raise fetching.Unreachable(_("The roster has more than %(most)d people.") % {"most": MOST_MEMBERS})
    return list(found.values())


def access_token(platform: Platform, scope: str) -> str:
    """A token of the platform's for one service (Security Framework 1.0, 4.1: client credentials with a signed JWT)."""
    moment = int(now().timestamp())
    assertion = keys.sign(
        {
            "iss": platform.client_id,
            "sub": platform.client_id,
            "aud": platform.token_url,
            "iat": moment,
            "exp": moment + ASSERTION_SECONDS,
            "jti": secrets.new_secret(),
        }
    )
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": assertion,
        "scope": scope,
    }
    answer = fetching.fetch(platform.token_url, form=form).json()
    token = answer.get("access_token") if isinstance(answer, dict) else None
    if not isinstance(token, str) or not token.isprintable():
        raise fetching.Unreachable(_("The platform gave no access token."))
    return token


def _pages(context: Context, token: str) -> Iterator[Sequence[Any]]:
    joint = "&" if "?" in context.nrps_url else "?"
    url, seen = f"{context.nrps_url}{joint}limit={PAGE}", set[str]()
    headers = {"Authorization": f"Bearer {token}", "Accept": MEDIA_TYPE}
    while url:
        if url in seen or len(seen) >= MOST_PAGES:
            raise fetching.Unreachable(_("The pages of the roster have no end."))
        if attempts.origin_of(url) != attempts.origin_of(context.nrps_url):
            raise fetching.Unreachable(_("The roster goes on at another host, which gets no token of ours."))
        seen.add(url)
        answer = fetching.fetch(url, headers=headers, seconds=SECONDS)
        page = answer.json()
        members = page.get("members") if isinstance(page, dict) else None
        course = page.get("context") if isinstance(page, dict) else None
        if not isinstance(members, list):
            raise fetching.Unreachable(_("The platform does not answer with a roster."))
        if isinstance(course, dict) and str(course.get("id", context.context_id)) != context.context_id:
            raise fetching.Unreachable(_("The roster is another course's."))
        yield members
        following = _NEXT.search(answer.headers.get("Link", ""))
        url = urljoin(url, following[1]) if following else ""


def _follow(
    context: Context, workspace: Workspace, members: Sequence[Mapping[str, Any]], *, confirmed: bool, as_of: Any
) -> Report:
    if not members:
        raise Invalid(_("The roster is empty. That is hardly true, so nothing was changed."))
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
    source = arriving.source_of(context, workspace)
    return enrolments.enrol(
        source=source, people=people, mode=Mode.MIRROR, actor=actor, confirmed=confirmed, as_of=as_of
    )


def _entry(context: Context, member: Mapping[str, Any], known: Mapping[str, Any]) -> Entry | None:
    """A member as an enrolment; None for somebody who has never come and whose address proves nothing."""
    subject, platform = str(member["user_id"]), context.platform
    email = member.get("email") if isinstance(member.get("email"), str) else ""
    if subject not in known and not (platform.mail_verified and email):
        return None
    claimed = member.get("roles")
    listed = [role for role in claimed if isinstance(role, str)] if isinstance(claimed, list) else []
    kind = roles.kind_of(listed, administrators=platform.administrators_run)
    name = member.get("name")
    return Entry(
        external_id=subject,
        email=str(email or ""),
        name=tidy(name)[:80] if isinstance(name, str) else "",
        role=roles.role_of(kind, context.roles).value,
        groups=tuple(context.groups),
        channels=tuple(str(channel_id) for channel_id in context.channels),
        active=member.get("status", "Active") == "Active",
        person_id=known.get(subject),
    )


def _capped(entry: Entry, highest: Role) -> Entry:
    return entry if RANK[Role(entry.role)] >= RANK[highest] else replace(entry, role=highest.value)


def _check(context: Context) -> Workspace:
    if not context.nrps_url or not context.platform.token_url or not context.platform.is_active:
        raise Conflict(_("This learning platform offers no roster (Names and Roles), or its token address is missing."))
    if context.workspace is None:
        raise Conflict(_("This course leads to no workspace."))
    return context.workspace


def _why(failure: Exception) -> str:
    if isinstance(failure, Refusal) and failure.type == "too-many-leaving":
        return _(
            "More people than usual would have to leave, so nothing was changed. Look at the course, then confirm."
        )
    return failure.detail if isinstance(failure, Refusal) else str(failure)
