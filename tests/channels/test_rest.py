"""Channels over REST."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from django.test import Client

from tertulia.channels import services
from tertulia.channels.models import Channel
from tertulia.people import services as people_services
from tertulia.people.models import Person
from tertulia.people.scopes import SCOPES

from .world import World, fresh, inside


class Api:
    """A program with a person's token."""

    def __init__(self, person: Person, scopes: list[str] | None = None) -> None:
        _token, self.secret = people_services.create_token(
            actor=person, name="test", scopes=scopes or list(SCOPES), expires_at=None
        )
        self.client = Client()

    def __call__(self, method: str, path: str, body: Any = None) -> Any:
        return self.client.generic(
            method,
            f"/api/v1{path}",
            data="" if body is None else json.dumps(body),
            content_type="application/json",
            headers={"Authorization": f"Bearer {self.secret}"},
        )


def test_make_read_change_archive_restore(world: World) -> None:
    api = Api(world.ina)
    made = api("POST", "/workspaces/course/channels", {"name": "Book club", "purpose": "Read.", "header": "**Now**"})
    assert made.status_code == 201
    body = made.json()
    assert (body["slug"], body["kind"], body["visibility"]) == ("book-club", "chat", "public")
    assert (body["posting"], body["slow_seconds"], body["is_default"]) == ("everyone", 0, False)
    assert (body["workspace"], body["archived"], body["is_member"], body["is_manager"]) == ("course", False, True, True)
    path = f"/channels/{body['id']}"
    assert api("GET", path).json() == body
    wanted = {"name": "Readers", "posting": "staff", "slow_seconds": 60, "visibility": "private"}
    changed = api("PATCH", path, wanted)
    assert changed.status_code == 200
    assert wanted.items() <= changed.json().items()
    assert api("DELETE", path).status_code == 204
    assert api("GET", path).json()["archived"] is True
    assert api("PATCH", path, {"name": "X"}).status_code == 409
    assert api("PATCH", path, {"archived": False}).json()["archived"] is False


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"name": "general"}, 409, "“general-2” is free"),
        ({"name": "x" * 81}, 422, "81 characters; 80"),
        ({"name": "X", "kind": "forum"}, 422, "“forum”"),
        ({"name": "X", "colour": "red"}, 422, "colour"),
        ({"name": "X", "visibility": "hidden"}, 422, "visibility"),
        ({}, 422, "name"),
    ],
)
def test_bad_input_gets_a_sentence(world: World, body: dict[str, Any], status: int, words: str) -> None:
    answer = Api(world.ina)("POST", "/workspaces/course/channels", body)
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    assert words in answer.json()["detail"]


def test_the_kind_does_not_change(world: World) -> None:
    path = f"/channels/{world.channel('Open').pk}"
    assert Api(world.ina)("PATCH", path, {"kind": "chat"}).status_code == 200
    assert Api(world.ina)("PATCH", path, {"kind": "forum"}).status_code == 422


def test_lists_show_what_one_may_see(world: World) -> None:
    world.secret(world.mia)
    world.channel("Open")
    names = {
        one: [c["name"] for c in Api(getattr(world, one))("GET", "/workspaces/course/channels").json()["items"]]
        for one in ("mia", "olga", "gus")
    }
    assert names == {"mia": ["general", "Open", "Secret plans"], "olga": ["general", "Open"], "gus": []}
    first = Api(world.mia)("GET", "/workspaces/course/channels?limit=2").json()
    rest = Api(world.mia)("GET", f"/workspaces/course/channels?limit=2&cursor={first['next']}").json()
    assert [c["name"] for c in rest["items"]] == ["Secret plans"]
    assert rest["next"] is None


SECRET_ROUTES: list[tuple[str, str, object]] = [
    ("GET", "/channels/{id}", None),
    ("PATCH", "/channels/{id}", {"name": "Mine"}),
    ("DELETE", "/channels/{id}", None),
    ("GET", "/channels/{id}/members", None),
    ("POST", "/channels/{id}/members", {"person_ids": ["{ben}"]}),
    ("POST", "/channels/{id}/members", {"person_id": "{me}"}),
    ("PATCH", "/channels/{id}/members/{ben}", {"is_manager": True}),
    ("DELETE", "/channels/{id}/members/{ben}", None),
    ("DELETE", "/channels/{id}/members/{me}", None),
    ("PATCH", "/channels/{id}/preferences", {"muted": True}),
]


@pytest.mark.parametrize("who", ["olga", "ben", "gus", "otto"])
def test_a_private_channel_is_not_there_for_others(world: World, who: str) -> None:
    secret, api = world.secret(world.mia), Api(getattr(world, who))

    def ask(route: tuple[str, str, object], channel_id: uuid.UUID) -> tuple[int, bytes]:
        names = {"{id}": str(channel_id), "{ben}": str(world.ben.pk), "{me}": str(getattr(world, who).pk)}
        text = json.dumps(route)
        for name, value in names.items():
            text = text.replace(name, value)
        answer = api(*json.loads(text))
        return answer.status_code, answer.content

    for route in SECRET_ROUTES:
        assert ask(route, secret.pk) == ask(route, uuid.uuid4())
        assert ask(route, secret.pk)[0] == 404
    assert (inside(secret), fresh(secret).name) == ({"ina", "mia"}, "Secret plans")


@pytest.mark.parametrize(
    ("who", "status"), [("ina", 200), ("olga", 200), ("mia", 403), ("ben", 403), ("gus", 404), ("otto", 404)]
)
def test_who_changes_a_public_channel(world: World, who: str, status: int) -> None:
    channel = world.channel("Open", world.mia)
    assert Api(getattr(world, who))("PATCH", f"/channels/{channel.pk}", {"name": "New"}).status_code == status


def test_members(world: World) -> None:
    api, channel = Api(world.ina), world.channel("Open")
    path = f"/channels/{channel.pk}/members"
    cohort = world.group("cohort", world.gus)
    added = api("POST", path, {"person_ids": [str(world.mia.pk)], "group_ids": [str(cohort.pk)]})
    assert (added.status_code, added.json()["added"]) == (201, [str(world.mia.pk), str(world.gus.pk)])
    listed = {row["person"]["handle"]: row for row in api("GET", path).json()["items"]}
    assert set(listed) == {"ina", "mia", "gus"}
    assert (listed["gus"]["via_group_id"], listed["gus"]["role"]) == (str(cohort.pk), "guest")
    assert api("PATCH", f"{path}/{world.mia.pk}", {"is_manager": True}).status_code == 204
    assert api("DELETE", f"{path}/{world.gus.pk}").status_code == 204
    assert api("DELETE", f"{path}/{world.gus.pk}").status_code == 404
    assert api("POST", path, {"person_id": str(world.otto.pk)}).status_code == 422
    assert api("POST", path, {"group_ids": [str(uuid.uuid4())]}).status_code == 422
    assert api("POST", path, {}).status_code == 422
    assert inside(channel) == {"ina", "mia"}


def test_joining_and_leaving_by_ones_own_id(world: World) -> None:
    api, channel = Api(world.mia), world.channel("Open")
    path = f"/channels/{channel.pk}/members"
    assert api("POST", path, {"person_id": str(world.mia.pk)}).json() == {"added": [str(world.mia.pk)]}
    assert api("POST", path, {"person_id": str(world.mia.pk)}).json() == {"added": []}
    assert api("DELETE", f"{path}/{world.mia.pk}").status_code == 204
    assert inside(channel) == {"ina"}


def test_conversations(world: World) -> None:
    api = Api(world.mia)
    opened = api("POST", "/workspaces/course/direct", {"person_ids": [str(world.ben.pk)]})
    assert opened.status_code == 200
    body = opened.json()
    assert (body["kind"], body["name"], [one["handle"] for one in body["people"]]) == ("direct", "Ben", ["ben"])
    again = Api(world.ben)("POST", "/workspaces/course/direct", {"person_ids": [str(world.mia.pk)]})
    assert (again.json()["id"], again.json()["name"]) == (body["id"], "Mia")
    assert [row["id"] for row in api("GET", "/workspaces/course/direct").json()["items"]] == [body["id"]]
    assert Api(world.ina)("GET", "/workspaces/course/direct").json()["items"] == []
    assert Api(world.ina)("GET", f"/channels/{body['id']}").status_code == 404
    assert api("DELETE", f"/channels/{body['id']}").status_code == 403
    hidden = api("PATCH", f"/channels/{body['id']}/preferences", {"hidden": True})
    assert hidden.json()["hidden"] is True
    assert api("POST", "/workspaces/course/direct", {"person_ids": []}).status_code == 422
    assert api("POST", "/workspaces/course/direct", {"person_ids": [str(world.otto.pk)]}).status_code == 422
    assert Api(world.otto)("POST", "/workspaces/course/direct", {"person_ids": [str(world.ben.pk)]}).status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/workspaces/course/channels", {"name": "X"}),
        ("PATCH", "/channels/{id}", {"name": "X"}),
        ("DELETE", "/channels/{id}", None),
        ("POST", "/channels/{id}/members", {"person_id": "{id}"}),
        ("POST", "/workspaces/course/direct", {"person_ids": ["{id}"]}),
    ],
)
def test_a_token_that_may_only_read_writes_nothing(world: World, method: str, path: str, body: Any) -> None:
    before = Channel.objects.count()
    body = json.loads(json.dumps(body).replace("{id}", str(world.mia.pk)))
    answer = Api(world.ina, ["channels:read"])(method, path.replace("{id}", str(world.general.pk)), body)
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/missing-scope")
    assert (Channel.objects.count(), fresh(world.general).archived_at) == (before, None)


def test_a_channel_made_private_by_somebody_outside_it_answers_once(world: World) -> None:
    channel = world.channel("Open", by=world.mia)
    answer = Api(world.olga)("PATCH", f"/channels/{channel.pk}", {"visibility": "private"})
    assert (answer.status_code, answer.json()["visibility"]) == (200, "private")
    assert Api(world.olga)("GET", f"/channels/{channel.pk}").status_code == 404


def test_unread_and_mentions_are_the_askers_own(world: World) -> None:
    channel = world.channel("Open", world.mia)
    Channel.objects.filter(pk=channel.pk).update(root_count=5)
    assert Api(world.mia)("GET", f"/channels/{channel.pk}").json()["unread"] == 5
    services.leave(actor=world.mia, channel=channel)
    assert Api(world.mia)("GET", f"/channels/{channel.pk}").json()["unread"] == 0
