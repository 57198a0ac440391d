"""Who is a learner of a course, as its platform last said: by launches, and by the roster."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from django.db import transaction

from tertulia.integrations.lti.models import Context, Learner
from tertulia.integrations.lti.roles import Kind
from tertulia.kernel.bulk import insert_all
from tertulia.kernel.clock import now
from tertulia.people.models import Person


def note(context: Context, person: Person, subject: str, kind: Kind) -> None:
    """What a launch says of one person."""
    note_all(context, {subject: person.pk}, {subject: kind})


def note_all(context: Context, people: Mapping[str, uuid.UUID], kinds: Mapping[str, Kind]) -> None:
    """What a list says: `people` are those of its subjects who are known here. Who is not on it stays as they are."""
    kept = {people[subject]: subject for subject, kind in kinds.items() if kind is Kind.LEARNER and subject in people}
    others = {people[subject] for subject, kind in kinds.items() if subject in people} - set(kept)
    moment = now()
    with transaction.atomic():
        Learner.objects.filter(context=context, person__in=others).delete()
        rows = [Learner(context=context, person_id=who, subject=subject, since=moment) for who, subject in kept.items()]
        insert_all(rows, unique=["context_id", "person_id"], update=["subject"])
