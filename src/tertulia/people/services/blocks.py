"""Blocks: no direct messages from somebody, their posts folded. The blocked person is not told."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from tertulia.kernel import bus
from tertulia.kernel.errors import Invalid
from tertulia.people.models import Block, Person


def block(*, actor: Person, person: Person) -> None:
    """Blocking again does nothing. Raises Invalid for oneself."""
    if person.pk == actor.pk:
        raise Invalid(_("You cannot block yourself."))
    with transaction.atomic():
        Block.objects.bulk_create([Block(person=actor, blocked=person)], ignore_conflicts=True)
        bus.notify("identity", person=actor.pk)


def unblock(*, actor: Person, person: Person) -> None:
    """Unblocking somebody who is not blocked does nothing."""
    with transaction.atomic():
        Block.objects.filter(person_id=actor.pk, blocked_id=person.pk).delete()
        bus.notify("identity", person=actor.pk)
