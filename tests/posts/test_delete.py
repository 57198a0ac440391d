"""Deleting, taking it back, and what is left when it is too late for that."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.utils import timezone

from tertulia.kernel.errors import Conflict, Forbidden, NotFound
from tertulia.kernel.models import AuditEntry
from tertulia.posts import queries, services
from tertulia.posts.models import File, Kind, Mention, Post, PostVersion, Reaction, ThreadFollow
from tertulia.posts.services import create_posts
from tertulia.posts.states import PostState

from .acts import delete, edit, undelete, upload
from .world import World, following, new, reading, row, say, seat


def later(state: PostState, seconds: int) -> None:
    Post.objects.filter(pk=state.id).update(deleted_at=timezone.now() - timedelta(seconds=seconds))


def test_a_tombstone_tells_nothing_and_keeps_its_replies(world: World) -> None:
    post = say(world.mia, world.chatter, "Secret words @ben")
    say(world.ben, world.chatter, "Reply", post)
    gone = delete(world.mia, post)
    assert (gone.body, gone.html, gone.text, gone.deleted, gone.deleted_by_author) == ("", "", "", True, True)
    assert gone.reply_count == 1
    assert not Mention.objects.filter(post_id=post.id).exists()
    assert [state.id for state in queries.page(world.chatter.pk).posts] == [post.id]
    assert delete(world.mia, post).revision == gone.revision  # once more changes nothing


def test_whoever_deleted_brings_it_back_as_it_was(world: World) -> None:
    post = say(world.mia, world.chatter, "Words @ben")
    delete(world.olga, post)
    with pytest.raises(Forbidden):
        undelete(world.mia, post)
    back = undelete(world.olga, post)
    assert (back.body, back.deleted) == ("Words @ben", False)
    assert set(Mention.objects.values_list("person__handle", flat=True)) == {"ben"}
    assert list(AuditEntry.objects.order_by("id").values_list("verb", flat=True)) == ["deleted", "restored"]


def test_who_may_delete(world: World) -> None:
    post = say(world.mia, world.secret, "One")
    for outsider in (world.ben, world.otto):
        with pytest.raises(NotFound):
            delete(outsider, post)
    public = say(world.mia, world.chatter, "Two")
    with pytest.raises(Forbidden):
        delete(world.ben, public)
    assert delete(world.olga, public).deleted_by_author is False
    talk = say(world.mia, world.direct(world.mia, world.olga), "Between us")
    with pytest.raises(Forbidden):
        delete(world.olga, talk)


def test_an_archived_channel_still_lets_people_delete_their_words(world: World) -> None:
    post = say(world.mia, world.chatter, "One")
    world.chatter.archived_at = timezone.now()
    world.chatter.save(update_fields=["archived_at"])
    assert delete(world.mia, post).deleted


def test_after_ten_minutes_it_is_too_late_and_the_words_are_gone(world: World) -> None:
    file = upload(world.mia, "notes.txt", b"Words in a file")
    post, _created = services.post(actor=world.mia, seat=seat(world.mia, world.chatter), body="One", file_ids=[file.pk])
    edit(world.mia, post, "Two")
    Reaction.objects.create(post_id=post.id, person=world.ben, emoji="👍")
    before = delete(world.mia, post)
    later(post, 599)
    assert services.empty_deleted() == 0
    later(post, 601)
    with pytest.raises(Conflict):
        undelete(world.mia, post)
    assert services.empty_deleted() == 0  # a minute's grace for an undo under way
    later(post, 700)
    assert services.empty_deleted() == 1
    assert services.empty_deleted() == 0
    stored = row(post)
    assert (stored.body, stored.html, stored.text) == ("", "", "")
    assert not PostVersion.objects.exists()
    assert not Reaction.objects.exists()
    assert not File.objects.exists()
    assert default_storage.listdir("files")[1] == []
    assert queries.state(post.id).revision == before.revision


def test_unread_counts_forget_a_deleted_post_and_remember_it_when_it_is_back(world: World) -> None:
    posts = [say(world.mia, world.chatter, str(number)) for number in range(3)]
    services.mark_read(actor=world.ben, seat=seat(world.ben, world.chatter), seq=1)
    assert reading(world.ben, world.chatter) == (1, 2)
    delete(world.mia, posts[0])
    assert reading(world.ben, world.chatter) == (1, 2)
    delete(world.mia, posts[2])
    assert reading(world.ben, world.chatter) == (1, 1)
    assert reading(world.mia, world.chatter) == (3, 0)
    assert queries.unread(world.ben, world.chatter.pk).first_seq == 2
    undelete(world.mia, posts[2])
    undelete(world.mia, posts[0])
    assert reading(world.ben, world.chatter) == (1, 2)
    delete(world.mia, posts[1])
    services.mark_read(actor=world.ben, seat=seat(world.ben, world.chatter), seq=2)
    undelete(world.mia, posts[1])
    assert reading(world.ben, world.chatter) == (2, 1)


def test_threads_count_the_replies_that_stand(world: World) -> None:
    root = say(world.mia, world.chatter, "Root")
    replies = [say(world.ben, world.chatter, str(number), root) for number in range(3)]
    ThreadFollow.objects.filter(person=world.mia).update(read_replies=2)
    delete(world.ben, replies[0])
    state = queries.state(root.id)
    assert (state.reply_count, state.last_reply_at) == (2, replies[2].created_at)
    assert following(root.id) == {"mia": 1, "ben": 2}
    undelete(world.ben, replies[0])
    assert following(root.id) == {"mia": 2, "ben": 3}
    delete(world.ben, replies[2])
    state = queries.state(root.id)
    assert (state.reply_count, state.last_reply_at) == (2, replies[1].created_at)
    assert following(root.id) == {"mia": 2, "ben": 2}
    delete(world.ben, replies[1])
    delete(world.ben, replies[0])
    state = queries.state(root.id)
    assert (state.reply_count, state.last_reply_at, state.repliers) == (0, None, ())


def test_a_quiet_line_can_be_taken_away_and_back_by_moderators(world: World) -> None:
    [outcome] = create_posts([new(world.mia, world.chatter, "Mia joined. @ben", kind=Kind.SYSTEM)], silent=True)
    assert outcome.post_id is not None
    line = queries.state(outcome.post_id)
    with pytest.raises(Forbidden):
        delete(world.mia, line)
    assert delete(world.olga, line).deleted
    assert undelete(world.olga, line).text == "Mia joined. @ben"
    assert not Mention.objects.exists()
    assert reading(world.ben, world.chatter) == (0, 0)
