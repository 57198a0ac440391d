"""REST of running a workspace: its groups and invitations. On the router of `rest`."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from ninja import Query, Router, Status
from pydantic import AwareDatetime, Field

from tertulia.kernel.clock import now
from tertulia.kernel.paging import Slice
from tertulia.kernel.rest import ListQuery, Out, Page, Strict, actor, page, problems, requires
from tertulia.workspaces import access, invitation_secrets, queries, services
from tertulia.workspaces.access import Permission
from tertulia.workspaces.models import Group, Invitation, Role

router = Router(tags=["workspaces"])

GroupName = Annotated[str, Field(max_length=1000, description="1 to 80 characters.")]
Handle = Annotated[str, Field(max_length=200, description="For mentions: small letters, digits and dashes.")]
People = Annotated[list[UUID], Field(max_length=5000, description="Ids of members.")]


class GroupIn(Strict):
    """A new group."""

    name: GroupName
    slug: Annotated[Handle, Field(description="Made from the name if empty.")] = ""


class GroupChanges(Strict):
    """What to change; what is left out stays."""

    name: GroupName | None = None
    slug: Handle | None = None
    person_ids: People | None = Field(None, description="Exactly these members will be in it.")


class GroupOut(Out):
    """A group of members."""

    id: UUID
    slug: str
    name: str
    created_at: datetime


class GroupDetail(GroupOut):
    """A group and who is in it."""

    person_ids: list[UUID]

    @classmethod
    def of(cls, group: Group) -> GroupDetail:
        """The group as it is now."""
        people = sorted(queries.group_member_ids(group.pk))
        return cls(id=group.pk, slug=group.slug, name=group.name, created_at=group.created_at, person_ids=people)


class InvitationIn(Strict):
    """A new invitation: by link, or with `email` by mail."""

    role: Role = Role.LEARNER
    email: Annotated[str, Field(max_length=320)] = ""
    channel_ids: Annotated[list[UUID], Field(max_length=100)] = Field(
        [], description="Channels to give; guests get nothing else."
    )
    expires_at: AwareDatetime | None = Field(None, description="In 7 days if left out; at most a year from now.")
    max_uses: Annotated[int, Field(ge=1, le=100_000)] | None = Field(
        None, description="How many people may use the link; any number if left out. By mail: one."
    )


class InvitationOut(Out):
    """An invitation, without its secret."""

    id: UUID
    role: Role
    email: str
    channel_ids: list[UUID]
    created_at: datetime
    expires_at: datetime | None
    max_uses: int | None
    uses: int
    revoked_at: datetime | None
    problem: str = Field(description="Why it no longer works; empty if it does.")

    @classmethod
    def of(cls, invitation: Invitation) -> InvitationOut:
        """One of a workspace's invitations."""
        return cls.model_validate(_fields(invitation))


class NewInvitationOut(InvitationOut):
    """A new invitation. Its link is told this once; mailed ones have none here."""

    link: str | None

    @classmethod
    def made(cls, invitation: Invitation, secret: str) -> NewInvitationOut:
        """An invitation just made."""
        link = settings.BASE_URL + reverse("workspaces:accept", args=[secret])
        return cls.model_validate({**_fields(invitation), "link": None if invitation.email else link})


def _fields(invitation: Invitation) -> dict[str, object]:
    names = ("role", "email", "channel_ids", "created_at", "expires_at", "max_uses", "uses", "revoked_at")
    values = {name: getattr(invitation, name) for name in names}
    return {"id": invitation.pk, "problem": invitation_secrets.why_not(invitation), **values}


@router.get("/workspaces/{slug}/groups", response={200: Page[GroupOut]}, summary="Groups")
@requires("workspaces:read")
def list_groups(request: HttpRequest, slug: str) -> Page[GroupOut]:
    """All groups by name, on one page."""
    place = access.workspace(actor(request), slug)
    access.check(place, Permission.SEE_MEMBERS)
    return page(Slice(queries.groups(place)), GroupOut.model_validate)


@router.post("/workspaces/{slug}/groups", response={201: GroupDetail, **problems(409)}, summary="Make a group")
@requires("workspaces:write")
def create_group(request: HttpRequest, slug: str, new: GroupIn) -> Status[GroupDetail]:
    """Makes an empty group."""
    person = actor(request)
    place = access.workspace(person, slug)
    made = services.create_group(actor=person, workspace=place.workspace, name=new.name, slug=new.slug)
    made.refresh_from_db(fields=["created_at"])
    return Status(201, GroupDetail.of(made))


@router.get("/workspaces/{slug}/groups/{group}", response={200: GroupDetail}, summary="One group")
@requires("workspaces:read")
def get_group(request: HttpRequest, slug: str, group: str) -> GroupDetail:
    """A group and who is in it."""
    place = access.workspace(actor(request), slug)
    access.check(place, Permission.SEE_MEMBERS)
    return GroupDetail.of(access.group(place, group))


@router.patch(
    "/workspaces/{slug}/groups/{group}", response={200: GroupDetail, **problems(409)}, summary="Change a group"
)
@requires("workspaces:write")
def change_group(request: HttpRequest, slug: str, group: str, changes: GroupChanges) -> GroupDetail:
    """Renames it, gives it other people, or both."""
    person = actor(request)
    place = access.workspace(person, slug)
    access.check(place, Permission.SEE_MEMBERS)
    found = access.group(place, group)
    changed = services.change_group(actor=person, group=found, **changes.model_dump(exclude_unset=True))
    return GroupDetail.of(changed)


@router.delete("/workspaces/{slug}/groups/{group}", response={204: None, **problems(409)}, summary="Delete a group")
@requires("workspaces:write")
def delete_group(request: HttpRequest, slug: str, group: str) -> Status[None]:
    """Ends a group; who came into channels only through it leaves them."""
    person = actor(request)
    place = access.workspace(person, slug)
    access.check(place, Permission.SEE_MEMBERS)
    services.delete_group(actor=person, group=access.group(place, group))
    return Status(204, None)


@router.get("/workspaces/{slug}/invitations", response={200: Page[InvitationOut]}, summary="Invitations")
@requires("workspaces:read")
def list_invitations(request: HttpRequest, slug: str, query: Query[ListQuery]) -> Page[InvitationOut]:
    """Invitations, newest first, those that no longer work too."""
    place = access.workspace(actor(request), slug)
    access.check(place, Permission.INVITE)
    found = queries.invitations(place, cursor=query.cursor, limit=query.limit)
    return page(found, InvitationOut.of)


@router.post("/workspaces/{slug}/invitations", response={201: NewInvitationOut, **problems(409)}, summary="Invite")
@requires("workspaces:write")
def create_invitation(request: HttpRequest, slug: str, new: InvitationIn) -> Status[NewInvitationOut]:
    """Makes a link, told only in this answer; or mails an invitation to `email`."""
    person = actor(request)
    place = access.workspace(person, slug)
    made, secret = services.create_invitation(
        actor=person,
        workspace=place.workspace,
        role=new.role,
        email=new.email,
        channel_ids=[str(channel_id) for channel_id in new.channel_ids],
        expires_at=new.expires_at or now() + timedelta(days=7),
        max_uses=new.max_uses,
    )
    made.refresh_from_db(fields=["created_at"])
    return Status(201, NewInvitationOut.made(made, secret))


@router.delete(
    "/workspaces/{slug}/invitations/{uuid:invitation_id}",
    response={204: None, **problems(409)},
    summary="Take an invitation back",
)
@requires("workspaces:write")
def revoke_invitation(request: HttpRequest, slug: str, invitation_id: UUID) -> Status[None]:
    """Makes an invitation stop working."""
    person = actor(request)
    place = access.workspace(person, slug)
    access.check(place, Permission.INVITE)
    services.revoke_invitation(actor=person, invitation=access.invitation(place, invitation_id))
    return Status(204, None)
