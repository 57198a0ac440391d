"""Replay equals reload: whoever applies every change in order holds what a fresh page shows, after any actions."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from uuid import UUID

import pytest

from tertulia.kernel.errors import Refusal
from tertulia.people.models import Person
from tertulia.posts import access, queries, services
from tertulia.posts.models import Kind, Post, ThreadFollow
from tertulia.posts.services import create_posts
from tertulia.posts.states import PostState

from .world import World, new, reading, row, say, seat

EMOJI = ["👍", "🎉", "❤️", "👀"]


class Replica:
    """A tab: it knows what it was told, and asks only for what came after."""

    def __init__(self, channel_id: UUID, step: int) -> None:
        self.channel_id, self.step = channel_id, step
        self.revision = 0
        self.posts: dict[UUID, PostState] = {}

    def catch_up(self) -> None:
        """Read changes, in pages of `step`."""
        while changed := queries.changes(self.channel_id, since_revision=self.revision, limit=self.step):
            for post in changed:
                assert post.revision > self.revision
                self.revision = post.revision
                self.posts[post.id] = post

    def roots(self) -> list[PostState]:
        """What it would show."""
        return sorted((post for post in self.posts.values() if post.root_id is None), key=lambda post: post.seq)

    def replies(self, root_id: UUID) -> list[PostState]:
        """A thread as it would show it."""
        return sorted((post for post in self.posts.values() if post.root_id == root_id), key=lambda post: post.seq)


class Crowd:
    """Three people who do whatever chance tells them."""

    def __init__(self, world: World, chance: random.Random) -> None:
        self.world, self.chance = world, chance
        self.people = [world.olga, world.mia, world.ben]

    def act(self) -> None:
        """One of them does something; refusals are part of it."""
        chance = self.chance
        actions: list[Callable[[], object]] = [
            self.batch,
            lambda: say(self.somebody(), self.world.chatter, "Answer", self.some_post()),
            lambda: say(self.somebody(), self.world.chatter, "Hello"),
            lambda: self.on_a_post(services.edit, body=f"Edited {chance.random()}"),
            lambda: self.on_a_post(services.delete),
            lambda: self.on_a_post(services.undelete),
            lambda: self.on_a_post(services.react, emoji=chance.choice(EMOJI)),
            lambda: self.on_a_post(services.unreact, emoji=chance.choice(EMOJI)),
            lambda: self.on_a_post(services.pin),
            lambda: self.on_a_post(services.unpin),
            services.empty_deleted,
            self.read_on,
        ]
        with suppress(Refusal):
            chance.choice(actions)()

    def somebody(self) -> Person:
        """One of them."""
        return self.chance.choice(self.people)

    def some_post(self) -> Post | None:
        """The newest post, or sometimes any."""
        order = "?" if self.chance.random() < 0.3 else "-seq"
        return Post.objects.order_by(order).first()

    def on_a_post(self, verb: Callable[..., object], **more: object) -> None:
        """Do this to some post."""
        person, post = self.somebody(), self.some_post()
        if post is not None:
            found, at = access.post(person, post.pk)
            verb(actor=person, post=found, seat=at, **more)

    def batch(self) -> None:
        """Some posts in one go, replies and system lines among them."""
        chance, root = self.chance, self.some_post()
        kind = Kind.SYSTEM if root is None and chance.random() < 0.5 else Kind.MESSAGE
        posts = [
            new(
                self.somebody(),
                self.world.chatter,
                f"Batch @{self.somebody().handle} {number}",
                root_id=root.pk if root and chance.random() < 0.5 else None,
                kind=kind,
            )
            for number in range(chance.randint(1, 4))
        ]
        create_posts(posts, silent=chance.random() < 0.2)

    def read_on(self) -> None:
        """Somebody reads up to some place."""
        self.world.chatter.refresh_from_db()
        person, seq = self.somebody(), self.chance.randint(0, self.world.chatter.last_seq + 1)
        services.mark_read(actor=person, seat=seat(person, self.world.chatter), seq=seq)


@pytest.mark.parametrize("seed", range(5))
def test_replay_equals_reload(world: World, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - for the same actions at each run
    crowd = Crowd(world, chance)
    replicas = [Replica(world.chatter.pk, 1), Replica(world.chatter.pk, 3), Replica(world.chatter.pk, 500)]
    for _step in range(60):
        crowd.act()
        if chance.random() < 0.4:
            chance.choice(replicas).catch_up()

    everything = queries.page(world.chatter.pk, limit=500).posts
    for replica in replicas:
        replica.catch_up()
        assert replica.roots() == everything
        for root in everything:
            assert replica.replies(root.id) == queries.replies(root.id, limit=500).posts
    counters_are_true(world, crowd.people)


def counters_are_true(world: World, people: list[Person]) -> None:
    """Whatever happened: counts kept on rows are what counting would give."""
    world.chatter.refresh_from_db()
    posts = list(Post.objects.order_by("seq"))
    assert [post.seq for post in posts] == list(range(1, world.chatter.last_seq + 1))
    roots = [post for post in posts if post.root_id is None and post.kind == Kind.MESSAGE]
    assert world.chatter.root_count == len(roots)
    assert world.chatter.last_root_seq == max((post.seq for post in roots), default=0)
    for person in people:
        last_read, unread = reading(person, world.chatter)
        assert unread == sum(post.seq > last_read and post.deleted_at is None for post in roots)
    for root in roots:
        alive = [post for post in posts if post.root_id == root.pk and post.deleted_at is None]
        assert row(root.pk).reply_count == len(alive)
        for follow in ThreadFollow.objects.filter(root=root):
            assert 0 <= follow.read_replies <= len(alive)
