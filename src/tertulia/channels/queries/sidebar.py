"""The sidebar: favourites, channels, direct conversations, and the rail of workspaces."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import F, Q
from django.utils.translation import gettext as _

from tertulia.channels.models import Channel, ChannelMembership, Kind, Visibility
from tertulia.channels.queries.reading import RailRow, Waiting, rail, unread, waiting
from tertulia.people.models import Person
from tertulia.workspaces.access import Permission, Place, may

MOST_DIRECT = 30
"""Quiet conversations shown; unread ones always are. The page of direct messages has them all."""


@dataclass(frozen=True, slots=True)
class Row:
    """One channel in the sidebar. `people`: the others of a direct conversation (oneself, for notes to oneself)."""

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
        """Bold: something is unread, and the person wants to know."""
        return self.mentions > 0 or (self.unread > 0 and not self.muted)

    @property
    def badge(self) -> int:
        """The number beside the name: mentions; in direct conversations every unread post is meant for the reader."""
        return self.unread if self.is_direct and not self.muted else self.mentions


@dataclass(frozen=True, slots=True)
class Sidebar:
    """What one member sees beside the conversation."""

    place: Place
    favourites: list[Row]
    channels: list[Row]
    direct: list[Row]
    rail: list[RailRow]
    current: uuid.UUID | None = None
    """The channel that is shown beside it."""

    @property
    def may_browse(self) -> bool:
        return may(self.place, Permission.BROWSE_CHANNELS)

    @property
    def may_create(self) -> bool:
        return may(self.place, Permission.CREATE_CHANNEL) and not self.place.is_archived

    @property
    def others_unread(self) -> bool:
        """Whether something waits in another workspace."""
        return any((row.unread or row.mentions) and row.id != self.place.workspace.pk for row in self.rail)


def sidebar(place: Place, *, current: Channel | None = None) -> Sidebar:
    """The member's sidebar, beside the channel `current`, which is shown even if closed. Four queries, however many
    channels there are.
    """
    me = place.membership.person_id
    mine = ChannelMembership.objects.filter(
        person_id=me, channel__workspace=place.workspace, channel__archived_at=None
    ).select_related("channel")
    shown = mine.filter(Q(hidden=False) | Q(channel__root_count__gt=F("read_roots")) | Q(channel=current))
    rows = rows_of(place, shown)
    named = sorted((row for row in rows if not row.is_direct), key=lambda row: (row.name.casefold(), row.channel.pk))
    direct = sorted((row for row in rows if row.is_direct), key=_last, reverse=True)
    return Sidebar(
        place=place,
        favourites=[row for row in named + direct if row.favourite],
        channels=[row for row in named if not row.favourite],
        direct=_shortened(row for row in direct if not row.favourite),
        rail=rail(place.membership.person),
        current=current.pk if current else None,
    )


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


def _shortened(rows: Iterable[Row]) -> list[Row]:
    return [row for number, row in enumerate(rows) if number < MOST_DIRECT or row.stands_out]
