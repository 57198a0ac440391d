"""What falls between two steps: each test makes one step slow, and does the worst in the meantime."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

import pytest
from django.contrib.sessions.models import Session
from django.db import connection

from tertulia.channels import services as channel_services
from tertulia.kernel import bus
from tertulia.live import queries
from tertulia.workspaces import services as workspace_services
from waiting import until

from .process import Process, fresh
from .world import World, say, sign_in

MOMENT = 0.5
"""Long enough for a notice to be heard and its posts to be read."""


class Arrange(Protocol):
    """Arranges what happens after something else has been read, by default rights."""

    def __call__(self, happens: Callable[[], object], what: Callable[..., object] = ..., /) -> None: ...


@pytest.fixture
def after_reading(process: Process, monkeypatch: pytest.MonkeyPatch) -> Arrange:
    """Let something happen, and its notices be heard, after rights have next been read and before they are used."""

    def arrange(happens: Callable[[], object], what: Callable[..., object] = queries.standings, /) -> None:
        read = process.hub.database.read
        once = [happens]

        def in_thread(work: Callable[[], object]) -> None:
            try:
                work()
            finally:
                connection.close()

        async def slow(work: Any, *args: Any, **kwargs: Any) -> Any:
            result = await read(work, *args, **kwargs)
            if work is what and once:
                await asyncio.to_thread(in_thread, once.pop())
                await asyncio.sleep(MOMENT)
            return result

        monkeypatch.setattr(process.hub.database, "read", slow)

    return arrange


def test_nothing_is_told_while_rights_are_read(world: World, process: Process, after_reading: Arrange) -> None:
    """Words said after a channel became private, and before the gateway knows who is a member."""
    member, looks = process.open(world.mia), process.open(world.ben)
    for tab in (member, looks):
        tab.shown(world.chatter)
    say(world.mia, world.chatter, "Before")  # the first post of a process takes a second to draw
    for tab in (member, looks):
        tab.wait("posts")
    after_reading(lambda: say(world.mia, world.chatter, "After"))
    channel_services.change_visibility(actor=world.ina, channel=world.chatter, visibility="private")
    while "After" not in str(member.wait("posts")):
        pass
    looks.wait("left", channel=str(world.chatter.pk))
    looks.settle()
    assert "After" not in str(looks.frames)


def test_nothing_is_told_to_an_ended_session(world: World, process: Process, after_reading: Arrange) -> None:
    stays, goes = process.open(world.ina), process.open(world.mia)
    goes.shown(world.secret)
    after_reading(lambda: say(world.ina, world.secret, "After"))
    Session.objects.filter(pk=goes.key).delete()
    bus.notify("identity", person=world.mia.pk)
    stays.wait("activity")
    assert goes.wait_closed() == 4401
    assert "After" not in str(goes.frames)


def test_rights_that_were_read_too_early_are_not_used(world: World, process: Process, after_reading: Arrange) -> None:
    """Mia is banned after her rights were read for another reason."""
    stays, goes = process.open(world.ina), process.open(world.mia)
    goes.shown(world.secret)
    goes.shown(world.general)

    def ban() -> None:
        workspace_services.ban(actor=world.olga, workspace=world.course, person=world.mia)
        say(world.ina, world.secret, "After")

    after_reading(ban)
    bus.notify("identity", person=world.mia.pk)
    stays.wait("activity", channel=str(world.secret.pk))
    until(lambda: [frame["t"] for frame in goes.about(world.general)][-1] == "left")
    goes.settle()
    assert "After" not in str(goes.frames)
    assert {"t": "left", "channel": str(world.secret.pk)} in goes.frames


def test_what_is_said_while_a_tab_comes_is_heard(world: World, process: Process, after_reading: Arrange) -> None:
    """Nobody else is here, so that nobody hears the notice."""
    after_reading(lambda: say(world.ina, world.secret, "Just now"))
    tab = process.open(world.mia)
    before = tab.frames[0]["channels"][str(world.secret.pk)]
    assert tab.wait("activity", channel=str(world.secret.pk))["last_seq"] > before


def test_two_tabs_that_come_at_once_are_both_greeted(world: World, process: Process, after_reading: Arrange) -> None:
    key = sign_in(world.mia)
    after_reading(lambda: process.open(key))
    process.open(world.mia)
    until(lambda: [tab.kinds() for tab in process.tabs] == [["hello"], ["hello"]])


def test_rights_lost_while_catching_up_are_lost(world: World, process: Process, after_reading: Arrange) -> None:
    """Removal falls between reading what the tab missed and telling it."""
    tab = process.open(world.mia)
    before = fresh(world.secret)
    say(world.ina, world.secret, "Missed")
    tab.wait("activity")

    def remove() -> None:
        channel_services.remove_person(actor=world.ina, channel=world.secret, person_id=world.mia.pk)
        say(world.ina, world.secret, "After")

    after_reading(remove, queries.missed)
    tab.show(world.secret, before)
    tab.wait("left", channel=str(world.secret.pk))
    tab.settle()
    assert tab.about(world.secret)[-1]["t"] == "left"
    assert not {"shown", "posts"} & set(tab.kinds())


def test_rights_lost_while_coming_in_are_lost(world: World, process: Process, after_reading: Arrange) -> None:
    """The channel becomes private between the question whether the tab may look and the answer."""
    tab = process.open(world.ben)

    def shut() -> None:
        channel_services.change_visibility(actor=world.ina, channel=world.chatter, visibility="private")
        say(world.mia, world.chatter, "After")

    after_reading(shut, queries.hearing)
    tab.show(world.chatter, 0)
    tab.wait("left", channel=str(world.chatter.pk))
    tab.settle()
    assert tab.about(world.chatter) == [{"t": "left", "channel": str(world.chatter.pk)}]


def test_what_was_missed_is_told_on_rights_read_after_it(world: World, process: Process) -> None:
    """Even where the notice of the removal is late, or was lost."""
    tab = process.open(world.mia)
    say(world.ina, world.secret, "After")
    tab.wait("activity")
    world.secret.memberships.filter(person=world.mia).delete()  # without a notice
    tab.show(world.secret, 0)
    tab.wait("left", channel=str(world.secret.pk))
    assert "posts" not in tab.kinds()


def test_posts_between_catching_up_and_its_answer_are_known(
    world: World, process: Process, after_reading: Arrange
) -> None:
    """What is told while a tab catches up counts as known once it is told that it has."""
    tab, other = process.open(world.mia), process.open(world.ina)
    other.shown(world.secret)
    before = fresh(world.secret)
    say(world.ina, world.secret, "Missed")
    other.wait("posts")
    after_reading(lambda: say(world.ina, world.secret, "Meanwhile"), queries.missed)
    tab.show(world.secret, before)
    assert tab.wait("shown")["revision"] == fresh(world.secret)
    assert "Missed" in str(tab.frames)
    assert "Meanwhile" in str(tab.frames)
