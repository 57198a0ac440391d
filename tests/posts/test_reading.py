"""How far people have read: channels, threads, and unread again."""

from __future__ import annotations

import pytest

from tertulia.channels.models import Channel, ChannelMembership
from tertulia.kernel.errors import Conflict
from tertulia.people.models import Person
from tertulia.posts import access, queries, services
from tertulia.posts.models import Kind
from tertulia.posts.queries import ThreadReading, Unread
from tertulia.posts.services import create_posts

from .world import World, new, reading, row, say, seat


def read(person: Person, channel: Channel, seq: int) -> None:
    services.mark_read(actor=person, seat=seat(person, channel), seq=seq)


def test_reading_on_never_goes_back_and_never_beyond_the_end(world: World) -> None:
    root = say(world.mia, world.chatter, "1")
    say(world.mia, world.chatter, "2 @ben")
    say(world.olga, world.chatter, "3", root)
    say(world.mia, world.chatter, "4")
    assert queries.unread(world.ben, world.chatter.pk) == Unread(3, 1, 0, 1)
    read(world.ben, world.chatter, 1)
    assert queries.unread(world.ben, world.chatter.pk) == Unread(2, 1, 1, 2)
    read(world.ben, world.chatter, 3)
    assert queries.unread(world.ben, world.chatter.pk) == Unread(1, 0, 3, 4)
    read(world.ben, world.chatter, 2)
    assert reading(world.ben, world.chatter) == (3, 1)
    read(world.ben, world.chatter, 2**63 - 1)
    assert queries.unread(world.ben, world.chatter.pk) == Unread(0, 0, 4, None)
    say(world.mia, world.chatter, "5")
    assert reading(world.ben, world.chatter) == (4, 1)


def test_who_has_not_joined_has_no_reading_state(world: World) -> None:
    channel = world.channel("open", world.mia)
    say(world.mia, channel, "1")
    read(world.ben, channel, 1)
    assert not ChannelMembership.objects.filter(person=world.ben, channel=channel).exists()
    assert queries.unread(world.ben, channel.pk) == Unread()
    post, at = access.post(world.ben, row(queries.page(channel.pk).posts[0]).pk)
    with pytest.raises(Conflict):
        services.mark_unread_from(actor=world.ben, post=post, seat=at)


def test_unread_from_here(world: World) -> None:
    posts = [say(world.mia, world.chatter, str(number)) for number in range(3)]
    read(world.ben, world.chatter, 3)
    services.mark_unread_from(actor=world.ben, post=row(posts[1]), seat=seat(world.ben, world.chatter))
    assert queries.unread(world.ben, world.chatter.pk) == Unread(2, 0, 1, 2)


def test_a_thread_is_read_by_itself(world: World) -> None:
    root = say(world.mia, world.chatter, "Root")
    replies = [say(world.ben, world.chatter, str(number), root) for number in range(3)]
    assert queries.thread_reading(world.mia, root.id) == ThreadReading(True, 3, replies[0].seq)
    at = seat(world.mia, world.chatter)
    services.mark_thread_read(actor=world.mia, post=row(root), seat=at, seq=replies[1].seq)
    assert queries.thread_reading(world.mia, root.id) == ThreadReading(True, 1, replies[2].seq)
    services.mark_thread_read(actor=world.mia, post=row(root), seat=at, seq=replies[0].seq)
    assert queries.thread_reading(world.mia, root.id).unread == 1
    services.mark_thread_read(actor=world.mia, post=row(replies[0]), seat=at)
    assert queries.thread_reading(world.mia, root.id) == ThreadReading(True, 0, None)
    services.mark_unread_from(actor=world.mia, post=row(replies[1]), seat=at)
    assert queries.thread_reading(world.mia, root.id) == ThreadReading(True, 2, replies[1].seq)
    assert queries.thread_reading(world.olga, root.id) == ThreadReading()


def test_following_and_leaving_a_thread(world: World) -> None:
    root = say(world.mia, world.chatter, "Root")
    reply = say(world.ben, world.chatter, "Reply", root)
    place = seat(world.olga, world.chatter).place
    services.follow_thread(actor=world.olga, post=row(reply), seat=seat(world.olga, world.chatter))
    assert [(thread.root.id, thread.unread) for thread in queries.followed_threads(place).items] == [(root.id, 0)]
    assert queries.unread_threads(place) == 0
    say(world.ben, world.chatter, "More", root)
    assert [thread.unread for thread in queries.followed_threads(place).items] == [1]
    assert queries.unread_threads(place) == 1
    services.follow_thread(actor=world.olga, post=row(root), seat=seat(world.olga, world.chatter), following=False)
    assert queries.followed_threads(place).items == []
    services.follow_thread(actor=world.olga, post=row(root), seat=seat(world.olga, world.chatter))
    assert [thread.unread for thread in queries.followed_threads(place).items] == [1]


def test_unread_from_a_quiet_line_at_the_end(world: World) -> None:
    say(world.mia, world.chatter, "1")
    create_posts([new(world.mia, world.chatter, "Mia joined.", kind=Kind.SYSTEM)], silent=True)
    read(world.ben, world.chatter, 2)
    line = queries.page(world.chatter.pk).posts[1]
    services.mark_unread_from(actor=world.ben, post=row(line), seat=seat(world.ben, world.chatter))
    assert queries.unread(world.ben, world.chatter.pk) == Unread(0, 0, 1, None)
