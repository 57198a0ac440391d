"""Saying it otherwise."""

from __future__ import annotations

import pytest
from django.utils import timezone

from tertulia.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from tertulia.posts import access, queries, services
from tertulia.posts.models import Mention, PostVersion

from .acts import edit
from .world import World, row, say


def test_history_is_kept_for_the_author_and_moderators(world: World) -> None:
    post = say(world.mia, world.chatter, "One")
    edited = edit(world.mia, post, "Two **bold**")
    assert (edited.body, edited.text, edited.edited_at is not None) == ("Two **bold**", "Two bold", True)
    assert edited.revision == post.revision + 1
    edit(world.mia, post, "Three")
    assert [version.body for version in queries.versions(row(post))] == ["Two **bold**", "One"]
    for person, may in ((world.mia, True), (world.olga, True), (world.ben, False)):
        found, seat = access.post(person, post.id)
        assert access.may_see_versions(seat, found) is may


def test_the_same_words_change_nothing(world: World) -> None:
    post = say(world.mia, world.chatter, "One")
    assert edit(world.mia, post, "One  ") == post
    assert not PostVersion.objects.exists()


def test_only_the_author_edits(world: World) -> None:
    post = say(world.mia, world.secret, "One")
    assert edit(world.mia, post, "Two").body == "Two"
    with pytest.raises(Forbidden):
        edit(world.olga, post, "Words in her mouth")
    for outsider in (world.ben, world.otto):
        with pytest.raises(NotFound):
            edit(outsider, post, "Three")


def test_new_names_are_called_and_everybody_is_not(world: World) -> None:
    post = say(world.mia, world.chatter, "Hello @olga")
    edit(world.mia, post, "Hello @ben @channel")
    assert set(Mention.objects.values_list("person__handle", flat=True)) == {"olga", "ben"}


def test_deleted_archived_and_empty_are_refused(world: World) -> None:
    post = say(world.mia, world.chatter, "One")
    with pytest.raises(Invalid):
        edit(world.mia, post, " ")
    with pytest.raises(Invalid, match="40,000"):
        edit(world.mia, post, "x" * 40_001)
    found, seat = access.post(world.mia, post.id)
    services.delete(actor=world.mia, post=found, seat=seat)
    with pytest.raises(Conflict):
        edit(world.mia, post, "Two")
    with pytest.raises(Conflict):  # deleted after the page was shown
        services.edit(actor=world.mia, post=found, seat=seat, body="Two")
    other = say(world.mia, world.chatter, "Other")
    world.chatter.archived_at = timezone.now()
    world.chatter.save(update_fields=["archived_at"])
    with pytest.raises(Conflict):
        edit(world.mia, other, "Two")
