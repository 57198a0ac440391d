"""From bodies to verbs: POST, PUT and PATCH as the types of RFC 7643 read them."""

from __future__ import annotations

import json
import uuid
from typing import Any

from django.utils.translation import gettext as _
from scim2_models import Context, PatchOp

from tertulia.integrations.scim import membership, rendering, services
from tertulia.integrations.scim.errors import Malformed, Outdated
from tertulia.integrations.scim.models import DirectoryGroup, DirectoryUser
from tertulia.integrations.scim.resources import Group, Member, User
from tertulia.kernel.errors import TooLarge
from tertulia.people.models import Person
from tertulia.workspaces.models import Workspace

PATCHING = Context.RESOURCE_PATCH_REQUEST
MOST_USER_BYTES = 64 * 1024
MOST_NAMES = 100
"""Names in one object. The types take milliseconds for each that they do not know."""
MOST_OPERATIONS = 100
"""Operations of one PATCH; one operation may name thousands of members."""


def parse(kind: str, body: bytes) -> dict[str, Any]:
    """The body as JSON. Raises Malformed, TooLarge."""
    if kind == "Users" and len(body) > MOST_USER_BYTES:
        raise TooLarge(_("One user takes %(most)s bytes at most.") % {"most": MOST_USER_BYTES})
    try:
        data = json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Malformed(
            _("The body is not valid JSON: %(reason)s.") % {"reason": str(error) or "nested too deeply"}
        ) from error
    if not isinstance(data, dict):
        raise Malformed(_("The body must be one JSON object."))
    _refuse_unstorable(data)
    return data


def create(kind: str, *, actor: Person, workspace: Workspace, body: dict[str, Any]) -> uuid.UUID:
    """POST; gives back the id."""
    if kind == "Users":
        user = User.model_validate(_completed(body, active=True), scim_ctx=Context.RESOURCE_CREATION_REQUEST)
        return services.create_user(actor=actor, workspace=workspace, user=user)
    group = Group.model_validate(body, scim_ctx=Context.RESOURCE_CREATION_REQUEST)
    return services.create_group(actor=actor, workspace=workspace, group=group)


def save(
    kind: str,
    *,
    actor: Person,
    workspace: Workspace,
    key: uuid.UUID,
    body: dict[str, Any],
    is_patch: bool,
    if_match: str,
) -> None:
    """PUT and PATCH. Raises Outdated if the resource is no longer what the client has read."""
    _check_operations(body, is_patch=is_patch)
    # Read before the workspace is locked: what is long takes its time.
    users = PatchOp[User].model_validate(body, scim_ctx=PATCHING) if is_patch and kind == "Users" else None
    groups = PatchOp[Group].model_validate(body, scim_ctx=PATCHING) if is_patch and kind == "Groups" else None

    def change_user(row: DirectoryUser) -> User:
        values = rendering.user(row, workspace.slug)
        _check_version(values, if_match)
        if users is not None:
            user = User.model_validate(values)
            users.patch(user)
            return User.model_validate(_completed(user.model_dump(), active=row.enrolment.active))
        completed = _completed(body, active=row.enrolment.active)
        return User.model_validate(completed, scim_ctx=Context.RESOURCE_REPLACEMENT_REQUEST)

    def change_group(row: DirectoryGroup) -> Group:
        values = rendering.group(row, workspace.slug)
        _check_version(values, if_match)
        if groups is not None:
            return _patched(values, groups)
        return Group.model_validate(body, scim_ctx=Context.RESOURCE_REPLACEMENT_REQUEST)

    if kind == "Users":
        services.save_user(actor=actor, workspace=workspace, user_id=key, change=change_user)
    else:
        services.save_group(actor=actor, workspace=workspace, group_id=key, change=change_group)


def delete(kind: str, *, actor: Person, workspace: Workspace, key: uuid.UUID) -> None:
    """DELETE."""
    if kind == "Users":
        services.delete_user(actor=actor, workspace=workspace, user_id=key)
    else:
        services.delete_group(actor=actor, workspace=workspace, group_id=key)


def _patched(values: dict[str, Any], patch: PatchOp[Group]) -> Group:
    """A group after a PATCH."""
    present = [one["value"] for one in values["members"]]
    members, others = membership.patched(present, patch.operations or [])
    group = Group.model_validate({name: value for name, value in values.items() if name != "members"})
    if others:
        patch.model_copy(update={"operations": others}).patch(group)
    return group.model_copy(update={"members": [Member(value=one, ref=None) for one in members]})


def _completed(body: dict[str, Any], *, active: bool) -> dict[str, Any]:
    """What directories leave out: that somebody is active, and an address where the user name is one."""
    names = {str(name).lower(): name for name in body}
    completed = dict(body)
    if body.get(names.get("active", "active")) is None:
        completed[names.get("active", "active")] = active
    user_name = body.get(names.get("username", "userName"))
    if not body.get(names.get("emails", "emails")) and isinstance(user_name, str) and "@" in user_name:
        completed[names.get("emails", "emails")] = [{"value": user_name, "primary": True}]
    return completed


def _check_operations(body: dict[str, Any], *, is_patch: bool) -> None:
    operations = next((value for name, value in body.items() if name.lower() == "operations"), None)
    if is_patch and isinstance(operations, list) and len(operations) > MOST_OPERATIONS:
        raise Malformed(
            _("That is %(count)s operations; %(most)s is the most in one call.")
            % {"count": len(operations), "most": MOST_OPERATIONS},
            type="tooMany",
        )


def _check_version(values: dict[str, Any], if_match: str) -> None:
    if if_match and if_match.strip() != "*" and rendering.version(values) not in if_match:
        raise Outdated(_("This has changed since you read it. Read it again, then change it."))


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _refuse_unstorable(data: object) -> None:
    """NUL and halves of surrogate pairs cannot be stored, and no object of SCIM has so many names."""
    waiting = [data]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            if len(item) > MOST_NAMES:
                raise Malformed(
                    _("An object has %(count)s names; %(most)s is the most.") % {"count": len(item), "most": MOST_NAMES}
                )
            waiting += [*item.keys(), *item.values()]
        elif isinstance(item, list):
            waiting += item
        elif isinstance(item, str) and ("\0" in item or any("\ud800" <= letter <= "\udfff" for letter in item)):
            raise Malformed(_("The text has a character in it that cannot be stored (NUL, or half of a pair)."))
