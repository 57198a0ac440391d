"""Rules follow what systems say: who meets the conditions now comes in by the rule, who does not any more leaves."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import msgspec
from django.db import connection, transaction

from tertulia.enrolments import jobs
from tertulia.enrolments.models import HERE, Enrolment, Leaving, Registration, Rule, RuleSource, Source, System
from tertulia.enrolments.records import MOST_PEOPLE, Applied, Entry, Mode, Outcome, Report
from tertulia.enrolments.services.enrolling import enrol
from tertulia.enrolments.services.rules import matching, spaces, standing
from tertulia.enrolments.services.rules.matching import Among, Match, Question
from tertulia.kernel.bulk import among
from tertulia.kernel.clock import now
from tertulia.kernel.errors import Busy, Refusal
from tertulia.people.models import Person
from tertulia.people.services import bulk

AT_ONCE = 200
"""Changed registrations that rules follow in the transaction of the news."""
WHOLE = 100  # percent


@dataclass(slots=True)
class Difference:
    """What a rule means for its workspace now."""

    coming: list[Entry] = field(default_factory=list)
    """Who meets the conditions."""
    going: list[Entry] = field(default_factory=list)
    """Who came by the rule and does not meet them any more."""
    waiting: list[Match] = field(default_factory=list)
    """Who meets them and has no account yet."""
    by_address: dict[str, list[uuid.UUID]] = field(default_factory=dict)
    """The registrations of those who are known by their address only."""
    enrolled: int = 0
    """How many the rule has before."""
    missing: Sequence[str] = ()
    """What it should give and cannot, as sentences."""

    def is_too_many(self, source_leaving: str, largest_share: int) -> bool:
        """Whether so many would leave that somebody must confirm it."""
        return source_leaving != Leaving.KEEP and len(self.going) * WHOLE > self.enrolled * largest_share


def follow(system: System, rows: Sequence[Registration], *, confirmed: bool | None) -> tuple[list[Applied], int]:
    """Apply the rules to which these changed registrations (as they were and as they are) mean something.

    `confirmed` None: news of single people, who may always leave. Gives back what was done, and how many rules a job
    will apply after the commit. Called inside the transaction of the news.
    """
    facts = [(key, value) for row in rows for key, values in row.facts.items() for value in values]
    rule_ids = matching.touched(system.pk, facts)
    if not rule_ids:
        return [], 0
    if sum(bool(row.subject) for row in rows) > AT_ONCE:  # rows as they were name nobody
        for rule_id in rule_ids:
            jobs.apply_rule.configure(lock=f"rule-{rule_id}").defer(rule_id=str(rule_id), confirmed=bool(confirmed))
        return [], len(rule_ids)
    people = {row.person_id for row in rows if row.person_id is not None}
    subjects = {(system.pk, row.subject) for row in rows if row.subject}
    return apply_to(rule_ids, Among(people, subjects), confirmed=confirmed), 0


def apply_to(rule_ids: Iterable[uuid.UUID], whom: Among, *, confirmed: bool | None = None) -> list[Applied]:
    """Apply rules to a few people. Two at once take turns at each rule, so that the second sees what the first saw."""
    applied: list[Applied] = []
    with transaction.atomic():
        rules = _locked(Rule.objects.filter(pk__in=list(rule_ids), is_on=True))
        for rule, target in _targets(rules, whom):
            applied += _apply(rule, target, whom, confirmed=confirmed)
    return applied


def apply_rule(rule_id: uuid.UUID, *, confirmed: bool = False) -> list[Applied]:
    """Apply one rule to everybody. Where more than its share would leave, they stay until somebody confirms it."""
    with transaction.atomic():
        rules = _locked(Rule.objects.filter(pk=rule_id, is_on=True))
        targets = _targets(rules, None)
        return [one for rule, target in targets for one in _apply(rule, target, None, confirmed=confirmed)]


def apply_all() -> None:
    """Apply every rule to everybody, each in a transaction of its own: what the jobs of a night do."""
    for rule_id in Rule.objects.filter(is_on=True).order_by("pk").values_list("pk", flat=True):
        apply_rule(rule_id)


def _locked(rules: Iterable[Rule]) -> list[Rule]:
    ids = [rule.pk for rule in rules]
    rows = Rule.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=ids).order_by("pk")
    return list(rows.select_related("workspace", "author"))


def _targets(rules: Sequence[Rule], whom: Among | None) -> list[tuple[Rule, RuleSource]]:
    """Where the rules speak, in the order in which workspaces may be locked; workspaces that are missing are made."""
    for rule in rules:
        if rule.workspace_id is None:
            spaces.make(rule, whom)
    by_id = {rule.pk: rule for rule in rules}
    rows = RuleSource.objects.filter(rule__in=rules).exclude(source=None).select_related("source__workspace")
    return [(by_id[row.rule_id], row) for row in rows.order_by("source__workspace_id", "pk")]


def _apply(rule: Rule, target: RuleSource, whom: Among | None, *, confirmed: bool | None) -> list[Applied]:
    source = target.source
    if source is None:
        return []
    able = standing.standing(rule, source.workspace)
    here = standing.places(rule, target, source.workspace)
    made = difference(rule, source, able, here, whom, value=_value(rule, target))
    held = 0
    if whom is None or confirmed is not None:
        if whom is not None and made.going:  # a share of everybody, not of those of whom there is news
            made.enrolled = Enrolment.objects.filter(source=source, active=True).exclude(person=None).count()
        if not confirmed and made.is_too_many(rule.leaving, rule.largest_share):
            held, made.going = len(made.going), []
        if (target.held, target.held_of) != (held, made.enrolled if held else 0) or whom is None:
            target.held, target.held_of, target.applied_at = held, made.enrolled if held else 0, now()
            target.save(update_fields=["held", "held_of", "applied_at"])
    if able.stopped:
        made.coming = []
    reports, note = _speak(source, made, None if able.stopped else able.author)
    counts = Counter({outcome: count for report in reports for outcome, count in report.counts.items() if count})
    if not counts and not held and not able.stopped and not note:
        return []
    return [
        Applied(
            rule_id=rule.pk,
            workspace_id=source.workspace_id,
            counts={outcome: sum(report.counts[outcome] for report in reports) for outcome in counts},
            held=held,
            note=able.stopped or note,
        )
    ]


def _value(rule: Rule, target: RuleSource) -> spaces.Value | None:
    return (target.system_id, target.value) if rule.per and target.system_id is not None else None


def difference(
    rule: Rule,
    source: Source,
    able: standing.Standing,
    here: standing.Places,
    whom: Among | None,
    *,
    value: spaces.Value | None = None,
) -> Difference:
    """Who meets the conditions now, against the ledger of the source; of `whom` only, or of everybody. Two queries.

    `value`: of a rule of the installation, for which the source speaks.
    """
    found = matching.matches(Question.of(rule, able.systems), whom)
    if value is not None:
        found = [one for one in found if (one.system_id, one.value) == value]
    made = Difference(missing=here.missing)
    wanted: dict[uuid.UUID | str, Match] = {}
    for match in found:
        email = _usable(match)
        if match.person_id is not None:
            wanted.setdefault(match.person_id, match)
        elif email and rule.role != HERE:
            wanted.setdefault(email, match)
            made.by_address.setdefault(email, []).append(match.id)
        else:
            made.waiting.append(match)
    rows = Enrolment.objects.filter(source=source).exclude(person=None).order_by("-active", "pk")
    if whom is not None:
        rows = rows.filter(person_id__in=among({*whom.people, *(one for one in wanted if isinstance(one, uuid.UUID))}))
    known: dict[uuid.UUID, Enrolment] = {}
    for row in rows:
        assert row.person_id is not None
        known.setdefault(row.person_id, row)
        if row.active and row.person_id not in wanted:
            made.going.append(Entry(row.external_id, active=False, person_id=row.person_id))
        made.enrolled += row.active
    for who, match in wanted.items():
        before = known.get(who) if isinstance(who, uuid.UUID) else None
        if whom is not None and before is not None and before.active:
            continue
        entry = Entry(
            external_id=before.external_id if before else str(who),
            email=who if isinstance(who, str) else "",
            name=match.name,
            role=rule.role,
            groups=here.groups,
            channels=here.channels,
            person_id=match.person_id,
        )
        made.coming.append(entry)
    return made


def _usable(match: Match) -> str:
    try:
        return bulk.usable_email(match.email) if match.email else ""
    except Refusal:
        return ""


def _speak(source: Source, made: Difference, actor: Person | None) -> tuple[list[Report], str]:
    """Say it to the workspace; gives back why it could not be said, if so."""
    people = [*made.going, *made.coming]
    reports = []
    try:
        for start in range(0, len(people), MOST_PEOPLE):
            part = people[start : start + MOST_PEOPLE]
            reports.append(enrol(source=source, people=part, mode=Mode.MERGE, actor=actor))
    except Busy:
        raise
    except Refusal as refusal:  # archived, most likely: nothing of this part has been done
        return reports, refusal.detail
    _link(made, reports)
    return reports, " ".join(made.missing)


def _link(made: Difference, reports: Sequence[Report]) -> None:
    """Registrations that were known by an address belong to the accounts now that it has brought in."""
    found = {
        line.external_id: line.person_id
        for report in reports
        for line in report.lines
        if line.outcome is not Outcome.REFUSED
    }
    pairs = [[str(key), str(found[email])] for email, ids in made.by_address.items() if found.get(email) for key in ids]
    if pairs:
        with connection.cursor() as cursor:
            cursor.execute(_LINK, [msgspec.json.encode(pairs).decode()])


_LINK = """
UPDATE enrolments_registration r SET person_id = v.person_id
FROM (
    SELECT x.id, (v->>1)::uuid AS person_id
    FROM json_array_elements(%s::json) v JOIN enrolments_registration x ON x.id = (v->>0)::uuid
    WHERE x.person_id IS NULL FOR UPDATE OF x SKIP LOCKED
) v
WHERE r.id = v.id
"""
"""What is locked is being told of by somebody else, who links it themselves."""
