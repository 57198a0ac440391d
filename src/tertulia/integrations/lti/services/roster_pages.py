"""Reading a roster page by page (Names and Role Provisioning Services 2.0), each kept as soon as it is there.

So a fetching that was killed, or stopped by an outage or a limit, goes on at the page where it was.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import urljoin

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from tertulia.integrations.lti import attempts, checking
from tertulia.integrations.lti.models import ID_LENGTH, Context, RosterFetch, RosterPage
from tertulia.integrations.lti.services import asking
from tertulia.integrations.lti.services.registration import ROSTER_SCOPE
from tertulia.kernel.clock import now
from tertulia.kernel.fetching import Answer, Unreachable

MEDIA_TYPE = "application/vnd.ims.lti-nrps.v2.membershipcontainer+json"
PAGE = 500
MOST_PAGES = 1000
MOST_MEMBERS = 10_000
OLD = timedelta(hours=2)
"""How long a roster that was begun is gone on with: later, its first pages tell of another day."""
_NEXT = re.compile(r'<([^<>]*)>\s*;[^,]*\brel="?next"?', re.IGNORECASE)
"""The next page in a `Link` header (RFC 8288)."""

Member = Mapping[str, Any]


class Stale(Unreachable):
    """The page where an earlier job stopped is not given any more: the roster must be begun anew."""


def begin(context: Context, *, confirmed: bool = False) -> RosterFetch:
    """The fetching of this course's roster that is under way, or a new one; one that is too old ends."""
    found = RosterFetch.objects.filter(context=context, state=RosterFetch.State.RUNNING).first()
    if found is not None and found.started_at < now() - OLD:
        end(found, problem=_("It took too long, and was begun anew."))
        found = None
    if found is None:
        try:
            with transaction.atomic():
                return RosterFetch.objects.create(
                    context=context, started_at=now(), next_url=_first(context), confirmed=confirmed
                )
        except IntegrityError:  # somebody else has begun at this moment
            found = RosterFetch.objects.get(context=context, state=RosterFetch.State.RUNNING)
    if confirmed and not found.confirmed:
        found.confirmed = True
        found.save(update_fields=["confirmed"])
    return found


def begin_anew(fetch: RosterFetch) -> None:
    """Forget the pages that were read: from the first one again, and as of now."""
    with transaction.atomic():
        fetch.pages.all().delete()
        fetch.started_at, fetch.next_url = now(), _first(fetch.context)
        fetch.page_count = fetch.people_count = 0
        fetch.save(update_fields=["started_at", "next_url", "page_count", "people_count"])


def end(fetch: RosterFetch, *, problem: str = "", counts: Mapping[str, int] | None = None) -> None:
    """It is over, well or not; what the platform sent is not kept."""
    with transaction.atomic():
        fetch.pages.all().delete()
        fetch.state = RosterFetch.State.FAILED if problem else RosterFetch.State.DONE
        fetch.ended_at, fetch.problem, fetch.counts = now(), problem[:400], dict(counts or {})
        fetch.not_before, fetch.next_url = None, ""
        fetch.save(update_fields=["state", "ended_at", "problem", "counts", "not_before", "next_url"])


def read_on(fetch: RosterFetch) -> None:
    """Read the pages that are still to be read.

    Raises Unreachable, if any of them cannot be had: Away or Wait, to go on later; Stale, to begin anew; else for good.
    """
    token, resumed = "", fetch.page_count > 0
    while fetch.next_url:
        token = token or asking.access_token(fetch.context.platform, [ROSTER_SCOPE])
        try:
            answer = asking.ask(fetch.context.platform, fetch.next_url, token=token, accept=MEDIA_TYPE)
            members = _members(fetch, answer)
        except (asking.Wait, asking.Away):
            raise
        except Unreachable as failure:
            if resumed:
                raise Stale(str(failure)) from None
            raise _explained(failure) from None
        resumed = False
        _keep(fetch, answer, members)
        pause = asking.pause_after(answer)
        if pause and fetch.next_url:
            raise asking.Wait(pause)


def members(fetch: RosterFetch) -> list[Member]:
    """Everybody on the pages that were read, active or not; who is there twice counts as on the later page."""
    found: dict[str, Member] = {}
    for page in fetch.pages.order_by("number"):
        found.update({member["user_id"]: member for member in page.members})
    return list(found.values())


def _first(context: Context) -> str:
    return f"{context.nrps_url}{'&' if '?' in context.nrps_url else '?'}limit={PAGE}"


def _members(fetch: RosterFetch, answer: Answer) -> list[Member]:
    page = answer.json()
    found = page.get("members") if isinstance(page, dict) else None
    course = page.get("context") if isinstance(page, dict) else None
    if not isinstance(found, list):
        raise Unreachable(_("The platform does not answer with a roster."))
    known = fetch.context.context_id
    if isinstance(course, dict) and str(course.get("id", known)) != known:
        raise Unreachable(_("The roster is another course's."))
    for member in found:
        subject = member.get("user_id") if isinstance(member, dict) else None
        if not isinstance(subject, str) or not subject.isprintable() or not 0 < len(subject) <= ID_LENGTH:
            raise Unreachable(_("A member of the roster has no user_id."))
    return [_plain(member) for member in found]


def _plain(member: Member) -> Member:
    """What is used of a member, and nothing that a database refuses."""
    texts = {name: member.get(name) for name in ("user_id", "name", "email", "status")}
    plain: dict[str, Any] = {name: text.replace("\0", "") for name, text in texts.items() if isinstance(text, str)}
    roles = member.get("roles")
    plain["roles"] = (
        [role.replace("\0", "") for role in roles if isinstance(role, str)] if isinstance(roles, list) else []
    )
    return plain


def _keep(fetch: RosterFetch, answer: Answer, found: list[Member]) -> None:
    url = fetch.next_url
    following = _NEXT.search(answer.headers.get("Link", ""))
    after = urljoin(url, following[1]) if following else ""
    if after and attempts.origin_of(after) != attempts.origin_of(url):
        raise Unreachable(_("The roster goes on at another host, which gets no token of ours."))
    if after and not checking.web_address(after):
        raise Unreachable(_("The roster goes on at an address that cannot be used."))
    seen = fetch.pages.filter(url=after).exists() if after else False
    if after == url or seen or (fetch.page_count + 1 >= MOST_PAGES and after):
        raise Unreachable(_("The pages of the roster have no end."))
    with transaction.atomic():
        RosterPage.objects.create(fetch=fetch, number=fetch.page_count, url=url, members=found)
        fetch.next_url, fetch.page_count = after, fetch.page_count + 1
        fetch.people_count += len(found)
        fetch.attempts, fetch.not_before, fetch.problem = 0, None, ""
        fetch.save(update_fields=["next_url", "page_count", "people_count", "attempts", "not_before", "problem"])
    if fetch.people_count > MOST_MEMBERS:
        raise Unreachable(_("The roster has more than %(most)d people.") % {"most": MOST_MEMBERS})


def _explained(failure: Unreachable) -> Unreachable:
    """Open edX lists nobody where more are enrolled than `COURSE_MEMBER_API_ENROLLMENT_LIMIT` (1,000)."""
    denied = isinstance(failure, asking.Denied) and failure.status == HTTPStatus.FORBIDDEN
    if denied and "above_response_limit" in str(failure):
        return Unreachable(
            _(
                "The course has more people than the learning platform lists (Open edX: over 1,000 enrolments). Nobody"
                " was removed, and whoever opens Tertulia there still comes in. Its administrator can raise"
                " COURSE_MEMBER_API_ENROLLMENT_LIMIT, or connect Open edX's own roster instead."
            )
        )
    return failure
