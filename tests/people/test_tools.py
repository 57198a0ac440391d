"""Other programs sign people in through us: codes, tokens, and what they learn."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.conf import settings
from django.core.cache import cache
from django.test import Client
from joserfc import jwt
from joserfc.jwk import KeySet

from tertulia.kernel.models import AuditEntry
from tertulia.people import services
from tertulia.people.models import Consent, Person
from tertulia.workspaces.models import Group, GroupMembership

from . import oidc_visits as oidc
from .fake_oidc import Fake, running
from .wiki import BACK, Wiki, agree, hidden, sent_back
from .world import PASSWORD, World, signed_in


def test_somebody_signs_in_to_a_tool(world: World, wiki: Wiki) -> None:
    browser = signed_in(world.mia)
    page = browser.get(wiki.asking())
    words = page.content.decode()
    for said in ("Wiki", "wiki.example.org", "Mia", "@mia", "mia@example.org"):
        assert said in words
    assert "Which workspaces" not in words, "it did not ask for them"
    back = sent_back(browser.post("/oidc/authorize", {**hidden(page), "action": "grant"}))
    assert back["state"] == "s1"
    assert back["iss"] == settings.BASE_URL

    answer = wiki.tokens(back["code"])
    assert answer.status_code == 200, answer.content
    assert answer["Cache-Control"].startswith("no-store") or "no-store" in answer["Cache-Control"]
    told = answer.json()
    keys = KeySet.import_key_set(Client().get("/.well-known/jwks.json").json())
    claims = jwt.decode(told["id_token"], keys, algorithms=["RS256"]).claims
    assert (claims["iss"], claims["aud"], claims["nonce"]) == (settings.BASE_URL, wiki.client_id, "n1")
    assert claims["sub"] == str(world.mia.pk)
    assert claims["auth_time"] > 0
    assert (claims["name"], claims["preferred_username"], claims["email"]) == ("Mia", "mia", "mia@example.org")
    learnt = wiki.learns(told["access_token"]).json()
    assert learnt["sub"] == claims["sub"]
    assert "groups" not in learnt
    assert AuditEntry.objects.filter(verb="allowed a tool", actor=world.mia).count() == 1

    assert "code" in sent_back(browser.get(wiki.asking())), "who has agreed is not asked again"
    assert browser.get(wiki.asking(prompt="consent")).status_code == 200
    assert browser.get(wiki.asking(scope="openid groups")).status_code == 200, "what is new is asked for"


def test_groups_say_where_somebody_is(world: World, wiki: Wiki) -> None:
    group = Group.objects.create(workspace=world.workspace, slug="early", name="Early birds")
    GroupMembership.objects.create(group=group, person=world.mia)
    token = wiki.tokens(agree(signed_in(world.mia), wiki, scope="openid groups")["code"]).json()["access_token"]
    assert wiki.learns(token).json()["groups"] == ["course", "course:learner", "course/early"]
    world.workspace.memberships.filter(person=world.mia).delete()
    assert wiki.learns(token).json()["groups"] == []


def test_no_means_no(world: World, wiki: Wiki) -> None:
    back = agree(signed_in(world.mia), wiki, "cancel")
    assert (back["error"], back["state"]) == ("access_denied", "s1")
    assert "code" not in back
    assert not Consent.objects.exists()


def test_who_comes_signed_out_signs_in_and_comes_back(world: World, wiki: Wiki) -> None:
    del world
    browser = Client()
    answer = browser.get(wiki.asking())
    assert answer["Location"].startswith("/accounts/login/?next=")
    onward = parse_qs(urlsplit(answer["Location"]).query)["next"][0]
    login = browser.post("/accounts/login/", {"login": "mia@example.org", "password": PASSWORD, "next": onward})
    assert login["Location"] == onward
    page = browser.get(onward)
    assert "Wiki" in page.content.decode()
    assert "code" in sent_back(browser.post("/oidc/authorize", {**hidden(page), "action": "grant"}))


def test_after_a_form_a_page_leads_on_instead_of_a_redirect(world: World, wiki: Wiki) -> None:
    """Chromium holds redirects after a form to `form-action`, which names ourselves only."""
    browser = signed_in(world.mia)
    agree(browser, wiki)
    browser.post("/accounts/logout/")
    onward = parse_qs(urlsplit(browser.get(wiki.asking())["Location"]).query)["next"][0]
    browser.post("/accounts/login/", {"login": "mia@example.org", "password": PASSWORD, "next": onward})
    answer = browser.get(onward)
    assert answer.status_code == 200
    assert "code" in sent_back(answer)
    assert browser.get(wiki.asking()).status_code == 302, "who comes straight from the tool is redirected"


def test_a_trusted_tool_is_not_asked_about_but_shown(world: World, owner: Person, wiki: Wiki) -> None:
    services.change_tool(actor=owner, client_id=wiki.client_id, trusted=True)
    browser = signed_in(world.mia)
    assert "code" in sent_back(browser.get(wiki.asking()))
    assert "Wiki" in browser.get("/settings/tools").content.decode()


def test_scopes_that_owners_do_not_allow_are_left_out(world: World, owner: Person, wiki: Wiki) -> None:
    browser = signed_in(world.mia)
    code = agree(browser, wiki, scope="openid profile email offline_access everything")["code"]
    told = wiki.tokens(code).json()
    assert set(told["scope"].split()) == {"openid", "profile", "email"}
    services.change_tool(actor=owner, client_id=wiki.client_id, scopes=["openid"])
    assert set(wiki.learns(told["access_token"]).json()) == {"sub"}, "also by tokens that it has"


def test_an_unconfirmed_address_is_not_told(world: World, wiki: Wiki) -> None:
    EmailAddress.objects.filter(user=world.mia).update(verified=False)
    token = wiki.tokens(agree(signed_in(world.mia), wiki)["code"]).json()["access_token"]
    assert "email" not in wiki.learns(token).json()


def test_a_public_tool_lives_by_pkce(world: World, owner: Person) -> None:
    client, secret = services.add_tool(
        actor=owner, name="App", redirect_uris=[BACK, "http://127.0.0.1/back", "org.example.app:/back"], public=True
    )
    assert secret == ""
    app = Wiki(client.pk, "")
    browser = signed_in(world.mia)
    assert sent_back(browser.get(app.asking(code_challenge=None, code_challenge_method=None)))["error"]
    code = agree(browser, app, scope="openid")["code"]
    assert app.tokens(code, code_verifier="wrong-verifier-wrong-verifier-wrong-verifier").status_code == 400
    code = sent_back(browser.get(app.asking(scope="openid")))["code"]
    assert app.tokens(code).status_code == 200
    for address in ("http://127.0.0.1:43210/back", "org.example.app:/back"):
        page = browser.get(app.asking(scope="openid", redirect_uri=address))
        assert page.status_code == 200, "any program may listen there: its person looks each time"
        left = browser.post("/oidc/authorize", {**hidden(page), "action": "grant"})
        assert f"url={address}?code=" in unescape(left.content.decode())
        silent = browser.get(app.asking(scope="openid", redirect_uri=address, prompt="none"))
        assert silent["Location"].startswith(f"{address}?error=consent_required")
    for port in ("0", "99999", "x"):
        assert browser.get(app.asking(redirect_uri=f"http://127.0.0.1:{port}/back")).status_code == 400


def test_pkce_can_be_waived_for_an_old_tool_with_a_secret(world: World, owner: Person, wiki: Wiki) -> None:
    services.change_tool(actor=owner, client_id=wiki.client_id, needs_pkce=False)
    back = agree(signed_in(world.mia), wiki, code_challenge=None, code_challenge_method=None)
    assert wiki.tokens(back["code"], code_verifier="").status_code == 200
    services.change_tool(actor=owner, client_id=wiki.client_id, public=True)
    page = signed_in(world.mia).get(wiki.asking(code_challenge=None, code_challenge_method=None))
    assert sent_back(page)["error"] == "invalid_request", "but never for one that keeps none"


def test_signing_in_again_can_be_asked_for(world: World, wiki: Wiki) -> None:
    del world
    browser = Client()
    browser.post("/accounts/login/", {"login": "mia@example.org", "password": PASSWORD})
    agree(browser, wiki)
    for asked in ({"prompt": "login"}, {"max_age": "0"}):
        away = browser.get(wiki.asking(**asked))
        assert away["Location"].startswith("/accounts/reauthenticate/?next="), asked
        onward = parse_qs(urlsplit(away["Location"]).query)["next"][0]
        assert browser.get(onward).status_code == 302, "going on without having done so leads back"
        back = browser.post("/accounts/reauthenticate/", {"password": PASSWORD, "next": onward})
        assert back["Location"] == onward
        assert "code" in sent_back(browser.get(onward))
    assert "code" in sent_back(browser.get(wiki.asking(max_age="3600")))
    forged = onward.replace("since=", "since=1")
    assert sent_back(browser.get(forged))["error"] == "invalid_request"


def test_a_tool_may_ask_by_post(world: World, wiki: Wiki) -> None:
    browser = signed_in(world.mia)
    answer = browser.post("/oidc/authorize", dict(parse_qsl(urlsplit(wiki.asking()).query)))
    assert answer.status_code == 302
    assert "Wiki" in browser.get(answer["Location"]).content.decode()


def test_the_description_says_only_what_is_true(world: World) -> None:
    del world
    said = Client().get("/.well-known/openid-configuration").json()
    assert said["issuer"] == settings.BASE_URL
    assert said["response_types_supported"] == ["code"]
    for name, address in said.items():
        if name.endswith(("_endpoint", "_uri")):
            path = address.removeprefix(settings.BASE_URL)
            assert Client().get(path).status_code != 404, name


def test_a_second_factor_is_asked_for_on_the_way_to_a_tool(world: World, wiki: Wiki) -> None:
    TOTP.activate(world.mia, generate_totp_secret())
    browser = Client()
    onward = parse_qs(urlsplit(browser.get(wiki.asking())["Location"]).query)["next"][0]
    half = browser.post("/accounts/login/", {"login": "mia@example.org", "password": PASSWORD, "next": onward})
    assert half["Location"].startswith("/accounts/2fa/authenticate/")
    assert browser.get(onward)["Location"].startswith("/accounts/login/"), "a password alone is not enough"
    assert sent_back(browser.get(wiki.asking(prompt="none")))["error"] == "login_required"


def test_who_signs_in_elsewhere_comes_back_to_the_tool(owner: Person, wiki: Wiki) -> None:
    cache.clear()
    with running(Fake()) as campus:
        oidc.connect(campus)
        browser = Client()
        onward = parse_qs(urlsplit(browser.get(wiki.asking())["Location"]).query)["next"][0]
        sign_in = browser.get(f"/accounts/login/?{urlencode({'next': onward})}").content.decode()
        there = unescape(re.search(r'href="(/accounts/oidc/campus/login/[^"]*)"', sign_in)[1])  # type: ignore[index]  # else it fails
        brought = campus.code_for(browser.get(there)["Location"], sub="u-1", name="Vera Paz")
        back = browser.get("/accounts/oidc/campus/login/callback/", brought)
        assert back["Location"] == onward
        page = browser.get(onward)
        told = wiki.tokens(sent_back(browser.post("/oidc/authorize", {**hidden(page), "action": "grant"}))["code"])
        assert wiki.learns(told.json()["access_token"]).json()["name"] == "Vera Paz"
        # Without a password here, proving it again means going there again.
        away = browser.get(wiki.asking(prompt="login"))["Location"]
        assert away.startswith("/accounts/oidc/campus/login/?next=")
    assert owner.pk
