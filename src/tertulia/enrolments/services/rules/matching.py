"""Who a rule is about, found by PostgreSQL: set by set, never person by person.

All conditions hold within one registration, or of its person as such: by registrations with an empty scope, of the same
subject or of the same person, in any system that may be seen.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import msgspec
from django.db import connection

from tertulia.enrolments.models import Key, Rule
from tertulia.enrolments.services.systems import visible_ids


@dataclass(frozen=True, slots=True)
class Condition:
    """A key that has one of these values; a value with a trailing `*` stands for all that begin so."""

    key: Key
    values: Sequence[str]


@dataclass(frozen=True, slots=True)
class Question:
    """Whom to look for: those who meet all conditions, among what these systems say."""

    systems: Collection[uuid.UUID]
    conditions: Sequence[Condition]
    system: uuid.UUID | None = None
    """Only registrations of this one."""
    per: Key | None = None
    """Say the values of this key, too, and find nobody who has none."""

    @classmethod
    def of(cls, rule: Rule, systems: Collection[uuid.UUID] | None = None) -> Question:
        """What a rule asks; one query, unless the systems are known."""
        return cls(
            systems=visible_ids(rule.workspace, rule.author) if systems is None else systems,
            conditions=conditions_of(rule),
            system=rule.system_id,
            per=Key(rule.per) if rule.per else None,
        )


@dataclass(frozen=True, slots=True)
class Match:
    """A registration that a rule is about. `email`: if its system proves it; `value`: of the question's `per`."""

    id: uuid.UUID
    system_id: uuid.UUID
    subject: str
    person_id: uuid.UUID | None
    email: str
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Among:
    """Look only at registrations of these people, and of these subjects (system, subject)."""

    people: Collection[uuid.UUID]
    subjects: Collection[tuple[uuid.UUID, str]]


def conditions_of(rule: Rule) -> list[Condition]:
    """The conditions as they are stored."""
    return [Condition(Key(one["key"]), list(one["values"])) for one in rule.conditions]


_COLUMNS = "id, system_id, subject, scope, person_id, email, name"
_FOUND = """
WITH {parts}
SELECT a.id, a.system_id, a.subject, a.person_id, CASE WHEN s.mail_verified THEN a.email ELSE '' END, a.name, {value}
FROM anchor a JOIN enrolments_system s ON s.id = a.system_id{per} WHERE {where} ORDER BY a.id
"""
_AMONG = """
looked AS MATERIALIZED (
    SELECT * FROM enrolments_registration WHERE person_id = ANY(%s::uuid[])
    UNION
    SELECT r.* FROM json_array_elements(%s::json) v
    JOIN enrolments_registration r ON r.system_id = (v->>0)::uuid AND r.subject = v->>1
)
"""
_MET = """
a.id IN (
    SELECT b.id FROM anchor b JOIN {met} c ON c.id = b.id
    UNION ALL
    SELECT b.id FROM anchor b JOIN {met} c ON c.scope = '' AND c.system_id = b.system_id AND c.subject = b.subject
    UNION ALL
    SELECT b.id FROM anchor b JOIN {met} c ON c.scope = '' AND c.person_id = b.person_id
)
"""


def matches(question: Question, among: Among | None = None) -> list[Match]:
    """The registrations that meet all conditions. One query."""
    if not question.systems or not (question.conditions or question.system or question.per):
        return []
    statement, values = _statement(question, among)
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return [Match(*row) for row in cursor.fetchall()]


def _statement(question: Question, among: Among | None) -> tuple[str, list[Any]]:
    parts: list[str] = []
    values: list[Any] = []
    if among is not None:
        parts.append(_AMONG)
        subjects = [[str(system_id), subject] for system_id, subject in among.subjects]
        values += [_array(among.people), msgspec.json.encode(subjects).decode()]
    table = "enrolments_registration" if among is None else "looked"
    active = f"FROM {table} WHERE active AND system_id = ANY(%s::uuid[])"
    names = []
    for number, condition in enumerate(question.conditions):
        test, tested = _test(condition)
        names.append(f"met{number}")
        parts.append(f"met{number} AS MATERIALIZED (SELECT {_COLUMNS} {active} AND ({test}))")
        values += [_array(question.systems), *tested]
    if question.system or question.per:  # then one condition is about the registration itself
        anchor, tested = _anchor(question)
        parts.append(f"anchor AS MATERIALIZED (SELECT {_COLUMNS}, facts {active} AND {anchor})")
        values += [_array(question.systems), *tested]
        checks = names
    else:
        either = " UNION ".join(f"SELECT * FROM {name}" for name in names)  # noqa: S608 - names of ours
        parts.append(f"anchor AS MATERIALIZED ({either})")
        checks = names if len(names) > 1 else []
    where = " AND ".join(_MET.format(met=name) for name in checks) or "TRUE"
    value = "p.value" if question.per else "''"
    per = f", jsonb_array_elements_text(a.facts->'{question.per.value}') AS p(value)" if question.per else ""
    statement = _FOUND.format(parts=", ".join(parts), value=value, per=per, where=where)
    return statement, values


def _anchor(question: Question) -> tuple[str, list[Any]]:
    tests: list[str] = []
    values: list[Any] = []
    if question.system:
        tests.append("system_id = %s")
        values.append(question.system)
    if question.per:
        tests.append(f"jsonb_exists(facts, '{question.per.value}')")
    return " AND ".join(tests), values


def _test(condition: Condition) -> tuple[str, list[Any]]:
    """SQL that a registration's facts meet a condition; whole values can use the index."""
    tests: list[str] = []
    values: list[Any] = []
    for text in condition.values:
        if text.endswith("*"):
            tests.append(
                "EXISTS (SELECT FROM jsonb_array_elements_text(facts->%s) AS v(text) WHERE starts_with(v.text, %s))"
            )
            values += [condition.key.value, text[:-1]]
        else:
            tests.append("facts @> %s::jsonb")
            values.append(json.dumps({condition.key.value: [text]}))
    return " OR ".join(tests) or "FALSE", values


_TOUCHED = """
SELECT r.id FROM enrolments_rule r
WHERE r.is_on AND (
    r.system_id = %s
    OR EXISTS (SELECT FROM json_array_elements(%s::json) t WHERE t->>0 = r.per)
    OR EXISTS (
        SELECT FROM jsonb_array_elements(r.conditions) c, jsonb_array_elements_text(c->'values') AS v(text),
                    json_array_elements(%s::json) t
        WHERE c->>'key' = t->>0
          AND (v.text = t->>1 OR (right(v.text, 1) = '*' AND starts_with(t->>1, left(v.text, -1))))
    )
)
"""


def touched(system_id: uuid.UUID, facts: Iterable[tuple[str, str]]) -> list[uuid.UUID]:
    """The rules to which news of a system with these facts (key, value) may mean something. One query."""
    told = msgspec.json.encode([list(pair) for pair in sorted(set(facts))]).decode()
    with connection.cursor() as cursor:
        cursor.execute(_TOUCHED, [system_id, told, told])
        return sorted(cast("uuid.UUID", row[0]) for row in cursor.fetchall())


def _array(ids: Iterable[uuid.UUID]) -> str:
    return "{" + ",".join(map(str, ids)) + "}"
