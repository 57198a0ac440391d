"""Who may: platforms and what they say are the installation owners' business; for everybody else they do not exist."""

from __future__ import annotations

import uuid

from tertulia.integrations.openedx.models import Connection, Course
from tertulia.kernel.errors import NotFound
from tertulia.people import access as people
from tertulia.people.models import Person


def check_owner(person: Person) -> None:
    """Raises NotFound for everybody but owners of the installation."""
    people.check_installation(person)


def connection(person: Person, connection_id: uuid.UUID) -> Connection:
    """A platform, for an owner of the installation, with its system. Raises NotFound."""
    check_owner(person)
    found = Connection.objects.select_related("system").filter(pk=connection_id).first()
    if found is None:
        raise NotFound
    return found


def course(person: Person, connection_id: uuid.UUID, course_id: uuid.UUID) -> Course:
    """A course of this platform, for an owner of the installation. Raises NotFound."""
    known = connection(person, connection_id)
    found = Course.objects.filter(pk=course_id, connection=known).first()
    if found is None:
        raise NotFound
    found.connection = known
    return found


def speaker(connection_id: uuid.UUID) -> Connection:
    """The platform that an address for webhooks belongs to; whether it is really that one is not shown by this.

    Raises NotFound, also while it is switched off or takes no webhooks.
    """
    found = Connection.objects.select_related("system").filter(pk=connection_id, is_active=True).first()
    if found is None or not found.webhook_secret:
        raise NotFound
    return found
