"""What workspaces do when something happens to people. `config.subscriptions` calls these."""

from __future__ import annotations

import uuid

from tertulia.kernel import audit
from tertulia.kernel.happenings import emit
from tertulia.people.happenings import PlaceholderClaimed
from tertulia.people.models import Person
from tertulia.workspaces import access, happenings
from tertulia.workspaces.models import Ban, GroupMembership, JoinRequest, Membership, Role, Workspace
from tertulia.workspaces.services._common import dismiss, tell


def follow_placeholder_claimed(happening: PlaceholderClaimed) -> None:
    """Inside: what the placeholder was in workspaces, the person is now; of two roles the higher one stays.

    Tells no MemberJoined or GroupChanged: whoever keeps rows of the placeholder hears of the claim itself, after this.
    A ban of the person holds: where they are banned, the placeholder just leaves.
    """
    placeholder = Person.objects.get(pk=uuid.UUID(happening.placeholder_id))
    person = Person.objects.get(pk=uuid.UUID(happening.person_id))
    ids = Membership.objects.filter(person=placeholder).values("workspace_id")
    for workspace in Workspace.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk"):
        if Ban.objects.filter(workspace=workspace, person=person).exists():
            dismiss(workspace, placeholder)
        else:
            _move_groups(workspace, placeholder, person)
            _move_membership(workspace, placeholder, person)
            tell(workspace, person.pk)
    JoinRequest.objects.filter(person=placeholder).delete()
    banned_too = Ban.objects.filter(person=person).values("workspace_id")
    Ban.objects.filter(person=placeholder, workspace_id__in=banned_too).delete()
    Ban.objects.filter(person=placeholder).update(person=person)


def _move_membership(workspace: Workspace, placeholder: Person, person: Person) -> None:
    moved = Membership.objects.get(workspace=workspace, person=placeholder)
    own = Membership.objects.filter(workspace=workspace, person=person).first()
    before, offered = Role(own.role) if own else None, Role(moved.role)
    if own is None:
        moved.person = person
        moved.save(update_fields=["person"])
    else:
        moved.delete()
        if before is None or access.RANK[before] <= access.RANK[offered]:
            return
        own.role = offered
        own.save(update_fields=["role"])
        emit(happenings.RoleChanged(str(workspace.pk), str(person.pk), before, offered))
    audit.record(
        actor=person,
        verb="claimed an imported membership",
        object_kind="person",
        object_id=person.pk,
        workspace_id=workspace.pk,
        before={"role": before} if before else {},
        after={"role": offered, "name": person.display_name},
    )


def _move_groups(workspace: Workspace, placeholder: Person, person: Person) -> None:
    theirs = GroupMembership.objects.filter(group__workspace=workspace, person=placeholder)
    own = GroupMembership.objects.filter(group__workspace=workspace, person=person)
    theirs.filter(group_id__in=list(own.values_list("group_id", flat=True))).delete()
    theirs.update(person=person)
