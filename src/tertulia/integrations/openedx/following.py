"""Which courses of a platform are followed: those that an owner ticked, and those that a pattern matches."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from fnmatch import translate

from django.utils.translation import gettext as _

from tertulia.integrations.openedx.models import KEY_LENGTH, Connection, Course
from tertulia.kernel.errors import Invalid

MOST_PATTERNS = 100


def patterns(given: Sequence[str]) -> list[str]:
    """Patterns as they are kept: each once, without blanks. Raises Invalid."""
    wanted = list(dict.fromkeys(one.strip() for one in given if one.strip()))
    if len(wanted) > MOST_PATTERNS:
        raise Invalid(_("%(most)d patterns are the most.") % {"most": MOST_PATTERNS}, field="follow")
    for one in wanted:
        if len(one) > KEY_LENGTH or not one.isprintable() or " " in one:
            raise Invalid(
                _("“%(pattern)s” is no course key. They look like course-v1:Org+Course+Run; a * stands for anything.")
                % {"pattern": one[:KEY_LENGTH]},
                field="follow",
            )
    return wanted


def matches(connection: Connection, key: str) -> bool:
    """Whether one of the connection's patterns matches this course key, to the letter."""
    return any(_expression(one).fullmatch(key) for one in connection.follow)


def note(connection: Connection, titles: dict[str, str]) -> None:
    """These courses are there, called so; those that a pattern matches are followed from now on."""
    known = {course.key: course for course in Course.objects.filter(connection=connection, key__in=titles)}
    fresh = [
        Course(connection=connection, key=key, title=title, is_followed=matches(connection, key))
        for key, title in titles.items()
        if key not in known
    ]
    Course.objects.bulk_create(fresh, ignore_conflicts=True)
    renamed = [course for key, course in known.items() if titles[key] and course.title != titles[key]]
    for course in renamed:
        course.title = titles[course.key]
    Course.objects.bulk_update(renamed, ["title"])


def apply(connection: Connection) -> None:
    """After patterns or ticks have changed: who is followed now. A pattern without `*` is a course, listed or not."""
    named = {one: "" for one in connection.follow if "*" not in one}
    note(connection, named)
    changed: list[Course] = []
    for course in Course.objects.filter(connection=connection):
        wanted = course.is_ticked or matches(connection, course.key)
        if wanted != course.is_followed:
            course.is_followed = wanted
            changed.append(course)
    Course.objects.bulk_update(changed, ["is_followed"], batch_size=500)


def tick(connection: Connection, *, shown: Collection[str], ticked: Collection[str]) -> None:
    """Of the courses that were shown (by their keys), exactly those that are ticked are wanted."""
    rows = Course.objects.filter(connection=connection)
    rows.filter(key__in=list(ticked)).update(is_ticked=True)
    rows.filter(key__in=[key for key in shown if key not in ticked]).update(is_ticked=False)
    apply(connection)


def _expression(pattern: str) -> re.Pattern[str]:
    """`*` alone is special; `translate` takes care that no number of them makes matching slow."""
    return re.compile(translate(pattern.replace("[", "[[]").replace("?", "[?]")))
