"""What channels do when workspaces, groups and people change; all `inside` the transaction that changed them.

`config.subscriptions` names these functions. Each may run twice without harm.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection

from django.db.models import Q, QuerySet

from tertulia.channels.happenings import ChannelCreated
from tertulia.channels.models import Channel, ChannelGroup, ChannelMembership, Kind, Visibility
from tertulia.channels.services import members, seating
from tertulia.channels.services.direct import direct_slug
from tertulia.kernel import bus, happenings
from tertulia.people.happenings import PlaceholderClaimed
from tertulia.people.models import Person
from tertulia.workspaces import queries as workspace_queries
from tertulia.workspaces.blueprints import BLUEPRINTS
from tertulia.workspaces.happenings import (
    GroupChanged,
    GroupDeleted,
    MemberJoined,
    MemberLeft,
    MembersJoined,
    MembersLeft,
    RoleChanged,
    RolesChanged,
    WorkspaceCreated,
)
from tertulia.workspaces.models import Role, Template


def follow_workspace_created(happening: WorkspaceCreated) -> None:
    """Make the channels of the new workspace's template. Its members come in by `follow_member_joined`."""
    workspace_id, actor_id = uuid.UUID(happening.workspace_id), uuid.UUID(happening.actor_id)
    there = set(Channel.objects.filter(workspace_id=workspace_id).values_list("slug", flat=True))
    for plan in BLUEPRINTS[Template(happening.template)].channels:
        if plan.slug in there:
            continue
        channel = Channel.objects.create(
            workspace_id=workspace_id,
            name=str(plan.name),
            slug=plan.slug,
            purpose=str(plan.purpose),
            posting=plan.posting,
            is_default=plan.is_default,
            created_by_id=actor_id,
        )
        if not plan.is_default:
            seating.seat(channel, [actor_id], actor_id=None)
        happenings.emit(
            ChannelCreated(channel_id=str(channel.pk), workspace_id=str(workspace_id), actor_id=str(actor_id))
        )


def follow_member_joined(happening: MemberJoined) -> None:
    """Put a new member into the default channels and those of the invitation (guests: the latter only), and back into
    the direct conversations that they were part of before. Placeholders go where what is imported puts them.
    """
    workspace_id, person_id = uuid.UUID(happening.workspace_id), uuid.UUID(happening.person_id)
    given = [uuid.UUID(channel_id) for channel_id in happening.channel_ids]
    placeholder = Person.objects.filter(pk=person_id, is_placeholder=True).exists()
    _enter(workspace_id, [person_id], defaults=happening.role != Role.GUEST and not placeholder, given=given)


def follow_members_joined(happening: MembersJoined) -> None:
    """The same for many who were enrolled, without lines in the conversations."""
    workspace_id, people = uuid.UUID(happening.workspace_id), _ids(happening.person_ids)
    _enter(workspace_id, people, defaults=happening.role != Role.GUEST, lines=False, quiet=happening.newborn)


def follow_member_left(happening: MemberLeft) -> None:
    """Take somebody who left the workspace out of all its channels."""
    workspace_id, person_id = uuid.UUID(happening.workspace_id), uuid.UUID(happening.person_id)
    _exit([person_id], ChannelMembership.objects.filter(channel__workspace_id=workspace_id))


def follow_members_left(happening: MembersLeft) -> None:
    """The same for many whose enrolment ended."""
    here = ChannelMembership.objects.filter(channel__workspace_id=uuid.UUID(happening.workspace_id))
    _exit(_ids(happening.person_ids), here, lines=False)


def follow_role_changed(happening: RoleChanged) -> None:
    """A new guest keeps only what was given: private channels, groups' channels and direct conversations, and manages
    nothing. A guest who becomes more enters the default channels.
    """
    _adjust(happening, [uuid.UUID(happening.person_id)], lines=True)


def follow_roles_changed(happening: RolesChanged) -> None:
    """The same for many who were enrolled."""
    _adjust(happening, _ids(happening.person_ids), lines=False)


def _adjust(happening: RoleChanged | RolesChanged, people: Collection[uuid.UUID], *, lines: bool) -> None:
    workspace_id = uuid.UUID(happening.workspace_id)
    if happening.after == Role.GUEST:
        here = ChannelMembership.objects.filter(channel__workspace_id=workspace_id)
        _exit(people, here.filter(channel__visibility=Visibility.PUBLIC, via_group=None), lines=lines)
        here.filter(person_id__in=people, is_manager=True).update(is_manager=False)
    elif happening.before == Role.GUEST:
        _enter(workspace_id, people, defaults=True, lines=lines)
    bus.notify_all("sidebar", [{"person": person_id} for person_id in people])


def follow_group_changed(happening: GroupChanged) -> None:
    """Keep the channels that have the group in step with it."""
    group_id = uuid.UUID(happening.group_id)
    added = [uuid.UUID(person_id) for person_id in happening.added]
    removed = [uuid.UUID(person_id) for person_id in happening.removed]
    inside = seating.lock_members(uuid.UUID(happening.workspace_id), added)
    for channel in seating.lock_all(_with_group(group_id)):
        seating.seat(channel, inside, actor_id=None, via_group_id=group_id, lines=not happening.quiet)
        members.leave_with_group(channel, group_id, removed, actor_id=None, lines=not happening.quiet)


def follow_group_deleted(happening: GroupDeleted) -> None:
    """Take out those whom only this group brought in, while the group is still there to tell."""
    group_id = uuid.UUID(happening.group_id)
    for channel in seating.lock_all(_with_group(group_id)):
        ChannelGroup.objects.filter(channel=channel, group_id=group_id).delete()
        members.leave_with_group(channel, group_id, None, actor_id=None)
        bus.notify("channel", channel=channel.pk)


def follow_placeholder_claimed(happening: PlaceholderClaimed) -> None:
    """Give a person the seats of the placeholder that stood for them, with what was read there."""
    old, new = uuid.UUID(happening.placeholder_id), uuid.UUID(happening.person_id)
    rows = ChannelMembership.objects.filter(person_id=old)
    for channel in seating.lock_all(set(rows.values_list("channel_id", flat=True))):
        if channel.memberships.filter(person_id=new).exists():
            was_manager = channel.memberships.filter(person_id=old, is_manager=True).exists()
            channel.memberships.filter(person_id=old).delete()
            if was_manager:
                channel.memberships.filter(person_id=new).update(is_manager=True)
        else:
            channel.memberships.filter(person_id=old).update(person_id=new)
            bus.notify("joined", channel=channel.pk, person=new)
        bus.notify("left", channel=channel.pk, person=old)
    _claim_conversations(old, new)
    Channel.objects.filter(created_by_id=old).update(created_by_id=new)
    for place in ChannelMembership.objects.filter(person_id=new).values_list("channel__workspace_id").distinct():
        role = workspace_queries.role_of(place[0], new)
        if role is not None:
            _enter(place[0], [new], defaults=role != Role.GUEST)


def _claim_conversations(old: uuid.UUID, new: uuid.UUID) -> None:
    for channel in Channel.objects.filter(kind=Kind.DIRECT, direct_people__contains=[old]).order_by("pk"):
        people = sorted({new, *channel.direct_people} - {old})
        slug = direct_slug(channel.workspace_id, people)
        # Where the person has such a conversation already, the placeholder's stays beside it, under its old address.
        if Channel.objects.filter(workspace_id=channel.workspace_id, slug=slug).exists():
            slug = channel.slug
        Channel.objects.filter(pk=channel.pk).update(direct_people=people, slug=slug)


def _enter(
    workspace_id: uuid.UUID,
    people: Collection[uuid.UUID],
    *,
    defaults: bool,
    given: Collection[uuid.UUID] = (),
    lines: bool = True,
    quiet: bool = False,
) -> None:
    inside = seating.lock_members(workspace_id, people)
    wanted = Q(pk__in=given, archived_at=None) & ~Q(kind=Kind.DIRECT)
    if not quiet:  # a new account was never in a conversation
        wanted |= Q(kind=Kind.DIRECT, direct_people__overlap=list(people))
    if defaults:
        wanted |= Q(is_default=True, archived_at=None)
    rows = Channel.objects.filter(workspace_id=workspace_id).filter(wanted)
    for channel in seating.lock_all(rows.values_list("pk", flat=True)):
        direct = channel.kind == Kind.DIRECT
        here = [one for one in channel.direct_people if one in inside] if direct else inside
        seating.seat(channel, here, actor_id=None, lines=lines, quiet=quiet)


def _exit(people: Collection[uuid.UUID], rows: QuerySet[ChannelMembership], *, lines: bool = True) -> None:
    ids = rows.filter(person_id__in=people).values_list("channel_id", flat=True)
    for channel in seating.lock_all(set(ids)):
        seating.unseat(channel, people, actor_id=None, lines=lines)


def _ids(texts: Collection[str]) -> list[uuid.UUID]:
    return [uuid.UUID(text) for text in texts]


def _with_group(group_id: uuid.UUID) -> list[uuid.UUID]:
    return list(ChannelGroup.objects.filter(group_id=group_id).values_list("channel_id", flat=True))
