"""Thousands of rows in one statement."""

from __future__ import annotations

import uuid

import pytest

from tertulia.kernel import audit
from tertulia.kernel.bulk import among, among_texts, insert_alike, insert_all
from tertulia.kernel.models import AuditEntry

pytestmark = pytest.mark.django_db

HOSTILE = "Robert'); DROP TABLE %s \\ \" {x} \N{PILE OF POO}"


def test_rows_are_as_the_objects_and_defaults_are_the_databases() -> None:
    workspace = uuid.uuid4()
    insert_all(
        AuditEntry(verb=f"did {number}", object_kind=HOSTILE, object_id="1", workspace_id=workspace, after={"n": [1]})
        for number in range(3)
    )
    rows = list(AuditEntry.objects.order_by("verb"))
    assert [row.verb for row in rows] == ["did 0", "did 1", "did 2"]
    for row in rows:
        assert (row.object_kind, row.workspace_id, row.before, row.after) == (HOSTILE, workspace, {}, {"n": [1]})
    assert all(row.created_at for row in rows)


def test_rows_that_clash_are_changed_or_left_out() -> None:
    first = AuditEntry(verb="first", object_kind="x", object_id="1")
    insert_all([first])
    insert_all([AuditEntry(id=first.pk, verb="second", object_kind="y", object_id="1")], unique=["id"], update=["verb"])
    first.refresh_from_db()
    assert (first.verb, first.object_kind) == ("second", "x")
    pattern = AuditEntry(verb="third", object_kind="x", object_id="1")
    new = insert_alike(pattern, [{"id": first.pk}, {"object_id": "2"}], ignore=True, returning=["object_id", "verb"])
    assert new == [("2", "third")]


def test_nothing_is_no_statement() -> None:
    insert_all([])
    assert insert_alike(AuditEntry(), [], returning=["id"]) == []
    assert not AuditEntry.objects.filter(pk__in=among([])).exists()


def test_one_entry_for_each_object() -> None:
    ids = [uuid.uuid4() for _number in range(3)]
    audit.record_all(actor=None, verb="made", object_kind="thing", after={key: {"n": 1} for key in ids})
    assert AuditEntry.objects.filter(object_id__in=among_texts(map(str, ids)), verb="made").count() == 3
    assert AuditEntry.objects.filter(pk__in=among(AuditEntry.objects.values_list("pk", flat=True)[:2])).count() == 2
