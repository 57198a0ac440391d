"""What a rule would do, from the same plan that applying it carries out."""

from __future__ import annotations

from collections import Counter, defaultdict

from tertulia.enrolments.models import Key, Kind, Rule, RuleSource, Source
from tertulia.enrolments.records import MOST_PEOPLE, Draft, Line, Mode, Outcome, Preview
from tertulia.enrolments.services.enrolling import enrol
from tertulia.enrolments.services.rules import following, matching, spaces, standing
from tertulia.enrolments.services.rules.drafts import checked
from tertulia.enrolments.services.rules.matching import Question
from tertulia.people.models import Person
from tertulia.workspaces import access
from tertulia.workspaces.access import Permission
from tertulia.workspaces.models import Workspace

SHOWN = 10
"""Lines of each kind of outcome that a preview names."""


def preview(*, actor: Person, workspace: Workspace, draft: Draft, rule: Rule | None = None) -> Preview:
    """What `rule` (None: a new one) would do if it were as in the draft and the actor's. Nothing is changed.

    Needs ENROL. Raises what writing the rule would, except for a name that is missing or in use.
    """
    access.check(access.workspace_by_id(actor, workspace.pk), Permission.ENROL)
    access.check_open(workspace)
    tried = _copy(rule) if rule is not None else Rule(workspace=workspace)
    tried.workspace = workspace
    target = RuleSource.objects.filter(rule=rule).select_related("source").first() if rule is not None else None
    source = target.source if target is not None else None
    if source is None:
        source = Source(workspace=workspace, name="", kind=Kind.RULE)
    source.workspace = workspace
    new = checked(actor=actor, rule=tried, draft=draft, named=False)
    source.leaving, source.largest_share = tried.leaving, tried.largest_share
    able = standing.standing(tried, workspace)
    here = standing.places(tried, None, workspace, new=new)
    made = following.difference(tried, source, able, here, None)
    people = [*made.going, *made.coming]
    shown = 0 if _asks_in_confidence(tried, workspace) else SHOWN
    lines: dict[str, list[Line]] = defaultdict(list)
    counts: Counter[str] = Counter()
    here_already = 0
    for start in range(0, len(people), MOST_PEOPLE):
        part = people[start : start + MOST_PEOPLE]
        report = enrol(source=source, people=part, mode=Mode.MERGE, actor=actor, dry_run=True)
        for line in report.lines:
            counts[line.outcome.value] += 1
            if line.outcome is Outcome.CHANGED and not line.detail:
                here_already += 1
            elif line.outcome is not Outcome.UNCHANGED and len(lines[line.outcome.value]) < shown:
                lines[line.outcome.value].append(line)
    return Preview(
        counts={outcome.value: counts[outcome.value] for outcome in Outcome},
        lines=dict(lines),
        waiting=len(made.waiting),
        waiting_names=[match.name or match.subject for match in made.waiting[:SHOWN]],
        leaving=len(made.going),
        enrolled=made.enrolled,
        too_many=made.is_too_many(tried.leaving, tried.largest_share),
        here=here_already,
        missing=made.missing,
    )


def _asks_in_confidence(rule: Rule, workspace: Workspace) -> bool:
    """Whether a list of names would tell who answered what, of a question whose answers are not for staff."""
    texts = [text for one in rule.conditions if one["key"] == Key.ANSWER for text in one["values"]]
    if not texts:
        return False
    shown = workspace.questions.filter(staff_see=True).values_list("word", flat=True)
    return not all(text.startswith(tuple(f"{word}=" for word in shown)) for text in texts)


def preview_spaces(*, actor: Person, draft: Draft, rule: Rule | None = None) -> Preview:
    """The same for a rule of the installation: which workspaces it would make, and how many people are for each."""
    tried = _copy(rule) if rule is not None else Rule()
    checked(actor=actor, rule=tried, draft=draft, named=False)
    able = standing.standing(tried, None)
    found = matching.matches(Question.of(tried, able.systems))
    people = Counter(dict.fromkeys(((one.system_id, one.value) for one in found), 0))
    for (system_id, value), _who in {
        ((one.system_id, one.value), one.person_id or one.email) for one in found if one.person_id or one.email
    }:
        people[system_id, value] += 1
    waiting = [one for one in found if one.person_id is None and not one.email]
    titles = spaces.titles_of(Key(tried.per), list(people))
    there = set(RuleSource.objects.filter(rule=rule).values_list("system_id", "value")) if rule is not None else set()
    listed = sorted((titles[key], people[key], key not in there) for key in people)
    return Preview(
        counts={},
        lines={},
        waiting=len({(one.system_id, one.subject) for one in waiting}),
        waiting_names=[match.name or match.subject for match in waiting[:SHOWN]],
        leaving=0,
        enrolled=0,
        too_many=False,
        spaces=listed,
    )


def _copy(rule: Rule) -> Rule:
    fields = {field.attname: getattr(rule, field.attname) for field in Rule._meta.concrete_fields}  # noqa: SLF001 - Django documents it
    return Rule(**fields)
