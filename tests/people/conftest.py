"""Fixtures of the tests of people."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from tertulia.kernel import bus

from .world import World


@pytest.fixture
def world(db: None) -> World:
    """Olga owns the workspace, Mia and Ben learn in it, Gus is its guest, Otto is outside."""
    del db
    return World()


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
