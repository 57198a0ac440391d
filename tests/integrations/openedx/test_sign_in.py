"""People come in with their account of an Open edX platform. It is a fake (`fake_platform`) over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.core.cache import cache
from django.test import Client
from joserfc.jwk import RSAKey

from tertulia.kernel.fetching import Unreachable
from tertulia.people.models import Identity, Kind, Person, SignInProvider
from tertulia.people.sign_in import kinds, providers

from .fake_platform import FakePlatform

LOGIN = "/accounts/openedx/campus/login/"
CALLBACK = f"{LOGIN}callback/"

pytestmark = pytest.mark.usefixtures("owner")


@pytest.fixture
def lms() -> Iterator[FakePlatform]:
    """The platform."""
    cache.clear()
    with FakePlatform() as fake:
        SignInProvider.objects.create(
            slug="campus",
            kind=Kind.OPENEDX,
            name="Campus",
            address=fake.origin,
            client_id=fake.sign_in_client[0],
            secret=providers.sealed(fake.sign_in_client[1]),
            audience="openedx",
            trust="never",
        )
        yield fake


def come(visitor: Client, lms: FakePlatform, **claims: Any) -> Any:
    """Sign in there as somebody of these claims."""
    location = visitor.get(LOGIN, {"next": "/settings"})["Location"]
    return visitor.get(CALLBACK, lms.code_for(location, **claims))


def is_signed_in(visitor: Client) -> bool:
    return visitor.get("/settings").status_code == 200


def test_somebody_comes_in(lms: FakePlatform, visitor: Client) -> None:
    location = visitor.get(LOGIN)["Location"]
    asked = dict(parse_qsl(urlsplit(location).query))
    assert location.startswith(f"{lms.origin}/oauth2/authorize?")
    assert set(asked["scope"].split()) == {"user_id", "profile", "email"}
    assert asked["code_challenge_method"] == "S256"
    assert come(visitor, lms)["Location"] == "/settings"
    assert is_signed_in(visitor)
    identity = Identity.objects.get()
    assert (identity.issuer, identity.subject) == (f"{lms.origin}/oauth2", "vera_p")
    assert identity.email == "vera@example.org"
    assert identity.person.display_name == "Vera Paz"
    assert identity.person.email is None, "nobody has said that the platform checks addresses"


def test_its_addresses_count_once_the_owner_says_so(lms: FakePlatform, visitor: Client, owner: Person) -> None:
    assert come(visitor, lms, email="olga@example.org")["Location"] == "/sign-in/join"
    SignInProvider.objects.update(trust="claim")
    come(visitor, lms, email="olga@example.org", email_verified=False)
    assert not Identity.objects.exists(), "an account there that was never activated"
    come(visitor, lms, email="olga@example.org")
    assert Identity.objects.get().person == owner


def test_a_token_by_the_shared_secret_proves_nothing(lms: FakePlatform, visitor: Client) -> None:
    lms.behaviour.knows_asymmetric = False
    answer = come(visitor, lms)
    assert answer.status_code == 403
    assert "HS256" in answer.content.decode()
    assert not is_signed_in(visitor)


@pytest.mark.parametrize(
    ("claims", "sentence"),
    [
        ({"iss": "https://other.example/oauth2"}, "as issuer"),
        ({"aud": "another"}, "Its token is for"),
        ({"exp": 5}, "expired"),
        ({"preferred_username": ""}, "who it is about"),
        ({"preferred_username": None}, "who it is about"),
    ],
)
def test_other_tokens_are_not_believed(
    lms: FakePlatform, visitor: Client, claims: dict[str, Any], sentence: str
) -> None:
    answer = come(visitor, lms, **claims)
    assert answer.status_code == 403
    assert sentence in answer.content.decode()
    assert not Identity.objects.exists()


def test_another_platforms_key_is_not_believed(lms: FakePlatform, visitor: Client) -> None:
    come(Client(), lms)
    Identity.objects.all().delete()
    lms.behaviour.key = RSAKey.generate_key(
        2048, {"kid": "openedx"}
    )  # the published one is still the old one, for ten minutes
    assert come(visitor, lms).status_code == 403
    assert not Identity.objects.exists()


def test_issuer_and_audience_can_be_the_platforms_own(lms: FakePlatform, visitor: Client) -> None:
    SignInProvider.objects.update(token_issuer="https://lms.example/oauth2", audience="lms-key")
    come(visitor, lms, iss="https://lms.example/oauth2", aud="lms-key")
    assert Identity.objects.get().issuer == "https://lms.example/oauth2"


def test_signing_out_leads_to_the_platforms_own_page(lms: FakePlatform, visitor: Client) -> None:
    come(visitor, lms)
    assert visitor.post("/accounts/logout/")["Location"] == "/signed-out"
    assert visitor.get("/signed-out/there")["Location"] == f"{lms.origin}/logout"


def test_trying_it_says_what_is_wrong(lms: FakePlatform) -> None:
    record = providers.one("campus")
    kind = kinds.kind_of(record)
    assert "publishes 1 key" in kind.try_out(record)
    lms.answers["/auth/jwks.json"] = lambda: (400, "application/json", b'{"error": "JWK set is not found"}')
    with pytest.raises(Unreachable, match="JWT_PUBLIC_SIGNING_JWK_SET"):
        kind.try_out(record)
    lms.answers["/auth/jwks.json"] = lambda: (200, "application/json", b'"not json"')
    with pytest.raises(Unreachable, match="JSON"):
        kind.try_out(record)
