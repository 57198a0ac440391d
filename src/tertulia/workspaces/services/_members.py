"""Members: adding, roles, leaving, removing, banning; open doors and requests to join."""

from __future__ import annotations

import uuid

from django.db import transaction
from django.utils.translation import gettext as _

from tertulia.kernel import audit, limits
from tertulia.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from tertulia.kernel.happenings import emit
from tertulia.kernel.tidying import line
from tertulia.people.models import Person
from tertulia.workspaces import access, happenings, jobs
from tertulia.workspaces.access import Permission, Place
from tertulia.workspaces.models import Ban, Joining, JoinRequest, Membership, Role, Workspace
from tertulia.workspaces.services._common import (
    admit,
    dismiss,
    enter,
    keep_an_owner,
    lock,
    revoke_beyond,
    tell,
)

MESSAGE_LENGTH = 500


def add_member(
    *, actor: Person, workspace: Workspace, person: Person, role: Role | str = Role.LEARNER, quiet: bool = False
) -> tuple[Membership, bool]:
    """Makes somebody a member. Idempotent: True if they were not one before; an existing role stays as it is.

    `quiet`: for imports, nobody is told and they enter no channels.
    Needs MANAGE_MEMBERS and the right to give this role. Raises Forbidden for the banned too.
    """
    role = a_role(role)
    with transaction.atomic():
        place = enter(actor, workspace, Permission.MANAGE_MEMBERS)
        refuse_grant(place, role)
        return admit(place.workspace, person, role, by=actor, how="added", quiet=quiet)


def change_role(*, actor: Person, workspace: Workspace, person: Person, role: Role | str) -> Membership:
    """Gives a member another role. Needs MANAGE_MEMBERS, to outrank them, and the right to give the role.

    Raises NotFound, Forbidden, or Conflict for the last owner.
    """
    role = a_role(role)
    with transaction.atomic():
        place = enter(actor, workspace, Permission.MANAGE_MEMBERS)
        membership = access.member(place, person.pk)
        before = Role(membership.role)
        if before == role:
            return membership
        refuse_outranked(place, membership)
        refuse_grant(place, role)
        keep_an_owner(place.workspace, membership)
        membership.role = role
        membership.save(update_fields=["role"])
        revoke_beyond(place.workspace, person, role)
        audit.record(
            actor=actor,
            verb="changed role",
            object_kind="person",
            object_id=person.pk,
            workspace_id=place.workspace.pk,
            before={"role": before},
            after={"role": role, "name": membership.person.display_name},
        )
        emit(happenings.RoleChanged(str(place.workspace.pk), str(person.pk), before, role))
        tell(place.workspace, person.pk)
    return membership


def leave(*, actor: Person, workspace: Workspace) -> None:
    """Ends the actor's own membership, of an archived workspace too.

    Raises NotFound for outsiders, Conflict for the last owner.
    """
    with transaction.atomic():
        locked = lock(workspace.pk)
        membership = Membership.objects.filter(workspace=locked, person=actor).first()
        if membership is None:
            raise NotFound
        keep_an_owner(locked, membership)
        dismiss(locked, actor)
        _record(actor, "left", locked, actor)


def remove_member(*, actor: Person, workspace: Workspace, person: Person) -> None:
    """Ends somebody's membership; they may come back by any way that is open to them. Oneself: `leave`.

    Needs REMOVE_MEMBERS and to outrank them. Their invitations stop working.
    """
    if person.pk == actor.pk:
        leave(actor=actor, workspace=workspace)
        return
    with transaction.atomic():
        place = enter(actor, workspace, Permission.REMOVE_MEMBERS)
        membership = access.member(place, person.pk)
        refuse_outranked(place, membership)
        keep_an_owner(place.workspace, membership)
        revoke_beyond(place.workspace, person, None)
        dismiss(place.workspace, membership.person)
        _record(actor, "removed", place.workspace, membership.person)


def ban(*, actor: Person, workspace: Workspace, person: Person, reason: str = "") -> Ban:
    """Removes a member, or turns away somebody who asked, and keeps them from coming back. Idempotent.

    Needs REMOVE_MEMBERS and to outrank them. Raises NotFound for people who are neither.
    """
    reason = line(reason, field="reason", label=_("reason"), longest=MESSAGE_LENGTH)
    with transaction.atomic():
        place = enter(actor, workspace, Permission.REMOVE_MEMBERS)
        known = Ban.objects.filter(workspace=place.workspace, person=person).first()
        if known is not None:
            return known
        if person.pk == actor.pk:
            raise Invalid(_("You cannot ban yourself. You can leave instead."))
        membership = Membership.objects.filter(workspace=place.workspace, person=person).first()
        asked, _rows = JoinRequest.objects.filter(workspace=place.workspace, person=person).delete()
        if membership is None and not asked:
            raise NotFound
        if membership is not None:
            refuse_outranked(place, membership)
            keep_an_owner(place.workspace, membership)
            dismiss(place.workspace, person)
        revoke_beyond(place.workspace, person, None)
        made = Ban.objects.create(workspace=place.workspace, person=person, by=actor, reason=reason)
        _record(actor, "banned", place.workspace, person, reason=reason)
    return made


def unban(*, actor: Person, workspace: Workspace, person: Person) -> None:
    """Lifts a ban; does not make them a member again. Needs REMOVE_MEMBERS; raises NotFound if not banned."""
    with transaction.atomic():
        place = enter(actor, workspace, Permission.REMOVE_MEMBERS)
        lifted, _rows = Ban.objects.filter(workspace=place.workspace, person=person).delete()
        if not lifted:
            raise NotFound
        _record(actor, "lifted the ban of", place.workspace, person)


def join_open(*, actor: Person, workspace: Workspace) -> Membership:
    """Comes into an open workspace as a learner. Idempotent.

    Raises NotFound for unlisted ones, Forbidden where one must ask or be invited, and for the banned.
    """
    with transaction.atomic():
        locked = lock(workspace.pk)
        if not locked.listed or locked.archived_at is not None:
            raise NotFound
        if locked.joining != Joining.OPEN:
            raise Forbidden(
                _("%(workspace)s is not open: ask to join or wait for an invitation.") % {"workspace": locked.name}
            )
        _refuse_banned_self(locked, actor)
        membership, _created = admit(locked, actor, Role.LEARNER, by=actor, how="joined")
    return membership


def ask_to_join(*, actor: Person, workspace: Workspace, message: str = "") -> JoinRequest:
    """Asks the staff of a by-request workspace to be let in; asking again replaces the message.

    Raises NotFound for unlisted ones, Forbidden (other joining, banned), Conflict for members, TooMany.
    """
    message = line(message, field="message", label=_("message"), longest=MESSAGE_LENGTH)
    limits.spend(limits.INVITATIONS, f"ask:{actor.pk}")
    with transaction.atomic():
        locked = lock(workspace.pk)
        if not locked.listed or locked.archived_at is not None:
            raise NotFound
        if locked.joining != Joining.REQUEST:
            raise Forbidden(_("%(workspace)s does not take requests.") % {"workspace": locked.name})
        _refuse_banned_self(locked, actor)
        if Membership.objects.filter(workspace=locked, person=actor).exists():
            raise Conflict(_("You are in %(workspace)s already.") % {"workspace": locked.name})
        request, created = JoinRequest.objects.update_or_create(
            workspace=locked, person=actor, defaults={"message": message}
        )
        if created:
            _record(actor, "asked to join", locked, actor)
    return request


def withdraw_request(*, actor: Person, workspace: Workspace) -> None:
    """Takes back one's own request to join. Idempotent."""
    JoinRequest.objects.filter(workspace=workspace, person=actor).delete()


def decide_request(
    *, actor: Person, workspace: Workspace, person_id: uuid.UUID, accept: bool, role: Role | str = Role.LEARNER
) -> Membership | None:
    """Lets somebody in who asked, as `role`, and mails them; or turns them down quietly (None). Needs DECIDE_REQUESTS.

    Raises NotFound if nobody of this id asks (any more).
    """
    role = a_role(role)
    with transaction.atomic():
        place = enter(actor, workspace, Permission.DECIDE_REQUESTS)
        request = (
            JoinRequest.objects.select_related("person").filter(workspace=place.workspace, person_id=person_id).first()
        )
        if request is None:
            raise NotFound(_("Nobody asks any more: they changed their mind, or a colleague has decided."))
        person = request.person
        if not accept:
            request.delete()
            _record(actor, "turned down", place.workspace, person)
            return None
        refuse_grant(place, role)
        membership, _created = admit(place.workspace, person, role, by=actor, how="let in")
        if person.email:
            jobs.send_welcome.defer(membership_id=str(membership.pk))
    return membership


def a_role(role: Role | str) -> Role:
    """The role of this name. Raises Invalid."""
    try:
        return Role(role)
    except ValueError:
        raise Invalid(
            _("“%(role)s” is not a role. The roles are: %(roles)s.")
            % {"role": role[:40], "roles": ", ".join(Role.values)},
            field="role",
        ) from None


def refuse_grant(place: Place, role: Role) -> None:
    """Raises Forbidden if this member may not give others `role`."""
    if not access.may_grant(place, role):
        raise Forbidden(
            _("As %(own)s you can give roles up to your own, not %(role)s.")
            % {"own": place.role.label, "role": role.label},
            type="role-above-own",
        )


def refuse_outranked(place: Place, membership: Membership) -> None:
    """Raises Forbidden if this member may not change, remove or ban the other."""
    if not access.outranks(place, Role(membership.role)):
        raise Forbidden(
            _("Their role (%(role)s) is not below yours (%(own)s), so you cannot do this. Ask an owner.")
            % {"role": Role(membership.role).label, "own": place.role.label},
            type="role-above-own",
        )


def _refuse_banned_self(workspace: Workspace, person: Person) -> None:
    refusal = access.banned(workspace, person)
    if refusal is not None:
        raise refusal


def _record(actor: Person, verb: str, workspace: Workspace, person: Person, *, reason: str = "") -> None:
    audit.record(
        actor=actor,
        verb=verb,
        object_kind="person",
        object_id=person.pk,
        workspace_id=workspace.pk,
        after={"name": person.display_name},
        reason=reason,
    )
