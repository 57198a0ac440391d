"""One batch of a channel's messages becomes posts, with their reactions and pins."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec
from django.db import transaction
from django.utils.translation import gettext as _

from tertulia.channels.models import Channel
from tertulia.integrations.ledger import Ledger
from tertulia.integrations.slack import body
from tertulia.integrations.slack.channels import Channels
from tertulia.integrations.slack.emoji import character
from tertulia.integrations.slack.inline import Inline, Names
from tertulia.integrations.slack.people import People
from tertulia.integrations.slack.records import SlackChannel, SlackMessage
from tertulia.integrations.slack.report import Report
from tertulia.kernel.rich_text.emoji import normalise_emoji
from tertulia.people.models import Person
from tertulia.posts.models import Kind
from tertulia.posts.services import NewPost, OldPin, OldReaction, create_posts, mark_imported

# Made from Slack's ids, so that a message has the same client id on every run.
NAMESPACE = uuid.UUID("3f2c1b6e-5f0e-5b0c-9d55-0d6d4c8f7a11")


@dataclass(frozen=True, slots=True)
class _Made:
    message: SlackMessage
    post: NewPost


class Taker:
    """Takes the messages of one channel. `members_at_end`: Slack's ids of who was in it when it was archived."""

    def __init__(
        self, *, channel: SlackChannel, row: Channel, ledger: Ledger, people: People, channels: Channels, report: Report
    ) -> None:
        """`row` is what `channel` is here."""
        self._channel = channel
        self._row = row
        self._ledger = ledger
        self._people = people
        self._report = report
        self._names = Names(people.handles(), channels.slugs())
        self._shown = Names(people.displayed(), channels.slugs())
        self._pins = {pin.ts: pin for pin in channel.pins}
        self.members_at_end: tuple[str, ...] = ()

    def take(self, messages: Sequence[SlackMessage]) -> None:
        """Make the posts of a batch that are not here yet, in one transaction."""
        counts = self._report.counts
        counts["messages"] += len(messages)
        for message in messages:
            if message.subtype in ("channel_archive", "group_archive"):
                self.members_at_end = message.members
        wanted = {self._key(ts) for message in messages for ts in (message.ts, message.thread_ts) if ts}
        known = self._ledger.known("message", wanted)
        counts["known"] += sum(self._key(message.ts) in known for message in messages)
        new = [message for message in messages if self._key(message.ts) not in known]
        made = list(self._posts(new, known))
        with transaction.atomic():
            taken = self._create(made)
            self._ledger.note("message", {self._key(item.message.ts): item.post.id for item in taken})
            mark_imported(
                reactions=[reaction for item in taken for reaction in self._reactions(item)],
                pins=[pin for item in taken for pin in self._pin(item)],
            )
        counts["refused"] += len(new) - len(taken)
        for item in taken:
            self._count(item)

    def _key(self, ts: str) -> str:
        return f"{self._channel.id}/{ts}"

    def _posts(self, messages: Sequence[SlackMessage], known: Mapping[str, uuid.UUID]) -> Iterator[_Made]:
        """The posts to make. A reply finds its thread's first post in an earlier batch or earlier in this one."""
        roots = dict(known)
        for message in messages:
            author = self._people.author(message)
            if author is None:
                self._report.note(message.place, _("It does not say who wrote it."))
                continue
            root = roots.get(self._key(message.thread_ts)) if message.is_reply else None
            if message.is_reply and root is None:
                self._report.note(message.place, _("What it answers is not in the export; it stands by itself."))
            kind, words = self._words(message, author)
            post = NewPost(
                channel_id=self._row.pk,
                author_id=author.pk,
                body=words,
                root_id=root,
                client_id=uuid.uuid5(NAMESPACE, self._key(message.ts)),
                kind=kind,
                created_at=message.at,
                edited_at=message.edited_at,
            )
            roots[self._key(message.ts)] = post.id
            yield _Made(message, post)

    def _words(self, message: SlackMessage, author: Person) -> tuple[Kind, str]:
        if body.event(message):
            line = body.event_line(message, author.display_name, self._shown)
            if message.thread_ts != message.ts:
                return Kind.SYSTEM, line
            # A quiet line shows no thread, so what began one becomes a message.
            return Kind.MESSAGE, f"*{Inline(self._names, formatting=False).escape(line)}*"
        if message.subtype not in body.MESSAGES:
            why = _("Its kind “%(kind)s” is not known; it was taken as an ordinary message.")
            self._report.note(message.place, why % {"kind": message.subtype[:40]})
        return Kind.MESSAGE, body.body(message, self._names)

    def _create(self, made: Sequence[_Made]) -> list[_Made]:
        """Those that became posts; the others are named in the report."""
        taken: list[_Made] = []
        orphans: list[_Made] = []
        for item, outcome in zip(made, create_posts([item.post for item in made], silent=True), strict=True):
            if outcome.refusal is not None and outcome.refusal.type in ("parent-missing", "parent-deleted"):
                self._report.note(item.message.place, _("What it answers was not taken; it stands by itself."))
                orphans.append(_Made(item.message, msgspec.structs.replace(item.post, root_id=None)))
            elif outcome.refusal is not None:
                self._report.note(item.message.place, outcome.refusal.detail)
            else:
                taken.append(item)
        return taken + self._create(orphans) if orphans else taken

    def _reactions(self, item: _Made) -> Iterator[OldReaction]:
        for reaction in item.message.reactions:
            picture = character(reaction.name)
            if picture is None:
                why = _("The reaction :%(name)s: is an emoji of their own making; it was not taken.")
                self._report.note(item.message.place, why % {"name": reaction.name[:60]})
                continue
            people = [person for user in reaction.users if (person := self._people.by_id(user))]
            if len(people) < reaction.count:
                why = _("Of the reaction :%(name)s: %(known)d of %(count)d people are known; theirs was taken.")
                facts = {"name": reaction.name, "known": len(people), "count": reaction.count}
                self._report.note(item.message.place, why % facts)
            self._report.counts["reactions"] += len(people)
            emoji = normalise_emoji(picture)
            yield from (OldReaction(item.post.id, person.pk, emoji, item.message.at) for person in people)

    def _pin(self, item: _Made) -> Iterator[OldPin]:
        pin = self._pins.get(item.message.ts)
        if pin is not None or self._channel.id in item.message.pinned_to:
            by = self._people.by_id(pin.user) if pin else None
            self._report.counts["pins"] += 1
            yield OldPin(item.post.id, (pin.at if pin else None) or item.message.at, by.pk if by else None)

    def _count(self, item: _Made) -> None:
        counts, message = self._report.counts, item.message
        counts["lines" if item.post.kind == Kind.SYSTEM else "posts"] += 1
        counts["replies"] += item.post.root_id is not None
        counts["broadcasts"] += message.subtype in ("thread_broadcast", "reply_broadcast")
        counts["edited"] += message.edited_at is not None
        counts["files"] += len(message.files) if message.subtype != "file_comment" else 0
