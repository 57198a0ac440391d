"""The one source by which a workspace's directory speaks."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from django.utils.translation import gettext as _

from tertulia.enrolments import services as enrolments
from tertulia.enrolments.models import Kind, Source
from tertulia.enrolments.records import Entry, Line, Mode
from tertulia.integrations.scim.models import DirectoryGroup, DirectoryUser
from tertulia.integrations.scim.resources import ROLES, Email, User
from tertulia.kernel.errors import Conflict, NotFound
from tertulia.people.models import Person
from tertulia.workspaces.models import Role, Workspace

NAME = "Directory (SCIM)"


def find_source(workspace: Workspace) -> Source | None:
    """The source, if the directory has ever spoken."""
    found = Source.objects.filter(workspace=workspace, kind=Kind.SCIM).order_by("pk").first()
    if found is not None:
        found.workspace = workspace
    return found


def open_source(*, actor: Person, workspace: Workspace) -> Source:
    """The source, made if it has never spoken; the workspace stays locked until the transaction ends. Needs ENROL."""
    known = find_source(workspace)
    name = known.name if known else NAME
    source = enrolments.open_source(actor=actor, workspace=workspace, name=name, kind=Kind.SCIM)
    if source.kind != Kind.SCIM:
        raise Conflict(
            _("This workspace has a source “%(name)s” that is no directory. Rename it where it comes from.")
            % {"name": NAME}
        )
    return source


def enter(*, actor: Person, workspace: Workspace) -> Source:
    """The source, to change what it has; the workspace stays locked. Raises NotFound if it has never spoken."""
    if find_source(workspace) is None:
        raise NotFound
    return open_source(actor=actor, workspace=workspace)


def entry(user: User, external_id: str, groups: Sequence[str]) -> Entry:
    """What a user means for the workspace; `groups` are handles."""
    emails = user.emails or []
    primary = next((one for one in emails if one.primary), emails[0] if emails else Email())
    name = user.display_name or _full_name(user)
    return Entry(
        external_id=external_id,
        email=str(primary.value or ""),
        name=name,
        role=_role(user),
        groups=groups,
        active=bool(user.active),
    )


def _full_name(user: User) -> str:
    if user.name is None:
        return ""
    return user.name.formatted or " ".join(part for part in (user.name.given_name, user.name.family_name) if part)


def _role(user: User) -> str:
    """The highest of the roles said; one that does not exist is handed on, to be refused with a sentence."""
    said = [(one.value or "").strip().lower() for one in user.roles or [] if (one.value or "").strip()]
    unknown = [role for role in said if role not in ROLES]
    highest_first = [role for role in ROLES if role in said]
    return (unknown or highest_first or [Role.LEARNER.value])[0]


def entries(rows: Collection[DirectoryUser]) -> list[Entry]:
    """What those of the users who are active mean now, with all their groups. Two queries."""
    active = [row for row in rows if row.enrolment.active]
    handles = handles_of(active)
    return [
        entry(User.model_validate({**row.said, "active": True}), row.enrolment.external_id, handles[row.pk])
        for row in active
    ]


def handles_of(rows: Collection[DirectoryUser]) -> dict[object, list[str]]:
    """The handles of the groups that the directory puts each user into. One query."""
    found: dict[object, list[str]] = {row.pk: [] for row in rows}
    members = DirectoryGroup.users.through.objects.filter(directoryuser_id__in=[row.pk for row in rows])
    for user_id, handle in members.values_list("directoryuser_id", "directorygroup__group__slug"):
        found[user_id].append(handle)
    return found


def tell(*, actor: Person, source: Source, people: Sequence[Entry]) -> Sequence[Line]:
    """Let the workspace follow; what became of each."""
    if not people:
        return ()
    return enrolments.enrol(source=source, people=people, mode=Mode.MERGE, actor=actor).lines
