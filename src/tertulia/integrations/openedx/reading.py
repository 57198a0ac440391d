"""Pages of an Open edX platform's REST interface, read: each function asks for one page and checks its shape.

Facts, from edx-platform: enrolments (`/api/enrollment/v1/enrollments`, for global staff) come a hundred at a time in
the order of their making, those of people who left included; `next` holds a cursor, which is all that is taken from
it, since a platform behind a proxy may name itself by an inner address. Cohorts come as a bare list without a word of
how many there are: one page too many is 404, or the first again. A person is in one cohort of a course at most.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.utils.translation import gettext as _

from tertulia.integrations.openedx import asking
from tertulia.integrations.openedx.models import KEY_LENGTH, SUBJECT_LENGTH, Connection
from tertulia.kernel.fetching import Unreachable

PAGE = 100
BATCH = 50
"""Accounts in one request: their names stand in the address."""
NAME = 200
MODE = 100
MAIL = 254
CURSOR = 500


@dataclass(frozen=True, slots=True)
class Enrolment:
    """One line of a course's enrolments."""

    username: str
    mode: str
    is_active: bool


@dataclass(frozen=True, slots=True)
class Account:
    """What the platform says of somebody. `is_active`: they have confirmed their address there."""

    username: str
    email: str
    name: str
    is_active: bool


@dataclass(frozen=True, slots=True)
class Listed:
    """A course run of the platform's list."""

    key: str
    title: str


def enrolments(connection: Connection, key: str, cursor: str) -> tuple[list[Enrolment], str]:
    """A page of a course's enrolments, and the cursor of the next; "" after the last. Raises as `asking.get`."""
    query = {"course_id": key, "page_size": str(PAGE)} | ({"cursor": cursor} if cursor else {})
    page = asking.get(connection, "/api/enrollment/v1/enrollments", **query)
    rows = page.get("results") if isinstance(page, dict) else None
    if not isinstance(rows, list) or "next" not in page:
        raise Unreachable(_("The platform does not answer with a list of enrolments."))
    following = _parameter(page["next"], "cursor")
    if following and (following == cursor or len(following) > CURSOR):
        raise Unreachable(_("The list of enrolments has no end."))
    return [_enrolment(row, key) for row in rows], following


def cohorts(connection: Connection, key: str, page: int) -> list[tuple[int, str]]:
    """A page of a course's cohorts, as (id, name); empty after the last. Raises as `asking.get`."""
    path = f"/api/cohorts/v1/courses/{asking.in_path(key)}/cohorts/"
    try:
        rows = asking.get(connection, path, page_size=str(PAGE), page=str(page))
    except asking.Refused as refused:
        if page > 1 and refused.status == HTTPStatus.NOT_FOUND:
            return []
        raise
    if not isinstance(rows, list):
        raise Unreachable(_("The platform does not answer with a list of cohorts."))
    return [_cohort(row) for row in rows]


def members(connection: Connection, key: str, cohort_id: int, page: int) -> tuple[list[Account], bool]:
    """A page of a cohort's people, and whether there is another. Raises as `asking.get`."""
    path = f"/api/cohorts/v1/courses/{asking.in_path(key)}/cohorts/{cohort_id}/users/"
    answer = asking.get(connection, path, page_size=str(PAGE), page=str(page))
    rows = answer.get("results") if isinstance(answer, dict) else None
    if not isinstance(rows, list) or "next" not in answer:
        raise Unreachable(_("The platform does not answer with the people of a cohort."))
    return [_account(row) for row in rows], bool(answer["next"]) and bool(rows)


def accounts(connection: Connection, usernames: Sequence[str]) -> list[Account]:
    """What it says of these people; whom it does not know is missing. Raises as `asking.get`.

    Raises Refused with 403, too, if it shows their public side only.
    """
    try:
        rows = asking.get(connection, "/api/user/v1/accounts", username=",".join(usernames))
    except asking.Refused as refused:
        if refused.status == HTTPStatus.NOT_FOUND:
            return []
        raise
    if not isinstance(rows, list):
        raise Unreachable(_("The platform does not answer with a list of accounts."))
    if rows and not any(isinstance(row, dict) and "email" in row for row in rows):
        raise asking.Refused(_("The platform shows no addresses to this client."), HTTPStatus.FORBIDDEN)
    return [_account(row) for row in rows]


def courses(connection: Connection, page: int) -> tuple[list[Listed], bool]:
    """A page of the courses that our client's user sees, and whether there is another. Raises as `asking.get`."""
    asking.token(connection)  # says who we are there
    query = {"username": connection.username, "page_size": str(PAGE), "page": str(page)}
    answer = asking.get(connection, "/api/courses/v1/courses/", **query)
    rows = answer.get("results") if isinstance(answer, dict) else None
    paging = answer.get("pagination") if isinstance(answer, dict) else None
    if not isinstance(rows, list) or not isinstance(paging, dict):
        raise Unreachable(_("The platform does not answer with a list of courses."))
    return [found for row in rows if (found := _listed(row)) is not None], bool(paging.get("next")) and bool(rows)


def course_of(key: str) -> str:
    """The course of a run: “Org+Course” of “course-v1:Org+Course+Run”, or of the older “Org/Course/Run”."""
    parts = key.removeprefix("course-v1:").replace("/", "+").split("+")
    return "+".join(parts[:2]) if len(parts) > 1 else key


def _enrolment(row: Any, key: str) -> Enrolment:
    said = row if isinstance(row, dict) else {}
    if said.get("course_id", key) != key:
        raise Unreachable(_("The list of enrolments is another course's."))
    username, is_active = _word(said.get("user"), SUBJECT_LENGTH), said.get("is_active")
    if not username or not isinstance(is_active, bool):
        raise Unreachable(_("A line of the list of enrolments cannot be read."))
    return Enrolment(username, _word(said.get("mode"), MODE), is_active)


def _cohort(row: Any) -> tuple[int, str]:
    said = row if isinstance(row, dict) else {}
    number, name = said.get("id"), _word(said.get("name"), KEY_LENGTH)
    if not isinstance(number, int) or not name:
        raise Unreachable(_("A cohort cannot be read."))
    return number, name


def _account(row: Any) -> Account:
    said = row if isinstance(row, dict) else {}
    username, name = _word(said.get("username"), SUBJECT_LENGTH), said.get("name")
    if not username:
        raise Unreachable(_("An account cannot be read."))
    shown = name[:NAME] if isinstance(name, str) else ""
    return Account(username, _word(said.get("email"), MAIL), shown, said.get("is_active") is True)


def _listed(row: Any) -> Listed | None:
    said = row if isinstance(row, dict) else {}
    key, title = _word(said.get("course_id") or said.get("id"), KEY_LENGTH), said.get("name")
    return Listed(key, title.strip()[:NAME] if isinstance(title, str) else "") if key else None


def _word(value: Any, longest: int) -> str:
    """The text, if it is one that can be kept; else ""."""
    return value if isinstance(value, str) and len(value) <= longest and value.isprintable() else ""


def _parameter(link: Any, name: str) -> str:
    if link is None or link == "":
        return ""
    found = parse_qs(urlsplit(link).query).get(name) if isinstance(link, str) else None
    if not found:
        raise Unreachable(_("The platform does not say how its list goes on."))
    return found[0]
