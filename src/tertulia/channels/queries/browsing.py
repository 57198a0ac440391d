"""Finding channels, and who is in them."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Count, Exists, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce, Lower

from tertulia.channels.access import LEARNING, Seat, membership_in, with_membership
from tertulia.channels.models import Channel, ChannelGroup, ChannelMembership, Kind, Visibility
from tertulia.kernel.paging import Slice, keyset
from tertulia.people.models import Person
from tertulia.workspaces import queries as workspace_queries
from tertulia.workspaces.access import Permission, Place, may
from tertulia.workspaces.models import STAFF, Group, Membership, Role

SHOWN = ("all", "mine", "other", "archived")


@dataclass(frozen=True, slots=True)
class Effect:
    """Who sees a channel now and who would, were it made private or public."""

    members: int
    others: int
    """Members of the workspace who are not in the channel; without guests, who do not see public channels."""
    posts: int


@dataclass(frozen=True, slots=True)
class Listed:
    """A channel in a list: the reader's membership, if any, and how many are in it."""

    channel: Channel
    membership: ChannelMembership | None
    size: int


def visible(place: Place) -> QuerySet[Channel]:
    """The channels that a member may see, without direct conversations."""
    rows = Channel.objects.filter(workspace=place.workspace).exclude(kind=Kind.DIRECT)
    if may(place, Permission.BROWSE_CHANNELS):
        return rows.filter(Q(visibility=Visibility.PUBLIC) | Q(joined(place)))
    return rows.filter(joined(place))


def joined(place: Place) -> Exists:
    """Whether the member is in the channel, as a condition on channels."""
    mine = ChannelMembership.objects.filter(channel=OuterRef("pk"), person_id=place.membership.person_id)
    return Exists(mine)


def browse(
    place: Place, *, q: str = "", show: str = "all", cursor: str | None = None, limit: int = 50
) -> Slice[Listed]:
    """Channels by name. `show`: `all`, `mine`, `other` (not joined) or `archived` ones only. One query."""
    rows = visible(place).filter(archived_at__isnull=show != "archived")
    if show == "mine":
        rows = rows.filter(joined(place))
    elif show == "other":
        rows = rows.exclude(joined(place))
    if q := q.strip().lstrip("#"):
        rows = rows.filter(Q(name__icontains=q) | Q(slug__icontains=q) | Q(purpose__icontains=q))
    counts = ChannelMembership.objects.filter(channel=OuterRef("pk")).order_by().values("channel")
    size = Coalesce(Subquery(counts.annotate(n=Count("pk")).values("n"), output_field=IntegerField()), 0)
    rows = with_membership(rows, place.membership.person_id)
    ordered = rows.annotate(size=size, sort_name=Lower("name"))
    found = keyset(ordered, order=("sort_name", "id"), cursor=cursor, limit=limit)
    for channel in found.items:
        channel.workspace = place.workspace
    items = [Listed(channel, membership_in(channel), int(vars(channel)["size"])) for channel in found.items]
    return Slice(items, next=found.next, previous=found.previous)


def members(seat: Seat, *, q: str = "", cursor: str | None = None, limit: int = 50) -> Slice[ChannelMembership]:
    """Who is in the channel, by name: with `person`, `via_group` and `role` (in the workspace). One query."""
    role = Membership.objects.filter(workspace=seat.place.workspace, person=OuterRef("person")).values("role")[:1]
    rows = ChannelMembership.objects.filter(channel=seat.channel).select_related("person", "via_group")
    if q := q.strip().lstrip("@"):
        rows = rows.filter(Q(person__display_name__icontains=q) | Q(person__handle__icontains=q))
    rows = rows.annotate(role=Subquery(role), sort_name=Lower("person__display_name"))
    return keyset(rows, order=("sort_name", "id"), cursor=cursor, limit=limit)


def member_count(channel_id: uuid.UUID) -> int:
    """How many are in the channel. One query."""
    return ChannelMembership.objects.filter(channel_id=channel_id).count()


def addable_people(seat: Seat, q: str, *, limit: int = 20) -> list[Person]:
    """Members of the workspace who are not in the channel, by name. One query; none for an empty search."""
    if not (q := q.strip().lstrip("@")):
        return []
    inside = ChannelMembership.objects.filter(channel=seat.channel, person=OuterRef("pk"))
    rows = workspace_queries.member_people(seat.place).filter(
        Q(display_name__icontains=q) | Q(handle__icontains=q), ~Exists(inside), is_placeholder=False
    )
    return list(rows.order_by(Lower("display_name"), "pk")[:limit])


def groups(seat: Seat) -> list[Group]:
    """The groups that are kept in the channel, by name, each with its `size`. One query."""
    rows = Group.objects.filter(channels__channel=seat.channel).annotate(size=Count("memberships", distinct=True))
    return list(rows.order_by(Lower("name"), "pk"))


def addable_groups(seat: Seat) -> list[Group]:
    """The workspace's other groups, by name, each with its `size`. One query."""
    inside = ChannelGroup.objects.filter(channel=seat.channel, group=OuterRef("pk"))
    rows = Group.objects.filter(~Exists(inside), workspace=seat.place.workspace).annotate(size=Count("memberships"))
    return list(rows.order_by(Lower("name"), "pk"))


def group(seat: Seat, group_id: uuid.UUID) -> Group | None:
    """A group of the channel's workspace. One query."""
    return Group.objects.filter(workspace=seat.place.workspace, pk=group_id).first()


def visibility_effect(seat: Seat) -> Effect:
    """Counts for the question whether a channel should become private or public. Two queries."""
    inside = ChannelMembership.objects.filter(channel=seat.channel)
    outside = Membership.objects.filter(workspace=seat.place.workspace).exclude(role=Role.GUEST)
    others = outside.exclude(person_id__in=inside.values("person_id")).count()
    return Effect(members=inside.count(), others=others, posts=seat.channel.last_seq)


def people_to_message(
    place: Place, q: str = "", *, ids: Collection[uuid.UUID] | None = None, limit: int = 20
) -> list[Person]:
    """Whom a member may write to directly (of `ids`, if given), by name, without placeholders. One query.

    Guests and the rest know of each other where they share a channel; staff know everybody. Blocks are not shown.
    """
    me = place.membership.person_id
    shared = ChannelMembership.objects.filter(
        person=OuterRef("pk"), channel__workspace=place.workspace, channel__memberships__person_id=me
    ).exclude(channel__kind=Kind.DIRECT)
    theirs = Membership.objects.filter(workspace=place.workspace, person=OuterRef("pk"))
    rows = workspace_queries.member_people(place).filter(is_active=True, is_placeholder=False).exclude(pk=me)
    if place.role == Role.GUEST:
        rows = rows.filter(Exists(theirs.filter(role__in=STAFF)) | Exists(shared))
    elif place.role not in STAFF:
        rows = rows.filter(~Exists(theirs.filter(role=Role.GUEST)) | Exists(shared))
    if place.role in LEARNING and not place.workspace.learners_may_message:
        rows = rows.exclude(Exists(theirs.filter(role__in=LEARNING)))
    if ids is not None:
        rows = rows.filter(pk__in=ids)
    if q := q.strip().lstrip("@"):
        rows = rows.filter(Q(display_name__icontains=q) | Q(handle__icontains=q))
    return list(rows.order_by(Lower("display_name"), "pk")[:limit])
