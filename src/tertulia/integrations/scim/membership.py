"""PATCH of a group's members as a set of ids: the types would look at each member again for each operation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _
from scim2_models import PatchOperation, ScimFilter
from scim2_models.path import CompareOperator, Comparison, FilterNode, LogicalExpr, LogicalOperator, ValuePath

from tertulia.integrations.scim.errors import Malformed
from tertulia.integrations.scim.resources import Group
from tertulia.kernel.errors import Invalid

MEMBERS = frozenset({"members", f"{Group.__schema__}:members".lower()})
Operation = PatchOperation[Group]


def patched(members: Sequence[str], operations: Sequence[Operation]) -> tuple[list[str], list[Operation]]:
    """The ids after the operations on `members` (RFC 7644, section 3.5.2), and the operations on other attributes.

    Raises Malformed for a path into members that selects by anything but their ids, Invalid for members without one.
    """
    now = dict.fromkeys(members)
    others: list[Operation] = []
    for operation in operations:
        path = str(operation.path or "")
        attribute = path.partition("[")[0].lower()
        if not path and isinstance(operation.value, dict):
            values = {name: value for name, value in operation.value.items() if name.lower() not in MEMBERS}
            for name in operation.value.keys() - values.keys():
                now = _applied(now, operation.op, _ids(operation.value[name]))
            if values:
                others.append(operation.model_copy(update={"value": values}))
        elif attribute in MEMBERS and path.lower() != attribute:
            if operation.op is not PatchOperation.Op.remove:
                raise _no_path()
            now = _applied(now, operation.op, _selected(path))
        elif attribute in MEMBERS:
            is_all = operation.op is PatchOperation.Op.remove and operation.value is None
            now = _applied(now, operation.op, list(now) if is_all else _ids(operation.value))
        elif attribute.partition(".")[0] in MEMBERS:
            raise _no_path()
        else:
            others.append(operation)
    return list(now), others


def _applied(now: dict[str, None], kind: PatchOperation.Op, ids: Sequence[str]) -> dict[str, None]:
    if kind is PatchOperation.Op.add:
        return now | dict.fromkeys(ids)
    if kind is PatchOperation.Op.replace_:
        return dict.fromkeys(ids)
    gone = set(ids)
    return {one: None for one in now if one not in gone}


def _ids(value: Any) -> list[str]:
    """The ids of members as they are sent: objects with a value, one or a list."""
    found = []
    for one in value if isinstance(value, list) else [] if value is None else [value]:
        values = {name.lower(): said for name, said in one.items()} if isinstance(one, dict) else {}
        if not isinstance(values.get("value"), str) or not values["value"]:
            raise Invalid(_("members: each member needs a value, the id of a user of this directory."))
        found.append(values["value"])
    return found


def _selected(path: str) -> list[str]:
    """The ids in `members[value eq "…" or value eq "…"]`."""
    node = ScimFilter(path).ast
    if not isinstance(node, ValuePath) or node.sub_attr:
        raise _no_path()
    return _values(node.val_filter)


def _values(node: FilterNode) -> list[str]:
    if isinstance(node, LogicalExpr) and node.op is LogicalOperator.or_:
        return [value for term in node.terms for value in _values(term)]
    if (
        isinstance(node, Comparison)
        and node.op is CompareOperator.eq
        and str(node.attr_path).lower() == "value"
        and isinstance(node.value, str)
    ):
        return [node.value]
    raise _no_path()


def _no_path() -> Malformed:
    return Malformed(
        _('Members are told by “members”, or taken out by “members[value eq "ID"]”.'),
        type="invalidPath",
    )
