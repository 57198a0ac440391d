"""Placeholders of imported conversations become the people they stand for."""

from __future__ import annotations

from django.db import transaction
from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from tertulia.kernel import audit, bus
from tertulia.kernel.errors import Conflict, Invalid
from tertulia.kernel.happenings import emit
from tertulia.people.happenings import PlaceholderClaimed
from tertulia.people.models import Person


def claim_placeholder(*, placeholder: Person, person: Person, actor: Person | None = None) -> None:
    """All that `placeholder` said and was in becomes `person`'s; its handle leads to them from now on.

    Whether they are the same is for the caller to know; `actor`, by default the person, is who says so.
    Claiming again by the same person does nothing.
    Raises Invalid for those who are no placeholder, Conflict when somebody else has claimed it.
    """
    with transaction.atomic():
        rows = Person.objects.select_for_update().order_by("pk").in_bulk([placeholder.pk, person.pk])
        husk, heir = rows[placeholder.pk], rows[person.pk]
        if not husk.is_placeholder or heir.is_placeholder:
            raise Invalid(_("Only somebody from an imported conversation can be claimed, by somebody with an account."))
        if husk.claimed_by_id == heir.pk:
            return
        if husk.claimed_by_id is not None:
            raise Conflict(_("Somebody else has already claimed what %(name)s said.") % {"name": husk.display_name})
        husk.claimed_by, husk.is_active, husk.claim_email = heir, False, ""
        husk.save(update_fields=["claimed_by", "is_active", "claim_email"])
        if not heir.headline and husk.headline:
            heir.headline = husk.headline
            heir.save(update_fields=["headline"])
        emit(PlaceholderClaimed(placeholder_id=str(husk.pk), person_id=str(heir.pk)))
        audit.record(
            actor=actor or heir,
            verb="claimed",
            object_kind="person",
            object_id=husk.pk,
            before={"handle": husk.handle},
            after={"handle": heir.handle},
        )
        bus.notify("identity", person=husk.pk)
        bus.notify("identity", person=heir.pk)


def claim_all(*, person: Person, email: str) -> None:
    """Give `person` every placeholder of an address that they have proved to read."""
    waiting = Person.objects.annotate(small=Lower("claim_email")).filter(
        small=email.lower(), is_placeholder=True, claimed_by=None
    )
    for placeholder in waiting.order_by("pk"):
        claim_placeholder(placeholder=placeholder, person=person)
