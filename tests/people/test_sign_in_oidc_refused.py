"""Forged, mixed-up and odd answers of an OpenID provider sign nobody in. The provider is a fake over real HTTP."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.cache import cache
from django.test import Client
from joserfc import jwt
from joserfc.jwk import RSAKey

from tertulia.kernel import fetching
from tertulia.people.models import Identity, SignInProvider

from .fake_oidc import CLIENT, SECRET, Fake, running, signed_with_public_key, unsigned
from .oidc_visits import CALLBACK, LOGIN, come, connect, is_signed_in, refused, set_out

pytestmark = pytest.mark.usefixtures("world")


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
