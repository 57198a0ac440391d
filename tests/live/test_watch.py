"""A notice that nobody heard: what was said is told all the same, a few seconds later."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import OperationalError

from tertulia.kernel import bus
from tertulia.live import queries, watch
from waiting import until

from .process import Process, fresh
from .world import World, say


@pytest.fixture
def _mute(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is told: as if each process died between its commit and the notice."""
    del world
    monkeypatch.setattr(bus, "notify_all", lambda _kind, _notices: None)
    monkeypatch.setattr(watch, "EVERY", 0.1)


@pytest.mark.usefixtures("_mute")
def test_what_was_said_is_found(world: World, process: Process) -> None:
    shows, belongs = process.open(world.mia), process.open(world.ben)
    shows.shown(world.general)
    for words in ("First", "Second"):
        said = say(world.ina, world.general, words)
        assert shows.wait("posts")["posts"][-1]["id"] == str(said.id)
        assert belongs.wait("activity")["last_seq"] == said.seq


@pytest.mark.usefixtures("_mute")
@pytest.mark.parametrize("failure", [OperationalError("gone"), RuntimeError("odd")])
def test_a_look_that_fails_is_not_the_last(
    world: World, process: Process, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    tab = process.open(world.mia)
    tab.shown(world.general)
    read = process.hub.database.read
    failures = [failure] * 2

    async def unreliable(work: Any, *args: Any) -> Any:
        if work is queries.marks and failures:
            raise failures.pop()
        return await read(work, *args)

    monkeypatch.setattr(process.hub.database, "read", unreliable)
    until(lambda: not failures)
    said = say(world.ina, world.general)
    assert tab.wait("posts")["posts"][-1]["id"] == str(said.id)


def test_who_heard_everything_is_told_nothing_again(world: World, process: Process) -> None:
    tab = process.open(world.mia)
    tab.shown(world.general)
    say(world.ina, world.general)
    tab.wait("posts")
    process.run(watch.look(process.hub))
    tab.settle()
    assert [frame["revision"] for frame in tab.about(world.general) if frame["t"] == "posts"] == [fresh(world.general)]


def test_nobody_here_nothing_asked(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process.hub.database, "read", None)
    process.run(watch.look(process.hub))
