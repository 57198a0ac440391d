"""The quiet lines in which channels tell of themselves."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from tertulia.channels.happenings import ChannelChanged, ChannelMembersChanged
from tertulia.channels.models import Channel
from tertulia.people.models import Person
from tertulia.posts import queries, reactions
from tertulia.posts.models import Kind, Post

from .world import World, reading, say


def members(
    channel: Channel, actor: Person, joined: list[Person] | None = None, left: list[Person] | None = None
) -> None:
    happening = ChannelMembersChanged(
        channel_id=str(channel.pk),
        actor_id=str(actor.pk),
        joined=tuple(str(person.pk) for person in joined or []),
        left=tuple(str(person.pk) for person in left or []),
    )
    reactions.tell_members_changed(happening)


def changed(world: World, what: str, before: str, after: str) -> None:
    happening = ChannelChanged(str(world.chatter.pk), str(world.olga.pk), what, before, after)
    reactions.tell_channel_changed(happening)


def lines(channel: Channel) -> list[str]:
    return [post.text for post in queries.page(channel.pk).posts if post.kind == Kind.SYSTEM]


def test_who_came_and_who_left(world: World) -> None:
    members(world.chatter, world.ben, joined=[world.ben])
    assert lines(world.chatter) == ["Ben joined."]
    members(world.chatter, world.olga, joined=[world.mia, world.ben])
    members(world.chatter, world.ben, left=[world.ben])
    assert lines(world.chatter) == ["Ben joined.", "Olga added Mia and Ben.", "Ben left."]
    assert reading(world.ben, world.chatter) == (0, 0)


def test_who_comes_soon_after_another_shares_the_line(world: World) -> None:
    people = [world.member(f"learner{number}") for number in range(16)]
    for person in people[:3]:
        members(world.chatter, person, joined=[person])
    assert lines(world.chatter) == ["Learner0, Learner1 and Learner2 joined."]
    for person in people[3:]:
        members(world.chatter, person, joined=[person])
    members(world.chatter, people[0], joined=[people[0]])
    assert lines(world.chatter) == ["Learner0, Learner1 and 14 others joined."]
    world.chatter.refresh_from_db()
    assert (world.chatter.last_seq, world.chatter.revision) == (1, 17)


def test_what_is_said_in_between_and_time_begin_a_new_line(world: World) -> None:
    members(world.chatter, world.mia, joined=[world.mia])
    say(world.mia, world.chatter, "Hello")
    members(world.chatter, world.ben, joined=[world.ben])
    assert lines(world.chatter) == ["Mia joined.", "Ben joined."]
    Post.objects.update(created_at=timezone.now() - timedelta(hours=2))
    members(world.chatter, world.olga, joined=[world.olga])
    assert lines(world.chatter)[-1] == "Olga joined."


def test_direct_conversations_have_none(world: World) -> None:
    talk = world.direct(world.mia, world.ben)
    members(talk, world.mia, joined=[world.mia])
    happening = ChannelChanged(str(talk.pk), str(world.mia.pk), "name", "a", "b")
    reactions.tell_channel_changed(happening)
    assert lines(talk) == []


@pytest.mark.parametrize(
    ("what", "before", "after", "line"),
    [
        ("name", "Old", "New <b>", "Olga renamed the channel to “New <b>”."),
        ("purpose", "", "Talk", "Olga changed the purpose: Talk"),
        ("purpose", "Talk", "", "Olga took the purpose away."),
        ("visibility", "public", "private", "Olga made the channel private: only its members see it."),
        ("visibility", "private", "public", "Olga made the channel public: everybody here can see and join it."),
        ("posting", "everyone", "staff", "Olga changed who posts here: only staff."),
        ("slow_seconds", "0", "30", "Olga turned on slow mode: one post of each in 30 seconds."),
        ("slow_seconds", "30", "0", "Olga ended slow mode."),
        ("archived", "no", "yes", "Olga archived the channel."),
        ("archived", "yes", "no", "Olga brought the channel back."),
        ("slug", "a", "b", None),
        ("is_default", "no", "yes", None),
    ],
)
def test_what_is_different_now(world: World, what: str, before: str, after: str, line: str | None) -> None:
    if what == "archived" and after == "yes":
        world.chatter.archived_at = timezone.now()
        world.chatter.save(update_fields=["archived_at"])
    changed(world, what, before, after)
    assert lines(world.chatter) == ([line] if line else [])
    assert "<b>" not in "".join(post.html for post in queries.page(world.chatter.pk).posts)
