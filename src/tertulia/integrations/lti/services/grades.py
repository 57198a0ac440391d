"""Instructors say that taking part is a grade: off until they do, and off again whenever they want."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from tertulia.channels import access as channel_access
from tertulia.integrations.lti import access, gradebook
from tertulia.integrations.lti.models import Context, Grade, Link
from tertulia.integrations.lti.services import contributions, notices, scores
from tertulia.kernel import audit
from tertulia.kernel.errors import Conflict, Invalid, NotFound
from tertulia.kernel.tidying import line
from tertulia.people.models import Person
from tertulia.posts import services as posts
from tertulia.workspaces import access as workspaces
from tertulia.workspaces.models import Workspace

LABEL_LENGTH = 100
MOST_POINTS = 1000
MOST_WANTED = 100
MOST_WORDS = 500
MOST_CHANNELS = 20


def open_grade(
    *,
    actor: Person,
    context: Context,
    link_id: uuid.UUID | None,
    channel_ids: Sequence[uuid.UUID],
    label: str,
    maximum: int,
    wanted: int,
    fewest_words: int,
    until: datetime | None = None,
) -> Grade:
    """From now on taking part counts: in these channels, or, without any, in the thread of the place `link_id`.

    The points go to that place's column in the gradebook, or without a place to a new one called `label`. Needs
    MANAGE_MEMBERS. Raises NotFound; Conflict if the platform does not allow it, or the place has a grade; Invalid.
    """
    found, workspace = _checked(actor, context)
    link = Link.objects.filter(pk=link_id, context=found).first() if link_id is not None else None
    if link_id is not None and link is None:
        raise NotFound
    why_not = gradebook.offer(link.ags if link is not None else found.ags).why_not
    if why_not:
        raise Conflict(why_not, type="no-gradebook", field="link")
    if not channel_ids and (link is None or contributions.thread_of(link) is None):
        raise Invalid(
            _("Choose the channels that count, or a place in the course that has a thread."), field="channels"
        )
    grade = Grade(
        context=found,
        link=link,
        label=line(label, field="label", label=_("name"), longest=LABEL_LENGTH, required=True),
        maximum=_within(maximum, 1, MOST_POINTS, "maximum"),
        by=actor,
        **_rule(actor, workspace, channel_ids, wanted=wanted, fewest_words=fewest_words, until=until),
    )
    try:
        with transaction.atomic():
            grade.save(force_insert=True)
            _record(actor, grade, "made a grade", after=_described(grade))
    except IntegrityError as error:
        raise _taken(error) from None
    notices.tell(grade)
    return grade


def change_grade(
    *,
    actor: Person,
    grade: Grade,
    channel_ids: Sequence[uuid.UUID],
    wanted: int,
    fewest_words: int,
    until: datetime | None,
) -> Grade:
    """Change what counts: everybody is counted anew, and scores that were sent change with it.

    Raises as `open_grade`.
    """
    _found, workspace = _checked(actor, grade.context)
    if not channel_ids and grade.link_id is None:
        raise Invalid(_("Choose the channels that count."), field="channels")
    rule = _rule(actor, workspace, channel_ids, wanted=wanted, fewest_words=fewest_words, until=until)
    with transaction.atomic():
        locked = Grade.objects.select_for_update(of=("self",)).get(pk=grade.pk)
        before = _described(locked)
        if any(getattr(locked, name) != value for name, value in rule.items()):
            for name, value in rule.items():
                setattr(locked, name, value)
            locked.save(update_fields=list(rule))
            contributions.forget(locked)
            _record(actor, locked, "changed a grade", before=before, after=_described(locked))
        Grade.objects.filter(pk=locked.pk).update(problem="", attempts=0, not_before=None)
    fresh = _fresh(grade.pk)
    if fresh.is_on:
        notices.tell(fresh)
    return fresh


def switch(*, actor: Person, grade: Grade, on: bool) -> Grade:
    """Off: nothing is sent any more, and what was sent stays in the gradebook. On: everybody is counted anew."""
    _checked(actor, grade.context)
    try:
        with transaction.atomic():
            locked = Grade.objects.select_for_update(of=("self",)).get(pk=grade.pk)
            if locked.is_on == on:
                return _fresh(grade.pk)
            cleared = {"problem": "", "attempts": 0, "not_before": None}
            Grade.objects.filter(pk=grade.pk).update(is_on=on, **(cleared if on else {}))
            if on:
                contributions.forget(locked)
            _record(actor, locked, "switched a grade on" if on else "switched a grade off")
    except IntegrityError as error:
        raise _taken(error) from None
    fresh = _fresh(grade.pk)
    if on:
        notices.tell(fresh)
    else:
        notices.end(fresh)
    return fresh


def keep(grade: Grade) -> int:
    """What the job does with one grade: count, tell in new threads, have scores sent. Returns how many are due."""
    if not scores.is_possible(grade):
        return 0
    due = contributions.count(grade)
    notices.tell(grade)
    if due:
        scores.send_for(grade)
    return due


def _checked(actor: Person, context: Context) -> tuple[Context, Workspace]:
    found, place = access.context(actor, context.pk)
    workspaces.check_open(place.workspace)
    return found, place.workspace


def _rule(
    actor: Person,
    workspace: Workspace,
    channel_ids: Sequence[uuid.UUID],
    *,
    wanted: int,
    fewest_words: int,
    until: datetime | None,
) -> dict[str, Any]:
    chosen = list(dict.fromkeys(channel_ids))
    if len(chosen) > MOST_CHANNELS:
        raise Invalid(_("At most %(most)d channels fit here.") % {"most": MOST_CHANNELS}, field="channels")
    for channel_id in chosen:
        seat = channel_access.channel(actor, channel_id)
        if seat.channel.workspace_id != workspace.pk or seat.is_direct:
            raise NotFound
        posts.check_may_post(seat)  # there learners are told that it counts
    return {
        "channels": chosen,
        "wanted": _within(wanted, 1, MOST_WANTED, "wanted"),
        "fewest_words": _within(fewest_words, 1, MOST_WORDS, "fewest_words"),
        "until": until,
    }


def _within(number: int, least: int, most: int, field: str) -> int:
    if not least <= number <= most:
        raise Invalid(_("Enter a number from %(least)d to %(most)d.") % {"least": least, "most": most}, field=field)
    return number


def _fresh(grade_id: uuid.UUID) -> Grade:
    related = ("context__platform", "context__workspace", "link__thread", "link__placement", "by")
    return Grade.objects.select_related(*related).get(pk=grade_id)


def _taken(error: IntegrityError) -> Exception:
    if "lti_grade_of_link_once" not in str(error):
        return error
    return Conflict(_("This place in the course has a grade that is on. Change it, or switch it off."), field="link")


def _described(grade: Grade) -> dict[str, Any]:
    return {
        "label": grade.label,
        "points": grade.maximum,
        "contributions": grade.wanted,
        "words": grade.fewest_words,
        "until": grade.until.isoformat() if grade.until else "",
    }


def _record(actor: Person, grade: Grade, verb: str, **what: Any) -> None:
    audit.record(
        actor=actor,
        verb=verb,
        object_kind="LTI course",
        object_id=grade.context_id,
        workspace_id=grade.context.workspace_id,
        before=what.get("before"),
        after=what.get("after", {"label": grade.label}),
    )
