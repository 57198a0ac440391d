"""A directory that speaks SCIM, as small as can be."""

from __future__ import annotations

import json
from typing import Any, cast
from urllib.parse import quote

from django.http import HttpResponse
from django.test import Client

from tertulia.people import services as people
from tertulia.people.models import Person

BASE = "/scim/v2/w/course"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"


class Directory:
    """Calls with a token of somebody's; `base` is a workspace's."""

    def __init__(self, who: Person, *scopes: str, base: str = BASE) -> None:
        _token, self.raw = people.create_token(actor=who, name="directory", scopes=scopes, expires_at=None)
        self.base = base

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> HttpResponse:
        """One call; a body that is not bytes goes as JSON."""
        sent = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        kind = headers.pop("content_type", "application/scim+json")
        answer = Client().generic(
            method,
            f"{self.base}/{path}",
            sent,
            kind,
            headers={"Authorization": f"Bearer {self.raw}", **{key.replace("_", "-"): headers[key] for key in headers}},
        )
        return cast("HttpResponse", answer)

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        answer = self.call(method, path, body, **headers)
        return answer.status_code, json.loads(answer.content) if answer.content else None

    def add(self, who: str, /, **fields: Any) -> dict[str, Any]:
        """A new user `who@example.org`."""
        status, user = self("POST", "Users", user_of(who, **fields))
        assert status == 201, user
        return dict(user)

    def add_group(self, called: str, *members: dict[str, Any], **fields: Any) -> dict[str, Any]:
        """A new group."""
        body = {
            "schemas": [GROUP],
            "displayName": called,
            "members": [{"value": one["id"]} for one in members],
            **fields,
        }
        status, group = self("POST", "Groups", body)
        assert status == 201, group
        return dict(group)

    def patch(self, path: str, *operations: dict[str, Any]) -> tuple[int, Any]:
        """A PATCH of these operations."""
        return self("PATCH", path, {"schemas": [PATCH], "Operations": list(operations)})

    def find(self, kind: str, text: str) -> list[str]:
        """The names of those whom a filter finds."""
        status, found = self("GET", f"{kind}?filter={quote(text)}")
        assert status == 200, found
        assert found["totalResults"] == len(found["Resources"])
        return [one.get("userName") or one["displayName"] for one in found["Resources"]]


def user_of(who: str, /, **fields: Any) -> dict[str, Any]:
    """The body that makes a user."""
    return {
        "schemas": [USER],
        "userName": f"{who}@example.org",
        "displayName": who.capitalize(),
        "emails": [{"value": f"{who}@example.org", "type": "work", "primary": True}],
        **fields,
    }
