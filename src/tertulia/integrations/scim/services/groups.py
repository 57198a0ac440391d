"""Groups of a directory: groups of the workspace, in which it has the people that it put there."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Callable, Collection

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from tertulia.enrolments.models import Source
from tertulia.integrations.scim.errors import Taken
from tertulia.integrations.scim.jobs import tell_soon
from tertulia.integrations.scim.models import DirectoryGroup, DirectoryUser
from tertulia.integrations.scim.resources import Group
from tertulia.integrations.scim.services.sources import enter, entries, open_source, tell
from tertulia.kernel import audit
from tertulia.kernel.clock import now
from tertulia.kernel.errors import Invalid, NotFound
from tertulia.kernel.ids import new_id
from tertulia.kernel.tidying import line
from tertulia.people.models import Person
from tertulia.workspaces import services as workspaces
from tertulia.workspaces.models import Group as WorkspaceGroup
from tertulia.workspaces.models import GroupMembership, Workspace

WORKSPACE_NAME_LENGTH = 80


def create_group(*, actor: Person, workspace: Workspace, group: Group) -> uuid.UUID:
    """A group of the directory, with these members: the workspace's group of this name, or a new one. Needs ENROL.

    Gives back its id. Raises Taken if the directory has a group of this name, Invalid.
    """
    with transaction.atomic():
        source = open_source(actor=actor, workspace=workspace)
        _check_name(source, group, None)
        members = _members(source, group)
        there, is_ours = _find_or_make(actor, source.workspace, _clean(group))
        row = DirectoryGroup(group=there, source=source, is_ours=is_ours)
        _fill(row, group)
        _save(row)
        _exchange(actor, source, row, members)
    return there.pk


def save_group(
    *, actor: Person, workspace: Workspace, group_id: uuid.UUID, change: Callable[[DirectoryGroup], Group]
) -> None:
    """What `change` makes of a group, while nobody else changes it. Needs ENROL.

    Only a group that the directory made is renamed in the workspace, too. Raises NotFound, Taken, Invalid, and what
    `change` raises.
    """
    with transaction.atomic():
        source = enter(actor=actor, workspace=workspace)
        row = _locked(source, group_id)
        group = change(row)
        _check_name(source, group, row)
        members = _members(source, group)
        before = (row.name, row.external_id)
        name = _clean(group)
        if row.is_ours and group.display_name != row.name:
            workspaces.rename_group(actor=actor, group=row.group, name=name)
        _fill(row, group)
        if _exchange(actor, source, row, members) or (row.name, row.external_id) != before:
            row.changed_at = now()
            _save(row)
        if row.name != before[0]:
            tell_soon(source, list(members))


def delete_group(*, actor: Person, workspace: Workspace, group_id: uuid.UUID) -> None:
    """A group leaves the directory, and with it everybody whom that put there. Needs ENROL. Raises NotFound.

    The workspace's group stays if staff made it, or if somebody else is in it.
    """
    with transaction.atomic():
        source = enter(actor=actor, workspace=workspace)
        row = _locked(source, group_id)
        _exchange(actor, source, row, {})
        there, is_ours = row.group, row.is_ours
        row.delete()
        if is_ours and not GroupMembership.objects.filter(group=there).exists():
            there.workspace = source.workspace
            workspaces.delete_group(actor=actor, group=there)


def _locked(source: Source, group_id: uuid.UUID) -> DirectoryGroup:
    """The group, which the workspace's lock keeps still."""
    row = DirectoryGroup.objects.select_related("group").filter(source=source, pk=group_id).first()
    if row is None:
        raise NotFound
    row.group.workspace = source.workspace
    return row


def _clean(group: Group) -> str:
    return line(
        str(group.display_name), field="displayName", label="displayName", longest=WORKSPACE_NAME_LENGTH, required=True
    )


def _find_or_make(actor: Person, workspace: Workspace, name: str) -> tuple[WorkspaceGroup, bool]:
    """The group of this name, and whether it was made for this."""
    there = WorkspaceGroup.objects.filter(workspace=workspace, name__iexact=name).order_by("pk")
    known = DirectoryGroup.objects.filter(group__workspace=workspace).values("pk")
    found = there.exclude(pk__in=known).first()
    if found is not None:
        return found, False
    group_id = new_id()
    workspaces.make_groups(workspace=workspace, names={group_id: name})
    made = WorkspaceGroup.objects.get(pk=group_id)
    audit.record(
        actor=actor,
        verb="created",
        object_kind="group",
        object_id=made.pk,
        workspace_id=workspace.pk,
        after={"name": made.name, "slug": made.slug},
    )
    return made, True


def _members(source: Source, group: Group) -> dict[uuid.UUID, DirectoryUser]:
    """The users whom the group names. Who is not, or no longer, in the directory is passed over: news cross each other.

    Raises Invalid for a member without a value.
    """
    wanted: set[uuid.UUID] = set()
    for member in group.members or []:
        if not member.value:
            raise Invalid(_("members: each member needs a value, the id of a user of this directory."))
        with contextlib.suppress(ValueError):
            wanted.add(uuid.UUID(member.value))
    rows = DirectoryUser.objects.select_related("enrolment").filter(source=source, pk__in=wanted)
    return {row.pk: row for row in rows}


def _exchange(
    actor: Person, source: Source, row: DirectoryGroup, members: dict[uuid.UUID, DirectoryUser]
) -> Collection[uuid.UUID]:
    """Put exactly these users into a group; gives back for whom that is a change."""
    present = {user.pk: user for user in row.users.select_related("enrolment")}
    came, went = members.keys() - present.keys(), present.keys() - members.keys()
    row.users.remove(*(present[key] for key in went))
    row.users.add(*(members[key] for key in came))
    changed = {key: members.get(key) or present[key] for key in came | went}
    tell(actor=actor, source=source, people=entries(list(changed.values())))
    tell_soon(source, list(changed))
    return changed.keys()


def _check_name(source: Source, group: Group, row: DirectoryGroup | None) -> None:
    others = DirectoryGroup.objects.filter(source=source, name__iexact=group.display_name)
    if others.exclude(pk=row.pk if row else None).exists():
        raise _taken(str(group.display_name))


def _taken(name: str) -> Taken:
    return Taken(_("The directory has a group “%(name)s” already.") % {"name": name})


def _fill(row: DirectoryGroup, group: Group) -> None:
    row.name, row.external_id = str(group.display_name), group.external_id or ""


def _save(row: DirectoryGroup) -> None:
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:  # names that differ for Python, and not for the database
        if "scim_group_once" not in str(error):
            raise
        raise _taken(row.name) from None
