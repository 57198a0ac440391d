"""The four people a visitor of the demonstration can be."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tertulia.people.models import Person

DOMAIN = "example.org"
"""Of everybody's address in the demonstration."""


@dataclass(frozen=True)
class Door:
    """One button of the sign-in page."""

    slug: str
    handle: str
    name: str
    label: Promise
    about: Promise


DOORS = (
    Door("learner", "ben", "Ben", _("Learner"), _("Has something unread, asks, answers")),
    Door("instructor", "teo", "Teo", _("Instructor"), _("Teaches “Data frames without tears”")),
    Door("moderator", "elif", "Elif", _("Moderator"), _("Looks after all eight tutorials")),
    Door("owner", "ines", "Inês", _("Owner"), _("Runs the whole community")),
)


def person_behind(slug: str) -> Person | None:
    """Who stands behind the door of this name; None for a door that is not there."""
    handle = {door.slug: door.handle for door in DOORS}.get(slug)
    # Found by the seed's address too, so that a real person of that handle is nobody's to be.
    return Person.objects.filter(handle=handle, email=f"{handle}@{DOMAIN}").first() if handle else None
