"""What the tests of channels share."""

from __future__ import annotations

import pytest

from tertulia.kernel import bus

from .world import World

Notices = list[tuple[str, dict[str, str]]]


@pytest.fixture
def world(db: None) -> World:
    """Olga owns, Ina teaches, Mia and Ben learn, Gus is a guest, Otto is outside."""
    del db
    return World()


@pytest.fixture
def notices(monkeypatch: pytest.MonkeyPatch) -> Notices:
    """What the bus is told, in order."""
    heard: Notices = []
    tell = bus.notify

    def notify(kind: str, **ids: object) -> None:
        heard.append((kind, {name: str(value) for name, value in ids.items()}))
        tell(kind, **ids)

    monkeypatch.setattr(bus, "notify", notify)
    return heard
