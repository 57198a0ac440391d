"""Who reacts to what: the one list from a happening to its handlers (see `kernel.happenings`)."""

from __future__ import annotations

from collections.abc import Mapping

from tertulia.channels.happenings import ChannelChanged, ChannelMembersChanged
from tertulia.kernel.happenings import Happening, Reactions
from tertulia.people.happenings import Arrived, IdentityNoted, PersonVerified, PlaceholderClaimed
from tertulia.workspaces.happenings import (
    GroupChanged,
    GroupDeleted,
    MemberJoined,
    MemberLeft,
    MembersJoined,
    MembersLeft,
    RoleChanged,
    RolesChanged,
    WorkspaceCreated,
)

ANSWERS = "tertulia.enrolments.reactions.follow_membership"

SUBSCRIPTIONS: Mapping[type[Happening], Reactions] = {
    # A new workspace has its channels, a new member is in them, a group is in step: true together or not at all.
    WorkspaceCreated: Reactions(inside=["tertulia.channels.reactions.follow_workspace_created"]),
    MemberJoined: Reactions(inside=["tertulia.channels.reactions.follow_member_joined", ANSWERS]),
    MemberLeft: Reactions(inside=["tertulia.channels.reactions.follow_member_left", ANSWERS]),
    MembersJoined: Reactions(inside=["tertulia.channels.reactions.follow_members_joined", ANSWERS]),
    MembersLeft: Reactions(inside=["tertulia.channels.reactions.follow_members_left", ANSWERS]),
    RolesChanged: Reactions(inside=["tertulia.channels.reactions.follow_roles_changed"]),
    RoleChanged: Reactions(inside=["tertulia.channels.reactions.follow_role_changed"]),
    GroupChanged: Reactions(inside=["tertulia.channels.reactions.follow_group_changed"]),
    GroupDeleted: Reactions(inside=["tertulia.channels.reactions.follow_group_deleted"]),
    # The quiet lines in a conversation have their place in its order, so they are written with what they tell of.
    ChannelChanged: Reactions(inside=["tertulia.posts.reactions.tell_channel_changed"]),
    ChannelMembersChanged: Reactions(inside=["tertulia.posts.reactions.tell_members_changed"]),
    # Who comes in is where the rules put them before they see their first page.
    IdentityNoted: Reactions(inside=["tertulia.enrolments.reactions.follow_identity_noted"]),
    PersonVerified: Reactions(inside=["tertulia.enrolments.reactions.follow_person_verified"]),
    Arrived: Reactions(inside=["tertulia.enrolments.reactions.follow_arrived"]),
    PlaceholderClaimed: Reactions(
        inside=[
            "tertulia.workspaces.reactions.follow_placeholder_claimed",
            "tertulia.channels.reactions.follow_placeholder_claimed",
            "tertulia.posts.reactions.take_over_claimed",
        ]
    ),
}
