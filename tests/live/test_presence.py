"""Who is here: told to those who look at people they know, across processes, without flicker."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import pytest

from tertulia.live import presence
from tertulia.people import services as people_services
from tertulia.people.models import Person
from tertulia.workspaces import services as workspace_services
from waiting import until

from .process import Frame, Process, Tab
from .world import World


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in {"TICK": 0.05, "LINGER": 1.0, "FADE": 1.0}.items():
        monkeypatch.setattr(presence, name, seconds)


def test_coming_going_and_the_door(world: World, processes: Callable[[], Process]) -> None:
    here, there = processes(), processes()
    tab = here.open(world.mia)
    _watch(tab, world.ben)
    assert _next(tab, world.ben) == "away"
    other = there.open(world.ben)
    assert _next(tab, world.ben) == "open"
    people_services.set_door(actor=world.ben, is_open=False)
    assert _next(tab, world.ben) == "closed"
    other.leave()
    assert _next(tab, world.ben) == "away"


def test_a_process_that_starts_asks_who_is_here(world: World, processes: Callable[[], Process]) -> None:
    processes().open(world.ben)
    tab = processes().open(world.mia)
    _watch(tab, world.ben)
    assert "open" in set(_states(tab, world.ben))


def test_from_one_page_to_the_next_nobody_goes(world: World, processes: Callable[[], Process]) -> None:
    here, there = processes(), processes()
    tab, old = here.open(world.mia), there.open(world.ben)
    _watch(tab, world.ben)
    assert "open" in set(_states(tab, world.ben))
    for _ in range(4):
        old.leave()
        old.wait_closed()
        old = there.open(world.ben)
    second = here.open(world.ben)
    old.leave()  # gone there, still here: nobody goes either
    old.wait_closed()
    _wait_for_ticks(there, presence.LINGER + 2 * presence.FADE)
    assert _heard(tab, world.ben)[-1] == "open"
    assert _heard(tab, world.ben).count("away") <= 1  # before he came
    second.leave()
    until(lambda: _heard(tab, world.ben)[-1] == "away")


def test_strangers_stay_strangers(world: World, process: Process) -> None:
    process.open(world.otto)
    member, outsider = process.open(world.mia), process.open(world.otto)
    _watch(member, world.ben, world.otto)
    _watch(outsider, world.ben)
    assert outsider.wait("presence")["people"] == {}
    assert member.wait("presence")["people"] == {str(world.ben.pk): "away"}
    process.open(world.ben)
    assert _next(member, world.ben) == "open"
    outsider.settle()
    assert outsider.kinds().count("presence") == 1


def test_who_leaves_the_workspace_sees_its_people_no_more(world: World, process: Process) -> None:
    tab, stays = process.open(world.ben), process.open(world.mia)
    _watch(tab, world.ina)
    _watch(stays, world.ina)
    tab.wait("presence")
    workspace_services.ban(actor=world.olga, workspace=world.course, person=world.ben)
    assert tab.wait("presence")["people"] == {}
    process.open(world.ina)
    assert "open" in set(_states(stays, world.ina))
    tab.settle()
    assert "open" not in _heard(tab, world.ina)


def test_many_people_are_told_in_several_notices(
    world: World, process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "BATCH", 2)
    people = [world.olga, world.ina, world.mia, world.ben, world.gus]
    tabs = [process.open(one) for one in people]
    _watch(tabs[0], *people)
    missing = set(people)
    for frame in iter(lambda: tabs[0].wait("presence"), None):
        missing -= {one for one in people if frame["people"].get(str(one.pk)) == "open"}
        if not missing:
            break


def _watch(tab: Tab, *people: Person) -> None:
    tab.send({"t": "watch", "people": [str(one.pk) for one in people]})


def _heard(tab: Tab, who: Person) -> list[str]:
    return [frame["people"][str(who.pk)] for frame in tab.frames if _tells(frame, who)]


def _tells(frame: Frame, who: Person) -> bool:
    return frame["t"] == "presence" and str(who.pk) in frame["people"]


def _next(tab: Tab, who: Person) -> str:
    """The next that the tab is told of somebody."""
    return next(_states(tab, who))


def _states(tab: Tab, who: Person) -> Iterator[str]:
    """What the tab is told of somebody, until they are here."""
    state = ""
    while state != "open":
        frame = tab.wait("presence")
        if _tells(frame, who):
            state = frame["people"][str(who.pk)]
            yield state


def _wait_for_ticks(process: Process, seconds: float) -> None:
    """Let the presence of a process run for a while."""
    process.run(asyncio.sleep(seconds))
