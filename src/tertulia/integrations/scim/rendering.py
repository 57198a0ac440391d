"""Rows as resources: what a client reads, with their addresses and versions."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from scim2_models import Context, ListResponse, Resource, ResourceType, ResponseParameters

from tertulia.integrations.scim.models import DirectoryGroup, DirectoryUser
from tertulia.integrations.scim.resources import Group, User

SPACE = "/scim/v2/w"


def base(slug: str) -> str:
    """The address of a workspace's directory, as it is entered at the other side."""
    return f"{settings.BASE_URL}{SPACE}/{slug}"


def user(row: DirectoryUser, slug: str) -> dict[str, Any]:
    """One user; their groups are prefetched."""
    groups = sorted(row.groups.all(), key=lambda group: group.pk)
    return {
        **row.said,
        "schemas": [User.__schema__],
        "id": str(row.pk),
        "userName": row.user_name,
        "externalId": row.external_id or None,
        "active": row.enrolment.active,
        "groups": [
            {"value": str(group.pk), "$ref": f"{base(slug)}/Groups/{group.pk}", "display": group.name}
            for group in groups
        ],
        "meta": _meta(row, "User", f"{base(slug)}/Users/{row.pk}"),
    }


def group(row: DirectoryGroup, slug: str) -> dict[str, Any]:
    """One group; its users are prefetched."""
    members = sorted(row.users.all(), key=lambda member: member.pk)
    return {
        "schemas": [Group.__schema__],
        "id": str(row.pk),
        "displayName": row.name,
        "externalId": row.external_id or None,
        "members": [{"value": str(one.pk), "$ref": f"{base(slug)}/Users/{one.pk}", "type": "User"} for one in members],
        "meta": _meta(row, "Group", f"{base(slug)}/Groups/{row.pk}"),
    }


def _meta(row: DirectoryUser | DirectoryGroup, kind: str, location: str) -> dict[str, str]:
    return {
        "resourceType": kind,
        "created": row.created_at.isoformat(),
        "lastModified": row.changed_at.isoformat(),
        "location": location,
    }


def version(values: Mapping[str, Any]) -> str:
    """The entity tag of a resource: the same as long as all of it is the same (RFC 7644, section 3.14)."""
    told = {name: value for name, value in values.items() if name != "meta"}
    return f'W/"{hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:32]}"'


def dump(kind: type[User | Group], values: dict[str, Any], wanted: ResponseParameters[Any] | None) -> dict[str, Any]:
    """A resource as JSON, with the attributes that were asked for."""
    values = {**values, "meta": {**values["meta"], "version": version(values)}}
    return kind.model_validate(values).model_dump(scim_ctx=Context.RESOURCE_QUERY_RESPONSE, response_parameters=wanted)


def listing(resources: Sequence[Mapping[str, Any]], *, total: int, start: int) -> dict[str, Any]:
    """One page of a list (RFC 7644, section 3.4.2)."""
    return {
        "schemas": [ListResponse.__schema__],
        "totalResults": total,
        "startIndex": start,
        "itemsPerPage": len(resources),
        "Resources": list(resources),
    }


def schemas(slug: str) -> list[dict[str, Any]]:
    """Which attributes there are."""
    return [_described(kind.to_schema(), "Schema", "Schemas", slug) for kind in (User, Group)]


def resource_types(slug: str) -> list[dict[str, Any]]:
    """Which resources there are."""
    kinds = (User, Group)
    return [_described(ResourceType.from_resource(kind), "ResourceType", "ResourceTypes", slug) for kind in kinds]


def _described(resource: Resource[Any], kind: str, place: str, slug: str) -> dict[str, Any]:
    values: dict[str, Any] = resource.model_dump(scim_ctx=Context.RESOURCE_QUERY_RESPONSE)
    values["meta"] = {"resourceType": kind, "location": f"{base(slug)}/{place}/{values['id']}"}
    return values
