"""A platform's list of courses, read to its end; nothing is forgotten because it is not on it."""

from __future__ import annotations

import uuid

from django.utils.translation import gettext as _

from tertulia.integrations.openedx import access, asking, following, jobs, reading
from tertulia.integrations.openedx.models import Connection, Course
from tertulia.integrations.openedx.services import rosters
from tertulia.kernel import audit, limits
from tertulia.kernel.clock import now
from tertulia.kernel.fetching import Unreachable
from tertulia.people.models import Person

MOST_PAGES = 200
MOST_TRIES = 30
PROBLEM = 400
PAUSE = 120
"""Seconds before the next try, when the platform did not answer usably."""
TROUBLES = 4
LISTING = limits.Limit("openedx-listing", times=3, seconds=300)


def ask_for_list(*, actor: Person, connection: Connection) -> None:
    """Have the platform's list of courses read soon. Raises TooMany."""
    access.check_owner(actor)
    limits.spend(LISTING, connection.pk)
    jobs.list_courses.defer(connection_id=str(connection.pk))


def go_on(connection_id: uuid.UUID, tries: int) -> int | None:
    """Read on. Returns the seconds after which another job goes on; None when it is read, or given up."""
    connection = Connection.objects.select_related("system").filter(pk=connection_id, is_active=True).first()
    if connection is None:
        return None
    try:
        _read(connection)
    except asking.Wait as wait:
        if tries < MOST_TRIES:
            return wait.seconds
        _give_up(connection, _("The platform asks for pauses without end."))
        return None
    except Unreachable as trouble:
        if isinstance(trouble, asking.Refused) or tries >= TROUBLES:
            _give_up(connection, str(trouble))
            return None
        return PAUSE
    begin_new(connection)
    return None


def choose(*, actor: Person, connection: Connection, shown: list[str], ticked: list[str]) -> int:
    """Follow exactly those that are ticked of those that were shown; returns how many are followed now in all."""
    access.check_owner(actor)
    wanted = Course.objects.filter(connection=connection, is_ticked=True)
    before = set(wanted.values_list("key", flat=True))
    following.tick(connection, shown=shown, ticked=ticked)
    after = set(wanted.values_list("key", flat=True))
    if before != after:
        audit.record(
            actor=actor,
            verb="chose courses",
            object_kind="Open edX platform",
            object_id=connection.pk,
            after={"followed": sorted(after - before), "no longer": sorted(before - after)},
        )
    begin_new(connection)
    return Course.objects.filter(connection=connection, is_followed=True).count()


def begin_new(connection: Connection) -> None:
    """Rosters of courses that are followed and have never been asked for; the rest comes when it is due."""
    if not connection.is_active:
        return
    for course in Course.objects.filter(connection=connection, is_followed=True, asked_at=None):
        rosters.start(course=course)


def _read(connection: Connection) -> None:
    more = True
    while more:
        page = connection.listing_page
        found, more = reading.courses(connection, page)
        following.note(connection, {one.key: one.title for one in found})
        more = more and page < MOST_PAGES
        connection.listing_page = page + 1 if more else 1
        connection.save(update_fields=["listing_page"])
    connection.listed_at, connection.listing_problem = now(), ""
    connection.save(update_fields=["listed_at", "listing_problem"])


def _give_up(connection: Connection, why: str) -> None:
    connection.listing_problem, connection.listing_page = why[:PROBLEM], 1
    connection.save(update_fields=["listing_problem", "listing_page"])
    begin_new(connection)
