"""A roster that was read whole, told to enrolments."""

from __future__ import annotations

from typing import TypedDict

from tertulia.enrolments import services as enrolments
from tertulia.enrolments.models import Key, Registration
from tertulia.enrolments.records import Registered
from tertulia.integrations.openedx import reading
from tertulia.integrations.openedx.models import Connection, Course, Fetch, Piece, Stage
from tertulia.integrations.openedx.services import connections


class Counts(TypedDict):
    """What a roster did, for its log: people of the course, and what was new of them here."""

    active: int
    new: int
    changed: int
    gone: int
    waiting: int


def tell(fetch: Fetch, *, confirmed: bool = False) -> Counts:
    """Tell what was read, as of the fetch's beginning. Raises what `enrolments.services.tell_whole` raises."""
    people = registered(fetch)
    course = fetch.course
    active = sum(one.active is True for one in people)
    system = course.connection.system
    if not people and not Registration.objects.filter(system=system, scope=course.key, active=True).exists():
        return Counts(active=0, new=0, changed=0, gone=0, waiting=0)  # a course that nobody has ever been in
    told = enrolments.tell_whole(
        system=system,
        scope=course.key,
        people=people,
        as_of=fetch.began_at,
        confirmed=confirmed,
        titles=titles(course),
    )
    return Counts(active=active, new=told.new, changed=told.changed, gone=told.gone, waiting=told.waiting)


def registered(fetch: Fetch) -> list[Registered]:
    """The pieces put together: everybody once."""
    cohorts: dict[str, list[str]] = {}
    accounts: dict[str, tuple[str, str]] = {}
    lines: dict[str, tuple[str, bool]] = {}
    for stage, data in Piece.objects.filter(fetch=fetch).order_by("pk").values_list("stage", "data"):
        if stage == Stage.ENROLMENTS:
            for username, mode, is_active in data:
                lines.setdefault(username, (mode, is_active))
        elif stage == Stage.MEMBERS:
            for username in data[1]:
                cohorts.setdefault(username, []).append(data[0])
        elif stage == Stage.ACCOUNTS:
            accounts.update({username: (email, name) for username, email, name in data})
    course = fetch.course
    fixed = facts(course.connection, course.key)
    found: list[Registered] = []
    for username, (mode, is_active) in lines.items():
        said = {**fixed, Key.TRACK: [mode] if mode else []}
        if fetch.has_cohorts:
            said[Key.COHORT] = cohorts.get(username, [])
        email, name = accounts.get(username, ("", ""))
        found.append(
            Registered(subject=username, scope=course.key, facts=said, email=email, name=name, active=is_active)
        )
    return found


def facts(connection: Connection, key: str) -> dict[Key, list[str]]:
    """What is true of everybody in this course run."""
    return {
        Key.PLATFORM: [connections.host_of(connection)],
        Key.COURSE: [reading.course_of(key)],
        Key.RUN: [key],
    }


def titles(course: Course) -> dict[tuple[Key, str], str]:
    """What people call the course, its run and the platform."""
    connection = course.connection
    named: dict[tuple[Key, str], str] = {(Key.PLATFORM, connections.host_of(connection)): connection.name}
    if course.title:
        named[Key.RUN, course.key] = course.title
        named[Key.COURSE, reading.course_of(course.key)] = course.title
    return named
