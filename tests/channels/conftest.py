"""What the tests of channels share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pytest

from standing import standing
from tertulia.kernel import bus

from .world import World

Notices = list[tuple[str, dict[str, str]]]


@pytest.fixture
def world(db: None) -> World:
    """Olga owns, Ina teaches, Mia and Ben learn, Gus is a guest, Otto is outside."""
    del db
    return standing(World)


@pytest.fixture
def notices(monkeypatch: pytest.MonkeyPatch) -> Notices:
    """What the bus is told, in order."""
    heard: Notices = []
    tell = bus.notify_all  # single ones go through it, too

    def notify_all(kind: str, notices: Iterable[Mapping[str, object]]) -> None:
        told = list(notices)
        heard.extend((kind, {name: str(value) for name, value in ids.items()}) for ids in told)
        tell(kind, told)

    monkeypatch.setattr(bus, "notify_all", notify_all)
    return heard
