"""What all verbs of workspaces share: the lock, letting people in, and notices.

Every verb that changes who is in a workspace, or as what, first locks the workspace's row. So "is there another
owner", "are they banned", "is it archived" stay true until commit. Order of locks: workspace, then invitation.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from tertulia.kernel import audit, bus
from tertulia.kernel.clock import now
from tertulia.kernel.errors import Conflict, Forbidden, NotFound
from tertulia.kernel.happenings import emit
from tertulia.people.models import Person
from tertulia.workspaces import access, happenings
from tertulia.workspaces.access import Permission, Place
from tertulia.workspaces.models import Ban, GroupMembership, Invitation, JoinRequest, Membership, Role, Workspace


def lock(workspace_id: uuid.UUID) -> Workspace:
    """The workspace's row, locked until the end of the transaction. Rows that refer to it can still be made."""
    found = Workspace.objects.select_for_update(no_key=True).filter(pk=workspace_id).first()
    if found is None:
        raise NotFound
    return found


def enter(actor: Person, workspace: Workspace, permission: Permission, *, archived: bool = False) -> Place:
    """Locks the workspace and finds the actor's place in it as it is now.

    Raises NotFound for outsiders, Forbidden without the permission, Conflict if archived (unless `archived`).
    """
    locked = lock(workspace.pk)
    membership = Membership.objects.filter(workspace=locked, person=actor).first()
    if membership is None:
        raise NotFound
    place = Place(locked, membership, Role(membership.role))
    access.check(place, permission)
    if not archived:
        access.check_open(locked)
    return place


def admit(
    workspace: Workspace,
    person: Person,
    role: Role,
    *,
    by: Person | None,
    how: str,
    channel_ids: Sequence[str] = (),
    quiet: bool = False,
) -> tuple[Membership, bool]:
    """Makes `person` a member of a locked workspace; `how` is the audit verb. True: they were not one before.

    `quiet`: no happening and no notices (imports).
    Raises Forbidden for the banned.
    """
    refuse_banned(workspace, person)
    membership, created = Membership.objects.get_or_create(workspace=workspace, person=person, defaults={"role": role})
    JoinRequest.objects.filter(workspace=workspace, person=person).delete()
    if not created:
        return membership, False
    audit.record(
        actor=by,
        verb=how,
        object_kind="person",
        object_id=person.pk,
        workspace_id=workspace.pk,
        after={"role": role, "name": person.display_name},
    )
    if not quiet:
        emit(happenings.MemberJoined(str(workspace.pk), str(person.pk), role, tuple(channel_ids)))
        tell(workspace, person.pk)
    return membership, True


def refuse_banned(workspace: Workspace, person: Person) -> None:
    """Raises Forbidden for somebody banned from this workspace."""
    if Ban.objects.filter(workspace=workspace, person=person).exists():
        raise Forbidden(
            _("%(person)s is banned from %(workspace)s. Its staff can lift the ban.")
            % {"person": person.display_name, "workspace": workspace.name},
            type="banned",
        )


def dismiss(workspace: Workspace, person: Person) -> None:
    """Ends a membership of a locked workspace, with the person's groups there."""
    GroupMembership.objects.filter(group__workspace=workspace, person=person).delete()
    Membership.objects.filter(workspace=workspace, person=person).delete()
    emit(happenings.MemberLeft(str(workspace.pk), str(person.pk)))
    tell(workspace, person.pk)


def keep_an_owner(workspace: Workspace, leaving: Membership) -> None:
    """Raises Conflict if `leaving` is the only owner of this locked workspace."""
    if leaving.role != Role.OWNER:
        return
    others = Membership.objects.filter(workspace=workspace, role=Role.OWNER).exclude(pk=leaving.pk)
    if not others.exists():
        raise Conflict(
            _("%(workspace)s needs an owner. Make somebody else an owner first.") % {"workspace": workspace.name},
            type="last-owner",
        )


def revoke_beyond(workspace: Workspace, person: Person, role: Role | None) -> None:
    """Takes back the invitations that `person` made and, being `role` now (None: out), could not make any more."""
    live = Invitation.objects.filter(workspace=workspace, by=person, revoked_at=None)
    if role is not None and role in access.GRANTS[Permission.INVITE]:
        too_high = [other for other in Role if access.RANK[other] < access.RANK[role]]
        live = live.filter(role__in=too_high)
    revoke_all(live)


def revoke_all(invitations: QuerySet[Invitation]) -> None:
    """Takes back all of these that are not yet."""
    invitations.filter(revoked_at=None).update(revoked_at=now())


def tell(workspace: Workspace, person_id: uuid.UUID) -> None:
    """Notices after a change to one person's standing: to the workspace's pages, their sidebar, permission caches."""
    tell_all(workspace, [person_id])


def tell_all(workspace: Workspace, person_ids: Collection[uuid.UUID]) -> None:
    """The same after a change to many people's standing."""
    bus.notify("workspace", workspace=workspace.pk)
    for kind in ("sidebar", "identity"):
        bus.notify_all(kind, [{"person": person_id} for person_id in person_ids])
