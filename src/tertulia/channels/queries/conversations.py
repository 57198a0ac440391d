"""Channels of somebody's as rows with their membership: direct conversations, and what the quick switcher offers."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from tertulia.channels.models import Channel, ChannelMembership, Kind, Visibility
from tertulia.channels.queries.reading import Waiting, unread, waiting
from tertulia.people.models import Person
from tertulia.workspaces.access import Place


def stands_out(*, unread: int, mentions: int, muted: bool) -> bool:
    """Bold: something is unread, and the person wants to know."""
    return mentions > 0 or (unread > 0 and not muted)


def badge(*, unread: int, mentions: int, muted: bool, direct: bool) -> int:
    """The number beside the name: mentions; in direct conversations every unread post is meant for the reader."""
    return unread if direct and not muted else mentions


@dataclass(frozen=True, slots=True)
class Row:
    """One channel. `people`: the others of a direct conversation (oneself, for notes to oneself)."""

    channel: Channel
    membership: ChannelMembership
    name: str
    unread: int
    mentions: int
    draft: bool
    muted: bool
    favourite: bool
    people: tuple[Person, ...] = ()

    @property
    def is_direct(self) -> bool:
        return self.channel.kind == Kind.DIRECT

    @property
    def is_private(self) -> bool:
        return self.channel.visibility == Visibility.PRIVATE

    @property
    def stands_out(self) -> bool:
        return stands_out(unread=self.unread, mentions=self.mentions, muted=self.muted)

    @property
    def badge(self) -> int:
        return badge(unread=self.unread, mentions=self.mentions, muted=self.muted, direct=self.is_direct)


def conversations(place: Place) -> list[Row]:
    """All of a member's direct conversations, closed ones too, newest first. Three queries."""
    mine = ChannelMembership.objects.filter(
        person_id=place.membership.person_id, channel__workspace=place.workspace, channel__kind=Kind.DIRECT
    ).select_related("channel")
    return sorted(rows_of(place, mine), key=_last, reverse=True)


def rows_of(place: Place, memberships: Iterable[ChannelMembership]) -> list[Row]:
    """Rows for memberships of one person in one workspace (with `channel`). Two queries besides their own."""
    found = list(memberships)
    me = place.membership.person_id
    counts = waiting(me, [membership.channel_id for membership in found])
    people = Person.objects.in_bulk({person_id for m in found for person_id in m.channel.direct_people})
    return [_row(place, membership, counts.get(membership.channel_id, Waiting()), people) for membership in found]


def _row(place: Place, membership: ChannelMembership, counts: Waiting, people: dict[uuid.UUID, Person]) -> Row:
    channel = membership.channel
    channel.workspace = place.workspace
    others = [people[i] for i in channel.direct_people if i in people and i != membership.person_id]
    others.sort(key=lambda person: (person.display_name.casefold(), person.pk))
    name = channel.name
    if channel.kind == Kind.DIRECT:
        name = ", ".join(str(person) for person in others) or _("Notes to yourself")
        others = others or [people[membership.person_id]]
    return Row(
        channel=channel,
        membership=membership,
        name=name,
        unread=unread(channel, membership),
        mentions=counts.mentions,
        draft=counts.draft,
        muted=membership.muted,
        favourite=membership.favourite,
        people=tuple(others),
    )


def _last(row: Row) -> tuple[object, uuid.UUID]:
    return (row.channel.last_post_at or row.channel.created_at, row.channel.pk)
