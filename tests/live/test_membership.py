"""Coming and going: what is heard begins and ends with the right to hear it, at that moment."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tertulia.channels import services as channel_services
from tertulia.channels.models import Channel
from tertulia.workspaces import services as workspace_services
from waiting import until

from .process import Process, Tab
from .world import World, say


def test_who_is_brought_in_hears_of_it_and_then_everything(world: World, process: Process) -> None:
    tab, other = process.open(world.ben), process.open(world.otto)
    world.add(world.secret, world.ben)
    tab.wait("joined", channel=str(world.secret.pk))
    said = say(world.ina, world.secret)
    assert tab.wait("activity", channel=str(world.secret.pk))["last_seq"] == said.seq
    tab.shown(world.secret)
    say(world.ina, world.secret)
    tab.wait("posts")
    other.settle()
    assert not other.about(world.secret)


def test_who_is_removed_hears_of_it_and_then_nothing(world: World, process: Process) -> None:
    stays, goes = process.open(world.ina), process.open(world.mia)
    for tab in (stays, goes):
        tab.shown(world.secret)
    say(world.ina, world.secret, "Before")
    goes.wait("posts")
    channel_services.remove_person(actor=world.ina, channel=world.secret, person_id=world.mia.pk)
    say(world.ina, world.secret, "After")
    goes.wait("left", channel=str(world.secret.pk))
    _heard(stays, "After")
    goes.settle()
    assert "After" not in str(goes.frames)
    assert goes.about(world.secret)[-1]["t"] == "left"


@pytest.mark.parametrize("how", ["ban", "remove_member", "leave"])
def test_who_is_out_of_the_workspace_hears_nothing_more(world: World, process: Process, how: str) -> None:
    stays, goes = process.open(world.mia), process.open(world.ben)
    for tab in (stays, goes):
        tab.shown(world.general)
        tab.shown(world.chatter)  # Ben only looks at it
    say(world.mia, world.chatter, "Before")
    _heard(goes, "Before")
    if how == "leave":
        workspace_services.leave(actor=world.ben, workspace=world.course)
    else:
        getattr(workspace_services, how)(actor=world.olga, workspace=world.course, person=world.ben)
    say(world.mia, world.general, "After all")
    say(world.mia, world.chatter, "After")
    for channel in (world.general, world.chatter):
        _gone(goes, channel)
    _heard(stays, "After")
    goes.show(world.chatter, 0)
    goes.wait("left", channel=str(world.chatter.pk))
    assert "After" not in str(goes.frames)
    assert goes.closed is None  # only the workspace is gone


def test_a_channel_made_private_is_heard_by_its_members_only(world: World, process: Process) -> None:
    member, looks = process.open(world.mia), process.open(world.ben)
    for tab in (member, looks):
        tab.shown(world.chatter)
    say(world.mia, world.chatter, "Before")
    _heard(looks, "Before")
    channel_services.change_visibility(actor=world.ina, channel=world.chatter, visibility="private")
    say(world.mia, world.chatter, "After")
    looks.wait("left", channel=str(world.chatter.pk))
    member.wait("channel", channel=str(world.chatter.pk))
    _heard(member, "After")
    looks.settle()
    assert "After" not in str(looks.frames)


def test_a_guest_hears_what_was_given_and_loses_the_rest(world: World, process: Process) -> None:
    tab, guest = process.open(world.ben), process.open(world.gus)
    assert guest.frames[0]["channels"] == {}
    tab.shown(world.chatter)
    workspace_services.change_role(actor=world.olga, workspace=world.course, person=world.ben, role="guest")
    say(world.mia, world.chatter, "After")
    say(world.mia, world.general, "After all")
    for channel in (world.chatter, world.general):
        _gone(tab, channel)
    world.add(world.secret, world.gus)
    guest.wait("joined", channel=str(world.secret.pk))
    say(world.ina, world.secret)
    guest.wait("activity", channel=str(world.secret.pk))
    tab.settle()
    assert "After" not in str([tab.frames, guest.frames])
    assert not guest.about(world.general)


def test_going_and_coming_back_is_heard_as_it_ends(world: World, process: Process) -> None:
    tab = process.open(world.mia)
    for _ in range(5):
        channel_services.remove_person(actor=world.ina, channel=world.secret, person_id=world.mia.pk)
        world.add(world.secret, world.mia)
    channel_services.update_channel(actor=world.ina, channel=world.chatter, name="Tattle")
    tab.wait("channel", channel=str(world.chatter.pk))  # all that was told before has been looked at
    say(world.ina, world.secret, "Welcome")
    assert tab.wait("activity", channel=str(world.secret.pk))["last_seq"] > 0
    assert [frame["t"] for frame in tab.about(world.secret) if frame["t"] in ("left", "joined")][-1] == "joined"


def test_a_new_channel_appears_to_its_maker(world: World, process: Process) -> None:
    tab = process.open(world.ina)
    made = world.channel("Fresh")
    tab.wait("joined", channel=str(made.pk))
    tab.shown(made)


def test_changes_of_a_channel_reach_members_and_lookers_only(world: World, process: Process) -> None:
    member, looks, outsider = (process.open(one) for one in (world.mia, world.ben, world.otto))
    looks.shown(world.chatter)
    channel_services.update_channel(actor=world.ina, channel=world.chatter, name="Tattle")
    for tab in (member, looks):
        tab.wait("channel", channel=str(world.chatter.pk))
    outsider.settle()
    assert not outsider.about(world.chatter)


def test_changes_of_a_workspace_reach_its_members_only(world: World, process: Process) -> None:
    member, outsider = process.open(world.mia), process.open(world.otto)
    workspace_services.update_workspace(actor=world.olga, workspace=world.course, goal="Talk")
    assert member.wait("sidebar")["workspace"] == str(world.course.pk)
    outsider.settle()
    assert "sidebar" not in outsider.kinds()


def test_two_processes_hear_each_other(world: World, processes: Callable[[], Process]) -> None:
    tabs = [processes().open(one) for one in (world.mia, world.ina)]
    outsider = tabs[0]._process.open(world.otto)
    for tab in tabs:
        tab.shown(world.secret)
    for who in (world.mia, world.ina):
        said = say(who, world.secret, f"From {who.handle}")
        for tab in tabs:
            assert [post["id"] for post in tab.wait("posts")["posts"]] == [str(said.id)]
    outsider.settle()
    assert outsider.kinds() == ["hello", "pong"]


def _gone(tab: Tab, channel: Channel) -> None:
    """Wait until the tab has heard that the channel is out of reach."""
    until(lambda: [frame["t"] for frame in tab.about(channel)][-1:] == ["left"])


def _heard(tab: Tab, words: str) -> None:
    """Wait until the tab has heard these words in a post."""
    while words not in str(tab.wait("posts")):
        pass
