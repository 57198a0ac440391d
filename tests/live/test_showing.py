"""Showing a channel: catching up by revision, then hearing everything, until it is hidden or out of reach."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

import pytest

from tertulia.live import queries
from tertulia.posts import fragments
from tertulia.posts import queries as post_queries
from tertulia.posts import services as post_services
from tertulia.posts.services import NewPost
from waiting import until

from .process import Process, fresh
from .world import World, at, say


def test_a_shown_channel_sends_what_was_missed_and_then_what_comes(world: World, process: Process) -> None:
    before = fresh(world.secret)
    missed = say(world.ina, world.secret, "Missed")
    tab = process.open(world.mia)
    tab.show(world.secret, before)
    frame = tab.wait("posts")
    assert [post["id"] for post in frame["posts"]] == [str(missed.id)]
    assert tab.wait("shown")["revision"] == frame["revision"] == fresh(world.secret)

    heard = say(world.ina, world.secret, "Heard")
    frame = tab.wait("posts")
    [post] = frame["posts"]
    state = post_queries.state(heard.id)
    assert frame["channel"] == str(world.secret.pk)
    assert frame["revision"] == fresh(world.secret)
    assert post["html"] == fragments.article(state)
    assert post.keys() == {
        *("id", "seq", "revision", "root_id", "author_id", "system", "deleted", "created_at", "html"),
    }
    assert (post["id"], post["seq"], post["revision"]) == (str(state.id), state.seq, state.revision)
    assert (post["root_id"], post["author_id"]) == (None, str(world.ina.pk))
    assert (post["system"], post["deleted"]) == (False, False)


def test_who_knows_everything_is_told_so_without_posts(world: World, process: Process) -> None:
    tab = process.open(world.mia)
    assert tab.shown(world.secret)["revision"] == fresh(world.secret)
    assert "posts" not in tab.kinds()


def test_too_far_behind_loads_again(world: World, process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "BEHIND", 3)
    since = fresh(world.secret)
    for number in range(4):
        say(world.ina, world.secret, f"Number {number}")
    tab = process.open(world.mia)
    tab.show(world.secret, since)
    tab.wait("reload", channel=str(world.secret.pk))
    assert tab.shown(world.secret, since + 1)  # three changes can be told


def test_a_burst_too_long_to_tell_loads_again_and_goes_on(
    world: World, process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "BEHIND", 3)
    shows, belongs = process.open(world.mia), process.open(world.ina)
    shows.shown(world.secret)
    batch = [NewPost(channel_id=world.secret.pk, author_id=world.ina.pk, body=str(number)) for number in range(5)]
    post_services.create_posts(batch, silent=True)
    shows.wait("reload")
    assert belongs.wait("sidebar")["workspace"] == str(world.course.pk)
    said = say(world.ina, world.secret)
    assert belongs.wait("activity")["last_seq"] == said.seq
    assert [post["id"] for post in shows.wait("posts")["posts"]] == [str(said.id)]


def test_a_revision_of_another_life_loads_again(world: World, process: Process) -> None:
    tab = process.open(world.mia)
    tab.show(world.secret, fresh(world.secret) + 1)
    tab.wait("reload")


def test_a_hidden_channel_is_heard_no_more(world: World, process: Process) -> None:
    hides, shows = process.open(world.mia), process.open(world.mia)
    hides.shown(world.secret)
    shows.shown(world.secret)
    hides.send({"t": "hide", "channel": str(world.secret.pk)})
    hides.settle()
    say(world.ina, world.secret)
    shows.wait("posts")
    hides.wait("activity")  # it still belongs to the channel
    hides.settle()
    assert "posts" not in hides.kinds()


def test_a_public_channel_can_be_shown_without_belonging_to_it(world: World, process: Process) -> None:
    tab = process.open(world.ben)
    assert str(world.chatter.pk) not in tab.frames[0]["channels"]
    tab.shown(world.chatter)
    say(world.mia, world.chatter)
    tab.wait("posts")
    tab.settle()
    assert "activity" not in tab.kinds()


def test_a_channel_out_of_reach_looks_like_one_that_is_not_there(world: World, process: Process) -> None:
    member = process.open(world.mia)
    member.shown(world.secret)
    strangers = [process.open(one) for one in (world.ben, world.gus, world.otto)]
    nowhere = "01890000-0000-7000-8000-000000000000"
    for tab in strangers:
        tab.show(world.secret, 0)
        assert tab.wait("left") == {"t": "left", "channel": str(world.secret.pk)}
        tab.send({"t": "show", "channel": nowhere, "revision": 0})
        assert tab.wait("left") == {"t": "left", "channel": nowhere}
    guest, outsider = strangers[1:]
    for tab in (guest, outsider):
        tab.show(world.chatter, 0)  # public, but not to them
        tab.wait("left", channel=str(world.chatter.pk))

    say(world.ina, world.secret)
    say(world.mia, world.chatter)
    member.wait("posts", channel=str(world.secret.pk))
    member.wait("activity", channel=str(world.chatter.pk))
    for tab in strangers:
        tab.settle()
        assert {frame["t"] for frame in tab.frames} <= {"hello", "left", "pong"}


def test_changes_are_read_once_and_encoded_once_for_all(
    world: World, process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[int] = []
    read = queries.changes

    def counted(since: Mapping[UUID, queries.Mark]) -> dict[UUID, queries.Changes]:
        reads.append(1)
        return read(since)

    tabs = [process.open(one) for one in (world.mia, world.ina) for _ in range(3)]
    for tab in tabs:
        tab.shown(world.secret)
    monkeypatch.setattr(queries, "changes", counted)
    say(world.ina, world.secret)
    for tab in tabs:
        tab.wait("posts")
    assert len(reads) == 1


def test_every_room_is_forgotten_when_the_last_one_has_left_it(world: World, process: Process) -> None:
    tabs = [process.open(world.mia), process.open(world.ina)]
    for tab in tabs:
        tab.shown(world.secret)
    assert world.secret.pk in process.hub.rooms
    for tab in tabs:
        tab.leave()
        tab.wait_closed()
    until(lambda: not process.call(lambda: list(process.hub.rooms)))
    assert not process.hub.connections
    assert not process.hub.by_person
    said = say(world.ina, world.secret)  # nobody is here, and nothing is missed by whoever comes
    tab = process.open(world.mia)
    tab.shown(world.secret)
    post_services.react(actor=world.ina, **at(world.ina, said.id), emoji="👍")
    assert "👍" in tab.wait("posts")["posts"][0]["html"]
