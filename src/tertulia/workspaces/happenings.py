"""What happens in workspaces, for the packages above. Ids are strings."""

from __future__ import annotations

from dataclasses import dataclass

from tertulia.kernel.happenings import Happening


@dataclass(frozen=True)
class WorkspaceCreated(Happening):
    """A workspace was made. Told before its first MemberJoined, so that its channels can be there."""

    workspace_id: str
    actor_id: str
    template: str


@dataclass(frozen=True)
class MemberJoined(Happening):
    """Somebody became a member. `channel_ids`: the channels given with the invitation (all that a guest gets).

    Told again when a guest accepts an invitation to more channels.
    """

    workspace_id: str
    person_id: str
    role: str
    channel_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class MembersJoined(Happening):
    """Many became members at once, all with this role, by an enrolment. Told instead of a MemberJoined for each.

    `newborn`: their accounts were made in this transaction.
    """

    workspace_id: str
    person_ids: tuple[str, ...]
    role: str
    newborn: bool = False


@dataclass(frozen=True)
class MemberLeft(Happening):
    """Somebody left, was removed or banned. Their groups of this workspace are gone too."""

    workspace_id: str
    person_id: str


@dataclass(frozen=True)
class MembersLeft(Happening):
    """Many left at once, by an enrolment. Told instead of a MemberLeft for each."""

    workspace_id: str
    person_ids: tuple[str, ...]


@dataclass(frozen=True)
class RoleChanged(Happening):
    """A member has another role."""

    workspace_id: str
    person_id: str
    before: str
    after: str


@dataclass(frozen=True)
class RolesChanged(Happening):
    """Many members have another role, by an enrolment. Told instead of a RoleChanged for each."""

    workspace_id: str
    person_ids: tuple[str, ...]
    before: str
    after: str


@dataclass(frozen=True)
class GroupChanged(Happening):
    """People came into a group or left it (not told for those who left the workspace: see MemberLeft).

    `quiet`: by an enrolment; conversations need no line about it.
    """

    workspace_id: str
    group_id: str
    added: tuple[str, ...]
    removed: tuple[str, ...]
    quiet: bool = False


@dataclass(frozen=True)
class GroupDeleted(Happening):
    """A group is about to go: told while its rows are still there."""

    workspace_id: str
    group_id: str
