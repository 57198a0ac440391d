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
class MemberLeft(Happening):
    """Somebody left, was removed or banned. Their groups of this workspace are gone too."""

    workspace_id: str
    person_id: str


@dataclass(frozen=True)
class RoleChanged(Happening):
    """A member has another role."""

    workspace_id: str
    person_id: str
    before: str
    after: str


@dataclass(frozen=True)
class GroupChanged(Happening):
    """People came into a group or left it (not told for those who left the workspace: see MemberLeft)."""

    workspace_id: str
    group_id: str
    added: tuple[str, ...]
    removed: tuple[str, ...]


@dataclass(frozen=True)
class GroupDeleted(Happening):
    """A group is about to go: told while its rows are still there."""

    workspace_id: str
    group_id: str
