"""Many members at once, for enrolments: the steps of one, for all in few statements.

`open_to_enrol` locks the workspace and checks who asks; the others trust their caller about that, and about who may be
admitted, changed and dismissed: `enrolments` has looked at the locked workspace to know.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Mapping

from django.db.models.functions import Lower
from django.utils.text import slugify

from tertulia.kernel import bus
from tertulia.kernel.bulk import among, insert_alike
from tertulia.kernel.happenings import emit
from tertulia.people.models import Person
from tertulia.workspaces import access, happenings
from tertulia.workspaces.access import Permission
from tertulia.workspaces.models import (
    GROUP_SLUG_LENGTH,
    Group,
    GroupMembership,
    Invitation,
    JoinRequest,
    Membership,
    Role,
    Workspace,
)
from tertulia.workspaces.services._common import enter, lock, revoke_all, revoke_beyond, tell_all
from tertulia.workspaces.services._groups import RESERVED, exchange


def open_to_enrol(*, actor: Person | None, workspace: Workspace) -> Workspace:
    """The workspace, locked, for a change of many members. `actor` None: a source of the workspace by itself.

    Raises NotFound, Forbidden without ENROL, Conflict if archived.
    """
    if actor is not None:
        return enter(actor, workspace, Permission.ENROL).workspace
    locked = lock(workspace.pk)
    access.check_open(locked)
    return locked


def admit_many(
    *, workspace: Workspace, roles: Mapping[uuid.UUID, Role], newborn: Collection[uuid.UUID] = ()
) -> dict[uuid.UUID, uuid.UUID]:
    """Makes members of people who are none and are not banned; gives back their memberships' ids, by person.

    `newborn`: those whose accounts were made in this transaction, of whom no process can have heard.
    """
    rows = ({"person_id": person_id, "role": role} for person_id, role in roles.items())
    made: dict[uuid.UUID, uuid.UUID] = dict(
        insert_alike(Membership(workspace=workspace), rows, returning=["person_id", "id"])
    )
    JoinRequest.objects.filter(workspace=workspace, person_id__in=among(roles)).delete()
    groups: dict[tuple[Role, bool], list[str]] = defaultdict(list)
    for person_id, role in roles.items():
        groups[role, person_id in newborn].append(str(person_id))
    for (role, are_new), people in groups.items():
        emit(happenings.MembersJoined(str(workspace.pk), tuple(people), role, are_new))
    tell_all(workspace, [person_id for person_id in roles if person_id not in newborn])
    return made


def change_roles(*, workspace: Workspace, roles: Mapping[uuid.UUID, Role]) -> None:
    """Gives members, of whom none is an owner, other roles."""
    here = Membership.objects.filter(workspace=workspace)
    before = {row.person_id: Role(row.role) for row in here.filter(person_id__in=among(roles))}
    moves: dict[tuple[Role, Role], list[uuid.UUID]] = defaultdict(list)
    for person_id, role in roles.items():
        if person_id in before and before[person_id] != role:
            moves[before[person_id], role].append(person_id)
    for (old, new), people in moves.items():
        here.filter(person_id__in=among(people)).update(role=new)
        if old in access.GRANTS[Permission.INVITE]:
            for person in Person.objects.filter(pk__in=people):
                revoke_beyond(workspace, person, new)
        emit(happenings.RolesChanged(str(workspace.pk), tuple(map(str, people)), old, new))
    tell_all(workspace, [person_id for people in moves.values() for person_id in people])


def dismiss_many(*, workspace: Workspace, person_ids: Collection[uuid.UUID]) -> None:
    """Ends the memberships of people of whom none is an owner, with their groups and invitations here."""
    people = list(person_ids)
    revoke_all(Invitation.objects.filter(workspace=workspace, by_id__in=among(people)))
    GroupMembership.objects.filter(group__workspace=workspace, person_id__in=among(people)).delete()
    Membership.objects.filter(workspace=workspace, person_id__in=among(people)).delete()
    emit(happenings.MembersLeft(str(workspace.pk), tuple(map(str, people))))
    tell_all(workspace, people)


def make_groups(*, workspace: Workspace, names: Mapping[uuid.UUID, str]) -> None:
    """Makes empty groups with these ids and tidy names, each with a handle made from the name that nobody has."""
    taken = set(Group.objects.filter(workspace=workspace).values_list(Lower("slug"), flat=True)) | RESERVED
    made: list[Group] = []
    for group_id, name in names.items():
        base = slugify(name).replace("_", "-").strip("-")[: GROUP_SLUG_LENGTH - 6].strip("-") or "group"
        numbered = (f"{base}-{number}" for number in range(2, len(taken) + 3))
        slug = base if base not in taken else next(slug for slug in numbered if slug not in taken)
        taken.add(slug)
        made.append(Group(id=group_id, workspace=workspace, name=name, slug=slug))
    Group.objects.bulk_create(made)


def change_group_people(
    *,
    actor: Person | None,
    workspace: Workspace,
    group_id: uuid.UUID,
    add: Collection[uuid.UUID],
    remove: Collection[uuid.UUID],
) -> dict[uuid.UUID, int]:
    """Takes members into a group and others out of it; gives back the new rows' ids, by person.

    Conversations get no line about it.
    """
    group = Group.objects.get(pk=group_id, workspace=workspace)
    new = exchange(actor, group, add=add, remove=remove, quiet=True)
    bus.notify("workspace", workspace=workspace.pk)
    return new
