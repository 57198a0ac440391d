"""Seats for many people in several channels at once, for enrolments: quiet, and without asking who may.

The caller holds the workspace's lock, names members of the workspace only, and has asked `givable`.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping

from django.db.models import Q

from tertulia.channels.models import Channel, ChannelMembership, Kind, Visibility
from tertulia.channels.services import seating
from tertulia.kernel.bulk import among
from tertulia.people.models import Person
from tertulia.workspaces import queries as workspace_queries
from tertulia.workspaces.models import Workspace


def givable(*, actor: Person | None, workspace: Workspace) -> list[Channel]:
    """The channels into which enrolments of this workspace may put people, archived ones too. One query.

    For an `actor`, private ones only where they are in them: no list opens a door that is shut to who sends it.
    """
    rows = Channel.objects.filter(workspace=workspace).exclude(kind=Kind.DIRECT)
    if actor is not None:
        mine = ChannelMembership.objects.filter(person=actor).values("channel_id")
        rows = rows.filter(Q(visibility=Visibility.PUBLIC) | Q(pk__in=mine))
    return list(rows.order_by("pk"))


def give_seats(
    *, wanted: Mapping[uuid.UUID, Collection[uuid.UUID]], newborn: Collection[uuid.UUID] = ()
) -> dict[tuple[uuid.UUID, uuid.UUID], uuid.UUID]:
    """Put these people into these channels (channel -> people), also those whom only a group holds there.

    Gives back the seats that are theirs by this, by (channel, person); who had a seat of their own keeps it as it is.
    Archived channels take nobody. `newborn`: those whose accounts were made in this transaction.
    """
    given: dict[tuple[uuid.UUID, uuid.UUID], uuid.UUID] = {}
    for channel in seating.lock_all(list(wanted)):
        if channel.archived_at is not None:
            continue
        people = list(wanted[channel.pk])
        here = channel.memberships.filter(person_id__in=among(people))
        ours = set(here.exclude(via_group=None).values_list("person_id", flat=True))
        ours.update(seating.seat(channel, [one for one in people if one in newborn], actor_id=None, quiet=True))
        ours.update(seating.seat(channel, [one for one in people if one not in newborn], actor_id=None, lines=False))
        for seat_id, person_id in here.values_list("pk", "person_id"):
            if person_id in ours:
                given[channel.pk, person_id] = seat_id
    return given


def take_seats(*, unwanted: Mapping[uuid.UUID, Collection[uuid.UUID]]) -> None:
    """Take these people out of these channels (channel -> people); whom a group of the channel holds, stays by it."""
    for channel in seating.lock_all(list(unwanted)):
        leaving = set(unwanted[channel.pk])
        for group_id in channel.groups.order_by("pk").values_list("group_id", flat=True):
            held = leaving & workspace_queries.group_member_ids(group_id)
            channel.memberships.filter(person_id__in=among(held)).update(via_group_id=group_id)
            leaving -= held
        seating.unseat(channel, leaving, actor_id=None, lines=False)
