"""Who reads a page."""

from __future__ import annotations

from django.http import HttpRequest

from tertulia.people.models import Person


def person_of(request: HttpRequest) -> Person:
    """The signed-in person of a page that asks for sign-in."""
    assert isinstance(request.user, Person)
    return request.user
