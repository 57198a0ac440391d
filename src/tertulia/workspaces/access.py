"""Who may what in a workspace: the only door through which pages and REST fetch one.

A workspace that is missing and one that is somebody else's give the same `NotFound`, by the same single query.
"""

from __future__ import annotations

import enum
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Lower
from django.http import HttpRequest
from django.utils.translation import gettext as _

from tertulia.kernel.errors import Conflict, Forbidden, NotFound, Refusal
from tertulia.people.models import Person
from tertulia.workspaces import invitation_secrets
from tertulia.workspaces.models import STAFF, Ban, Group, Invitation, Joining, JoinRequest, Membership, Role, Workspace


class Permission(enum.Enum):
    """What may be granted inside a workspace. `GRANTS` says to whom."""

    MANAGE_WORKSPACE = "manage workspace"  # name, goal, joining, directory
    ARCHIVE_WORKSPACE = "archive workspace"  # archive and restore
    MANAGE_MEMBERS = "manage members"  # add people, change roles
    REMOVE_MEMBERS = "remove members"  # remove, ban, lift bans
    INVITE = "invite"  # make and revoke invitations
    DECIDE_REQUESTS = "decide requests"  # let people in who asked
    MANAGE_GROUPS = "manage groups"
    SEE_MEMBERS = "see members"  # the list of everybody, and groups
    SEE_LOG = "see log"  # who changed what
    ENROL = "enrol"  # let outside systems and lists add and remove people; see what they did
    BROWSE_CHANNELS = "browse channels"  # find and join public channels; without it: only channels given
    CREATE_CHANNEL = "create channel"
    CREATE_PRIVATE_CHANNEL = "create private channel"
    MANAGE_CHANNELS = "manage channels"
    MODERATE_POSTS = "moderate posts"
    POST_TO_STAFF_CHANNELS = "post to staff channels"
    MENTION_ALL = "mention all"  # @channel, @here


_LEAD = frozenset({Role.OWNER, Role.OPERATIONS})
_TEACH = _LEAD | {Role.INSTRUCTOR}
_HELP = STAFF | {Role.MENTOR}
_MEMBERS = _HELP | {Role.LEARNER}

GRANTS: Mapping[Permission, frozenset[Role]] = {
    Permission.MANAGE_WORKSPACE: _LEAD,
    Permission.ARCHIVE_WORKSPACE: frozenset({Role.OWNER}),
    Permission.MANAGE_MEMBERS: _TEACH,
    Permission.REMOVE_MEMBERS: STAFF,
    Permission.INVITE: STAFF,
    Permission.DECIDE_REQUESTS: STAFF,
    Permission.MANAGE_GROUPS: _TEACH,
    Permission.SEE_MEMBERS: _MEMBERS,
    Permission.SEE_LOG: _LEAD,
    Permission.ENROL: _LEAD,
    Permission.BROWSE_CHANNELS: _MEMBERS,
    Permission.CREATE_CHANNEL: _MEMBERS,
    # Not learners: where they may not message each other, a private channel would be a way around it.
    Permission.CREATE_PRIVATE_CHANNEL: _HELP,
    Permission.MANAGE_CHANNELS: STAFF,
    Permission.MODERATE_POSTS: STAFF,
    Permission.POST_TO_STAFF_CHANNELS: STAFF,
    Permission.MENTION_ALL: _HELP,
}

# 0 is the highest.
RANK: Mapping[Role, int] = {role: rank for rank, role in enumerate(Role)}


@dataclass(frozen=True, slots=True)
class Place:
    """A member's standing in a workspace."""

    workspace: Workspace
    membership: Membership
    role: Role

    @classmethod
    def of(cls, membership: Membership) -> Place:
        """The place of a membership whose workspace is loaded."""
        return cls(membership.workspace, membership, Role(membership.role))

    @property
    def is_staff(self) -> bool:
        return self.role in STAFF

    @property
    def is_archived(self) -> bool:
        return self.workspace.archived_at is not None

    @property
    def may(self) -> Mapping[str, bool]:
        """For templates: `place.may.INVITE`."""
        return {permission.name: may(self, permission) for permission in Permission}


def workspace(person: Person, slug: str) -> Place:
    """The workspace at this address, for its member. Archived ones too: they can be read.

    Raises NotFound alike for an unknown address and for a workspace the person is not in.
    """
    return _place(person, workspace__slug=slug.lower())


def workspace_by_id(person: Person, workspace_id: uuid.UUID) -> Place:
    """As `workspace`, by id."""
    return _place(person, workspace_id=workspace_id)


def _place(person: Person, **where: object) -> Place:
    membership = Membership.objects.select_related("workspace").filter(person_id=person.pk, **where).first()
    if membership is None:
        raise NotFound
    membership.person = person
    return Place.of(membership)


def may(place: Place, permission: Permission) -> bool:
    """Whether the role grants it. Says nothing about archived workspaces; see `check`."""
    return place.role in GRANTS[permission]


def check(place: Place, permission: Permission) -> None:
    """Raises Forbidden, with a sentence, unless the role grants `permission`."""
    if not may(place, permission):
        raise Forbidden(
            _("Your role in %(workspace)s (%(role)s) does not allow this. Ask one of its owners.")
            % {"workspace": place.workspace.name, "role": place.role.label}
        )


def check_open(workspace: Workspace) -> None:
    """Raises Conflict where the workspace is archived: it can be read, not changed."""
    if workspace.archived_at is not None:
        raise Conflict(
            _("%(workspace)s is archived: it can be read but not changed. An owner can restore it.")
            % {"workspace": workspace.name},
            type="archived",
        )


def may_create(person: Person) -> bool:
    """Whether this person may make workspaces: owners of the installation, or everybody if the setting says so."""
    return person.is_owner or settings.ENVIRONMENT.workspace_creation == "everyone"


def may_grant(place: Place, role: Role) -> bool:
    """Whether this member may give others `role`: none above their own, and only owners make owners."""
    return RANK[place.role] <= RANK[role]


def grantable(place: Place) -> list[Role]:
    """The roles this member may give, highest first."""
    return [role for role in Role if may_grant(place, role)]


def outranks(place: Place, role: Role) -> bool:
    """Whether this member may change, remove or ban somebody with `role`: everybody below them; owners, owners too."""
    return place.role is Role.OWNER or RANK[place.role] < RANK[role]


def member(place: Place, person_id: uuid.UUID) -> Membership:
    """A member of this workspace, with the person. Raises NotFound."""
    found = Membership.objects.select_related("person").filter(workspace=place.workspace, person_id=person_id).first()
    if found is None:
        raise NotFound
    return found


def member_or_asking(place: Place, person_id: uuid.UUID) -> Person:
    """A member, or somebody who asks to become one. Raises NotFound."""
    known = Q(memberships__workspace=place.workspace) | Exists(
        JoinRequest.objects.filter(workspace=place.workspace, person=OuterRef("pk"))
    )
    return _person(Person.objects.filter(known, pk=person_id))


def banned_person(place: Place, person_id: uuid.UUID) -> Person:
    """Somebody banned from this workspace. Raises NotFound."""
    bans = Ban.objects.filter(workspace=place.workspace, person_id=person_id)
    return _person(Person.objects.filter(pk__in=bans.values("person_id")))


def _person(people: QuerySet[Person]) -> Person:
    found = people.first()
    if found is None:
        raise NotFound
    return found


def group(place: Place, slug: str) -> Group:
    """A group of this workspace. Raises NotFound."""
    found = Group.objects.filter(workspace=place.workspace, slug=slug.lower()).first()
    if found is None:
        raise NotFound
    found.workspace = place.workspace
    return found


def invitation(place: Place, invitation_id: uuid.UUID) -> Invitation:
    """An invitation of this workspace. Raises NotFound."""
    found = Invitation.objects.filter(workspace=place.workspace, pk=invitation_id).first()
    if found is None:
        raise NotFound
    found.workspace = place.workspace
    return found


def listed(person: Person, slug: str) -> Workspace:
    """A workspace that this person may know of: in the directory, or their own.

    Raises NotFound alike for unknown and for unlisted ones.
    """
    del person  # everybody signed in sees the directory
    found = Workspace.objects.filter(slug=slug.lower(), listed=True, archived_at=None).first()
    if found is None:
        raise NotFound
    return found


def joinable(person: Person, slug: str) -> Workspace:
    """A listed workspace that takes people who come by themselves.

    Raises NotFound as `listed` does, Forbidden for one that is by invitation only.
    """
    found = listed(person, slug)
    if found.joining == Joining.CLOSED:
        raise Forbidden(_("%(workspace)s is by invitation only.") % {"workspace": found.name})
    return found


@dataclass(frozen=True, slots=True)
class Standing:
    """What an invitation means to somebody: `refusal`, why they cannot use it; `settled`, it gives them nothing."""

    membership: Membership | None = None
    settled: bool = False
    refusal: Refusal | None = None


def standing(invitation: Invitation, person: Person | None) -> Standing:
    """Whether this person (None: not signed in) can use this invitation. At most two queries.

    Members have no need of it, unless its role is higher than theirs; guests may be given more channels by it.
    """
    membership = None
    if person is not None:
        membership = Membership.objects.filter(workspace=invitation.workspace, person=person).first()
        if membership is not None:
            own, offered = Role(membership.role), Role(invitation.role)
            more = own is Role.GUEST and bool(invitation.channel_ids)
            if RANK[own] <= RANK[offered] and not more:
                return Standing(membership, settled=True)
    over = invitation_secrets.why_not(invitation)
    if over:
        return Standing(membership, refusal=Conflict(over, type="invitation-over"))
    if person is not None and invitation.email and invitation.email.casefold() != (person.email or "").casefold():
        text = _("This invitation was mailed to another address than yours. Sign in with that one, or ask for a link.")
        return Standing(membership, refusal=Forbidden(text, type="wrong-address"))
    return Standing(membership, refusal=banned(invitation.workspace, person) if person else None)


def banned(workspace: Workspace, person: Person) -> Forbidden | None:
    """What to tell somebody who is banned from this workspace and knocks; None for others. One query."""
    if not Ban.objects.filter(workspace=workspace, person=person).exists():
        return None
    text = _("You cannot join %(workspace)s: its staff have banned you. Ask them if you think this is a mistake.")
    return Forbidden(text % {"workspace": workspace.name}, type="banned")


def addable(actor: Person, person_id: uuid.UUID) -> Person:
    """Somebody whom `actor` may add to a workspace by id: whoever shares one with them; for install owners anybody.

    Raises NotFound alike for strangers and for ids of nobody.
    """
    from tertulia.workspaces import queries  # queries build on this module

    found = Person.objects.filter(pk=person_id, is_active=True).first()
    if found is None or not (actor.is_owner or queries.share_workspace(actor.pk, found.pk)):
        raise NotFound(_("There is nobody with this id whom you could add."))
    return found


def with_account(email: str) -> Person | None:
    """Whoever has a verified account with this address. One query."""
    people = Person.objects.alias(address=Lower("email")).filter(address=email.strip().lower(), is_active=True)
    return people.filter(is_placeholder=False, emailaddress__verified=True).first()


def invited(request: HttpRequest, email: str = "") -> bool:
    """The sign-up door (`settings.SIGN_UP_DOORS`): whether the visitor holds an invitation that still works.

    With an `email`, whether it works for that address.
    """
    found = invitation_secrets.find(request.session.get(invitation_secrets.SESSION_KEY, ""))
    if found is None or invitation_secrets.why_not(found):
        return False
    return not (email and found.email) or found.email.casefold() == email.strip().casefold()
