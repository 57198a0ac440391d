"""Channels of an export and what they are here: made as they were, with their members; found again on a second run."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from tertulia.channels import queries
from tertulia.channels.models import Channel, Kind, Visibility
from tertulia.channels.services import MOST_PEOPLE, add_people, create_channel, open_direct
from tertulia.integrations.ledger import Ledger
from tertulia.integrations.slack.inline import Inline, Names
from tertulia.integrations.slack.markup import to_markdown
from tertulia.integrations.slack.people import People
from tertulia.integrations.slack.records import SlackChannel
from tertulia.integrations.slack.report import Report
from tertulia.kernel.errors import Refusal
from tertulia.people.models import Person

AT_ONCE = 500  # people added by one call
NAME, SLUG, PURPOSE, HEADER = 80, 58, 300, 1024  # characters that fit


class Channels:
    """Slack's ids -> channels here."""

    def __init__(self, *, actor: Person, ledger: Ledger, people: People, report: Report) -> None:
        """`actor` is who imports; they need the rights to make channels and to add people to them."""
        self._actor = actor
        self._ledger = ledger
        self._people = people
        self._report = report
        self._channels: dict[str, Channel] = {}

    def take(self, channels: Sequence[SlackChannel]) -> None:
        """Find or make them all, each in a transaction of its own; one that cannot be made is named in the report."""
        known = self._ledger.known("channel", (channel.id for channel in channels))
        found = Channel.objects.select_related("workspace").in_bulk(list(known.values()))
        for channel in channels:
            if channel.id in known:
                if known[channel.id] in found:
                    self._channels[channel.id] = found[known[channel.id]]
                    self._report.counts["channels_known"] += 1
                else:
                    self._report.note(
                        channel.place, _("%(name)s was deleted here; it was not taken again.") % {"name": channel.name}
                    )
                continue
            try:
                with transaction.atomic():
                    self._channels[channel.id] = self._make(channel)
                    self._ledger.note("channel", {channel.id: self._channels[channel.id].pk})
            except Refusal as refusal:
                self._channels.pop(channel.id, None)
                self._report.note(channel.place, refusal.detail)
            else:
                self._report.counts["channels"] += 1

    def by_id(self, identity: str) -> Channel | None:
        """What this is here; None if it could not be made."""
        return self._channels.get(identity)

    def slugs(self) -> dict[str, str]:
        """Slack's id -> slug."""
        return {identity: channel.slug for identity, channel in self._channels.items()}

    def seat(self, channel: SlackChannel, identities: Iterable[str]) -> None:
        """Put its members into a channel, once: who leaves it later is not brought back by another run."""
        row = self._channels[channel.id]
        people = self._people.members(identities)
        if not people or row.kind == Kind.DIRECT or self._ledger.known("seats", [channel.id]):
            return
        # A private channel is there for its members only, so one of them brings the others.
        manager = row.memberships.select_related("person").filter(is_manager=True).first()
        actor = manager.person if manager and row.visibility == Visibility.PRIVATE else self._actor
        try:
            with transaction.atomic():
                for some in _chunks([person.pk for person in people], AT_ONCE):
                    add_people(actor=actor, channel=row, person_ids=some, quiet=True)
                self._ledger.note("seats", {channel.id: row.pk})
        except Refusal as refusal:
            self._report.note(channel.place, refusal.detail)

    def _make(self, channel: SlackChannel) -> Channel:
        people = self._people.members(channel.members)
        if channel.kind in ("direct", "group") and people and len(people) <= MOST_PEOPLE:
            return open_direct(
                actor=people[0], workspace=self._ledger.workspace, person_ids=[p.pk for p in people[1:]], quiet=True
            )
        name = channel.name if channel.kind != "group" else ", ".join(person.display_name for person in people)
        private = channel.kind != "public"
        purpose, header = self._words(channel)
        made = create_channel(
            actor=self._actor,
            workspace=self._ledger.workspace,
            name=name[:NAME] or channel.id,
            slug=self._slug(channel, name),
            visibility=Visibility.PRIVATE if private else Visibility.PUBLIC,
            purpose=purpose,
            header=header,
            is_default=channel.is_general and not private,
            creator=self._creator(channel, people),
            created_at=channel.created_at,
            archived=channel.is_archived,
            quiet=True,
        )
        self._report.counts["private"] += private
        return made

    def _slug(self, channel: SlackChannel, name: str) -> str:
        """The channel's address: its name, or near it where that is taken; empty for names in other scripts."""
        wanted = slugify(name).strip("-_")[:SLUG].strip("-_")
        if not wanted:
            return ""
        free = queries.free_slug(self._ledger.workspace.pk, wanted)
        if free != wanted:
            why = _("There is another channel at “%(slug)s”; this one is at “%(free)s”.")
            self._report.note(channel.place, why % {"slug": wanted, "free": free})
        return free

    def _creator(self, channel: SlackChannel, people: Sequence[Person]) -> Person | None:
        """Who will manage it: its creator if still in it, else somebody who is; of a public one without members (an
        archived one), its creator. Nobody else may come into a private channel by this.
        """
        creator = self._people.by_id(channel.creator)
        if people:
            return creator if creator in people else people[0]
        return creator if channel.kind == "public" else None

    def _words(self, channel: SlackChannel) -> tuple[str, str]:
        names = Names(self._people.handles(), {})
        purpose = " ".join(Inline(names).plain(channel.purpose).split())
        header = " ".join(to_markdown(channel.topic, names).split())
        for words, limit in ((purpose, PURPOSE), (header, HEADER)):
            if len(words) > limit:
                why = _("The purpose or topic of %(name)s has %(length)d characters; the first %(limit)d were taken.")
                self._report.note(channel.place, why % {"name": channel.name, "length": len(words), "limit": limit})
        return purpose[:PURPOSE], header[:HEADER]


def _chunks(items: Sequence[uuid.UUID], size: int) -> Iterator[list[uuid.UUID]]:
    rest = iter(items)
    while some := list(islice(rest, size)):
        yield some
