"""Sending scores to the platform (Assignment and Grade Services 2.0): late rather than wrong, twice rather than never.

A `Score` is its own place in the queue: what is `due` goes, whatever happened meanwhile, as it is then. One job a
column works through it; it ends where the platform asks to wait or is away, and another one is there at its time.
"""

from __future__ import annotations

import re
import time
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from procrastinate.exceptions import AlreadyEnqueued

from tertulia.integrations.lti import checking, gradebook, jobs
from tertulia.integrations.lti.models import Grade, Score
from tertulia.integrations.lti.services import asking, notices
from tertulia.kernel.clock import now
from tertulia.kernel.fetching import Unreachable

LINE_ITEM_TYPE = "application/vnd.ims.lis.v2.lineitem+json"
LINE_ITEMS_TYPE = "application/vnd.ims.lis.v2.lineitemcontainer+json"
SCORE_TYPE = "application/vnd.ims.lis.v1.score+json"
TAG = "participation"
AT_ONCE = 100
MOST_POINTS = 1_000_000
_STALE = re.compile(r"later point in time|for the provided timestamp|earlier timestamp", re.IGNORECASE)
"""Open edX says so with 400 instead of AGS's 409. Others repeat our score, with its timestamp, for other reasons."""
SECONDS = 120
"""How long one job works; then another one goes on, so that others get their turn."""
SOON = 300
LONGEST_PAUSE = 6 * 3600
MOST_ATTEMPTS = 6
"""For one person; then it waits for something new of theirs, or for the night."""


class Gone(Unreachable):
    """The column is not there any more: somebody has removed it, who does not want another one."""


def send_for(grade: Grade, *, seconds: int = 0) -> None:
    """A job that sends what is due, in so many seconds; none if one waits already. One at a time for a column."""
    lock = f"lti-grade:{grade.pk}"
    options: dict[str, Any] = {"lock": lock, "queueing_lock": lock}
    if seconds:
        options["schedule_in"] = {"seconds": seconds}
    try:
        with transaction.atomic():
            jobs.send_scores.configure(**options).defer(grade_id=str(grade.pk))
    except AlreadyEnqueued:
        return


def is_possible(grade: Grade) -> bool:
    """Whether anything may be sent at all: it is on, and its course and platform are."""
    context = grade.context
    return grade.is_on and context.workspace_id is not None and context.platform.is_active


def send(grade: Grade) -> int:
    """Send what is due; returns how many scores arrived. What stops it stands in `problem`, for people to read."""
    if not is_possible(grade) or (grade.not_before and grade.not_before > now() + timedelta(seconds=1)):
        return 0
    sent, pause = 0, 0
    try:
        if _due(grade).exists():
            sent, pause = _send_all(grade)
    except asking.Wait as wait:
        _put_off(grade, wait.sentence, wait.seconds)
    except asking.Away as failure:
        grade.attempts += 1
        _put_off(grade, str(failure), min(LONGEST_PAUSE, 60 * 2 ** min(grade.attempts - 1, 10)))
    except Gone as gone:
        notices.end(grade)
        off = {"is_on": False, "line_item": "", "line_maximum": None, "problem": str(gone)[:400]}
        Grade.objects.filter(pk=grade.pk).update(**off)
    except Unreachable as failure:
        grade.attempts += 1
        _put_off(grade, str(failure), LONGEST_PAUSE)
    else:
        rest = now() + timedelta(seconds=pause) if pause else None
        Grade.objects.filter(pk=grade.pk).update(problem="", attempts=0, not_before=rest)
        following = _due(grade, later=True).order_by("not_before").first()
        if following is not None:
            wait_for = (following.not_before - now()).total_seconds() if following.not_before else 0
            send_for(grade, seconds=max(1, pause, round(wait_for)))
    return sent


def given(grade: Grade, counted: int, maximum: float) -> float:
    """The points for so many contributions, of so many."""
    return round(maximum * min(counted, grade.wanted) / grade.wanted, 2)


def line_item_of(grade: Grade) -> str:
    """The address of the column: the place's own, if the platform named one, else ours; "" if there is none yet."""
    own = gradebook.offer(grade.link.ags).line_item if grade.link is not None else ""
    return own or grade.line_item


def offer_of(grade: Grade) -> gradebook.Offer:
    """What the platform offers where this grade is: at its place in the course, else in the course."""
    return gradebook.offer(grade.link.ags if grade.link is not None else grade.context.ags)


def _send_all(grade: Grade) -> tuple[int, int]:
    offered = offer_of(grade)
    if offered.why_not:
        raise Unreachable(offered.why_not)
    token = asking.access_token(grade.context.platform, offered.scopes)
    _find_column(grade, offered, token)
    sent, until = 0, time.monotonic() + SECONDS
    for score in _due(grade).select_related("person").order_by("pk")[:AT_ONCE]:
        # Switched off meanwhile: not one score more.
        if time.monotonic() > until or not Grade.objects.filter(pk=grade.pk, is_on=True).exists():
            break
        pause = _send(grade, score, token)
        sent += 1 if score.problem == "" else 0
        if pause:
            return sent, pause
    return sent, 0


def _send(grade: Grade, score: Score, token: str) -> int:
    maximum = grade.line_maximum or float(grade.maximum)
    counted, points = score.counted, given(grade, score.counted, maximum)
    # Strictly newer than any before, by a whole second, for Moodle looks at no less, and whatever our clock does; and
    # kept first, in case that the answer is lost.
    stamp = max(now(), score.stamp + timedelta(seconds=1)) if score.stamp else now()
    Score.objects.filter(pk=score.pk).update(stamp=stamp)
    body = {
        "userId": score.subject,
        "timestamp": _time(stamp),
        "scoreGiven": points,
        "scoreMaximum": maximum,
        "activityProgress": "Completed" if counted >= grade.wanted else "InProgress",
        "gradingProgress": "FullyGraded",
        "comment": _comment(grade, counted),
    }
    try:
        answer = asking.ask(
            grade.context.platform,
            scores_url(line_item_of(grade)),
            token=token,
            accept="application/json",
            json_body=body,
            content_type=SCORE_TYPE,
        )
    except asking.Denied as failure:
        _refused(grade, score, failure, token)
        return 0
    _arrived(score, counted, points, maximum)
    return asking.pause_after(answer)


def _arrived(score: Score, counted: int, points: float, maximum: float) -> None:
    moment = now()
    with transaction.atomic():
        current = Score.objects.select_for_update(of=("self",)).get(pk=score.pk)
        current.due = current.counted != counted  # they have contributed more meanwhile
        current.sent_counted, current.sent_given, current.sent_maximum = counted, points, maximum
        current.sent_at, current.problem, current.attempts, current.not_before = moment, "", 0, None
        current.save()
        Grade.objects.filter(pk=score.grade_id).update(sent_at=moment)
    score.problem = ""


def _refused(grade: Grade, score: Score, failure: asking.Denied, token: str) -> None:
    """The platform said no: to this person, to this moment, or to the whole column. Raises if to the column."""
    if failure.status == HTTPStatus.UNAUTHORIZED:  # the token's time was over
        raise asking.Away(str(failure))
    if failure.status == HTTPStatus.NOT_FOUND and not _column_is_there(grade, token):
        raise Gone(
            _("The column was removed from the gradebook, so this grade is off. Switched on, it makes a new one.")
        )
    stale = failure.status == HTTPStatus.CONFLICT or _STALE.search(failure.said) is not None
    attempts = score.attempts + 1
    again = stale and attempts < MOST_ATTEMPTS
    problem = (
        _("The platform has a newer score of theirs, from elsewhere.")
        if stale
        else _("The platform did not take it: %(why)s") % {"why": failure}
    )
    score.problem = problem[:300]
    Score.objects.filter(pk=score.pk).update(
        problem=score.problem,
        attempts=attempts,
        due=again,
        not_before=now() + timedelta(minutes=2**attempts) if again else None,
    )


def _find_column(grade: Grade, offered: gradebook.Offer, token: str) -> None:
    """Know the address of the column and its points: named by the launch, found again by its id, else made. Once."""
    address = line_item_of(grade)
    known = address == grade.line_item and grade.line_maximum is not None
    if address and (known or not offered.may_look):
        return
    if address:
        _keep_column(grade, _column(_read(grade, address, token, LINE_ITEM_TYPE)), address)
        return
    if not offered.may_make:
        raise Unreachable(offered.why_no_column)
    found = _found_again(grade, offered, token)
    if found is None:
        wanted: dict[str, Any] = {
            "scoreMaximum": grade.maximum,
            "label": grade.label,
            "resourceId": str(grade.pk),
            "tag": TAG,
        }
        if grade.link is not None:
            wanted["resourceLinkId"] = grade.link.resource_link_id
        answer = asking.ask(
            grade.context.platform,
            offered.line_items,
            token=token,
            accept=LINE_ITEM_TYPE,
            json_body=wanted,
            content_type=LINE_ITEM_TYPE,
        )
        found = _column(answer.json())
    address = checking.web_address(found.get("id"))
    if not address:
        raise Unreachable(_("The platform made a column without an address that can be used."))
    _keep_column(grade, found, address)


def _found_again(grade: Grade, offered: gradebook.Offer, token: str) -> dict[str, Any] | None:
    """The column that was made before, but its answer was lost: the platform never changes our `resourceId`."""
    joint = "&" if urlsplit(offered.line_items).query else "?"
    url = f"{offered.line_items}{joint}resource_id={quote(str(grade.pk))}&tag={TAG}"
    columns = _read(grade, url, token, LINE_ITEMS_TYPE)
    listed = columns if isinstance(columns, list) else []
    mine = [each for each in listed if isinstance(each, dict) and each.get("resourceId") == str(grade.pk)]
    return mine[0] if mine else None


def _read(grade: Grade, url: str, token: str, media_type: str) -> Any:
    return asking.ask(grade.context.platform, url, token=token, accept=media_type).json()


def _column(body: Any) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise Unreachable(_("The platform does not answer with a column of its gradebook."))
    return body


def _keep_column(grade: Grade, column: dict[str, Any], address: str) -> None:
    maximum = column.get("scoreMaximum")
    usable = isinstance(maximum, int | float) and not isinstance(maximum, bool) and 0 < maximum <= MOST_POINTS
    grade.line_item, grade.line_maximum = address, float(maximum or 0) if usable else float(grade.maximum)
    Grade.objects.filter(pk=grade.pk).update(line_item=grade.line_item, line_maximum=grade.line_maximum)


def _column_is_there(grade: Grade, token: str) -> bool:
    if not offer_of(grade).may_look:
        return True
    try:
        _read(grade, line_item_of(grade), token, LINE_ITEM_TYPE)
    except asking.Denied as failure:
        return failure.status != HTTPStatus.NOT_FOUND
    except Unreachable:
        return True
    return True


def scores_url(line_item: str) -> str:
    """Where scores of a column go (AGS 2.0, 3.4): `/scores` belongs before the query, which stays."""
    parts = urlsplit(line_item)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/scores", fragment=""))


def _due(grade: Grade, *, later: bool = False) -> Any:
    found = Score.objects.filter(grade=grade, due=True)
    return found if later else found.filter(Q(not_before=None) | Q(not_before__lte=now()))


def _put_off(grade: Grade, problem: str, seconds: int) -> None:
    with transaction.atomic():
        Grade.objects.filter(pk=grade.pk).update(
            problem=problem[:400], attempts=grade.attempts, not_before=now() + timedelta(seconds=seconds)
        )
        if seconds <= SOON:  # else `jobs.count_grades` does it: a job that waits for hours would keep others out
            send_for(grade, seconds=seconds)


def _comment(grade: Grade, counted: int) -> str:
    words = {"counted": min(counted, grade.wanted), "wanted": grade.wanted}
    return _("%(counted)d of %(wanted)d contributions") % words


def _time(moment: datetime) -> str:
    """As AGS has it (3.4.7): ISO 8601 with milliseconds and a zone."""
    return moment.isoformat(timespec="milliseconds")
