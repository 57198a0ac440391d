"""Emoji on posts, and pins."""

from __future__ import annotations

import pytest
from django.utils import timezone

from tertulia.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from tertulia.posts import access, queries, services
from tertulia.posts.models import Reaction
from tertulia.posts.services import change
from tertulia.posts.states import SHOWN_REACTORS
from tertulia.workspaces.models import Role

from .acts import delete, pin, react, unreact
from .world import World, person, say


def test_one_form_of_each_emoji_once_a_person(world: World) -> None:
    post = say(world.mia, world.chatter, "One")
    first = react(world.ben, post, ":heart:")
    assert react(world.ben, post, "❤").revision == first.revision == post.revision + 1
    state = react(world.mia, post, "❤️")
    react(world.mia, post, "🎉")
    [heart] = state.reactions
    assert (heart.emoji, heart.count, heart.person_ids) == ("❤️", 2, (world.ben.pk, world.mia.pk))
    assert heart.names == ("Ben", "Mia")
    assert [reaction.emoji for reaction in queries.state(post.id).reactions] == ["❤️", "🎉"]


def test_taking_it_back(world: World) -> None:
    post = say(world.mia, world.chatter, "One")
    react(world.ben, post, "👍")
    react(world.mia, post, "👍")
    [left] = unreact(world.ben, post, ":+1:").reactions
    assert (left.count, left.person_ids) == (1, (world.mia.pk,))
    revision = queries.state(post.id).revision
    assert unreact(world.ben, post, "👍").revision == revision  # nothing to take back
    assert Reaction.objects.count() == 1


@pytest.mark.parametrize("emoji", ["", "nope", "<b>", "👍👍", "x" * 500, ":not_an_emoji:"])
def test_what_is_no_emoji_is_refused(world: World, emoji: str) -> None:
    post = say(world.mia, world.chatter, "One")
    with pytest.raises(Invalid):
        react(world.ben, post, emoji)


def test_who_may_react(world: World) -> None:
    post = say(world.mia, world.secret, "One")
    assert react(world.olga, post, "👍").reactions
    for outsider in (world.ben, world.otto):
        with pytest.raises(NotFound):
            react(outsider, post, "👍")
    delete(world.mia, post)
    with pytest.raises(Conflict):
        react(world.olga, post, "🎉")
    public = say(world.mia, world.chatter, "Two")
    world.chatter.archived_at = timezone.now()
    world.chatter.save(update_fields=["archived_at"])
    with pytest.raises(Conflict):
        react(world.olga, public, "👍")


def test_a_post_holds_fifty_kinds_of_emoji(world: World) -> None:
    post = say(world.mia, world.chatter, "One")
    Reaction.objects.bulk_create(
        Reaction(post_id=post.id, person=world.ben, emoji=chr(0x1F400 + number)) for number in range(50)
    )
    with pytest.raises(Conflict, match="50"):
        react(world.mia, post, "👍")
    assert react(world.mia, post, chr(0x1F400)).reactions[0].count == 2


def test_of_very_many_only_the_first_are_named(world: World) -> None:
    post = say(world.mia, world.chatter, "One")
    people = [person(f"p{number}") for number in range(SHOWN_REACTORS + 5)]
    Reaction.objects.bulk_create(Reaction(post_id=post.id, person=one, emoji="👍") for one in people)
    [thumbs] = queries.state(post.id).reactions
    assert (thumbs.count, len(thumbs.person_ids), len(thumbs.names)) == (205, 200, 10)


def test_pins(world: World) -> None:
    first, second = say(world.mia, world.chatter, "One"), say(world.mia, world.chatter, "Two")
    assert pin(world.olga, first).pinned
    again = pin(world.olga, first)
    assert again.revision == queries.state(first.id).revision
    pin(world.olga, second)
    assert [state.id for state in queries.pinned(world.chatter.pk)] == [second.id, first.id]
    post, seat = access.post(world.olga, second.id)
    assert not services.unpin(actor=world.olga, post=post, seat=seat).pinned
    delete(world.mia, first)
    assert queries.pinned(world.chatter.pk) == []


def test_who_may_pin(world: World) -> None:
    post = say(world.mia, world.chatter, "One")
    with pytest.raises(Forbidden):
        pin(world.ben, post)
    moderator = world.member("mo", Role.MODERATOR)
    world.join(world.chatter, moderator)
    assert pin(moderator, post).pinned
    talk = say(world.mia, world.direct(world.mia, world.ben), "Between us")
    assert pin(world.ben, talk).pinned
    with pytest.raises(NotFound):
        pin(world.olga, talk)


def test_a_channel_holds_a_hundred_pins(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(change, "MAX_PINS", 1)
    pin(world.olga, say(world.mia, world.chatter, "One"))
    with pytest.raises(Conflict, match="Unpin one"):
        pin(world.olga, say(world.mia, world.chatter, "Two"))
