"""REST of workspaces: workspaces themselves and their members. Groups and invitations: `rest_running`."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Query, Router, Status
from pydantic import Field, model_validator

from tertulia.kernel.clock import now
from tertulia.kernel.rest import ListQuery, Out, Page, Strict, actor, page, problems, requires
from tertulia.people.models import Person
from tertulia.workspaces import access, queries, rest_running, services
from tertulia.workspaces.access import Permission, Place
from tertulia.workspaces.models import Joining, Membership, Role, Template, Workspace

router = Router(tags=["workspaces"])
router.add_router("", rest_running.router)

MAILED_DAYS = 30

Name = Annotated[str, Field(max_length=1000, description="1 to 80 characters.", examples=["Spring course"])]
Slug = Annotated[str, Field(max_length=200, description="Small letters, digits and dashes.", examples=["spring-2027"])]
Goal = Annotated[str, Field(max_length=5000, description="What this community is for; up to 300 characters.")]
Address = Annotated[str, Field(max_length=320, description="An e-mail address.", examples=["ana@example.org"])]


class WorkspaceIn(Strict):
    """A new workspace."""

    name: Name
    slug: Annotated[Slug, Field(description="Made from the name if empty.")] = ""
    template: Template = Template.COURSE
    goal: Goal = ""
    joining: Joining = Joining.CLOSED
    listed: bool = Field(False, description="Shown in the directory; always so unless `joining` is `closed`.")


class WorkspaceChanges(Strict):
    """What to change; what is left out stays."""

    name: Name | None = None
    slug: Slug | None = None
    template: Template | None = None
    goal: Goal | None = None
    joining: Joining | None = None
    listed: bool | None = None
    learners_may_message: bool | None = None
    archived: bool | None = Field(None, description="Read-only, out of directory and switchers.")


class WorkspaceOut(Out):
    """A workspace that you are in."""

    id: UUID
    slug: str
    name: str
    template: Template
    goal: str
    joining: Joining
    listed: bool
    learners_may_message: bool
    archived: bool
    role: Role = Field(description="Yours.")
    created_at: datetime

    @classmethod
    def of(cls, place: Place) -> WorkspaceOut:
        """Of one member's place."""
        return cls._of(place.workspace, place.role)

    @classmethod
    def of_membership(cls, membership: Membership) -> WorkspaceOut:
        """Of a membership with its workspace."""
        return cls._of(membership.workspace, Role(membership.role))

    @classmethod
    def _of(cls, workspace: Workspace, role: Role) -> WorkspaceOut:
        return cls(
            id=workspace.pk,
            slug=workspace.slug,
            name=workspace.name,
            template=Template(workspace.template),
            goal=workspace.goal,
            joining=Joining(workspace.joining),
            listed=workspace.listed,
            learners_may_message=workspace.learners_may_message,
            archived=workspace.archived_at is not None,
            role=role,
            created_at=workspace.created_at,
        )


class MemberPerson(Out):
    """Somebody, as fellow members see them."""

    id: UUID
    handle: str
    display_name: str
    is_placeholder: bool = Field(description="Came with an import and has not claimed the account yet.")


class MemberOut(Out):
    """A membership."""

    person: MemberPerson
    role: Role
    joined_at: datetime


class MemberIn(Strict):
    """Whom to add: `person_id` of somebody you know, or `email`."""

    person_id: UUID | None = None
    email: Address | None = None
    role: Role = Role.LEARNER

    @model_validator(mode="after")
    def _one_of_them(self) -> MemberIn:
        if (self.person_id is None) == (self.email is None):
            raise ValueError(_("Give either person_id or email."))
        return self


class RoleIn(Strict):
    """Another role."""

    role: Role


class InvitedOut(Out):
    """Nobody with this address has an account: it was sent an invitation."""

    invited: bool = True


class MembersQuery(ListQuery):
    """Which members."""

    q: Annotated[str, Field(max_length=100)] = Field("", description="Part of a name or handle.")
    role: Role | None = None


@router.get("/workspaces", response={200: Page[WorkspaceOut]}, summary="Your workspaces")
@requires("workspaces:read")
def list_workspaces(request: HttpRequest, query: Query[ListQuery]) -> Page[WorkspaceOut]:
    """The workspaces that you are in, by address; archived ones too."""
    found = queries.workspaces_page(actor(request), cursor=query.cursor, limit=query.limit)
    return page(found, WorkspaceOut.of_membership)


@router.post("/workspaces", response={201: WorkspaceOut, **problems(409)}, summary="Make a workspace")
@requires("workspaces:write")
def create_workspace(request: HttpRequest, new: WorkspaceIn) -> Status[WorkspaceOut]:
    """Makes a workspace with the channels of its template; you become its owner. For owners of the installation."""
    person = actor(request)
    made = services.create_workspace(actor=person, **new.model_dump())
    return Status(201, WorkspaceOut.of(access.workspace_by_id(person, made.pk)))


@router.get("/workspaces/{slug}", response={200: WorkspaceOut}, summary="One workspace")
@requires("workspaces:read")
def get_workspace(request: HttpRequest, slug: str) -> WorkspaceOut:
    """A workspace that you are in."""
    return WorkspaceOut.of(access.workspace(actor(request), slug))


@router.patch("/workspaces/{slug}", response={200: WorkspaceOut, **problems(409)}, summary="Change a workspace")
@requires("workspaces:write")
def change_workspace(request: HttpRequest, slug: str, changes: WorkspaceChanges) -> WorkspaceOut:
    """Changes what is given. Restoring (`archived: false`) comes before all else, archiving after it."""
    person = actor(request)
    workspace = access.workspace(person, slug).workspace
    values = changes.model_dump(exclude_unset=True, exclude={"archived"})
    services.change_workspace(actor=person, workspace=workspace, archived=changes.archived, **values)
    return WorkspaceOut.of(access.workspace_by_id(person, workspace.pk))


@router.get("/workspaces/{slug}/members", response={200: Page[MemberOut]}, summary="Members")
@requires("workspaces:read")
def list_members(request: HttpRequest, slug: str, query: Query[MembersQuery]) -> Page[MemberOut]:
    """Members by name. Guests may not see them."""
    place = access.workspace(actor(request), slug)
    access.check(place, Permission.SEE_MEMBERS)
    found = queries.members(place, q=query.q, role=query.role, after=query.cursor, limit=query.limit)
    return page(found, MemberOut.model_validate)


@router.post(
    "/workspaces/{slug}/members",
    response={200: MemberOut, 201: MemberOut, 202: InvitedOut, **problems(409)},
    summary="Add a member",
)
@requires("workspaces:write")
def add_member(request: HttpRequest, slug: str, new: MemberIn) -> Status[MemberOut] | Status[InvitedOut]:
    """Adds somebody: 201; who is a member already stays as they are: 200.

    By `person_id`: somebody who shares a workspace with you (owners of the installation: anybody). By `email`:
    somebody with a verified account; an address without one is mailed an invitation, which ends after 30 days: 202.
    """
    person = actor(request)
    place = access.workspace(person, slug)
    access.check(place, Permission.MANAGE_MEMBERS)
    if new.person_id is not None:
        somebody: Person | None = access.addable(person, new.person_id)
    else:
        somebody = access.with_account(new.email or "")
    if somebody is None:
        services.create_invitation(
            actor=person,
            workspace=place.workspace,
            email=new.email or "",
            role=new.role,
            expires_at=now() + timedelta(days=MAILED_DAYS),
        )
        return Status(202, InvitedOut())
    membership, created = services.add_member(actor=person, workspace=place.workspace, person=somebody, role=new.role)
    return Status(201 if created else 200, MemberOut.model_validate(membership))


@router.patch(
    "/workspaces/{slug}/members/{uuid:person_id}",
    response={200: MemberOut, **problems(409)},
    summary="Change a member's role",
)
@requires("workspaces:write")
def change_member(request: HttpRequest, slug: str, person_id: UUID, change: RoleIn) -> MemberOut:
    """Gives a member another role: one not above yours, to somebody below you; owners may change everybody."""
    person = actor(request)
    place = access.workspace(person, slug)
    access.check(place, Permission.MANAGE_MEMBERS)
    other = access.member(place, person_id).person
    changed = services.change_role(actor=person, workspace=place.workspace, person=other, role=change.role)
    return MemberOut.model_validate(changed)


@router.delete(
    "/workspaces/{slug}/members/{uuid:person_id}",
    response={204: None, **problems(409)},
    summary="Remove a member, or leave",
)
@requires("workspaces:write")
def remove_member(request: HttpRequest, slug: str, person_id: UUID) -> Status[None]:
    """Ends a membership: somebody's below you, or your own."""
    person = actor(request)
    place = access.workspace(person, slug)
    if person_id != person.pk:
        access.check(place, Permission.REMOVE_MEMBERS)
    other = access.member(place, person_id).person
    services.remove_member(actor=person, workspace=place.workspace, person=other)
    return Status(204, None)
