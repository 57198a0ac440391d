"""Fixtures of the tests of people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from standing import standing
from tertulia.kernel import bus
from tertulia.people import services
from tertulia.people.models import Person

from .fake_oidc import Fake
from .oidc_visits import provider
from .wiki import BACK, Wiki
from .world import World


@pytest.fixture
def world(db: None) -> World:
    """Olga owns the workspace, Mia and Ben learn in it, Gus is its guest, Otto is outside."""
    del db
    return standing(World)


@pytest.fixture
def notices(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    """What services tell the bus."""
    heard: list[tuple[str, dict[str, Any]]] = []
    tell = bus.notify

    def notify(kind: str, **ids: Any) -> None:
        heard.append((kind, ids))
        tell(kind, **ids)

    monkeypatch.setattr(bus, "notify", notify)
    return heard


@pytest.fixture
def visitor(client: Client) -> Client:
    """A browser in which nobody is signed in."""
    return client


@pytest.fixture
def owner(world: World) -> Person:
    """Who owns the installation."""
    world.otto.is_owner = True
    world.otto.save()
    return world.otto


@pytest.fixture
def wiki(owner: Person) -> Wiki:
    """A wiki that may learn all there is."""
    client, secret = services.add_tool(
        actor=owner, name="Wiki", redirect_uris=[BACK], scopes=["openid", "profile", "email", "groups"]
    )
    return Wiki(client.pk, secret)


@pytest.fixture
def campus(world: World) -> Iterator[Fake]:
    """A fake OpenID provider that people sign in by."""
    del world
    with provider() as fake:
        yield fake
