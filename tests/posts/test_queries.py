"""Reads: pages both ways, permalinks, dates, what changed; always in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tertulia.kernel.errors import NotFound
from tertulia.kernel.ids import new_id
from tertulia.posts import queries, services
from tertulia.posts.models import Reaction
from tertulia.posts.services import create_posts

from .acts import delete, upload
from .world import World, new, row, say, seat


def seqs(page: queries.Page) -> tuple[list[int], bool, bool]:
    return [post.seq for post in page.posts], page.has_before, page.has_after


def test_pages_go_both_ways_without_gaps(world: World) -> None:
    create_posts([new(world.mia, world.chatter, str(number)) for number in range(1, 8)])
    channel = world.chatter.pk
    assert seqs(queries.page(channel, limit=3)) == ([5, 6, 7], True, False)
    assert seqs(queries.page(channel, before=5, limit=3)) == ([2, 3, 4], True, True)
    assert seqs(queries.page(channel, before=2, limit=3)) == ([1], False, True)
    assert seqs(queries.page(channel, after=0, limit=3)) == ([1, 2, 3], False, True)
    assert seqs(queries.page(channel, after=4, limit=3)) == ([5, 6, 7], True, False)
    assert seqs(queries.page(channel, after=7, limit=3)) == ([], True, False)
    assert seqs(queries.page(channel, around=4, limit=3)) == ([3, 4, 5], True, True)
    assert seqs(queries.page(channel, around=1, limit=3)) == ([1, 2], False, True)
    assert seqs(queries.page(channel, around=7, limit=4)) == ([5, 6, 7], True, False)
    assert seqs(queries.page(channel, limit=7)) == ([1, 2, 3, 4, 5, 6, 7], False, False)
    assert seqs(queries.page(channel, before=0)) == ([], False, True)
    assert seqs(queries.page(channel, before=2**63 - 1, limit=1)) == ([7], True, False)


def test_replies_stay_in_their_thread_unless_asked_for(world: World) -> None:
    root = say(world.mia, world.chatter, "Root")
    for number in range(5):
        say(world.ben, world.chatter, str(number), root)
    say(world.mia, world.chatter, "Next")
    assert seqs(queries.page(world.chatter.pk)) == ([1, 7], False, False)
    assert seqs(queries.page(world.chatter.pk, with_replies=True)) == ([1, 2, 3, 4, 5, 6, 7], False, False)
    assert seqs(queries.replies(root.id, limit=2)) == ([5, 6], True, False)
    assert seqs(queries.replies(root.id, after=0, limit=2)) == ([2, 3], False, True)


def test_changes_come_in_pages_in_their_order(world: World) -> None:
    root = say(world.mia, world.chatter, "Root")
    other = say(world.mia, world.chatter, "Other")
    reply = say(world.ben, world.chatter, "Reply", root)
    delete(world.mia, other)
    every = queries.changes(world.chatter.pk, since_revision=0)
    assert [(post.id, post.revision) for post in every] == [(reply.id, 3), (root.id, 4), (other.id, 5)]
    assert [post.id for post in queries.changes(world.chatter.pk, since_revision=0, limit=1)] == [reply.id]
    assert [post.id for post in queries.changes(world.chatter.pk, since_revision=4)] == [other.id]
    assert queries.changes(world.chatter.pk, since_revision=5) == []


def test_the_first_post_of_a_day(world: World) -> None:
    today = timezone.now().replace(hour=12)
    days = [today - timedelta(days=number) for number in (9, 5, 5, 1)]
    create_posts([new(world.mia, world.chatter, created_at=day) for day in days], silent=True)
    assert queries.seq_at(world.chatter.pk, today - timedelta(days=30)) == 1
    assert queries.seq_at(world.chatter.pk, today - timedelta(days=6)) == 2
    assert queries.seq_at(world.chatter.pk, today) is None


def test_a_state_is_the_same_however_it_is_read(world: World) -> None:
    file = upload(world.mia, "notes.txt", b"Notes")
    root, _new = services.post(
        actor=world.mia, seat=seat(world.mia, world.chatter), body="Hello", file_ids=[file.pk], alts=["Notes"]
    )
    Reaction.objects.create(post_id=root.id, person=world.ben, emoji="👍")
    say(world.ben, world.chatter, "Reply", root)
    state = queries.state(root.id)
    assert state in queries.page(world.chatter.pk).posts
    assert state in queries.changes(world.chatter.pk, since_revision=0)
    assert state == queries.states([root.id])[0]
    assert (state.author.handle, state.author.role, state.author.name) == ("mia", "learner", "Mia")
    assert (state.workspace_slug, state.channel_slug) == ("course", "chatter")
    assert state.thread_url == f"/w/course/c/chatter/t/{root.id}"


def test_missing_posts(world: World) -> None:
    with pytest.raises(NotFound):
        queries.state(new_id())
    post = say(world.mia, world.chatter, "One")
    assert [state.id for state in queries.states([new_id(), post.id])] == [post.id]


@pytest.mark.parametrize("name", ["page", "replies", "changes", "pinned", "saved", "threads", "drafts", "unread"])
def test_twice_the_posts_the_same_number_of_queries(world: World, name: str) -> None:
    root = say(world.mia, world.chatter, "Root")
    place = seat(world.mia, world.chatter).place
    reads: dict[str, Callable[[], object]] = {
        "page": lambda: queries.page(world.chatter.pk),
        "replies": lambda: queries.replies(root.id),
        "changes": lambda: queries.changes(world.chatter.pk, since_revision=0),
        "pinned": lambda: queries.pinned(world.chatter.pk),
        "saved": lambda: queries.saved(place),
        "threads": lambda: queries.followed_threads(place),
        "drafts": lambda: [draft.channel.name for draft in queries.drafts(place)],
        "unread": lambda: queries.unread(world.mia, world.chatter.pk),
    }
    counts = []
    for _round in range(2):
        for number in range(4):
            post = say(world.mia, world.chatter, f"Post {number} @ben")
            say(world.ben, world.chatter, "Reply", post)
            say(world.ben, world.chatter, "Reply", root)
            Reaction.objects.create(post_id=post.id, person=world.ben, emoji="👍")
            services.pin(actor=world.olga, post=row(post), seat=seat(world.olga, world.chatter))
            services.save(actor=world.mia, post=row(post))
            services.save_draft(actor=world.mia, seat=seat(world.mia, world.chatter), body="x", root_id=post.id)
        with CaptureQueriesContext(connection) as captured:
            assert reads[name]()
        counts.append(len(captured))
    assert counts[0] == counts[1] <= 2
