"""Invitations by link and by mail: making, taking back, accepting."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from tertulia.kernel import audit, limits
from tertulia.kernel.clock import now
from tertulia.kernel.errors import Conflict, Invalid, NotFound, Refusal
from tertulia.kernel.happenings import emit
from tertulia.kernel.ids import new_id
from tertulia.people.models import Person
from tertulia.workspaces import access, doors, happenings, invitation_secrets, jobs
from tertulia.workspaces.access import Permission, Place
from tertulia.workspaces.models import Ban, Invitation, Membership, Role, Workspace
from tertulia.workspaces.services._common import admit, enter, lock, revoke_all, tell
from tertulia.workspaces.services._members import a_role, refuse_grant

LONGEST_DAYS = 365
MOST_USES = 100_000
MOST_ADDRESSES = 50


@dataclasses.dataclass(frozen=True, slots=True)
class Mailed:
    """What became of several addresses: invited ones, and those that were not, each with a sentence."""

    sent: list[str]
    skipped: dict[str, str]


def create_invitation(
    *,
    actor: Person,
    workspace: Workspace,
    role: Role | str = Role.LEARNER,
    email: str = "",
    channel_ids: Sequence[str] = (),
    expires_at: datetime | None = None,
    max_uses: int | None = None,
) -> tuple[Invitation, str]:
    """Makes an invitation and its secret, which is in no other place. With an `email` it is mailed, and works once, for
    that address only; an older one to the same address stops working.

    `channel_ids` are given to whoever accepts; guests get nothing else. `expires_at` None: never; `max_uses` None: any
    number. Needs INVITE and the right to give `role`. Raises Forbidden, Invalid, Conflict (a member already), TooMany.
    """
    role = a_role(role)
    email = _address(email)
    _check_terms(expires_at, max_uses)
    limits.spend(limits.INVITATIONS, actor.pk)
    with transaction.atomic():
        place = enter(actor, workspace, Permission.INVITE)
        refuse_grant(place, role)
        given = _channels(place, channel_ids)
        if email:
            _refuse_known(place, email)
            revoke_all(Invitation.objects.filter(workspace=place.workspace, email__iexact=email))
        invitation_id = new_id()
        secret = invitation_secrets.mailed_secret(invitation_id) if email else invitation_secrets.new_secret()
        made = Invitation.objects.create(
            id=invitation_id,
            workspace=place.workspace,
            digest=invitation_secrets.digest(secret),
            email=email,
            role=role,
            channel_ids=given,
            by=actor,
            expires_at=expires_at,
            max_uses=1 if email else max_uses,
        )
        if email:
            jobs.send_invitation.defer(invitation_id=str(made.pk))
        audit.record(
            actor=actor,
            verb="invited by mail" if email else "made an invitation link",
            object_kind="invitation",
            object_id=made.pk,
            workspace_id=place.workspace.pk,
            after={"role": role, **({"email": email} if email else {})},
        )
    return made, secret


def mail_invitations(
    *,
    actor: Person,
    workspace: Workspace,
    emails: Collection[str],
    role: Role | str = Role.LEARNER,
    channel_ids: Sequence[str] = (),
    expires_at: datetime | None = None,
) -> Mailed:
    """Invites several addresses, each as `create_invitation` does; one that cannot be does not keep the others back.

    Raises Invalid for none or too many addresses, TooMany before the first is sent; else what is wrong for all.
    """
    wanted = list(dict.fromkeys(email.strip() for email in emails if email.strip()))
    if not wanted:
        raise Invalid(_("Please give at least one e-mail address."), field="emails")
    if len(wanted) > MOST_ADDRESSES:
        raise Invalid(
            _("These are %(count)s addresses; %(most)s at once is the most.")
            % {"count": len(wanted), "most": MOST_ADDRESSES},
            field="emails",
        )
    access.check(access.workspace_by_id(actor, workspace.pk), Permission.INVITE)
    sent: list[str] = []
    skipped: dict[str, str] = {}
    for email in wanted:
        try:
            create_invitation(
                actor=actor, workspace=workspace, role=role, email=email, channel_ids=channel_ids, expires_at=expires_at
            )
        except Refusal as refusal:
            if refusal.field != "email" and not sent and not skipped:
                raise
            skipped[email] = refusal.detail
        else:
            sent.append(email)
    return Mailed(sent, skipped)


def revoke_invitation(*, actor: Person, invitation: Invitation) -> None:
    """Makes an invitation stop working. Idempotent. Needs INVITE, and the right to give its role."""
    with transaction.atomic():
        place = enter(actor, invitation.workspace, Permission.INVITE)
        refuse_grant(place, Role(invitation.role))
        changed = Invitation.objects.filter(pk=invitation.pk, workspace=place.workspace, revoked_at=None)
        if changed.update(revoked_at=now()):
            audit.record(
                actor=actor,
                verb="took back an invitation",
                object_kind="invitation",
                object_id=invitation.pk,
                workspace_id=place.workspace.pk,
                before={"role": invitation.role, **({"email": invitation.email} if invitation.email else {})},
            )


def accept_invitation(*, actor: Person, secret: str) -> Place:
    """Comes in by an invitation. Members stay what they are, unless the invitation's role is higher; accepting again
    uses nothing up.

    Raises NotFound for a wrong secret, Conflict `invitation-over` (run out, used up, taken back), Forbidden
    `banned` or `wrong-address`.
    """
    found = invitation_secrets.find(secret)
    if found is None:
        raise NotFound(_("There is no such invitation. Perhaps part of the link was lost on the way."))
    with transaction.atomic():
        workspace = lock(found.workspace_id)
        invitation = Invitation.objects.select_for_update(no_key=True).get(pk=found.pk)
        invitation.workspace = workspace
        standing = access.standing(invitation, actor)
        membership, role = standing.membership, Role(invitation.role)
        if standing.settled and membership is not None:
            return Place(workspace, membership, Role(membership.role))
        if standing.refusal is not None:
            raise standing.refusal
        given = [str(channel_id) for channel_id in invitation.channel_ids]
        if membership is None:
            membership, _new = admit(workspace, actor, role, by=actor, how="accepted an invitation", channel_ids=given)
        else:
            _give_more(workspace, membership, actor, role, given)
        Invitation.objects.filter(pk=invitation.pk).update(uses=F("uses") + 1)
    return Place(workspace, membership, Role(membership.role))


def _give_more(
    workspace: Workspace, membership: Membership, actor: Person, role: Role, channel_ids: Sequence[str]
) -> None:
    before = Role(membership.role)
    if access.RANK[role] < access.RANK[before]:
        membership.role = role
        membership.save(update_fields=["role"])
        audit.record(
            actor=actor,
            verb="accepted an invitation",
            object_kind="person",
            object_id=actor.pk,
            workspace_id=workspace.pk,
            before={"role": before},
            after={"role": role, "name": actor.display_name},
        )
        emit(happenings.RoleChanged(str(workspace.pk), str(actor.pk), before, role))
    if channel_ids:
        emit(happenings.MemberJoined(str(workspace.pk), str(actor.pk), membership.role, tuple(channel_ids)))
    tell(workspace, actor.pk)


def _address(email: str) -> str:
    email = email.strip()
    if not email:
        return ""
    try:
        validate_email(email)
    except ValidationError:
        raise Invalid(_("“%(email)s” is not an e-mail address.") % {"email": email[:80]}, field="email") from None
    return email


def _check_terms(expires_at: datetime | None, max_uses: int | None) -> None:
    moment = now()
    if expires_at is not None and not moment < expires_at <= moment + timedelta(days=LONGEST_DAYS):
        raise Invalid(
            _("An invitation must end in the future, within %(days)s days.") % {"days": LONGEST_DAYS},
            field="expires_at",
        )
    if max_uses is not None and not 1 <= max_uses <= MOST_USES:
        raise Invalid(_("An invitation can be used once up to %(most)s times.") % {"most": MOST_USES}, field="max_uses")


def _channels(place: Place, channel_ids: Sequence[str]) -> list[str]:
    wanted = list(dict.fromkeys(str(channel_id) for channel_id in channel_ids))
    if wanted and not set(wanted) <= {choice.id for choice in doors.channel_choices(place)}:
        raise Invalid(_("One of these channels is not known, or not yours to give."), field="channel_ids")
    return wanted


def _refuse_known(place: Place, email: str) -> None:
    if Membership.objects.filter(workspace=place.workspace, person__email__iexact=email).exists():
        raise Conflict(_("%(email)s is a member already.") % {"email": email}, type="member-already", field="email")
    if Ban.objects.filter(workspace=place.workspace, person__email__iexact=email).exists():
        raise Conflict(
            _("%(email)s is banned here. Lift the ban first.") % {"email": email}, type="banned", field="email"
        )
