"""Access tokens: made, shown once, used, revoked."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tertulia.kernel import clock
from tertulia.kernel.errors import Conflict, Invalid, NotFound
from tertulia.kernel.models import AuditEntry
from tertulia.people import access, queries, services
from tertulia.people.models import AccessToken, Person
from tertulia.people.services import tokens

from .world import World, signed_in


def make(person: Person, name: str = "Export", **fields: Any) -> tuple[AccessToken, str]:
    return services.create_token(
        actor=person, name=name, scopes=fields.get("scopes", ["posts:read"]), expires_at=fields.get("expires_at")
    )


def test_a_token_is_its_persons_and_only_its_digest_is_kept(world: World) -> None:
    token, raw = make(world.mia, scopes=["posts:write", "profile:read"])
    assert raw.startswith("tert_")
    assert len(raw) == 5 + 43
    found = access.person_for_token(raw)
    assert found is not None
    assert (found[0], found[1].scopes) == (world.mia, ["profile:read", "posts:write"])
    row = AccessToken.objects.filter(pk=token.pk).values().get()
    assert raw not in str(row)
    assert row["hint"] == raw[-4:]
    assert raw[5:] not in str(list(AuditEntry.objects.values()))


@pytest.mark.parametrize(
    "raw", ["", "tert_", "tert_wrong", "Bearer", "tert_\0", "tert_\ud800", "tert_" + "x" * 100_000]
)
def test_what_is_no_token_is_nobodys(world: World, raw: str) -> None:
    make(world.mia)
    assert access.person_for_token(raw) is None


def test_an_expired_token_is_nobodys(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    _token, raw = make(world.mia, expires_at=clock.now() + timedelta(seconds=30))
    assert access.person_for_token(raw) is not None
    later = clock.now() + timedelta(seconds=31)
    monkeypatch.setattr(access, "now", lambda: later)
    assert access.person_for_token(raw) is None


def test_a_revoked_token_is_nobodys(world: World, notices: list[tuple[str, dict[str, Any]]]) -> None:
    token, raw = make(world.mia)
    services.revoke_token(actor=world.mia, token_id=token.pk)
    assert access.person_for_token(raw) is None
    assert ("identity", {"person": world.mia.pk}) in notices


def test_a_token_of_somebody_who_may_not_sign_in_is_nobodys(world: World) -> None:
    _token, raw = make(world.mia)
    Person.objects.filter(pk=world.mia.pk).update(is_active=False)
    assert access.person_for_token(raw) is None


def test_using_a_token_is_one_query_and_noted_once_a_minute(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    token, raw = make(world.mia)
    moment = clock.now()
    for seconds, noted in ((0, 0), (1, 0), (59, 0), (60, 60), (61, 60)):
        monkeypatch.setattr(access, "now", lambda seconds=seconds: moment + timedelta(seconds=seconds))
        with CaptureQueriesContext(connection) as found:
            assert access.person_for_token(raw) is not None
        assert len(found) == 1, seconds
        assert AccessToken.objects.get(pk=token.pk).last_used_at == moment + timedelta(seconds=noted)


@pytest.mark.parametrize(
    ("fields", "culprit"),
    [
        ({"name": "\u200b "}, "name"),
        ({"name": "n" * 81}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["posts:read", "everything:write"]}, "scopes"),
        ({"expires_at": clock.now() - timedelta(seconds=1)}, "expires_at"),
    ],
)
def test_what_cannot_be_used_is_named(world: World, fields: dict[str, Any], culprit: str) -> None:
    with pytest.raises(Invalid) as refusal:
        make(world.mia, **fields)
    assert refusal.value.field == culprit
    assert not AccessToken.objects.exists()


def test_there_is_a_most(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "MOST_TOKENS", 1)
    make(world.mia)
    with pytest.raises(Conflict, match="Revoke one"):
        make(world.mia)
    make(world.ben)


def test_a_token_of_another_is_not_found(world: World) -> None:
    token, raw = make(world.mia)
    for other in (world.olga, world.ben, world.otto):
        with pytest.raises(NotFound):
            services.revoke_token(actor=other, token_id=token.pk)
        assert signed_in(other).post(f"/settings/tokens/{token.pk}/revoke").status_code == 404
        assert queries.tokens(other) == []
    assert access.person_for_token(raw) is not None
    assert signed_in(world.mia).post(f"/settings/tokens/{token.pk}/revoke").status_code == 302


def test_the_page_shows_a_new_token_once(world: World) -> None:
    browser = signed_in(world.mia)
    answer = browser.post("/settings/tokens", {"name": "Weekly export", "scopes": ["posts:read"], "days": "30"})
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    raw = answer.context["new"][1]
    assert raw in answer.content.decode()
    found = access.person_for_token(raw)
    assert found is not None
    assert found[1].expires_at is not None
    assert timedelta(days=29) < found[1].expires_at - clock.now() <= timedelta(days=30)
    again = browser.get("/settings/tokens").content.decode()
    assert raw not in again
    assert "Weekly export" in again


@pytest.mark.parametrize(
    "wrong", [{"name": ""}, {"scopes": []}, {"scopes": ["all"]}, {"days": "99999"}, {"name": "\u202e"}]
)
def test_the_page_says_what_is_wrong(world: World, wrong: dict[str, Any]) -> None:
    answer = signed_in(world.mia).post(
        "/settings/tokens", {"name": "Export", "scopes": ["posts:read"], "days": "30", **wrong}
    )
    assert answer.status_code == 422
    assert answer.context["form"].errors
    assert not AccessToken.objects.exists()


def test_the_list_takes_as_many_queries_for_twice_as_many(world: World) -> None:
    def count() -> int:
        browser = signed_in(world.mia)
        browser.get("/settings/tokens")
        with CaptureQueriesContext(connection) as found:
            assert browser.get("/settings/tokens").status_code == 200
        return len(found)

    make(world.mia)
    before = count()
    for number in range(5):
        make(world.mia, name=f"Token {number}")
    assert count() == before


@pytest.mark.usefixtures("world")
def test_visitors_make_no_tokens(visitor: Client) -> None:
    assert visitor.post("/settings/tokens", {"name": "x", "scopes": ["posts:read"], "days": "0"}).status_code == 302
    assert not AccessToken.objects.exists()
