"""Reads about sources, their runs and rules. Each runs a fixed number of queries, said in its docstring."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, F, Func, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce, Lower

from tertulia.enrolments.models import Answer, Key, KnownValue, Question, Rule, RuleSource, Run, Source, System
from tertulia.enrolments.services.rules.standing import why_stopped
from tertulia.enrolments.services.systems import visible, visible_ids
from tertulia.kernel.paging import Slice, keyset
from tertulia.people.models import Person
from tertulia.workspaces.access import Place
from tertulia.workspaces.models import Membership, Role, Workspace

MOST_OFFERED = 500
"""Values of one key that the page of a rule offers."""


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A rule as a list shows it. `stopped`: why it gives nothing any more; `spaces`: how many workspaces it made."""

    rule: Rule
    enrolled: int
    held: int
    held_of: int
    spaces: int
    stopped: str
    conditions: Sequence[tuple[str, Sequence[str]]]
    """Labels of keys, and what people call the values."""


def _sources(workspace: Workspace) -> QuerySet[Source]:
    last = Run.objects.filter(source=OuterRef("pk")).order_by("-id")
    return Source.objects.filter(workspace=workspace).annotate(
        small=Lower("name"),
        enrolled=Count("enrolments", filter=Q(enrolments__active=True)),
        last_at=Subquery(last.values("last_at")[:1]),
        last_run=Subquery(last.values("pk")[:1]),
    )


def sources(workspace: Workspace, *, cursor: str | None = None, limit: int = 50) -> Slice[Source]:
    """The sources by name, each with how many it has `enrolled`, its `last_run` and when that was. One query."""
    return keyset(_sources(workspace), order=("small", "id"), cursor=cursor, limit=limit)


def runs(
    workspace: Workspace, *, source_id: uuid.UUID | None = None, cursor: str | None = None, limit: int = 50
) -> Slice[Run]:
    """What sources (or one of them) did, newest first, with `source` and `by`. One query."""
    rows = Run.objects.select_related("source", "by").filter(source__workspace=workspace)
    if source_id is not None:
        rows = rows.filter(source_id=source_id)
    return keyset(rows, order=("-id",), cursor=cursor, limit=limit)


def enrolled(source: Source) -> int:
    """How many people the source has now. One query."""
    return source.enrolments.filter(active=True).count()


def rule_of(source: Source) -> Rule | None:
    """The rule that speaks by this source, if it is one's. One query."""
    speaking = RuleSource.objects.filter(source=source).select_related("rule").first()
    return speaking.rule if speaking is not None else None


def _rules(workspace: Workspace | None) -> QuerySet[Rule]:
    speaking = RuleSource.objects.filter(rule=OuterRef("pk")).order_by().values("rule")
    counted = speaking.annotate(n=Count("source__enrolments", filter=Q(source__enrolments__active=True))).values("n")
    return (
        Rule.objects.filter(workspace=workspace)
        .select_related("author", "system", "workspace")
        .annotate(
            small=Lower("name"),
            enrolled=Coalesce(Subquery(counted), 0),
            held=Coalesce(Subquery(speaking.annotate(n=Sum("held")).values("n")), 0),
            held_of=Coalesce(Subquery(speaking.annotate(n=Sum("held_of")).values("n")), 0),
            spaces=Coalesce(Subquery(speaking.annotate(n=Count("source")).values("n")), 0),
        )
    )


def rules(workspace: Workspace | None, *, rule_id: uuid.UUID | None = None) -> list[RuleRow]:
    """The rules of a workspace, or of the installation, by name; or one of them. Up to five queries."""
    rows = _rules(workspace)
    return _described(rows.filter(pk=rule_id) if rule_id is not None else rows.order_by(Lower("name"), "pk"), workspace)


def rules_page(workspace: Workspace, *, cursor: str | None = None, limit: int = 50) -> Slice[RuleRow]:
    """The same in pages."""
    part = keyset(_rules(workspace), order=("small", "id"), cursor=cursor, limit=limit)
    return Slice(items=_described(part.items, workspace), next=part.next, previous=part.previous)


def visible_systems(
    workspace: Workspace, person: Person, *, cursor: str | None = None, limit: int = 50
) -> Slice[System]:
    """The systems of which this person's rules here may know, by name. One query."""
    rows = System.objects.filter(pk__in=visible(workspace, person).values("pk")).annotate(small=Lower("name"))
    return keyset(rows, order=("small", "id"), cursor=cursor, limit=limit)


def _described(rows: Iterable[Any], workspace: Workspace | None) -> list[RuleRow]:
    """Rules with what a list says of them. `rows`: of `_rules`."""
    found = list(rows)
    authors = {rule.author for rule in found if rule.author is not None}
    roles: dict[uuid.UUID, Role] = {}
    if workspace is not None:
        members = Membership.objects.filter(workspace=workspace, person__in=authors)
        roles = {person: Role(role) for person, role in members.values_list("person_id", "role")}
    sees_all = {author.is_owner and author.is_active: author for author in authors}
    seen = {is_owner: visible_ids(workspace, author) for is_owner, author in sees_all.items()}
    titles = _titles(rules=found, systems={key for ids in seen.values() for key in ids})
    return [
        RuleRow(
            rule=rule,
            enrolled=rule.enrolled,
            held=rule.held,
            held_of=rule.held_of,
            spaces=rule.spaces,
            stopped=why_stopped(
                rule,
                seen[rule.author.is_owner and rule.author.is_active] if rule.author is not None else [],
                roles.get(rule.author.pk) if rule.author is not None else None,
                somewhere=workspace is not None,
            ),
            conditions=[
                (str(Key(one["key"]).label), [titles.get((one["key"], value), value) for value in one["values"]])
                for one in rule.conditions
            ],
        )
        for rule in found
    ]


def _titles(rules: Sequence[Rule], systems: Collection[uuid.UUID]) -> Mapping[tuple[str, str], str]:
    values = {value for rule in rules for one in rule.conditions for value in one["values"]}
    rows = KnownValue.objects.filter(system__in=systems, value__in=values).exclude(title="")
    return {(key, value): title for key, value, title in rows.values_list("key", "value", "title")}


def made_by(rule: Rule) -> list[RuleSource]:
    """The workspaces that a rule of the installation has made, and how many it has `enrolled` there. One query."""
    rows = RuleSource.objects.filter(rule=rule).exclude(source=None).select_related("source__workspace")
    enrolled = Count("source__enrolments", filter=Q(source__enrolments__active=True))
    return list(rows.annotate(enrolled=enrolled).order_by(Lower("source__workspace__name"), "pk"))


def offered(workspace: Workspace | None, author: Person) -> tuple[list[System], dict[str, list[KnownValue]]]:
    """What somebody who writes a rule may choose from: systems, and by key the values they have told. Two queries."""
    systems = list(visible(workspace, author).order_by(Lower("name"), "pk"))
    values: dict[str, list[KnownValue]] = {key.value: [] for key in Key}
    rows = KnownValue.objects.filter(system__in=systems).order_by("key", "title", "value")
    for row in rows:
        if len(values[row.key]) < MOST_OFFERED and all(row.value != one.value for one in values[row.key][-1:]):
            values[row.key].append(row)
    return systems, values


def systems() -> list[System]:
    """The systems that do not belong to one workspace, by name: how many `people` each told of, how many are `waiting`
    for an account, and the `workspaces` that may see it. Two queries.
    """
    people = Count("registrations__subject", distinct=True, filter=Q(registrations__active=True))
    waiting = Count(
        "registrations__subject",
        distinct=True,
        filter=Q(registrations__active=True, registrations__person=None),
    )
    rows = System.objects.filter(workspace=None).annotate(people=people, waiting=waiting)
    return list(rows.prefetch_related("workspaces").order_by(Lower("name"), "pk"))


_OF_PEOPLE = {Key.GROUP, Key.DOMAIN, Key.ANSWER}
"""Keys that systems tell of people as such, so that a condition on them can be met beside any registration."""


@dataclass(frozen=True, slots=True)
class Interest:
    """The rules that news of a system could mean something to."""

    rules: Sequence[Rule]
    over: Collection[tuple[uuid.UUID, str]]
    """Values (rule, value) whose workspace is archived or gone: the rule does nothing about them any more."""

    def covers(self, facts: Mapping[Key, Collection[str]]) -> bool:
        """Whether any of the rules could be about a registration that says these, or some of these."""
        return any(self._can_meet(rule, facts) for rule in self.rules)

    def _can_meet(self, rule: Rule, facts: Mapping[Key, Collection[str]]) -> bool:
        if rule.per and not any((rule.pk, value) not in self.over for value in facts.get(Key(rule.per), ())):
            return False
        met = bool(rule.per or rule.system_id)
        for one in rule.conditions:
            key, wanted = Key(one["key"]), one["values"]
            if any(fits(value, fact) for value in wanted for fact in facts.get(key, ())):
                met = True
            elif key not in _OF_PEOPLE:
                return False
        return met


def fits(value: str, fact: str) -> bool:
    """Whether a fact is what a condition wants; a trailing `*` stands for all that begin so."""
    return fact.startswith(value[:-1]) if value.endswith("*") else fact == value


def interest(system: System, keys: Collection[Key]) -> Interest:
    """Which rules that are on could be about what `system` tells by these keys. Two queries.

    Those that may see it; and those that may not any more but hold people, who must be let go when they leave.
    """
    about = Q(system=system) | Q(per__in=keys)
    for key in keys:
        about |= Q(conditions__contains=[{"key": key.value}])
    alive = Q(author__is_active=True)
    sees = alive & Q(author__is_owner=True)
    here = Q(workspace__isnull=False)
    sees |= here if system.is_open else here & Q(workspace__in=system.workspaces.values("pk"))
    stopped = Q(author=None) | Q(author__is_active=False) | Q(workspace=None) | Q(system=system)
    people = RuleSource.objects.filter(rule=OuterRef("pk"), source__enrolments__active=True)
    rules = Rule.objects.filter(
        about,
        Q(workspace=None) | Q(workspace__archived_at=None),
        Q(system=None) | Q(system=system),
        sees | stopped & Q(Exists(people)),
        is_on=True,
    )
    over = RuleSource.objects.filter(Q(source=None) | Q(source__workspace__archived_at__isnull=False), system=system)
    return Interest(rules=list(rules.order_by("pk")), over=set(over.values_list("rule_id", "value")))


def questions_of(place: Place) -> list[tuple[Question, Sequence[str] | None]]:
    """The questions of a workspace, oldest first, each with the member's answer (None: none yet). Two queries."""
    own = Answer.objects.filter(question__workspace=place.workspace, person_id=place.membership.person_id)
    answered = dict(own.values_list("question_id", "values"))
    return [(question, answered.get(question.pk)) for question in place.workspace.questions.order_by("pk")]


def unanswered(workspace_id: uuid.UUID, person_id: uuid.UUID) -> tuple[int, int]:
    """How many questions a workspace has, and how many this member has neither answered nor passed over. One query."""
    rows = Question.objects.filter(workspace_id=workspace_id)
    found = rows.aggregate(
        all=Count("pk", distinct=True), answered=Count("answers", filter=Q(answers__person_id=person_id))
    )
    return found["all"], found["all"] - found["answered"]


@dataclass(frozen=True, slots=True)
class QuestionRow:
    """A question with how many members answered it, and how many of them chose what."""

    question: Question
    answered: int
    counts: Sequence[tuple[str, int]]


def question_counts(workspace: Workspace, *, question_id: uuid.UUID | None = None) -> list[QuestionRow]:
    """The questions of a workspace, or one of them, with counts. Two queries."""
    rows = Question.objects.filter(workspace=workspace).order_by("pk")
    if question_id is not None:
        rows = rows.filter(pk=question_id)
    answered: dict[uuid.UUID, int] = {}
    said: dict[uuid.UUID, dict[str, int]] = {}
    found = Answer.objects.filter(question__in=rows).exclude(values=[])
    each = found.annotate(value=Func(F("values"), function="unnest"))
    counted = each.values("question_id", "value").annotate(n=Count("pk"))
    for row in counted.order_by("-n", "value"):
        said.setdefault(row["question_id"], {})[row["value"]] = row["n"]
    answered.update(found.order_by().values_list("question_id").annotate(Count("pk")))
    return [
        QuestionRow(
            question=question,
            answered=answered.get(question.pk, 0),
            counts=[(choice, said.get(question.pk, {}).get(choice, 0)) for choice in question.choices],
        )
        for question in rows
    ]


def answers(question: Question, *, cursor: str | None = None, limit: int = 50) -> Slice[Answer]:
    """Who answered what, the newest first; only where people were told that staff see it. One query."""
    rows = Answer.objects.filter(question=question, question__staff_see=True).exclude(values=[])
    return keyset(rows.select_related("person"), order=("-answered_at", "id"), cursor=cursor, limit=limit)


def has_questions(workspace: Workspace) -> bool:
    """Whether a workspace asks its members anything. One query."""
    return Question.objects.filter(workspace=workspace).exists()
