"""The one verb by which sources speak: a list of people, merged into a workspace or mirrored by it."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from tertulia.enrolments import jobs
from tertulia.enrolments.models import Kind, Run, Source
from tertulia.enrolments.records import MOST_PEOPLE, Entry, Line, Mode, Outcome, Report
from tertulia.enrolments.services.applying import carry_out, create_accounts
from tertulia.enrolments.services.planning import Plan, Said, plan
from tertulia.enrolments.services.settling import Change, words
from tertulia.enrolments.services.state import claim_of
from tertulia.kernel import audit
from tertulia.kernel.clock import now
from tertulia.kernel.errors import Busy, Conflict, Invalid
from tertulia.people.models import Person
from tertulia.workspaces import access
from tertulia.workspaces import services as workspaces
from tertulia.workspaces.access import Permission
from tertulia.workspaces.models import Role

MOST_LINES = 1000
"""Lines that the log of a run keeps."""
MOST_RUNS = 200
"""Runs that the log of a source keeps."""
ONE_BY_ONE = (Kind.SCIM, Kind.LTI, Kind.OPENEDX, Kind.RULE)
"""Sources that speak of single people, hundreds of times in a row: their runs of `FEW` people join within `PAUSE`."""
FEW = 5
PAUSE = timedelta(minutes=5)
TRIES = 3
EPOCH = datetime.fromtimestamp(0, tz=UTC)
CLOCKS_DIFFER = timedelta(minutes=10)
CAME = (Outcome.CREATED, Outcome.ADDED)


def enrol(
    *,
    source: Source,
    people: Sequence[Entry],
    mode: Mode,
    actor: Person | None = None,
    confirmed: bool = False,
    dry_run: bool = False,
    as_of: datetime | None = None,
) -> Report:
    """Let the source's workspace follow a list, person by person; nobody fails because of another.

    `actor`: on whose behalf, who needs ENROL and can give roles up to their own and private channels that they are in;
    None: the source by itself, up to instructor. `as_of`: when the list was true; whatever is older than what is
    known of somebody is passed over, so that news may come in any order. `dry_run`: only say what would happen.
    Saying the same again changes nothing.

    Raises NotFound, Forbidden, Invalid (more than 10,000 people, a thousand new groups), and Conflict: `archived`, or
    `too-many-leaving` where a mirror would let go more than the source's share and is not `confirmed`.
    """
    if len(people) > MOST_PEOPLE:
        raise Invalid(
            _("That is %(count)s people; %(most)s is the most in one call.")
            % {"count": len(people), "most": MOST_PEOPLE},
            field="people",
        )
    if as_of is not None and not EPOCH <= as_of <= now() + CLOCKS_DIFFER:
        raise Invalid(_("The moment as_of must be past, and after 1970."), field="as_of")
    if dry_run:
        return _previewed(source, people, mode, actor, as_of)
    with transaction.atomic():
        source.workspace = workspaces.open_to_enrol(actor=actor, workspace=source.workspace)
        _refresh(source)
        for _try in range(TRIES):
            made = plan(source=source, people=people, mode=mode, actor=actor, as_of=as_of)
            if made.too_many and not confirmed:
                raise _too_many(made)
            if create_accounts(made, actor):
                break
        else:
            raise Busy(_("Too many people sign up with these addresses at this moment. Try again in a minute."))
        carry_out(made, actor=actor)
        if mode is Mode.MIRROR and as_of is not None and (source.listed_at is None or as_of > source.listed_at):
            Source.objects.filter(pk=source.pk).update(listed_at=as_of)
        report = _report(made)
        _keep_books(source, report, mode, actor)
        if source.welcome:
            _welcome(made)
    return report


def _previewed(
    source: Source, people: Sequence[Entry], mode: Mode, actor: Person | None, as_of: datetime | None
) -> Report:
    if actor is not None:
        access.check(access.workspace_by_id(actor, source.workspace.pk), Permission.ENROL)
    access.check_open(source.workspace)
    return _report(plan(source=source, people=people, mode=mode, actor=actor, as_of=as_of))


def _refresh(source: Source) -> None:
    """Settings as they are now: somebody may have changed them while this waited for the lock."""
    source.refresh_from_db(fields=["leaving", "largest_share", "welcome", "listed_at"])


def _too_many(made: Plan) -> Conflict:
    return Conflict(
        _(
            "This list would let %(leaving)s of %(enrolled)s people go, more than %(share)s %%. Nothing has been"
            " changed. If the list is right, send it again and confirm that."
        )
        % {"leaving": made.leaving, "enrolled": made.enrolled, "share": made.source.largest_share},
        type="too-many-leaving",
    )


def _report(made: Plan) -> Report:
    told: set[uuid.UUID] = set()
    lines = [_line(one, made, told) for one in made.said]
    return Report(lines=lines, leaving=made.leaving, enrolled=made.enrolled, too_many=made.too_many)


def _line(one: Said, made: Plan, told: set[uuid.UUID]) -> Line:
    member = made.members.get(one.person_id) if one.person_id else None
    name = member.name if member else (one.entry.name if one.entry else "")
    known = member.id if member and member.newcomer is None else None
    if one.refusal:
        return Line(one.external_id, Outcome.REFUSED, known, name, one.refusal)
    change = made.changes.get(one.person_id) if one.person_id else None
    if one.is_over or member is None or change is None:
        return Line(one.external_id, Outcome.UNCHANGED, known, name, " ".join(one.notes))
    notes = [*one.notes]
    if one.claim is not None and one.claim.role is None and member.role is None:
        return Line(one.external_id, Outcome.UNCHANGED, known, name, _("They are not in the workspace."))
    if one.is_leaving:
        outcome, reason = _left(one, made, change)
        notes = [reason] if reason else []
    elif member.id in told:
        outcome = Outcome.CHANGED if one.is_news else Outcome.UNCHANGED
        notes.append(_("The same person as in another line."))
    elif change.admit is not None:
        outcome = Outcome.ADDED if member.newcomer is None else Outcome.CREATED
    else:
        outcome = Outcome.CHANGED if change.is_any or one.is_news else Outcome.UNCHANGED
        if member.is_by_hand and one.claim is not None and one.claim.role != member.role:
            notes.append(_("Their role stays as staff set it by hand."))
    if not change.dismiss and change.admit is None and member.id not in told:
        notes += words(change, made.places.names)
    told.add(member.id)
    return Line(one.external_id, outcome, member.id, name, " ".join(notes))


def _left(one: Said, made: Plan, change: Change) -> tuple[Outcome, str]:
    """What became of somebody who left the source, and why if they stay."""
    member = made.members[one.person_id] if one.person_id else None
    if member is None or change.dismiss or member.role is None or change.role is Role.GUEST:
        return Outcome.LEFT, ""
    if one.claim is not None and one.claim.role is not Role.GUEST:
        return Outcome.KEPT, _("This source lets people stay.")
    before = claim_of(one.known) if one.known is not None else None
    if before is not None and before.role is None:
        return Outcome.LEFT, ""  # they were never a member by this
    if any(key != one.id for key in member.claims):
        return Outcome.KEPT, _("Another line or source has them, too.")
    if member.is_by_hand:
        return Outcome.KEPT, _("Staff changed their role by hand, so they stay.")
    return Outcome.KEPT, _("They were a member already, or staff added them.")


def _keep_books(source: Source, report: Report, mode: Mode, actor: Person | None) -> None:
    """The run for the source's page, one entry for the workspace's log. The same again only counts up."""
    counts = {outcome: count for outcome, count in report.counts.items() if count}
    lines = [
        [line.external_id, line.name, line.outcome, line.detail]
        for line in report.lines
        if line.outcome is not Outcome.UNCHANGED or line.detail
    ][:MOST_LINES]
    last = Run.objects.filter(source=source).order_by("-id").first()
    by = actor.pk if actor else None
    if last is not None and (last.by_id, last.mode, last.counts, last.lines) == (by, mode, counts, lines):
        Run.objects.filter(pk=last.pk).update(times=last.times + 1, last_at=now())
        return
    if last is not None and source.kind in ONE_BY_ONE and _continues(last, by, mode, len(report.lines)):
        _join(last, counts, lines)
    else:
        Run.objects.create(source=source, by=actor, mode=mode, counts=counts, lines=lines)
        old = Run.objects.filter(source=source).order_by("-id").values_list("pk", flat=True)[MOST_RUNS:]
        Run.objects.filter(pk__in=list(old)).delete()
    came = sum(counts.get(outcome, 0) for outcome in CAME)
    changed, left = counts.get(Outcome.CHANGED, 0), counts.get(Outcome.LEFT, 0)
    if came or changed or left:
        audit.record(
            actor=actor,
            verb="enrolled people",
            object_kind="workspace",
            object_id=source.workspace_id,
            workspace_id=source.workspace_id,
            after={"name": source.name, "came": came, "changed": changed, "left": left},
        )


def _continues(last: Run, by: uuid.UUID | None, mode: Mode, people: int) -> bool:
    """Whether news of a few people goes on where the last run stopped: a directory speaks of one person at a time."""
    return (
        mode is Mode.MERGE
        and (last.by_id, last.mode) == (by, mode)
        and people <= FEW
        and len(last.lines) + people <= MOST_LINES
        and (last.is_joined or sum(last.counts.values()) <= FEW)
        and last.last_at > now() - PAUSE
    )


def _join(last: Run, counts: Mapping[str, int], lines: Sequence[Sequence[str]]) -> None:
    last.counts = dict(Counter(last.counts) + Counter(counts))
    last.lines = [*last.lines, *lines]
    last.last_at, last.is_joined = now(), True
    last.save(update_fields=["counts", "lines", "last_at", "is_joined"])


def _welcome(made: Plan) -> None:
    for key, change in made.changes.items():
        if change.admit is not None:
            jobs.welcome.defer(source_id=str(made.source.pk), person_id=str(key))
