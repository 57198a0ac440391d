"""The audit log: one entry a change, in the change's own transaction."""

from __future__ import annotations

import pytest
from django.db import transaction

from tertulia.kernel import audit
from tertulia.kernel.clock import now
from tertulia.kernel.ids import new_id
from tertulia.kernel.models import AuditEntry
from tertulia.people.models import Person

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana() -> Person:
    return Person.objects.create(handle="ana", display_name="Ana")


def test_everything_is_kept(ana: Person) -> None:
    workspace_id, object_id = new_id(), new_id()
    before = now()
    audit.record(
        actor=ana,
        verb="changed role",
        object_kind="member",
        object_id=object_id,
        workspace_id=workspace_id,
        before={"role": "learner"},
        after={"role": "mentor"},
        reason="She helps",
    )
    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.workspace_id, entry.verb) == (ana, workspace_id, "changed role")
    assert (entry.object_kind, entry.object_id) == ("member", str(object_id))
    assert (entry.before, entry.after, entry.reason) == ({"role": "learner"}, {"role": "mentor"}, "She helps")
    assert abs((entry.created_at - before).total_seconds()) < 60


def test_little_is_enough() -> None:
    audit.record(actor=None, verb="started", object_kind="installation", object_id=1)
    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.workspace_id, entry.before, entry.after, entry.reason) == (None, None, {}, {}, "")


def test_it_goes_with_the_change(ana: Person) -> None:
    with transaction.atomic():
        audit.record(actor=ana, verb="archived", object_kind="channel", object_id=1)
        transaction.set_rollback(True)
    assert not AuditEntry.objects.exists()


def test_it_outlives_its_actor(ana: Person) -> None:
    audit.record(actor=ana, verb="archived", object_kind="channel", object_id=1)
    ana.delete()
    assert AuditEntry.objects.get().actor is None
