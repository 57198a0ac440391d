"""People come in by an OpenID provider, and nobody else does. The provider is a fake (`fake_oidc`) over real HTTP."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.db import SessionStore
from django.core.cache import cache
from django.test import Client, RequestFactory
from joserfc import jwt
from joserfc.jwk import RSAKey

from tertulia.kernel import fetching
from tertulia.kernel.errors import Forbidden
from tertulia.people.models import Identity, Kind, Person, SignInProvider
from tertulia.people.sign_in import providers

from .fake_oidc import CLIENT, SECRET, Fake, running, signed_with_public_key, unsigned
from .world import PASSWORD, World, signed_in

LOGIN = "/accounts/oidc/campus/login/"
CALLBACK = f"{LOGIN}callback/"

pytestmark = pytest.mark.usefixtures("world")


@pytest.fixture
def campus(world: World) -> Iterator[Fake]:
    """The provider."""
    del world
    cache.clear()
    with running(Fake()) as fake:
        connect(fake)
        yield fake


def connect(fake: Fake, slug: str = "campus", **fields: Any) -> SignInProvider:
    """Make a fake known here."""
    about = {
        "kind": Kind.OIDC,
        "name": slug.capitalize(),
        "address": fake.issuer,
        "client_id": CLIENT,
        "trust": "claim",
    }
    return SignInProvider.objects.create(slug=slug, secret=providers.sealed(SECRET), **(about | fields))


def set_out(visitor: Client, login: str = LOGIN, **query: str) -> str:
    """Click on the button; where it leads."""
    answer = visitor.get(login, query)
    assert answer.status_code == 302, answer.content.decode()
    return str(answer["Location"])


def come(visitor: Client, fake: Fake, *, to: str = "/settings", **claims: Any) -> Any:
    """Sign in by the provider as somebody of these claims."""
    about = {"sub": "u-1", "name": "Vera Paz", "email": "vera@example.org", "email_verified": True} | claims
    return visitor.get(CALLBACK, fake.code_for(set_out(visitor, next=to), **about))


def is_signed_in(visitor: Client) -> bool:
    return visitor.get("/settings").status_code == 200


def test_the_sign_in_page_offers_it_and_keeps_where_one_wanted_to_go(campus: Fake, visitor: Client) -> None:
    connect(campus, "off", is_enabled=False)
    page = visitor.get("/accounts/login/?next=/people/mia").content.decode()
    assert "Continue with Campus" in page
    assert "Continue with Off" not in page
    assert f'href="{LOGIN}?next=%2Fpeople%2Fmia"' in page
    assert campus.asked == [], "nothing is asked before somebody wants to go there"


def test_somebody_new_comes_in(campus: Fake, visitor: Client) -> None:
    location = set_out(visitor, next="/people/mia")
    asked = dict(parse_qsl(urlsplit(location).query))
    assert asked["policy"] == "one", "the endpoint's own query stays"
    assert asked["client_id"] == CLIENT
    assert asked["redirect_uri"] == f"http://testserver{CALLBACK}"
    assert asked["code_challenge_method"] == "S256"
    assert asked["response_type"] == "code"
    assert set(asked["scope"].split()) == {"openid", "profile", "email"}
    answer = come(visitor, campus, to="/people/mia")
    assert (answer.status_code, answer["Location"]) == (302, "/people/mia")
    vera = Person.objects.get(email="vera@example.org")
    assert is_signed_in(visitor)
    assert vera.display_name == "Vera Paz"
    identity = Identity.objects.get()
    assert (identity.person, identity.issuer, identity.subject) == (vera, campus.issuer, "u-1")
    assert not SocialAccount.objects.exists(), "allauth's own table is not used"


def test_the_same_person_comes_back(campus: Fake) -> None:
    come(Client(), campus)
    again = Client()
    come(again, campus, name="Vera Maria", email="other@example.org")
    assert is_signed_in(again)
    assert Person.objects.filter(identities__isnull=False).count() == 1


def test_what_the_token_leaves_out_is_asked_for(campus: Fake, visitor: Client) -> None:
    told = {"sub": "u-1", "name": "Vera Paz", "email": "vera@example.org", "email_verified": "true"}
    come(visitor, campus, name=None, email=None, email_verified=None, userinfo=told)
    assert Person.objects.get(identities__subject="u-1").email == "vera@example.org"
    assert "/userinfo" in campus.asked


def test_userinfo_of_somebody_else_is_not_believed(campus: Fake, visitor: Client) -> None:
    told = {"sub": "u-2", "email": "mia@example.org", "email_verified": True}
    answer = come(visitor, campus, email=None, userinfo=told)
    refused(answer, visitor, "somebody else")


def test_a_verified_address_joins_the_account(campus: Fake, visitor: Client, world: World) -> None:
    come(visitor, campus, email="Mia@Example.org")
    assert Identity.objects.get().person == world.mia
    assert is_signed_in(visitor)


@pytest.mark.parametrize(
    ("trust", "claim", "joined"),
    [
        ("claim", True, True),
        ("claim", False, False),
        ("claim", None, False),
        ("claim", "false", False),
        ("claim", 1, True),
        ("always", False, True),
        ("never", True, False),
    ],
)
def test_what_counts_as_verified(campus: Fake, visitor: Client, trust: str, claim: Any, joined: bool) -> None:
    SignInProvider.objects.update(trust=trust)
    answer = come(visitor, campus, email="mia@example.org", email_verified=claim)
    assert Identity.objects.exists() is joined
    assert (answer["Location"] == "/settings") is joined


def test_an_unverified_address_of_an_account_leads_to_joining_and_nothing_is_lost(
    campus: Fake, visitor: Client, world: World
) -> None:
    answer = come(visitor, campus, to="/people/ben", email="mia@example.org", email_verified=False)
    assert answer["Location"] == "/sign-in/join"
    assert not is_signed_in(visitor)
    page = visitor.get("/sign-in/join").content.decode()
    assert "mia@example.org" in page
    assert "You have been here before" in page
    assert not Identity.objects.exists()
    visitor.post("/accounts/login/", {"login": "mia@example.org", "password": PASSWORD, "next": "/sign-in/join"})
    assert "Join the two?" in visitor.get("/sign-in/join").content.decode()
    assert not Identity.objects.exists(), "not without a word"
    joined = visitor.post("/sign-in/join", {"answer": "yes"})
    assert joined["Location"] == "/people/ben"
    assert Identity.objects.get().person == world.mia
    again = Client()
    come(again, campus, email="mia@example.org", email_verified=False)
    assert is_signed_in(again)


def test_joining_can_be_declined_and_is_offered_once(campus: Fake, visitor: Client) -> None:
    come(visitor, campus, email="mia@example.org", email_verified=False)
    assert visitor.post("/sign-in/join", {"answer": "no"})["Location"] == "/accounts/login/"
    assert visitor.get("/sign-in/join")["Location"] == "/accounts/login/"
    assert not Identity.objects.exists()


def test_nobody_joins_without_signing_in(campus: Fake, visitor: Client) -> None:
    come(visitor, campus, email="mia@example.org", email_verified=False)
    assert visitor.post("/sign-in/join", {"answer": "yes"}).status_code == 200
    assert not Identity.objects.exists()


def test_a_waiting_arrival_ends(campus: Fake, visitor: Client) -> None:
    come(visitor, campus, email="mia@example.org", email_verified=False)
    session = visitor.session
    session["arrival"] = {**session["arrival"], "at": time.time() - 3600}
    session.save()
    assert visitor.get("/sign-in/join")["Location"] == "/accounts/login/"


def test_one_adds_it_to_the_account_one_is_signed_in_to(campus: Fake, world: World) -> None:
    mia = signed_in(world.mia)
    page = mia.get("/settings/sign-in").content.decode()
    assert f'href="{LOGIN}?process=connect"' in page
    location = set_out(mia, process="connect")
    answer = mia.get(CALLBACK, campus.code_for(location, sub="u-9", name="M", email="else@example.org"))
    assert answer["Location"] == "/sign-in/join"
    assert not Identity.objects.exists(), "a link that somebody else made must not do it"
    mia.post("/sign-in/join", {"answer": "yes"})
    assert Identity.objects.get().person == world.mia
    page = mia.get("/settings/sign-in").content.decode()
    assert "else@example.org" in page
    identity = Identity.objects.get()
    assert signed_in(world.ben).post(f"/settings/sign-in/{identity.pk}/remove").status_code == 404
    mia.post(f"/settings/sign-in/{identity.pk}/remove")
    assert not Identity.objects.exists()


def test_what_is_another_accounts_is_not_joined(campus: Fake, world: World) -> None:
    come(Client(), campus)
    mia = signed_in(world.mia)
    mia.get(CALLBACK, campus.code_for(set_out(mia, process="connect"), sub="u-1"))
    answer = mia.post("/sign-in/join", {"answer": "yes"})
    assert answer.status_code == 409
    assert "another account" in answer.content.decode()
    assert Identity.objects.get().person != world.mia
    assert is_signed_in(mia)


def test_the_last_way_in_is_not_removed(campus: Fake, visitor: Client) -> None:
    come(visitor, campus, email="")
    assert "no confirmed e-mail address" in visitor.get("/settings/sign-in").content.decode()
    answer = visitor.post(f"/settings/sign-in/{Identity.objects.get().pk}/remove")
    assert answer.status_code == 409
    assert "only way" in answer.content.decode()


def test_where_newcomers_are_not_wanted_members_still_come(campus: Fake, visitor: Client) -> None:
    SignInProvider.objects.update(newcomers=False)
    answer = come(visitor, campus)
    assert answer.status_code == 403
    assert "no account here yet" in answer.content.decode()
    come(visitor, campus, email="mia@example.org")
    assert is_signed_in(visitor)


def test_a_closed_account_stays_closed(campus: Fake, visitor: Client, world: World) -> None:
    come(Client(), campus, email="mia@example.org")
    Person.objects.filter(pk=world.mia.pk).update(is_active=False)
    assert come(visitor, campus, email="mia@example.org").status_code == 403
    assert not is_signed_in(visitor)


def test_a_second_factor_set_here_is_asked_for(campus: Fake, visitor: Client, world: World) -> None:
    TOTP.activate(world.mia, generate_totp_secret())
    answer = come(visitor, campus, email="mia@example.org")
    assert "/2fa/authenticate" in answer["Location"]
    assert not is_signed_in(visitor)


def test_who_is_signed_in_as_somebody_else_becomes_who_comes(campus: Fake, world: World) -> None:
    browser = signed_in(world.ben)
    come(browser, campus, email="mia@example.org")
    assert browser.get("/people/mia").context["is_me"]


def refused(answer: Any, visitor: Client, sentence: str, status: int = 403) -> None:
    """The page says why, and nobody is signed in or made."""
    assert answer.status_code == status, answer.content.decode()
    assert sentence in answer.content.decode()
    assert not is_signed_in(visitor)
    assert not Identity.objects.exists()


def test_nobody_comes_back_who_has_not_set_out(campus: Fake, visitor: Client) -> None:
    brought = campus.code_for(set_out(Client()), sub="u-1", email="mia@example.org", email_verified=True)
    refused(visitor.get(CALLBACK, brought), visitor, "begun in another window", 400)  # login forgery
    refused(visitor.get(CALLBACK, {"code": "x"}), visitor, "begun in another window", 400)
    set_out(visitor)
    refused(visitor.get(CALLBACK, brought | {"state": "wrong"}), visitor, "begun in another window", 400)
    assert "/token" not in campus.asked


def test_coming_back_twice_is_coming_back_once(campus: Fake, visitor: Client) -> None:
    brought = campus.code_for(set_out(visitor), sub="u-1", name="V", email="")
    assert visitor.get(CALLBACK, brought).status_code == 302
    assert visitor.get(CALLBACK, brought).status_code == 400


def test_a_code_of_another_browser_is_of_no_use(campus: Fake, visitor: Client) -> None:
    """Code injection: without the verifier (PKCE) the provider gives no token for it."""
    stolen = campus.code_for(set_out(Client()), sub="u-1", email="mia@example.org", email_verified=True)["code"]
    mine = campus.code_for(set_out(visitor), sub="u-2")
    refused(visitor.get(CALLBACK, mine | {"code": stolen}), visitor, "invalid_grant")


def test_one_provider_does_not_answer_for_another(campus: Fake, visitor: Client) -> None:
    with running(Fake()) as evil:
        connect(evil, "evil")
        other = "/accounts/oidc/evil/login/"
        brought = evil.code_for(set_out(visitor, other), sub="u-1", email="mia@example.org", email_verified=True)
        refused(visitor.get(CALLBACK, brought), visitor, "begun in another window", 400)
        mixed = evil.code_for(set_out(visitor, other), sub="u-1") | {"iss": campus.issuer}
        refused(visitor.get(f"{other}callback/", mixed), visitor, "Another provider sent this")
        evil.description["authorization_response_iss_parameter_supported"] = True
        cache.clear()
        silent = evil.code_for(set_out(visitor, other), sub="u-1")
        del silent["iss"]
        refused(visitor.get(f"{other}callback/", silent), visitor, "Another provider sent this")
        evil.sign = lambda claims: jwt.encode({"alg": "RS256", "kid": "one"}, claims | {"iss": campus.issuer}, evil.key)
        forged = evil.code_for(set_out(visitor, other), sub="u-1", email="mia@example.org", email_verified=True)
        refused(visitor.get(f"{other}callback/", forged), visitor, "as issuer")


def _by_another_key(fake: Fake) -> Callable[[dict[str, Any]], str]:
    other = RSAKey.generate_key(2048, {"kid": "one"})
    del fake
    return lambda claims: jwt.encode({"alg": "RS256", "kid": "one"}, claims, other)


FORGERIES: dict[str, Callable[[Fake], Callable[[dict[str, Any]], str]]] = {
    "none": lambda _fake: unsigned,
    "hs256 with the public key": lambda fake: signed_with_public_key(fake.key),
    "another key": _by_another_key,
    "unknown kid": lambda fake: lambda claims: jwt.encode({"alg": "RS256", "kid": "two"}, claims, fake.key),
    "not a token": lambda _fake: lambda _claims: "a.b.c",
    "empty": lambda _fake: lambda _claims: "",
    "cut": lambda fake: lambda claims: fake_token(fake, claims)[:-20],
    "far too long": lambda fake: lambda claims: fake_token(fake, claims | {"pad": "x" * 50_000}),
}


def fake_token(fake: Fake, claims: dict[str, Any]) -> str:
    return jwt.encode({"alg": "RS256", "kid": "one"}, claims, fake.key)


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_token_is_not_believed(
    campus: Fake, visitor: Client, caplog: pytest.LogCaptureFixture, forgery: str
) -> None:
    campus.sign = FORGERIES[forgery](campus)
    with caplog.at_level(logging.DEBUG):
        refused(come(visitor, campus, email="mia@example.org"), visitor, "Campus could not sign you in here")
    assert SECRET not in caplog.text


@pytest.mark.parametrize(
    ("claims", "sentence"),
    [
        ({"iss": "https://elsewhere.example"}, "as issuer"),
        ({"iss": None}, "as issuer"),
        ({"aud": "another-client"}, "Its token is for"),
        ({"aud": None}, "Its token is for"),
        ({"aud": [CLIENT, "another"]}, "another program"),
        ({"azp": "another"}, "another program"),
        ({"exp": 1}, "has expired"),
        ({"exp": None}, "has expired"),
        ({"exp": "tomorrow"}, "has expired"),
        ({"exp": True}, "has expired"),
        ({"iat": 9_999_999_999}, "from the future"),
        ({"nbf": 9_999_999_999}, "does not hold yet"),
        ({"nonce": "another"}, "nonce is another one"),
        ({"nonce": None}, "no nonce"),
        ({"nonce": 7}, "no nonce"),
        ({"sub": None}, "who it is about"),
        ({"sub": 7}, "who it is about"),
    ],
)
def test_a_token_that_is_not_an_answer_to_us_is_not_believed(
    campus: Fake, visitor: Client, claims: dict[str, Any], sentence: str
) -> None:
    refused(come(visitor, campus, **claims), visitor, sentence)


def test_a_new_key_is_found_without_waiting(campus: Fake) -> None:
    come(Client(), campus)
    campus.key = RSAKey.generate_key(2048, {"kid": "two"})
    campus.sign = lambda claims: jwt.encode({"alg": "RS256", "kid": "two"}, claims, campus.key)
    after = Client()
    come(after, campus)
    assert is_signed_in(after)


def test_unknown_keys_do_not_make_a_storm(campus: Fake, visitor: Client) -> None:
    come(Client(), campus, sub="first")
    Identity.objects.all().delete()
    before = campus.asked.count("/jwks")
    campus.sign = FORGERIES["unknown kid"](campus)
    for _try in range(4):
        refused(come(visitor, campus), visitor, "not signed by any of its published keys")
    assert campus.asked.count("/jwks") == before + 1


@pytest.mark.parametrize(
    ("path", "reply", "sentence"),
    [
        ("/realms/campus/.well-known/openid-configuration", (500, "text/html", b"oh no"), "answers 500"),
        ("/realms/campus/.well-known/openid-configuration", (200, "text/html", b"<html>"), "JSON"),
        ("/realms/campus/.well-known/openid-configuration", (200, "application/json", b"[]"), "not the description"),
        ("/realms/campus/.well-known/openid-configuration", (302, "http://169.254.169.254/", b""), "leads on to"),
        ("/realms/campus/.well-known/openid-configuration", (200, "x/y", b"[" * 200_000), "JSON"),
        ("/realms/campus/.well-known/openid-configuration", (200, "x/y", b" " * 3_000_000), "far too much"),
    ],
)
def test_a_provider_that_does_not_describe_itself(
    campus: Fake, visitor: Client, path: str, reply: tuple[int, str, bytes], sentence: str
) -> None:
    campus.answers[path] = lambda: reply
    refused(visitor.get(LOGIN), visitor, sentence, 502)


@pytest.mark.parametrize(
    ("path", "reply", "status"),
    [
        ("/token", (500, "text/html", b"<h1>oh no</h1>"), 502),
        ("/token", (400, "application/json", b'{"error": "<script>"}'), 403),
        ("/token", (200, "application/json", b'{"access_token": 7}'), 403),
        ("/token", (200, "application/json", b"null"), 403),
        ("/token", (200, "application/json", b'{"access_token": "a"}'), 403),
        ("/token", (200, "x/y", b" " * 3_000_000), 502),
        ("/jwks", (200, "application/json", b'{"keys": 7}'), 502),
        ("/jwks", (200, "application/json", b'{"keys": [{"kty": "RSA", "n": "!", "e": "!"}]}'), 502),
        ("/jwks", (200, "application/json", b'{"keys": []}'), 502),
        ("/jwks", (200, "application/json", b'{"keys": [7, {"kty": "oct", "k": "AAAA", "kid": "one"}]}'), 502),
    ],
)
def test_a_provider_that_answers_oddly(
    campus: Fake, visitor: Client, path: str, reply: tuple[int, str, bytes], status: int
) -> None:
    location = set_out(visitor)
    campus.answers[path] = lambda: reply
    answer = visitor.get(CALLBACK, campus.code_for(location, sub="u-1", name="V", email="v@example.org"))
    refused(answer, visitor, "Campus could not sign you in here", status)
    assert "<script>" not in answer.content.decode().replace("<script ", "")


def test_a_slow_provider_is_not_waited_for(campus: Fake, visitor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "SECONDS", 0.2)

    def slow() -> tuple[int, str, bytes]:
        time.sleep(1)
        return 200, "application/json", b"{}"

    campus.answers["/realms/campus/.well-known/openid-configuration"] = slow
    refused(visitor.get(LOGIN), visitor, "cannot be reached", 502)


@pytest.mark.usefixtures("campus")
def test_a_provider_that_is_gone_is_told_kindly(visitor: Client) -> None:
    SignInProvider.objects.update(address="http://127.0.0.1:9/realms/campus")
    refused(visitor.get(LOGIN), visitor, "cannot be reached", 502)


def test_a_description_without_what_is_needed(campus: Fake, visitor: Client) -> None:
    campus.description |= {"jwks_uri": None, "token_endpoint": None}
    refused(visitor.get(LOGIN), visitor, "token_endpoint, jwks_uri", 502)


def test_the_description_must_be_the_issuers_own(campus: Fake, visitor: Client) -> None:
    campus.description["issuer"] = "https://elsewhere.example"
    refused(visitor.get(LOGIN), visitor, "Enter exactly that", 502)


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example/x", "javascript:alert(1)", "/\\evil.example"]
)
def test_nobody_is_led_elsewhere_afterwards(campus: Fake, visitor: Client, target: str) -> None:
    assert come(visitor, campus, to=target)["Location"] == "/"


@pytest.mark.usefixtures("campus")
def test_a_link_cannot_change_what_is_asked_for(visitor: Client) -> None:
    location = set_out(visitor, auth_params="redirect_uri=https://evil.example", scope="admin", process="redirect")
    asked = parse_qs(urlsplit(location).query)
    assert asked["redirect_uri"] == [f"http://testserver{CALLBACK}"]
    assert "admin" not in asked["scope"][0]


def test_declining_there_leads_back_to_the_sign_in_page(campus: Fake, visitor: Client) -> None:
    state = campus.code_for(set_out(visitor, next="/people/mia"))["state"]
    answer = visitor.get(CALLBACK, {"error": "access_denied", "state": state})
    assert answer["Location"] == "/accounts/login/?next=%2Fpeople%2Fmia"


def test_an_error_from_there_is_shown_as_text(campus: Fake, visitor: Client) -> None:
    state = campus.code_for(set_out(visitor))["state"]
    answer = visitor.get(CALLBACK, {"error": "server_error", "error_description": "<b>x</b>", "state": state})
    refused(answer, visitor, "server_error: &lt;b&gt;x")


def test_unknown_and_switched_off_providers_are_not_found(campus: Fake, visitor: Client) -> None:
    SignInProvider.objects.update(is_enabled=False)
    for path in (LOGIN, CALLBACK, "/accounts/oidc/nowhere/login/", "/accounts/openedx/campus/login/"):
        assert visitor.get(path).status_code == 404
    assert campus.asked == []


def test_signing_out_offers_to_sign_out_there(campus: Fake, visitor: Client) -> None:
    come(visitor, campus)
    assert visitor.post("/accounts/logout/")["Location"] == "/signed-out"
    assert "Sign out of Campus, too" in visitor.get("/signed-out").content.decode()
    there = visitor.get("/signed-out/there")["Location"]
    asked = dict(parse_qsl(urlsplit(there).query))
    assert there.startswith(f"{campus.origin}/logout?")
    assert asked == {"client_id": CLIENT, "post_logout_redirect_uri": "http://testserver/"}
    assert visitor.get("/signed-out/there")["Location"] == "/", "once"


def test_where_there_is_no_signing_out_it_is_said(campus: Fake, visitor: Client) -> None:
    come(visitor, campus)
    campus.description["end_session_endpoint"] = None
    cache.clear()
    visitor.post("/accounts/logout/")
    answer = visitor.get("/signed-out/there", follow=True)
    assert "offers no way to sign out" in answer.content.decode()


@pytest.mark.usefixtures("campus")
def test_where_the_provider_is_away_it_is_said(campus: Fake, visitor: Client) -> None:
    come(visitor, campus)
    cache.clear()
    campus.answers["/realms/campus/.well-known/openid-configuration"] = lambda: (500, "text/html", b"")
    visitor.post("/accounts/logout/")
    assert visitor.get("/signed-out/there").status_code == 502


def test_who_signed_in_here_is_not_asked(visitor: Client) -> None:
    visitor.post("/accounts/login/", {"login": "mia@example.org", "password": PASSWORD})
    assert visitor.post("/accounts/logout/")["Location"] == "/"


def test_members_come_by_the_institution_alone(campus: Fake, visitor: Client, world: World, settings: Any) -> None:
    settings.LOCAL_SIGN_IN = "owners"
    page = visitor.get("/accounts/login/").content.decode()
    assert "Continue with Campus" in page
    assert 'name="password"' not in page
    assert 'name="password"' in visitor.get("/accounts/login/?local=1").content.decode()
    answer = visitor.post("/accounts/login/", {"login": "mia@example.org", "password": PASSWORD})
    assert answer.status_code == 403
    assert not is_signed_in(visitor)
    assert visitor.get("/accounts/signup/").status_code == 200
    assert "display_name" not in visitor.get("/accounts/signup/").content.decode()
    Person.objects.filter(pk=world.olga.pk).update(is_owner=True)
    visitor.post("/accounts/login/", {"login": "olga@example.org", "password": PASSWORD})
    assert is_signed_in(visitor), "an owner can always get in"
    joining = Client()
    come(joining, campus, email="mia@example.org", email_verified=False)
    joining.post("/accounts/login/", {"login": "mia@example.org", "password": PASSWORD, "next": "/sign-in/join"})
    assert joining.post("/sign-in/join", {"answer": "yes"}).status_code == 302, "and who has yet to join, once"
    answer = joining.post(f"/settings/sign-in/{Identity.objects.get().pk}/remove")
    assert answer.status_code == 409, "a confirmed address is no way in here"
    SignInProvider.objects.update(is_enabled=False)
    alone = Client()
    alone.post("/accounts/login/", {"login": "ben@example.org", "password": PASSWORD})
    assert is_signed_in(alone), "with no other way there is this one"


@pytest.mark.usefixtures("campus")
@pytest.mark.parametrize(("method", "comes_in"), [("lti", True), ("password", False), ("code", False), ("mfa", False)])
def test_launches_of_the_platform_count_as_the_institution(
    rf: RequestFactory, world: World, settings: Any, method: str, comes_in: bool
) -> None:
    settings.LOCAL_SIGN_IN = "owners"
    request = rf.get("/")
    request.session, request.user = SessionStore(), AnonymousUser()
    record_authentication(request, world.mia, method)
    about: dict[str, Any] = dict.fromkeys(("email_verification", "signal_kwargs", "email", "signup", "redirect_url"))
    if comes_in:
        assert get_adapter().pre_login(request, world.mia, **about) is None
    else:
        with pytest.raises(Forbidden):
            get_adapter().pre_login(request, world.mia, **about)


def test_a_secret_is_not_in_what_is_printed(campus: Fake) -> None:
    record = providers.one("campus")
    assert record.secret == SECRET
    assert SECRET not in repr(record)
    assert SECRET not in repr(replace(record, _secret=SECRET))
    assert SECRET.encode() not in bytes(SignInProvider.objects.get().secret)
    assert campus.asked == []
