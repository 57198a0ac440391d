"""Who may: the only door by which pages and REST fetch channels.

Private channels and direct conversations exist for their members only, whatever their role in the workspace; public
ones for every member of the workspace except guests, who need to be members of the channel. Everybody else gets the
answer of a wrong URL.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, FilteredRelation, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from tertulia.channels.models import Channel, ChannelMembership, Kind, Posting, Visibility
from tertulia.kernel.errors import Forbidden, NotFound
from tertulia.kernel.prepared import columns, fetch, made
from tertulia.people.models import Block, Person
from tertulia.workspaces.access import Permission, Place, may
from tertulia.workspaces.models import Membership, Role, Workspace

_MINE: tuple[str, ...] = ("mine",)
LEARNING = frozenset({Role.LEARNER, Role.GUEST})


@dataclass(frozen=True, slots=True)
class Partner:
    """Somebody in a direct conversation, as seen by the person who asks."""

    person: Person
    role: Role | None
    """None: no longer in the workspace."""
    blocked: bool
    """The person who asks has blocked them."""
    blocks: bool
    """They have blocked the person who asks, who must not learn it."""


@dataclass(frozen=True, slots=True)
class Seat:
    """A person's place in a channel that they may see. `membership` is None where they have not joined it.

    `partners`: the others of a direct conversation, by name; empty in other channels.
    """

    channel: Channel
    place: Place
    membership: ChannelMembership | None
    partners: tuple[Partner, ...] = ()

    @property
    def person_id(self) -> uuid.UUID:
        """Whose seat this is."""
        return self.place.membership.person_id

    @property
    def is_member(self) -> bool:
        """Whether the person is in the channel."""
        return self.membership is not None

    @property
    def is_direct(self) -> bool:
        """Whether this is a direct conversation."""
        return self.channel.kind == Kind.DIRECT

    @property
    def name(self) -> str:
        """The channel's name as this person reads it: a direct conversation is called by the others in it."""
        if not self.is_direct:
            return self.channel.name
        return ", ".join(str(partner.person) for partner in self.partners) or _("Notes to yourself")

    @property
    def is_frozen(self) -> bool:
        """Whether the channel or its whole workspace is archived."""
        return self.channel.archived_at is not None or self.place.workspace.archived_at is not None

    @property
    def may_manage(self) -> bool:
        """Rename, change settings, archive and restore, remove people, appoint managers."""
        if self.is_direct or self.place.workspace.archived_at is not None:
            return False
        return self._is_manager or may(self.place, Permission.MANAGE_CHANNELS)

    @property
    def may_moderate(self) -> bool:
        """Remove and pin what others posted."""
        return not self.is_direct and (self._is_manager or may(self.place, Permission.MODERATE_POSTS))

    @property
    def may_add(self) -> bool:
        """Bring other people in: members into public channels, managers into private ones; guests nowhere."""
        if self.is_direct or self.is_frozen or self.place.role == Role.GUEST:
            return False
        return self.may_manage or (self.is_member and self.channel.visibility == Visibility.PUBLIC)

    @property
    def may_join(self) -> bool:
        """Come in by oneself."""
        return not self.is_member and not self.is_frozen and self.channel.visibility == Visibility.PUBLIC

    @property
    def may_post(self) -> bool:
        """Say something here."""
        return not self.why_not_post

    @property
    def why_not_post(self) -> str:
        """Why this person cannot post here, as a sentence; empty where they can."""
        if self.place.workspace.archived_at is not None:
            return _("This workspace is archived. Everything can be read, and nothing can be added.")
        if self.channel.archived_at is not None:
            return _("This channel is archived. Everything can be read, and nothing can be added.")
        if self.membership is None:
            return _("Join the channel to post.")
        if self.is_direct:
            return why_not_message(self.place, self.partners)
        staff_only = self.channel.posting == Posting.STAFF
        if staff_only and not self._is_manager and not may(self.place, Permission.POST_TO_STAFF_CHANNELS):
            return _("Only staff post here. You can read along and react.")
        return ""

    @property
    def _is_manager(self) -> bool:
        return self.membership is not None and self.membership.is_manager


def channel(person: Person, channel_id: uuid.UUID) -> Seat:
    """The person's seat in a channel, found by its id. One query; two for a direct conversation.

    Raises NotFound where there is no such channel, and where the person may not know of it.
    """
    return _seat(person, _BY_ID, {"me": person.pk, "id": channel_id})


def channel_by_slug(person: Person, workspace_slug: str, slug: str) -> Seat:
    """The same, found by its address: `/w/WORKSPACE_SLUG/c/SLUG`."""
    return _seat(person, _BY_SLUG, {"me": person.pk, "home": workspace_slug.lower(), "slug": slug.lower()})


def check_manage(seat: Seat) -> None:
    """Raises Forbidden where the person may not manage the channel."""
    if not seat.may_manage:
        raise Forbidden(_("Only the channel's managers and the workspace's staff can do that."))


def why_not_message(place: Place, partners: Sequence[Partner]) -> str:
    """Why this member cannot write to these people directly, as a sentence; empty where they can.

    The one sentence for all that is none of the asker's business (being blocked, too) tells nothing.
    """
    if not partners:
        return ""
    roles = [place.role, *(partner.role for partner in partners)]
    if all(partner.role is None for partner in partners):
        return _("%(name)s is no longer in this workspace.") % {"name": partners[0].person}
    if not place.workspace.learners_may_message and all(role in LEARNING for role in roles if role is not None):
        return _("In this workspace, learners talk to each other in channels rather than in direct messages.")
    if len(partners) == 1:
        only = partners[0]
        if only.blocked:
            return _("You have blocked %(name)s. Unblock them on their profile to write to them.") % {
                "name": only.person
            }
        if only.blocks or not only.person.is_active:
            return _("You cannot write to %(name)s here.") % {"name": only.person}
    return ""


def partners_of(person: Person, workspace: Workspace, person_ids: Sequence[uuid.UUID]) -> tuple[Partner, ...]:
    """These people without `person`, as they see them in a workspace, by name. One query."""
    roles = Membership.objects.filter(workspace=workspace, person=OuterRef("pk")).values("role")[:1]
    found = (
        Person.objects.filter(pk__in=person_ids)
        .exclude(pk=person.pk)
        .annotate(
            role_here=Subquery(roles),
            is_blocked=Exists(Block.objects.filter(person=person, blocked=OuterRef("pk"))),
            is_blocking=Exists(Block.objects.filter(person=OuterRef("pk"), blocked=person)),
        )
        .order_by(Lower("display_name"), "pk")
    )
    return tuple(
        Partner(
            person=other,
            role=Role(other.role_here) if other.role_here else None,
            blocked=other.is_blocked,
            blocks=other.is_blocking,
        )
        for other in found
    )


def with_membership(rows: QuerySet[Channel], person_id: uuid.UUID) -> QuerySet[Channel]:
    """The same channels, each with that person's membership in the same query: `membership_in` gives it."""
    mine = FilteredRelation("memberships", condition=Q(memberships__person_id=person_id))
    return rows.annotate(mine=mine).select_related(*_MINE)


def membership_in(channel: Channel) -> ChannelMembership | None:
    """The membership that `with_membership` read along; None where the person is not in the channel."""
    membership: ChannelMembership | None = getattr(channel, _MINE[0], None)
    return membership


# Every page and operation of a channel begins with this, so it is one statement instead of the ORM's two.
_SEAT = f"""
SELECT {columns(Channel, "c")}, {columns(ChannelMembership, "m")}, {columns(Workspace, "w")}, {columns(Membership, "p")}
FROM channels_channel c
JOIN workspaces_workspace w ON w.id = c.workspace_id
JOIN workspaces_membership p ON p.workspace_id = c.workspace_id AND p.person_id = %(me)s
LEFT JOIN channels_channelmembership m ON m.channel_id = c.id AND m.person_id = %(me)s
"""  # noqa: S608 - names of columns only
_BY_ID = f"{_SEAT} WHERE c.id = %(id)s"
_BY_SLUG = f"{_SEAT} WHERE lower(w.slug) = %(home)s AND lower(c.slug) = %(slug)s"


def _seat(person: Person, statement: str, where: Mapping[str, Any]) -> Seat:
    found = fetch(statement, where)
    if not found:
        raise NotFound
    channel, membership, workspace, place_in = made(found[0], Channel, ChannelMembership, Workspace, Membership)
    place_in.workspace, place_in.person = workspace, person
    place = Place.of(place_in)
    channel.workspace = workspace
    if membership is not None:
        membership.channel, membership.person = channel, person
    elif channel.visibility == Visibility.PRIVATE or not may(place, Permission.BROWSE_CHANNELS):
        raise NotFound
    partners: tuple[Partner, ...] = ()
    if channel.kind == Kind.DIRECT:
        partners = partners_of(person, workspace, channel.direct_people)
    return Seat(channel=channel, place=place, membership=membership, partners=partners)
