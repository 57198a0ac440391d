"""Coming into channels and leaving them: people by themselves, people brought by others, whole groups."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from django.db import transaction
from django.utils.translation import gettext as _

from tertulia.channels import access
from tertulia.channels.access import Seat
from tertulia.channels.models import Channel, ChannelGroup, ChannelMembership, Visibility
from tertulia.channels.services import seating
from tertulia.kernel import audit, bus, limits
from tertulia.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from tertulia.people.models import Person
from tertulia.workspaces import queries as workspace_queries
from tertulia.workspaces.models import Group, Role

MOST_AT_ONCE = 500


def join(*, actor: Person, channel: Channel) -> None:
    """Come into a public channel. Twice is no mistake. Raises NotFound, Conflict (`archived`)."""
    seat = access.channel(actor, channel.pk)
    if seat.is_member:
        return
    limits.spend(limits.WRITES, actor.pk)
    with transaction.atomic():
        members = seating.lock_members(seat.place.workspace.pk, [actor.pk])
        row = seating.lock(channel.pk)
        _check_open(seat, row)
        if row.visibility != Visibility.PUBLIC:
            raise NotFound  # it was made private a moment ago
        seating.seat(row, members, actor_id=actor.pk)


def leave(*, actor: Person, channel: Channel) -> None:
    """Go out of a channel. Twice is no mistake, where the channel can still be seen.

    Raises NotFound; Conflict for direct conversations (they are closed, not left) and for the last one in a private
    channel, which nobody would ever find again.
    """
    seat = access.channel(actor, channel.pk)
    if seat.is_direct:
        raise Conflict(
            _("A direct conversation cannot be left. Close it: it stays out of sight until somebody writes.")
        )
    with transaction.atomic():
        row = seating.lock(channel.pk)
        if row.visibility == Visibility.PRIVATE and not row.memberships.exclude(person=actor).exists():
            raise Conflict(
                _("You are the last one here: nobody could find the channel again. Archive it, or add somebody first.")
            )
        seating.unseat(row, [actor.pk], actor_id=actor.pk)


def add_people(
    *, actor: Person, channel: Channel, person_ids: Collection[uuid.UUID], quiet: bool = False
) -> list[uuid.UUID]:
    """Bring members of the workspace into a channel; gives back those who were not in it before.

    `quiet`: for imports, nobody is told. Raises NotFound, Forbidden, Invalid (somebody is not in the workspace),
    Conflict (`archived`; not for imports), TooMany.
    """
    seat = access.channel(actor, channel.pk)
    if len(person_ids) > MOST_AT_ONCE:
        raise Invalid(
            _("That is %(count)s people; %(most)s can be added at once.")
            % {"count": len(person_ids), "most": MOST_AT_ONCE},
            field="person_ids",
        )
    if not quiet:
        _check_open(seat, seat.channel)
        limits.spend(limits.WRITES, actor.pk)
    if not (seat.may_add or (quiet and seat.may_manage)):
        raise _may_not_add(seat)
    with transaction.atomic():
        members = seating.lock_members(seat.place.workspace.pk, person_ids)
        if set(person_ids) - set(members):
            raise Invalid(
                _("Only members of the workspace can be added. Invite the others to the workspace first."),
                field="person_ids",
            )
        row = seating.lock(channel.pk)
        if not quiet:
            _check_open(seat, row)
        joined = seating.seat(row, person_ids, actor_id=actor.pk, quiet=quiet)
        if joined and not quiet:
            _audit(actor, row, "added people", after={"people": [str(person_id) for person_id in joined]})
    return joined


def add_group(*, actor: Person, channel: Channel, group: Group) -> list[uuid.UUID]:
    """Bring a whole group in; from then on who comes into the group comes into the channel, who leaves it leaves.

    Gives back those who were not in the channel before. Raises NotFound, Forbidden, Conflict (`archived`), TooMany.
    """
    seat = access.channel(actor, channel.pk)
    _check_open(seat, seat.channel)
    access.check_manage(seat)
    if group.workspace_id != seat.place.workspace.pk:
        raise NotFound
    limits.spend(limits.WRITES, actor.pk)
    with transaction.atomic():
        seating.lock_groups(seat.place.workspace.pk)
        people = workspace_queries.group_member_ids(group.pk)
        row = seating.lock(channel.pk)
        _check_open(seat, row)
        _link, new = ChannelGroup.objects.get_or_create(channel=row, group=group, defaults={"by": actor})
        joined = seating.seat(row, people, actor_id=actor.pk, via_group_id=group.pk)
        if new:
            _audit(actor, row, "added group", after={"group": group.slug, "people": len(joined)})
            bus.notify("channel", channel=row.pk)
    return joined


def bring_in(
    *, actor: Person, channel: Channel, person_ids: Collection[uuid.UUID], group_ids: Collection[uuid.UUID] = ()
) -> list[uuid.UUID]:
    """People and groups at once, all or none; oneself alone is joining. Gives back who was not in before."""
    if not person_ids and not group_ids:
        raise Invalid(_("Name at least one person or group."), field="person_ids")
    seat = access.channel(actor, channel.pk)
    if set(person_ids) == {actor.pk} and not group_ids:
        join(actor=actor, channel=channel)
        return [] if seat.is_member else [actor.pk]
    joined: list[uuid.UUID] = []
    with transaction.atomic():
        if group_ids:
            seating.lock_groups(seat.place.workspace.pk)
        if person_ids:
            joined += add_people(actor=actor, channel=channel, person_ids=person_ids)
        for group_id in sorted(set(group_ids)):
            group = Group.objects.filter(workspace=seat.place.workspace, pk=group_id).first()
            if group is None:
                raise Invalid(_("One of these groups is not in this workspace."), field="group_ids")
            joined += add_group(actor=actor, channel=channel, group=group)
    return joined


def remove_group(*, actor: Person, channel: Channel, group: Group) -> list[uuid.UUID]:
    """Let a group go; only those leave whom nothing but this group brought in. Gives back who left."""
    seat = access.channel(actor, channel.pk)
    access.check_manage(seat)
    with transaction.atomic():
        seating.lock_groups(seat.place.workspace.pk)
        row = seating.lock(channel.pk)
        gone, _rows = ChannelGroup.objects.filter(channel=row, group=group).delete()
        if not gone:
            raise NotFound
        left = leave_with_group(row, group.pk, None, actor_id=actor.pk)
        _audit(actor, row, "removed group", before={"group": group.slug, "people": len(left)})
        bus.notify("channel", channel=row.pk)
    return left


def leave_with_group(
    row: Channel,
    group_id: uuid.UUID,
    person_ids: Collection[uuid.UUID] | None,
    *,
    actor_id: uuid.UUID | None,
    lines: bool = True,
) -> list[uuid.UUID]:
    """Take out of a locked channel those (of `person_ids`, or all) whom only this group brought in.

    Whom another group of the channel holds stays on that group's account.
    """
    brought = row.memberships.filter(via_group_id=group_id)
    if person_ids is not None:
        brought = brought.filter(person_id__in=person_ids)
    held: dict[uuid.UUID, uuid.UUID] = {}
    for other_id in row.groups.exclude(group_id=group_id).order_by("pk").values_list("group_id", flat=True):
        for person_id in workspace_queries.group_member_ids(other_id):
            held.setdefault(person_id, other_id)
    leaving = []
    for membership in brought:
        if other := held.get(membership.person_id):
            ChannelMembership.objects.filter(pk=membership.pk).update(via_group_id=other)
        else:
            leaving.append(membership.person_id)
    return seating.unseat(row, leaving, actor_id=actor_id, lines=lines)


def remove_person(*, actor: Person, channel: Channel, person_id: uuid.UUID) -> None:
    """Take somebody out of a channel; oneself is leaving. Raises NotFound, Forbidden, Conflict."""
    if person_id == actor.pk:
        leave(actor=actor, channel=channel)
        return
    seat = access.channel(actor, channel.pk)
    access.check_manage(seat)
    with transaction.atomic():
        row = seating.lock(channel.pk)
        if not seating.unseat(row, [person_id], actor_id=actor.pk):
            raise NotFound(_("They are not in this channel."))
        _audit(actor, row, "removed person", before={"person": str(person_id)})


def set_manager(*, actor: Person, channel: Channel, person_id: uuid.UUID, is_manager: bool) -> None:
    """Let a member of the channel manage it, or no longer. Guests manage nothing.

    Raises NotFound, Forbidden, Invalid, Conflict (a private channel keeps one manager).
    """
    seat = access.channel(actor, channel.pk)
    access.check_manage(seat)
    with transaction.atomic():
        roles = seating.lock_members(seat.place.workspace.pk, [person_id])
        row = seating.lock(channel.pk)
        membership = row.memberships.filter(person_id=person_id).first()
        if membership is None:
            raise NotFound(_("They are not in this channel."))
        if membership.is_manager == is_manager:
            return
        if is_manager and roles.get(person_id) in (None, Role.GUEST):
            raise Invalid(_("Guests cannot manage channels. Give them another role in the workspace first."))
        others = row.memberships.filter(is_manager=True).exclude(person_id=person_id)
        if not is_manager and row.visibility == Visibility.PRIVATE and not others.exists():
            raise Conflict(_("A private channel needs a manager. Appoint another one first."))
        row.memberships.filter(pk=membership.pk).update(is_manager=is_manager)
        verb = "made manager" if is_manager else "no longer manager"
        _audit(actor, row, verb, after={"person": str(person_id)})
        bus.notify("channel", channel=row.pk)


def set_preferences(
    *,
    actor: Person,
    channel: Channel,
    muted: bool | None = None,
    favourite: bool | None = None,
    hidden: bool | None = None,
) -> ChannelMembership:
    """What one member wants of a channel (None: as it is). Only direct conversations can be hidden.

    Raises NotFound, Forbidden (not in the channel), Invalid.
    """
    seat = access.channel(actor, channel.pk)
    if seat.membership is None:
        raise Forbidden(_("Join the channel first."))
    if hidden and not seat.is_direct:
        raise Invalid(_("Only direct conversations can be hidden. Mute or leave the channel instead."), field="hidden")
    wanted = {"muted": muted, "favourite": favourite, "hidden": hidden}
    changes = {field: value for field, value in wanted.items() if value is not None}
    with transaction.atomic():
        ChannelMembership.objects.filter(pk=seat.membership.pk).update(**changes)
        bus.notify("sidebar", person=actor.pk)
    for field, value in changes.items():
        setattr(seat.membership, field, value)
    return seat.membership


def _check_open(seat: Seat, row: Channel) -> None:
    if seat.place.is_archived:
        raise Conflict(_("This workspace is archived: nobody can be added."), type="archived")
    if row.archived_at is not None:
        raise Conflict(_("This channel is archived: nobody can be added. Restore it first."), type="archived")


def _may_not_add(seat: Seat) -> Forbidden:
    if seat.is_direct:
        return Forbidden(_("Nobody can be added to a direct conversation. Start a new one with everybody in it."))
    if seat.channel.visibility == Visibility.PRIVATE:
        return Forbidden(_("Only the channel's managers and the workspace's staff add people to a private channel."))
    return Forbidden(_("Join the channel first; then you can add others."))


def _audit(
    actor: Person,
    row: Channel,
    verb: str,
    *,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
) -> None:
    audit.record(
        actor=actor,
        verb=verb,
        object_kind="channel",
        object_id=row.pk,
        workspace_id=row.workspace_id,
        before=before,
        after=after,
    )
