"""Fixtures of the tests of Open edX: somebody owns the installation, or nobody could come."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client

from tertulia.integrations.openedx.services import connections
from tertulia.people import services
from tertulia.people.models import Person

from .fake_platform import RUN, FakePlatform
from .world import World


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


@pytest.fixture
def platform() -> Iterator[FakePlatform]:
    """A fake Open edX that runs."""
    with FakePlatform() as fake:
        yield fake


@pytest.fixture
def world(owner: Person, platform: FakePlatform) -> World:
    """The platform, connected, and its first course followed, in which nobody is yet."""
    client_id, client_secret = platform.roster_client
    connection = connections.add_connection(
        actor=owner,
        name="Campus",
        address=platform.origin,
        client_id=client_id,
        client_secret=client_secret,
        follow=[RUN],
    )
    made = World(owner, platform, connection)
    made.work()
    return made
