"""People over REST."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from tertulia.kernel import clock
from tertulia.people import access, services
from tertulia.people.models import Person
from tertulia.people.scopes import SCOPES

from .world import World


def call(person: Person | None, method: str, path: str, body: object = None, scopes: Any = tuple(SCOPES)) -> Any:
    headers = {}
    if person is not None:
        _token, raw = services.create_token(actor=person, name="test", scopes=scopes, expires_at=None)
        headers["Authorization"] = f"Bearer {raw}"
    data = "" if body is None else json.dumps(body)
    return Client().generic(method, f"/api/v1{path}", data, content_type="application/json", headers=headers)


def test_me_is_the_tokens_person(world: World) -> None:
    services.update_profile(actor=world.mia, about="Hello", interests=["lichens"])
    answer = call(world.mia, "GET", "/me", scopes=["profile:read", "posts:write"])
    assert answer.status_code == 200
    me = answer.json()
    assert me["id"] == str(world.mia.pk)
    assert (me["handle"], me["display_name"], me["email"]) == ("mia", "Mia", "mia@example.org")
    assert (me["about"], me["interests"], me["door_open"]) == ("Hello", ["lichens"], True)
    assert me["scopes"] == ["profile:read", "posts:write"]
    assert me["visibility"] == {**dict.fromkeys(access.FIELDS, "shared"), "email": "nobody"}
    assert me["created_at"].endswith(("Z", "+00:00"))


@pytest.mark.parametrize("path", ["/me", "/me/tokens", "/people/00000000-0000-0000-0000-000000000000"])
def test_visitors_and_expired_tokens_are_told_to_sign_in(
    world: World, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert call(None, "GET", path).status_code == 401
    assert Client().get(f"/api/v1{path}", headers={"Authorization": "Bearer tert_wrong"}).status_code == 401
    from datetime import timedelta

    later = clock.now() + timedelta(days=2)
    _token, raw = services.create_token(
        actor=world.mia, name="short", scopes=["profile:read"], expires_at=clock.now() + timedelta(days=1)
    )
    monkeypatch.setattr(access, "now", lambda: later)
    answer = Client().get(f"/api/v1{path}", headers={"Authorization": f"Bearer {raw}"})
    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("method", "path", "scope", "body"),
    [
        ("GET", "/me", "profile:read", None),
        ("PATCH", "/me", "profile:write", {"headline": "New"}),
        ("PUT", "/me/door", "profile:write", {"open": False}),
        ("GET", "/me/tokens", "profile:read", None),
        ("GET", "/people/{ben}", "profile:read", None),
    ],
)
def test_each_operation_needs_its_scope(world: World, method: str, path: str, scope: str, body: object) -> None:
    path = path.format(ben=world.ben.pk)
    assert call(world.mia, method, path, body, [scope]).status_code == 200
    others = [other for other in SCOPES if not other.startswith("profile:")]
    refused = call(world.mia, method, path, body, others)
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/missing-scope")


def test_the_profile_is_changed_by_name(world: World) -> None:
    answer = call(
        world.mia,
        "PATCH",
        "/me",
        {"display_name": "Mia Ngô", "visibility": {"email": "shared"}, "interests": ["a", "b"], "door_open": False},
    )
    assert answer.status_code == 200
    assert answer.json()["display_name"] == "Mia Ngô"
    mia = Person.objects.get(pk=world.mia.pk)
    assert (mia.display_name, mia.interests, mia.door_open) == ("Mia Ngô", ["a", "b"], False)
    assert mia.visibility == {"email": "shared"}
    assert mia.handle == "mia"


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"shoe_size": 41}, 422, "shoe_size"),
        ({"display_name": ""}, 422, "display_name"),
        ({"display_name": "n" * 500}, 422, "display_name"),
        ({"handle": "ben"}, 409, "handle"),
        ({"handle": "a\u202eb"}, 422, "handle"),
        ({"time_zone": "Mars/Olympus"}, 422, "time_zone"),
        ({"language": "tlh"}, 422, "language"),
        ({"visibility": {"password": "everyone"}}, 422, "visibility"),
        ({"visibility": {"email": "friends"}}, 422, "visibility.email"),
        ({"interests": ["x" * 41]}, 422, "interests"),
        ({"door_open": "perhaps"}, 422, "door_open"),
        ({"is_owner": True}, 422, "is_owner"),
        ({"email": "other@example.org"}, 422, "email"),
    ],
)
def test_bad_input_gets_a_sentence_and_changes_nothing(
    world: World, body: dict[str, Any], status: int, field: str
) -> None:
    before = Person.objects.filter(pk=world.mia.pk).values().get()
    answer = call(world.mia, "PATCH", "/me", {"headline": "Lost?", **body})
    assert answer.status_code == status
    problem = answer.json()
    assert problem["field"] == field
    assert problem["detail"]
    assert Person.objects.filter(pk=world.mia.pk).values().get() == before


def test_the_door(world: World) -> None:
    assert call(world.mia, "PUT", "/me/door", {"open": False}).json()["door_open"] is False
    assert not Person.objects.get(pk=world.mia.pk).door_open


def test_others_are_seen_as_on_their_page(world: World) -> None:
    services.update_profile(
        actor=world.mia, headline="Seen", about="Hidden", visibility={"about": "nobody", "headline": "everyone"}
    )
    inside = call(world.ben, "GET", f"/people/{world.mia.pk}").json()
    assert (inside["headline"], inside["about"], inside["email"]) == ("Seen", None, None)
    assert (inside["pronouns"], inside["interests"], inside["door_open"]) == ("", [], True)
    outside = call(world.otto, "GET", f"/people/{world.mia.pk}").json()
    assert (outside["headline"], outside["about"], outside["interests"]) == ("Seen", None, None)
    assert outside["door_open"] is None
    assert call(world.mia, "GET", f"/people/{world.mia.pk}").json()["email"] == "mia@example.org"


def test_hidden_and_missing_people_look_alike(world: World) -> None:
    assert Person.objects.filter(pk=world.mia.pk).exists()
    hidden = call(world.otto, "GET", f"/people/{world.mia.pk}")
    missing = call(world.otto, "GET", f"/people/{uuid4()}")
    assert hidden.status_code == missing.status_code == 404
    assert hidden.json() == missing.json()


def test_tokens_are_listed_without_their_text_and_revoked(world: World) -> None:
    foreign, _raw = services.create_token(actor=world.ben, name="his", scopes=["posts:read"], expires_at=None)
    mine, raw = services.create_token(actor=world.mia, name="mine", scopes=["posts:read"], expires_at=None)
    answer = call(world.mia, "GET", "/me/tokens")
    assert {item["name"] for item in answer.json()["items"]} == {"mine", "test"}
    assert raw not in answer.content.decode()
    assert call(world.mia, "DELETE", f"/me/tokens/{foreign.pk}").status_code == 404
    assert call(world.mia, "DELETE", f"/me/tokens/{mine.pk}").status_code == 204
    assert access.person_for_token(raw) is None
