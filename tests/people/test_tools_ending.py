"""When what a tool may know of somebody is over."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.idp.oidc.models import Token
from django.db import connection
from django.test import Client
from joserfc import jwt
from joserfc.jwk import KeySet

from tertulia.kernel.clock import now
from tertulia.people import jobs, services
from tertulia.people.models import Consent, Person, ToolKey
from tertulia.people.tools.adapter import KEYS

from .wiki import Wiki, agree, hidden, sent_back
from .world import World, signed_in


def test_what_is_taken_back_ends_at_once(world: World, wiki: Wiki) -> None:
    browser = signed_in(world.mia)
    told = wiki.tokens(agree(browser, wiki)["code"]).json()
    unused = sent_back(browser.get(wiki.asking()))["code"]
    consent = Consent.objects.get()
    assert signed_in(world.ben).post(f"/settings/tools/{consent.pk}/take-back").status_code == 404
    assert browser.post(f"/settings/tools/{consent.pk}/take-back").status_code == 302
    assert wiki.learns(told["access_token"]).status_code == 401
    refresh = {"grant_type": "refresh_token", "refresh_token": told["refresh_token"]}
    assert wiki.post("/oidc/token", refresh).json()["error"] == "invalid_grant"
    assert wiki.tokens(unused).json()["error"] == "invalid_grant"
    assert browser.get(wiki.asking()).status_code == 200, "it has to ask again"


def test_a_closed_account_ends_at_once(world: World, wiki: Wiki) -> None:
    browser = signed_in(world.mia)
    told = wiki.tokens(agree(browser, wiki)["code"]).json()
    unused = sent_back(browser.get(wiki.asking()))["code"]
    Person.objects.filter(pk=world.mia.pk).update(is_active=False)
    assert wiki.learns(told["access_token"]).status_code == 401
    refresh = {"grant_type": "refresh_token", "refresh_token": told["refresh_token"]}
    assert wiki.post("/oidc/token", refresh).status_code == 400
    assert wiki.tokens(unused).status_code == 400
    assert browser.get(wiki.asking())["Location"].startswith("/accounts/login/")


def test_refreshing_turns_the_token_over(world: World, wiki: Wiki) -> None:
    told = wiki.tokens(agree(signed_in(world.mia), wiki)["code"]).json()
    refresh = {"grant_type": "refresh_token", "refresh_token": told["refresh_token"]}
    fresh = wiki.post("/oidc/token", refresh)
    assert fresh.status_code == 200
    assert wiki.learns(fresh.json()["access_token"]).status_code == 200
    assert wiki.post("/oidc/token", refresh).status_code == 400, "good once"


def test_a_token_can_be_revoked(world: World, wiki: Wiki) -> None:
    told = wiki.tokens(agree(signed_in(world.mia), wiki)["code"]).json()
    assert wiki.post("/oidc/revoke", {"token": told["access_token"]}, secret="wrong").status_code == 401
    assert wiki.learns(told["access_token"]).status_code == 200
    assert wiki.post("/oidc/revoke", {"token": told["access_token"]}).status_code == 200
    assert wiki.learns(told["access_token"]).status_code == 401


def test_signing_out_from_a_tool(world: World, owner: Person, wiki: Wiki) -> None:
    services.change_tool(actor=owner, client_id=wiki.client_id, logout_uris=["https://wiki.example.org/bye"])
    browser = signed_in(world.mia)
    told = wiki.tokens(agree(browser, wiki)["code"]).json()
    asked = {
        "id_token_hint": told["id_token"],
        "post_logout_redirect_uri": "https://wiki.example.org/bye",
        "state": "x",
    }
    page = browser.get("/oidc/sign-out", asked)
    assert "Wiki" in page.content.decode()
    stayed = browser.post("/oidc/sign-out", {**hidden(page), "action": "stay"})
    assert "https://wiki.example.org/bye?state=x" in unescape(stayed.content.decode())
    assert browser.get("/settings").status_code == 200
    assert wiki.learns(told["access_token"]).status_code == 401, "the tool's own tokens are over"
    gone = browser.post("/oidc/sign-out", {**hidden(browser.get("/oidc/sign-out", asked)), "action": "logout"})
    assert "https://wiki.example.org/bye?state=x" in unescape(gone.content.decode())
    assert browser.get("/settings").status_code == 302
    for elsewhere in ("https://evil.example/", "https://wiki.example.org/other"):
        answer = browser.get("/oidc/sign-out", {**asked, "post_logout_redirect_uri": elsewhere})
        assert answer.status_code == 400


def test_keys_turn_over_and_old_signatures_hold_for_a_while(world: World, owner: Person, wiki: Wiki) -> None:
    browser = signed_in(world.mia)
    told = wiki.tokens(agree(browser, wiki)["code"]).json()
    assert signed_in(owner).post("/installation/tools/rotate").status_code == 302
    published = Client().get("/.well-known/jwks.json").json()
    assert len(published["keys"]) == 2
    assert "d" not in json.dumps([sorted(key) for key in published["keys"]]).replace("kid", "")
    keys = KeySet.import_key_set(published)
    assert jwt.decode(told["id_token"], keys, algorithms=["RS256"]).claims["sub"] == str(world.mia.pk)
    newer = wiki.tokens(sent_back(browser.get(wiki.asking()))["code"]).json()["id_token"]
    assert jwt.decode(newer, keys, algorithms=["RS256"]).header["kid"] == KEYS.current()[0].kid
    assert b'"d"' not in bytes(ToolKey.objects.filter(retired_at=None).get().sealed)


def test_who_takes_over_an_unproved_account_takes_its_tools_away(world: World, wiki: Wiki) -> None:
    told = wiki.tokens(agree(signed_in(world.mia), wiki)["code"]).json()
    EmailAddress.objects.filter(user=world.mia).update(verified=False)
    services.arrive(issuer="https://id.example", subject="1", name="", email="mia@example.org", email_verified=True)
    assert wiki.learns(told["access_token"]).status_code == 401
    assert not Consent.objects.exists()
    assert not Token.objects.exists()


def test_a_tool_that_no_longer_keeps_a_secret_begins_anew(world: World, owner: Person, wiki: Wiki) -> None:
    told = wiki.tokens(agree(signed_in(world.mia), wiki)["code"]).json()
    _tool, secret = services.change_tool(actor=owner, client_id=wiki.client_id, public=True)
    assert secret == ""
    assert wiki.learns(told["access_token"]).status_code == 401
    _tool, secret = services.change_tool(actor=owner, client_id=wiki.client_id, public=False)
    assert secret
    refused = wiki.post("/oidc/token", {"grant_type": "refresh_token", "refresh_token": told["refresh_token"]})
    assert refused.status_code == 401, "the old secret"


def test_what_is_over_is_swept_up(world: World, owner: Person, wiki: Wiki) -> None:
    browser = signed_in(world.mia)
    told = wiki.tokens(agree(browser, wiki)["code"]).json()
    KEYS.rotate(actor=owner)
    jobs.sweep_tools(0)
    assert wiki.learns(told["access_token"]).status_code == 200
    assert ToolKey.objects.count() == 2
    Token.objects.filter(type=Token.Type.ACCESS_TOKEN).update(expires_at=now() - timedelta(seconds=1))
    ToolKey.objects.exclude(retired_at=None).update(retired_at=now() - timedelta(days=8))
    assert wiki.learns(told["access_token"]).status_code == 401
    jobs.sweep_tools(0)
    assert list(Token.objects.values_list("type", flat=True)) == [Token.Type.REFRESH_TOKEN]
    assert ToolKey.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_code_and_a_refresh_token_are_good_once_also_at_the_same_moment(world: World, wiki: Wiki) -> None:
    told = wiki.tokens(agree(signed_in(world.mia), wiki)["code"]).json()
    code = sent_back(signed_in(world.mia).get(wiki.asking()))["code"]
    refresh = {"grant_type": "refresh_token", "refresh_token": told["refresh_token"]}

    def at_once(ask: Callable[[], Any]) -> list[int]:
        def one() -> int:
            try:
                return int(ask().status_code)
            finally:
                connection.close()

        with ThreadPoolExecutor(4) as pool:
            return sorted(found.result() for found in [pool.submit(one) for _number in range(4)])

    assert at_once(lambda: wiki.tokens(code)) == [200, 400, 400, 400]
    assert at_once(lambda: wiki.post("/oidc/token", refresh)) == [200, 400, 400, 400]
