"""The verbs of workspaces, all of them: one transaction each, the actor is an argument, rights are checked inside."""

from __future__ import annotations

from tertulia.workspaces.services._groups import (
    add_to_group,
    change_group,
    create_group,
    delete_group,
    remove_from_group,
    rename_group,
    set_group_members,
)
from tertulia.workspaces.services._invitations import (
    Mailed,
    accept_invitation,
    create_invitation,
    mail_invitations,
    revoke_invitation,
)
from tertulia.workspaces.services._many import (
    admit_many,
    change_group_people,
    change_roles,
    dismiss_many,
    make_groups,
    open_to_enrol,
)
from tertulia.workspaces.services._members import (
    add_member,
    ask_to_join,
    ban,
    change_role,
    decide_request,
    join_open,
    leave,
    remove_member,
    unban,
    withdraw_request,
)
from tertulia.workspaces.services._workspaces import (
    archive_workspace,
    change_workspace,
    create_workspace,
    restore_workspace,
    update_workspace,
)

__all__ = [
    "Mailed",
    "accept_invitation",
    "add_member",
    "add_to_group",
    "admit_many",
    "archive_workspace",
    "ask_to_join",
    "ban",
    "change_group",
    "change_group_people",
    "change_role",
    "change_roles",
    "change_workspace",
    "create_group",
    "create_invitation",
    "create_workspace",
    "decide_request",
    "delete_group",
    "dismiss_many",
    "join_open",
    "leave",
    "mail_invitations",
    "make_groups",
    "open_to_enrol",
    "remove_from_group",
    "remove_member",
    "rename_group",
    "restore_workspace",
    "revoke_invitation",
    "set_group_members",
    "unban",
    "update_workspace",
    "withdraw_request",
]
