"""A course's roster, read page by page into the database and told when it is whole: `go_on` does as much as it can.

Whatever happens in between - a killed worker, an expired token, a throttled or broken platform - the next job goes on
at the page at which this one stopped; after `TOO_OLD` it starts anew instead, since people have come and gone.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from tertulia.integrations.openedx import asking, jobs, reading
from tertulia.integrations.openedx.models import UNFINISHED, Course, Fetch, Piece, Stage, State
from tertulia.integrations.openedx.services import telling
from tertulia.integrations.openedx.words import Kind, Line
from tertulia.kernel.clock import now
from tertulia.kernel.errors import Conflict, Refusal
from tertulia.kernel.fetching import Unreachable
from tertulia.people.models import Identity, Person

TOO_OLD = timedelta(hours=6)
MOST_PAGES = 3000
MOST_LINES = 60
BACKOFF = (30, 60, 120, 300, 600, 1200, 1800)
"""Seconds before the next try, when the platform did not answer usably; after the last it is given up."""
SLICE = 90.0
"""Seconds after which a job makes room for others."""
ASKED_FOR = timedelta(days=1)
"""How long a roster that asks for confirmation is kept."""


class _GiveWay(Exception):
    """Another job goes on with this fetch."""


def start(*, course: Course, actor: Person | None = None) -> Fetch:
    """Begin to fetch a course's roster; if that goes on already, it is this one. A job does it."""
    moment = now()
    try:
        with transaction.atomic():
            Fetch.objects.filter(course=course, state=State.ASKING).update(state=State.OVER)
            made = Fetch.objects.create(
                course=course, by=actor, began_at=moment, beat_at=moment, lines=[Line(moment, Kind.STARTED).stored]
            )
            Course.objects.filter(pk=course.pk).update(asked_at=moment, state=State.GOING)
            jobs.fetch_roster.defer(fetch_id=str(made.pk))
    except IntegrityError:
        return Fetch.objects.get(course=course, state__in=UNFINISHED)
    return made


def confirm(*, actor: Person, fetch: Fetch) -> None:
    """Apply a roster that asked, because so many would leave by it. Raises Conflict if it is not there any more."""
    moment = now()
    with transaction.atomic():
        locked = Fetch.objects.select_for_update(of=("self",)).select_related("course__connection__system")
        found = locked.get(pk=fetch.pk)
        if found.state != State.ASKING or found.began_at < moment - ASKED_FOR:
            raise Conflict(_("This roster is not there any more. Fetch it once more."), type="roster-gone")
        told = telling.tell(found, confirmed=True)
        _note(found, Kind.CONFIRMED, who=actor.display_name)
        _note(found, Kind.TOLD, **told)
        _finish(found, told)


def go_on(fetch_id: uuid.UUID) -> int | None:
    """Read on until it is whole and told, or has to wait. Returns the seconds after which another job goes on."""
    fetch = Fetch.objects.select_related("course__connection__system").filter(pk=fetch_id, state__in=UNFINISHED).first()
    if fetch is None:
        return None
    try:
        return _work(fetch)
    except _GiveWay:
        return None


def _work(fetch: Fetch) -> int | None:
    if fetch.beat_at < now() - TOO_OLD:
        _start_anew(fetch)
    elif fetch.step and fetch.state == State.GOING:  # its job came to no end
        _note(fetch, Kind.RESUMED)
    until = time.monotonic() + SLICE
    while fetch.stage != Stage.TELLING:
        if not fetch.course.connection.is_active:
            _fail(fetch, _("The platform is switched off here."))
            return None
        if time.monotonic() > until:
            _beat(fetch, State.WAITING, 0)
            return 0
        try:
            _STEPS[Stage(fetch.stage)](fetch)
        except asking.Wait as wait:
            return _wait(fetch, wait)
        except asking.Refused as refused:
            _fail(fetch, _why(refused))
            return None
        except Unreachable as trouble:
            return _try_later(fetch, str(trouble))
    _tell(fetch)
    return None


def _enrolments(fetch: Fetch) -> None:
    course = fetch.course
    found, cursor = reading.enrolments(course.connection, course.key, fetch.cursor)
    if fetch.pages >= MOST_PAGES:
        raise Unreachable(_("The list of enrolments has no end."))
    data = [[one.username, one.mode, one.is_active] for one in found]
    active = sum(one.is_active for one in found)
    with transaction.atomic():
        if not cursor:
            total, pages = fetch.people + active, fetch.pages + 1
            _note(fetch, Kind.READ, stage=Stage.ENROLMENTS, count=total, pages=pages)
        stage = Stage.ENROLMENTS if cursor else Stage.COHORTS
        _write(fetch, data, stage=stage, cursor=cursor, people=fetch.people + active)


def _cohorts(fetch: Fetch) -> None:
    course, page = fetch.course, int(fetch.cursor or 1)
    known = {row[0] for piece in _pieces(fetch, Stage.COHORTS) for row in piece}
    try:
        found = reading.cohorts(course.connection, course.key, page)
    except asking.Refused as refused:
        _do_without(fetch, Kind.NO_COHORTS, str(refused))
        return
    fresh = [[number, name] for number, name in found if number not in known]
    more = bool(fresh) and page < MOST_PAGES  # a bare list: only a page with nothing new says that it was the last
    with transaction.atomic():
        if not more:
            _note(fetch, Kind.READ, stage=Stage.COHORTS, count=len(known), pages=page)
        following = {"stage": Stage.COHORTS, "cursor": str(page + 1)} if more else {"stage": Stage.MEMBERS}
        _write(fetch, fresh, **following)


def _members(fetch: Fetch) -> None:
    course = fetch.course
    cohorts = [row for piece in _pieces(fetch, Stage.COHORTS) for row in piece]
    index, page = (int(part) for part in (fetch.cursor or "0:1").split(":"))
    if index >= len(cohorts):
        with transaction.atomic():
            _write(fetch, None, stage=Stage.ACCOUNTS)
        return
    number, name = cohorts[index]
    try:
        found, has_more = reading.members(course.connection, course.key, number, page)
    except asking.Refused as refused:
        _do_without(fetch, Kind.NO_COHORTS, str(refused))
        return
    if page >= MOST_PAGES:
        raise Unreachable(_("The list of a cohort's people has no end."))
    cursor = f"{index}:{page + 1}" if has_more else f"{index + 1}:1"
    with transaction.atomic():
        _write(fetch, [name, [one.username for one in found]], stage=Stage.MEMBERS, cursor=cursor)


def _accounts(fetch: Fetch) -> None:
    connection = fetch.course.connection
    strangers = _strangers(fetch) if connection.reads_accounts else []
    batch = [one for one in strangers if one > fetch.cursor][: reading.BATCH]
    if not batch:
        with transaction.atomic():
            if strangers:
                _note(
                    fetch,
                    Kind.READ,
                    stage=Stage.ACCOUNTS,
                    count=len(strangers),
                    pages=-(-len(strangers) // reading.BATCH),
                )
            _write(fetch, None, stage=Stage.TELLING)
        return
    try:
        found = reading.accounts(connection, batch)
    except asking.Refused as refused:
        with transaction.atomic():
            _note(fetch, Kind.NO_ACCOUNTS, why=str(refused))
            _write(fetch, None, stage=Stage.TELLING)
        return
    data = [[one.username, one.email if one.is_active else "", one.name] for one in found]
    with transaction.atomic():
        _write(fetch, data, stage=Stage.ACCOUNTS, cursor=batch[-1])


_STEPS = {
    Stage.ENROLMENTS: _enrolments,
    Stage.COHORTS: _cohorts,
    Stage.MEMBERS: _members,
    Stage.ACCOUNTS: _accounts,
}


def _strangers(fetch: Fetch) -> list[str]:
    """Who is in the course and has never come here, sorted: of them we want a name, and perhaps an address."""
    names = {row[0] for piece in _pieces(fetch, Stage.ENROLMENTS) for row in piece if row[2]}
    issuer = fetch.course.connection.system.issuer
    known = Identity.objects.filter(issuer=issuer, subject__in=names).values_list("subject", flat=True)
    return sorted(names - set(known))


def _do_without(fetch: Fetch, kind: Kind, why: str) -> None:
    """No cohorts, then: what is known of them stays as it is."""
    with transaction.atomic():
        _note(fetch, kind, why=why)
        fetch.has_cohorts = False
        _write(fetch, None, stage=Stage.ACCOUNTS)


def _tell(fetch: Fetch) -> None:
    try:
        with transaction.atomic():
            told = telling.tell(fetch)
            _note(fetch, Kind.TOLD, **told)
            _finish(fetch, told)
    except Refusal as refusal:
        if refusal.type == "too-many-leaving":
            _note(fetch, Kind.ASKS, why=refusal.detail)
            _end(fetch, State.ASKING)
        else:
            _fail(fetch, refusal.detail)
        return
    if not fetch.waits:
        asking.hurry_up(fetch.course.connection)


def _finish(fetch: Fetch, told: telling.Counts) -> None:
    _end(fetch, State.DONE)
    Piece.objects.filter(fetch=fetch).delete()
    Course.objects.filter(pk=fetch.course_id).update(roster_at=fetch.began_at, people=told["active"])


def _wait(fetch: Fetch, wait: asking.Wait) -> int:
    if wait.is_theirs:
        fetch.waits += 1
        _note(fetch, Kind.WAITED, seconds=wait.seconds, pace=fetch.course.connection.pace)
    _beat(fetch, State.WAITING, wait.seconds, waits=fetch.waits)
    return wait.seconds


def _try_later(fetch: Fetch, why: str) -> int | None:
    fetch.tries += 1
    if fetch.tries > len(BACKOFF):
        _fail(fetch, why)
        return None
    seconds = BACKOFF[fetch.tries - 1]
    _note(fetch, Kind.TROUBLE, why=why, seconds=seconds)
    _beat(fetch, State.WAITING, seconds, tries=fetch.tries)
    return seconds


def _fail(fetch: Fetch, why: str) -> None:
    _note(fetch, Kind.FAILED, why=why)
    with transaction.atomic():
        _end(fetch, State.FAILED)
        Piece.objects.filter(fetch=fetch).delete()


def _why(refused: asking.Refused) -> str:
    if refused.status in (HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND):
        return _("%(refusal)s The user of the client has to be staff of the whole platform (“Staff status”).") % {
            "refusal": refused
        }
    return str(refused)


def _start_anew(fetch: Fetch) -> None:
    moment = now()
    with transaction.atomic():
        _note(fetch, Kind.ANEW)
        began = {"began_at": moment, "pages": 0, "people": 0, "tries": 0, "has_cohorts": True}
        for name, value in began.items():
            setattr(fetch, name, value)
        _write(fetch, None, stage=Stage.ENROLMENTS, cursor="", **began)
        Piece.objects.filter(fetch=fetch).delete()


def _pieces(fetch: Fetch, stage: Stage) -> Sequence[Any]:
    return list(Piece.objects.filter(fetch=fetch, stage=stage).order_by("pk").values_list("data", flat=True))


def _write(fetch: Fetch, data: Any, *, stage: Stage, cursor: str = "", **more: Any) -> None:
    """What was read, and where it goes on: both or neither, and only if no other job was faster."""
    moment = now()
    changes = {
        "stage": stage,
        "cursor": cursor,
        "tries": 0,
        "pages": fetch.pages + (data is not None),
        "has_cohorts": fetch.has_cohorts,
        "lines": fetch.lines,
        "state": State.GOING,
        "beat_at": moment,
        "next_at": None,
    } | more
    mine = Fetch.objects.filter(pk=fetch.pk, step=fetch.step, state__in=UNFINISHED)
    if not mine.update(step=F("step") + 1, **changes):
        raise _GiveWay
    if data is not None and data != []:
        Piece.objects.create(fetch=fetch, stage=fetch.stage, data=data)
    if fetch.state != State.GOING:
        Course.objects.filter(pk=fetch.course_id).update(state=State.GOING)
    fetch.step += 1
    for name, value in changes.items():
        setattr(fetch, name, value)


def _beat(fetch: Fetch, state: State, seconds: int, **changes: Any) -> None:
    moment = now()
    waiting = {"beat_at": moment, "next_at": moment + timedelta(seconds=seconds)}
    _turn(fetch, state, UNFINISHED, **waiting, **changes)


def _end(fetch: Fetch, state: State) -> None:
    moment = now()
    _turn(fetch, state, (*UNFINISHED, State.ASKING), beat_at=moment, ended_at=moment, next_at=None)


def _turn(fetch: Fetch, state: State, whence: Sequence[State], **changes: Any) -> None:
    mine = Fetch.objects.filter(pk=fetch.pk, step=fetch.step, state__in=whence)
    with transaction.atomic():
        if not mine.update(state=state, lines=fetch.lines, **changes):
            raise _GiveWay
        Course.objects.filter(pk=fetch.course_id).update(state=state)
    fetch.state = state


def _note(fetch: Fetch, kind: Kind, **details: Any) -> None:
    """One more line of the log; the first and the newest are kept."""
    fetch.lines = [*fetch.lines, Line(now(), kind, details).stored]
    if len(fetch.lines) > MOST_LINES:
        fetch.lines = [fetch.lines[0], *fetch.lines[-MOST_LINES + 1 :]]
