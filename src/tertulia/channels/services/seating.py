"""Bringing people into channels and out of them: the steps that all membership verbs and reactions share.

Lock order, everywhere: the workspace (as `workspaces.services` does for all changes of members and groups; here only
where groups are involved), rows of its memberships, then channels in id order. A channel's row is locked before its
members change, so that archiving, counting and joining cannot pass each other.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable

from tertulia.channels.happenings import ChannelMembersChanged
from tertulia.channels.models import Channel, ChannelMembership, Kind, Visibility
from tertulia.kernel import audit, bus, happenings
from tertulia.kernel.bulk import among, insert_alike
from tertulia.people.models import Person
from tertulia.workspaces.models import Membership, Role, Workspace


def lock(channel_id: uuid.UUID) -> Channel:
    """The channel as it is now, kept from changing until the transaction ends. It must exist."""
    return lock_all([channel_id])[0]


def lock_all(channel_ids: Collection[uuid.UUID]) -> list[Channel]:
    """Several channels, locked in id order; those that vanished are left out. One query."""
    rows = Channel.objects.select_for_update(no_key=True, of=("self",)).select_related("workspace")
    return list(rows.filter(pk__in=channel_ids).order_by("pk"))


def lock_groups(workspace_id: uuid.UUID) -> None:
    """Keep the workspace's groups and members as they are until the transaction ends."""
    Workspace.objects.select_for_update(no_key=True).get(pk=workspace_id)


def lock_members(workspace_id: uuid.UUID, person_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Role]:
    """The roles of those of these people who are in the workspace, and stay so until the transaction ends."""
    rows = Membership.objects.select_for_update(no_key=True).filter(
        workspace_id=workspace_id, person_id__in=among(person_ids)
    )
    return {person_id: Role(role) for person_id, role in rows.order_by("pk").values_list("person_id", "role")}


def seat(
    channel: Channel,
    person_ids: Iterable[uuid.UUID],
    *,
    actor_id: uuid.UUID | None,
    via_group_id: uuid.UUID | None = None,
    is_manager: bool = False,
    quiet: bool = False,
    lines: bool = True,
) -> list[uuid.UUID]:
    """Put members of the workspace into a locked channel; gives back those who were not in it before.

    They start with everything read. Who was there by a group alone and comes by another way stays when the group goes.
    `actor_id` None: they came by themselves or by a rule. `quiet`: nobody is told (imports).
    `lines` False: told, but without a happening, so that the conversation gets no line about it (enrolments).
    """
    wanted = list(dict.fromkeys(person_ids))
    present = dict(channel.memberships.filter(person_id__in=among(wanted)).values_list("person_id", "via_group_id"))
    if via_group_id is None and any(present.values()):
        channel.memberships.filter(person_id__in=[p for p, group in present.items() if group]).update(via_group=None)
    new = [person_id for person_id in wanted if person_id not in present]
    pattern = ChannelMembership(
        channel=channel,
        via_group_id=via_group_id,
        is_manager=is_manager,
        last_read_seq=channel.last_seq,
        read_roots=channel.root_count,
    )
    insert_alike(pattern, ({"person_id": person_id} for person_id in new))
    if not quiet:
        bus.notify_all("joined", [{"channel": channel.pk, "person": person_id} for person_id in new])
        if lines:
            _tell(channel, actor_id, joined=new)
    return new


def unseat(
    channel: Channel, person_ids: Iterable[uuid.UUID], *, actor_id: uuid.UUID | None, lines: bool = True
) -> list[uuid.UUID]:
    """Take people out of a locked channel; gives back those who were in it.

    A private channel never stays without a manager while somebody is in it: nobody else could see that it needs one.
    """
    rows = list(channel.memberships.filter(person_id__in=among(person_ids)))
    gone = [row.person_id for row in rows]
    if not gone:
        return []
    channel.memberships.filter(pk__in=among(row.pk for row in rows)).delete()
    bus.notify_all("left", [{"channel": channel.pk, "person": person_id} for person_id in gone])
    if channel.visibility == Visibility.PRIVATE and any(row.is_manager for row in rows):
        _appoint(channel)
    if lines:
        _tell(channel, actor_id, left=gone)
    return gone


def _appoint(channel: Channel) -> None:
    if channel.kind == Kind.DIRECT or channel.memberships.filter(is_manager=True).exists():
        return
    guests = Membership.objects.filter(workspace_id=channel.workspace_id, role=Role.GUEST).values("person_id")
    people = channel.memberships.exclude(person__is_placeholder=True).exclude(person_id__in=guests)
    heir = people.order_by("joined_at", "pk").first()
    if heir is None:
        return
    ChannelMembership.objects.filter(pk=heir.pk).update(is_manager=True)
    bus.notify("sidebar", person=heir.person_id)
    audit.record(
        actor=None,
        verb="became manager",
        object_kind="channel",
        object_id=channel.pk,
        workspace_id=channel.workspace_id,
        after={"person": str(heir.person_id)},
        reason="The last manager left.",
    )


def _tell(
    channel: Channel,
    actor_id: uuid.UUID | None,
    *,
    joined: Collection[uuid.UUID] = (),
    left: Collection[uuid.UUID] = (),
) -> None:
    if channel.kind == Kind.DIRECT or channel.archived_at is not None:
        return
    # Placeholders stand for people who are not here: their coming and going is told by what was imported.
    real = set(Person.objects.filter(pk__in=[*joined, *left], is_placeholder=False).values_list("pk", flat=True))
    came, went = ([str(p) for p in ids if p in real] for ids in (joined, left))
    if not came and not went:
        return
    happenings.emit(
        ChannelMembersChanged(
            channel_id=str(channel.pk),
            actor_id=str(actor_id) if actor_id else (came or went)[0],
            joined=tuple(came),
            left=tuple(went),
        )
    )
