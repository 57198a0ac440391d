"""What those hear who belong to a channel: that something was said, how far they have read, what to fetch again."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any
from uuid import UUID

import pytest

from tertulia.channels.models import Channel
from tertulia.live import telling
from tertulia.posts import access
from tertulia.posts import services as post_services
from tertulia.posts.models import Draft
from tertulia.posts.queries import PostState
from tertulia.posts.services import NewPost
from waiting import until

from .process import Process, Tab, fresh
from .world import At, World, at, say, seat


def test_activity_tells_what_counts_need(world: World, process: Process) -> None:
    tab = process.open(world.mia)
    root = say(world.ina, world.secret, "Look, @mia and @ina")
    world.secret.refresh_from_db()
    assert tab.wait("activity") == {
        "t": "activity",
        "channel": str(world.secret.pk),
        "last_seq": root.seq,
        "last_root_seq": root.seq,
        "root_count": world.secret.root_count,
        "authors": [str(world.ina.pk)],
        "roots": [],
        "mentions": [str(world.mia.pk)],
        "recount": False,
    }
    reply = say(world.ina, world.secret, "And again, @mia", root=root.id)
    frame = tab.wait("activity")
    assert (frame["last_seq"], frame["last_root_seq"]) == (reply.seq, root.seq)
    assert (frame["authors"], frame["roots"], frame["mentions"]) == ([], [str(root.id)], [str(world.mia.pk)])


def test_activity_is_for_what_is_new_or_makes_counts_wrong(world: World, process: Process) -> None:
    post, plain = say(world.ina, world.secret, "Hello"), say(world.ina, world.secret, "Plain")
    tab = process.open(world.mia)
    post_services.react(actor=world.ina, **_at(world, post), emoji="👍")
    post_services.pin(actor=world.ina, **_at(world, post))
    post_services.edit(actor=world.ina, **_at(world, plain), body="Plainer")
    post_services.edit(actor=world.ina, **_at(world, post), body="Hello @mia")
    assert tab.wait("activity")["recount"] is True  # somebody is called who was not
    post_services.delete(actor=world.ina, **_at(world, post))
    frame = tab.wait("activity")
    assert (frame["recount"], frame["authors"], frame["mentions"]) == (True, [], [])
    tab.settle()
    assert [kind for kind in tab.kinds() if kind == "activity"] == ["activity"] * 2


def test_system_lines_are_no_activity(world: World, process: Process) -> None:
    tab = process.open(world.mia)
    tab.shown(world.secret)
    world.add(world.secret, world.ben)
    [line] = tab.wait("posts")["posts"]
    assert line["system"] is True
    tab.settle()
    assert "activity" not in tab.kinds()


def test_news_of_many_channels_reach_everybody_once(world: World, process: Process) -> None:
    """Those of channels that have news at the same time are told together."""
    world.add(world.chatter, world.ina)
    both, one, looks = process.open(world.ina), process.open(world.olga), process.open(world.ben)
    both.shown(world.secret)
    looks.shown(world.chatter)
    for number in range(5):
        batch = [
            NewPost(channel_id=channel.pk, author_id=world.mia.pk, body=f"{channel.name} {number}")
            for channel in (world.secret, world.chatter, world.general)
        ]
        post_services.create_posts(batch)
    until(lambda: all(_authors(tab, world.general) == 5 for tab in (both, one, looks)))
    for tab in (both, one, looks):
        tab.settle()
    assert [_authors(both, channel) for channel in (world.secret, world.chatter)] == [5, 5]
    assert [_authors(one, channel) for channel in (world.secret, world.chatter)] == [0, 0]
    assert [_authors(looks, channel) for channel in (world.secret, world.chatter)] == [0, 0]
    assert [_posts(tab) for tab in (both, one, looks)] == [{"Secret": 5}, {}, {"Chatter": 5}]


def test_a_channel_that_cannot_be_told_holds_up_no_other(
    world: World, process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    tab = process.open(world.mia)
    for channel in (world.secret, world.chatter):
        tab.shown(channel)
    tell = telling.posts

    def broken(channel_id: UUID, *about: Any) -> bytes:
        if channel_id == world.secret.pk:
            raise ValueError("broken")
        return tell(channel_id, *about)

    monkeypatch.setattr(telling, "posts", broken)
    for _ in range(2):
        batch = [
            NewPost(channel_id=channel.pk, author_id=world.mia.pk, body="Hello")
            for channel in (world.secret, world.chatter)
        ]
        post_services.create_posts(batch)
        tab.wait("posts", channel=str(world.chatter.pk))
    monkeypatch.undo()
    say(world.ina, world.secret)
    tab.wait("posts", channel=str(world.secret.pk))


def test_what_one_reads_is_read_in_ones_other_tabs_only(world: World, process: Process) -> None:
    first = say(world.ina, world.secret, "One @mia")
    last = say(world.ina, world.secret, "Two @mia")
    mine, other = [process.open(world.mia), process.open(world.mia)], process.open(world.ina)
    post_services.mark_read(actor=world.mia, seat=seat(world.mia, world.secret), seq=first.seq)
    world.secret.refresh_from_db()
    for tab in mine:
        assert tab.wait("read") == {
            "t": "read",
            "channel": str(world.secret.pk),
            "last_read_seq": first.seq,
            "unread": 1,
            "mentions": 1,
            "root_count": world.secret.root_count,
            "last_seq": last.seq,
        }
    post_services.mark_read(actor=world.mia, seat=seat(world.mia, world.secret), seq=last.seq)
    frame = mine[0].wait("read")
    assert (frame["unread"], frame["mentions"]) == (0, 0)
    found, its_seat = access.post(world.mia, first.id)
    post_services.mark_unread_from(actor=world.mia, post=found, seat=its_seat)
    frame = mine[0].wait("read")
    assert (frame["unread"], frame["mentions"]) == (2, 2)
    other.settle()
    assert "read" not in other.kinds()


def test_many_steps_of_reading_end_with_the_last(world: World, process: Process) -> None:
    posts = [say(world.ina, world.secret, str(number)) for number in range(20)]
    tab = process.open(world.mia)
    for post in posts:
        post_services.mark_read(actor=world.mia, seat=seat(world.mia, world.secret), seq=post.seq)
    assert tab.wait("read", last_read_seq=posts[-1].seq)["unread"] == 0
    tab.settle()
    assert [frame["last_read_seq"] for frame in tab.frames if frame["t"] == "read"][-1] == posts[-1].seq


def test_a_draft_shows_in_ones_own_sidebars(world: World, process: Process) -> None:
    tab, other = process.open(world.mia), process.open(world.ina)
    post_services.save_draft(actor=world.mia, seat=seat(world.mia, world.secret), body="Dear")
    assert Draft.objects.exists()
    assert tab.wait("sidebar") == {"t": "sidebar", "workspace": None}
    other.settle()
    assert "sidebar" not in other.kinds()


def test_typing_reaches_those_who_show_the_channel_once_in_a_while(world: World, process: Process) -> None:
    writes, shows, belongs = process.open(world.mia), process.open(world.ina), process.open(world.ina)
    own = process.open(world.mia)
    shows.shown(world.secret)
    own.shown(world.secret)
    root = say(world.ina, world.secret)
    for where in (root.id, None, None):
        writes.send({"t": "typing", "channel": str(world.secret.pk), "root": where and str(where)})
    frame = shows.wait("typing")
    assert frame == {
        "t": "typing",
        "channel": str(world.secret.pk),
        "root": str(root.id),
        "person": str(world.mia.pk),
        "name": "Mia",
    }
    writes.settle()
    say(world.mia, world.secret)  # after which all typing has been told
    shows.wait("posts")
    for tab in (belongs, own):
        tab.wait("activity")
        tab.settle()
        assert "typing" not in tab.kinds()
    assert shows.kinds().count("typing") == 1


def test_only_members_are_seen_typing(world: World, process: Process) -> None:
    shows = process.open(world.mia)
    shows.shown(world.secret)
    shows.shown(world.chatter)
    for stranger in (world.ben, world.otto):
        tab = process.open(stranger)
        for channel in (world.secret, world.chatter):
            tab.send({"t": "typing", "channel": str(channel.pk), "root": None})
        tab.settle()
    member = process.open(world.ina)
    member.send({"t": "typing", "channel": str(world.secret.pk), "root": None})
    shows.wait("typing")
    assert {frame["person"] for frame in shows.frames if frame["t"] == "typing"} == {str(world.ina.pk)}
    assert fresh(world.secret)


def _authors(tab: Tab, channel: Channel) -> int:
    """How many posts of a channel the tab has been told of."""
    return sum(len(frame["authors"]) for frame in tab.about(channel) if frame["t"] == "activity")


def _posts(tab: Tab) -> dict[str, int]:
    """How many posts a tab got, by their first word; each once."""
    posts = [post for frame in tab.frames if frame["t"] == "posts" for post in frame["posts"]]
    assert len({post["id"] for post in posts}) == len(posts)
    return dict(Counter(re.findall(r"<p>(\w+) ", post["html"])[0] for post in posts))


def _at(world: World, post: PostState) -> At:
    return at(world.ina, post.id)
