"""Coming in by a fake OpenID provider, as tests say it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.cache import cache
from django.test import Client

from tertulia.people.models import Identity, Kind, SignInProvider
from tertulia.people.sign_in import providers

from .fake_oidc import CLIENT, SECRET, Fake, running

LOGIN = "/accounts/oidc/campus/login/"
CALLBACK = f"{LOGIN}callback/"


@contextmanager
def provider() -> Iterator[Fake]:
    """A fake provider that runs and is known here as `campus`."""
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


def refused(answer: Any, visitor: Client, sentence: str, status: int = 403) -> None:
    """The page says why, and nobody is signed in or made."""
    assert answer.status_code == status, answer.content.decode()
    assert sentence in answer.content.decode()
    assert not is_signed_in(visitor)
    assert not Identity.objects.exists()
