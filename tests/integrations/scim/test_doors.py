"""Everybody tries every door of a workspace's directory, as in tests/permissions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from pytest_django.plugin import DjangoDbBlocker

from permissions.table import LEAD
from permissions.world import EVERYBODY, OUTSIDER, VISITOR, World

from .directory import ERROR, PATCH, Directory, user_of

USER: dict[str, Any] = user_of("newcomer")
OFF: dict[str, Any] = {
    "schemas": [PATCH],
    "Operations": [{"op": "replace", "path": "active", "value": False}],
}
DOORS = [
    ("GET", "ServiceProviderConfig", None),
    ("GET", "ResourceTypes", None),
    ("GET", "Schemas", None),
    ("GET", "Users", None),
    ("POST", "Users", USER),
    ("GET", "Users/{user}", None),
    ("PUT", "Users/{user}", user_of("somebody")),
    ("PATCH", "Users/{user}", OFF),
    ("DELETE", "Users/{user}", None),
    ("GET", "Groups", None),
    ("POST", "Groups", {"displayName": "New"}),
    ("GET", "Groups/{group}", None),
    ("PUT", "Groups/{group}", {"displayName": "New"}),
    ("PATCH", "Groups/{group}", {"schemas": [PATCH], "Operations": [{"op": "remove", "path": "members"}]}),
    ("DELETE", "Groups/{group}", None),
]


class House:
    """The house of the permission table, with a directory."""

    def __init__(self) -> None:
        self.world = World()
        owner = Directory(self.world.people["owner"], "enrolments:write", base="/scim/v2/w/house")
        user = owner.add("somebody")
        self.ids = {"user": user["id"], "group": owner.add_group("Directory", user)["id"]}
        self.reader = Directory(self.world.people["owner"], "enrolments:read", base="/scim/v2/w/house")

    def knock(self, method: str, path: str, body: Any, token: str | None) -> tuple[int, Any]:
        """Somebody tries a door, and it is as it was afterwards."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        with transaction.atomic():
            answer = Client().generic(
                method,
                f"/scim/v2/w/house/{path.format(**self.ids)}",
                json.dumps(body) if body else "",
                "application/scim+json",
                headers=headers,
            )
            transaction.set_rollback(True)
        return answer.status_code, json.loads(answer.content) if answer.content else None


@pytest.fixture(scope="module")
def house(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[House]:
    """One for all rows."""
    del django_db_setup
    with django_db_blocker.unblock(), transaction.atomic():
        yield House()
        transaction.set_rollback(True)


@pytest.mark.django_db
@pytest.mark.parametrize(("method", "path", "body"), DOORS)
def test_everybody_tries_every_door(house: House, method: str, path: str, body: Any) -> None:
    statuses = {}
    for name in EVERYBODY:
        token = None if name == VISITOR else house.world.tokens[name]
        statuses[name], answer = house.knock(method, path, body, token)
        assert statuses[name] < 400 or answer["schemas"] == [ERROR]
    wanted = dict.fromkeys(EVERYBODY, 403) | {OUTSIDER: 404, VISITOR: 401}
    assert {name: status for name, status in statuses.items() if name not in LEAD} == {
        name: status for name, status in wanted.items() if name not in LEAD
    }
    assert all(statuses[name] < 300 for name in LEAD)


@pytest.mark.django_db
@pytest.mark.parametrize(("method", "path", "body"), DOORS)
def test_the_scope_is_needed(house: House, method: str, path: str, body: Any) -> None:
    status, answer = house.knock(method, path, body, house.world.bare_token)
    assert (status, answer["schemas"]) == (403, [ERROR])
    status, _answer = house.knock(method, path, body, house.reader.raw)
    assert status == (200 if method == "GET" else 403)
