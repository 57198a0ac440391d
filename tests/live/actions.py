"""Everything that can be done to the posts of a channel, each as one random step."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar
from uuid import UUID

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection

from tertulia.channels import services as channel_services
from tertulia.channels.models import Channel
from tertulia.kernel.clock import now
from tertulia.kernel.errors import NotFound, Refusal
from tertulia.kernel.ids import new_id
from tertulia.people import services as people_services
from tertulia.people.models import Person
from tertulia.posts import services
from tertulia.posts.models import Post, ScheduledPost
from tertulia.posts.services import NewPost
from tertulia.workspaces import services as workspace_services

from .world import World, at, seat

Verb = TypeVar("Verb", bound=Callable[..., None])
EMOJI = ("👍", "🎉", "❤️", "😀")


class Doing:
    """Random steps in one channel. Each is named like the verb of `posts.services` that it goes through."""

    def __init__(self, world: World, channel: Channel, chance: random.Random) -> None:
        self.world = world
        self.channel = channel
        self.chance = chance
        self.people = [world.ina, world.mia]
        self.done: set[str] = set()
        self.placeholders: list[Person] = []
        self.at_once: Callable[[services.Letter], object] | None = None
        """Says something through the postbox of a process, where there is one."""
        self.steps: dict[str, Callable[[], object]] = {
            name: getattr(self, name) for name in dir(self) if getattr(getattr(self, name), "is_step", False)
        }

    def step(self) -> None:
        """One of them, often one that has not been done; what cannot be done now is refused, and that is no change."""
        missing = sorted(self.steps.keys() - self.done)
        name = self.chance.choice(missing if missing and self.chance.random() < 0.5 else sorted(self.steps))
        try:
            self.steps[name]()
        except Refusal:
            return
        self.done.add(name)

    def one(self) -> Person:
        """Somebody in the channel."""
        return self.chance.choice(self.people)

    def some(self, **which: object) -> Post:
        """A post that is there. Raises NotFound where there is none."""
        posts = list(Post.objects.filter(channel=self.channel, **which).order_by("seq"))
        if not posts:
            raise NotFound
        return self.chance.choice(posts)

    def body(self) -> str:
        """Something to say."""
        words = ["Hello", "*Well*", "@mia look", "`code`", "- one\n- two", "$x^2$", "@channel", "https://example.org"]
        return f"{self.chance.choice(words)} {self.chance.randrange(1000)}"


def step(verb: Verb) -> Verb:
    """Marks a step."""
    verb.is_step = True  # type: ignore[attr-defined]  # a mark that Doing looks for
    return verb


class Steps(Doing):
    """The steps themselves."""

    @step
    def post(self) -> None:
        who = self.one()
        services.post(actor=who, seat=seat(who, self.channel), body=self.body())

    @step
    def reply(self) -> None:
        who, root = self.one(), self.some(kind="message")
        services.post(actor=who, seat=seat(who, self.channel), body=self.body(), root_id=root.pk)

    @step
    def post_at_once(self) -> None:
        for _ in range(self.chance.randrange(1, 4)):
            who = self.one()
            letter = services.Letter(
                actor=who, seat=seat(who, self.channel), body=f"*Well* {self.chance.randrange(99)}"
            )
            if self.at_once is not None:
                self.at_once(letter)

    @step
    def post_all(self) -> None:
        writers = [self.one() for _ in range(3)]
        root = self.some(kind="message").pk
        letters = [
            services.Letter(actor=who, seat=seat(who, self.channel), body=self.body(), root_id=root if number else None)
            for number, who in enumerate(writers)
        ]
        services.post_all(letters)

    @step
    def post_with_file(self) -> None:
        who = self.one()
        file = services.upload_file(actor=who, name="notes.txt", stream=SimpleUploadedFile("notes.txt", b"Notes."))
        services.post(actor=who, seat=seat(who, self.channel), body="", file_ids=[file.pk])

    @step
    def create_posts(self) -> None:
        root = new_id()
        services.create_posts(
            [
                self._new(self.one().pk, id=root),
                self._new(self.one().pk, root_id=root),
                self._new(self.one().pk, body=""),  # refused, its neighbours are not
                self._new(self.one().pk, root_id=self.some(kind="message").pk),
            ]
        )

    @step
    def create_posts_silently(self) -> None:
        old = now() - timedelta(days=self.chance.randrange(100))
        batch = [self._new(self.one().pk, created_at=old) for _ in range(self.chance.randrange(1, 6))]
        services.create_posts(batch, silent=True)

    @step
    def create_posts_of_placeholder(self) -> None:
        made = people_services.create_placeholder(display_name=f"Nobody {self.chance.randrange(1000)}")
        self.placeholders.append(made)
        services.create_posts([self._new(made.pk), self._new(made.pk, root_id=self.some().pk)], silent=True)
        post = self.some()
        services.react(actor=made, post=post, seat=seat(self.world.ina, self.channel), emoji=EMOJI[0])

    @step
    def claim(self) -> None:
        if not self.placeholders:
            raise NotFound
        people_services.claim_placeholder(placeholder=self.placeholders.pop(), person=self.one())

    @step
    def edit(self) -> None:
        post = self.some(kind="message", deleted_at=None)
        services.edit(actor=post.author, post=post, seat=seat(self.world.ina, self.channel), body=self.body())

    @step
    def delete(self) -> None:
        services.delete(actor=self.world.ina, **at(self.world.ina, self._id()))

    @step
    def undelete(self) -> None:
        services.undelete(actor=self.world.ina, **at(self.world.ina, self._id(deleted_at__isnull=False)))

    @step
    def empty_deleted(self) -> None:
        Post.objects.filter(channel=self.channel, deleted_at__isnull=False).update(deleted_at=now() - timedelta(days=1))
        services.empty_deleted()

    @step
    def react(self) -> None:
        who = self.one()
        services.react(actor=who, **at(who, self._id()), emoji=self.chance.choice(EMOJI))

    @step
    def unreact(self) -> None:
        who = self.one()
        post = self.some(reactions__person=who)
        emoji = post.reactions.filter(person=who).values_list("emoji", flat=True)[0]
        services.unreact(actor=who, **at(who, post.pk), emoji=emoji)

    @step
    def pin(self) -> None:
        services.pin(actor=self.world.ina, **at(self.world.ina, self._id(pinned_at=None)))

    @step
    def unpin(self) -> None:
        services.unpin(actor=self.world.ina, **at(self.world.ina, self._id(pinned_at__isnull=False)))

    @step
    def send_due(self) -> None:
        who = self.one()
        later = services.schedule(
            actor=who, seat=seat(who, self.channel), body=self.body(), send_at=now() + timedelta(hours=1)
        )
        ScheduledPost.objects.filter(pk=later.pk).update(send_at=now())
        assert services.send_due() == 1

    @step
    def send_now(self) -> None:
        who = self.one()
        later = services.schedule(
            actor=who, seat=seat(who, self.channel), body=self.body(), send_at=now() + timedelta(hours=1)
        )
        services.send_now(actor=who, scheduled=later)

    @step
    def come_and_go(self) -> None:
        member = self.world.ben
        if self.channel.memberships.filter(person=member).exists():
            channel_services.remove_person(actor=self.world.ina, channel=self.channel, person_id=member.pk)
        else:
            self.world.add(self.channel, member)

    @step
    def come_with_the_workspace(self) -> None:
        # A line that others have joined since, in a transaction with much else.
        newcomer = self.world.member(f"new{new_id().hex[-12:]}")
        self.world.add(self.channel, newcomer)
        workspace_services.remove_member(actor=self.world.olga, workspace=self.world.course, person=newcomer)

    @step
    def rename(self) -> None:
        name = f"Name {self.chance.randrange(1000)}"
        channel_services.update_channel(actor=self.world.ina, channel=self.channel, name=name)

    @step
    def describe(self) -> None:
        channel_services.update_channel(actor=self.world.ina, channel=self.channel, purpose=self.body(), header="*H*")

    @step
    def archive_and_restore(self) -> None:
        channel_services.archive_channel(actor=self.world.ina, channel=self.channel)
        services.create_posts([self._new(self.one().pk)], silent=True)
        channel_services.restore_channel(actor=self.world.ina, channel=self.channel)

    def _id(self, **which: object) -> UUID:
        return self.some(**which).pk

    def _new(self, author_id: UUID, **fields: object) -> NewPost:
        words = {"channel_id": self.channel.pk, "author_id": author_id, "body": self.body(), **fields}
        return NewPost(**words)  # type: ignore[arg-type]  # the steps know its fields


def forget_limits() -> None:
    """These people do in seconds what others do in days."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM kernel_limit")
