"""Fixtures of the tests of Open edX: somebody owns the installation, or nobody could come."""

from __future__ import annotations

import pytest
from django.test import Client

from tertulia.people import services
from tertulia.people.models import Person


@pytest.fixture
def owner(db: None) -> Person:
    """Who owns the installation."""
    del db
    return services.create_person(
        email="olga@example.org", display_name="Olga", password="seven quiet herons", verified=True, is_owner=True
    )


@pytest.fixture
def visitor(client: Client) -> Client:
    """A browser in which nobody is signed in."""
    return client
