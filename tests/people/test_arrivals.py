"""What is told upwards when somebody comes in by an outside system: that an identity is theirs, and their groups."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from tertulia.enrolments.models import Key, Registration
from tertulia.enrolments.models import Kind as Kinds
from tertulia.kernel.errors import Conflict, Forbidden
from tertulia.kernel.happenings import Happening
from tertulia.people import services
from tertulia.people.happenings import Arrived, IdentityNoted
from tertulia.people.models import Kind, SignInProvider
from tertulia.people.services import identities

from . import oidc_visits as oidc
from . import test_sign_in_saml as saml
from .fake_oidc import Fake, running
from .fake_saml import FakeIdp
from .world import World, signed_in

ISSUER = "https://id.example"


@pytest.fixture
def told(world: World, monkeypatch: pytest.MonkeyPatch) -> list[Happening]:
    """What is told, in order."""
    del world
    cache.clear()
    heard: list[Happening] = []
    monkeypatch.setattr(identities, "emit", heard.append)
    return heard


@pytest.fixture
def campus(world: World) -> Iterator[Fake]:
    """An OpenID provider."""
    del world
    with running(Fake()) as fake:
        oidc.connect(fake, groups_claim="groups")
        yield fake


def _arrive(**about: Any) -> Any:
    said: dict[str, Any] = {"issuer": ISSUER, "subject": "1", "name": "Vera", "email": "", "email_verified": False}
    return services.arrive(**(said | about))


def test_an_identity_is_told_of_once(told: list[Happening]) -> None:
    person = _arrive()
    assert told == [IdentityNoted(person_id=str(person.pk), issuer=ISSUER, subject="1")]
    _arrive()
    assert len(told) == 1


def test_a_sign_in_tells_its_groups_each_time(told: list[Happening]) -> None:
    person = _arrive(system="Campus", groups=["staff"])
    assert told[1:] == [Arrived(str(person.pk), ISSUER, "1", "Campus", ("staff",))]
    _arrive(system="Campus", groups=[])
    _arrive(system="Campus")
    assert [one.groups for one in told[2:] if isinstance(one, Arrived)] == [(), None]


def test_linking_tells_both(told: list[Happening], world: World) -> None:
    services.link(actor=world.mia, issuer=ISSUER, subject="1", email="", system="Campus", groups=["staff"])
    mine = str(world.mia.pk)
    assert told == [IdentityNoted(mine, ISSUER, "1"), Arrived(mine, ISSUER, "1", "Campus", ("staff",))]
    with pytest.raises(Conflict):
        services.link(actor=world.ben, issuer=ISSUER, subject="1", email="", system="Campus", groups=["x"])
    assert len(told) == 2


def test_who_is_refused_is_not_told_of(told: list[Happening], world: World) -> None:
    with pytest.raises(Forbidden):
        _arrive(newcomers=False, system="Campus", groups=["staff"])
    with pytest.raises(services.NeedsLinking):
        _arrive(email="mia@example.org", system="Campus", groups=["staff"])
    services.link(actor=world.mia, issuer=ISSUER, subject="2", email="")
    told.clear()
    world.mia.is_active = False
    world.mia.save()
    with pytest.raises(Forbidden):
        _arrive(subject="2", system="Campus", groups=["staff"])
    assert told == []


@pytest.mark.parametrize(
    ("claims", "groups"),
    [
        ({"groups": ["staff", "staff", " choir "]}, ("staff", "choir")),
        ({"groups": "staff"}, ("staff",)),
        ({"groups": []}, ()),
        ({}, None),
        ({"groups": {"staff": True}}, None),
        ({"groups": [None, {"a": 1}, "", "x" * 256, 7]}, ("7",)),
        ({"userinfo": {"sub": "u-1", "groups": ["from-userinfo"]}}, ("from-userinfo",)),
        ({"groups": [f"g{n}" for n in range(1200)]}, tuple(f"g{n}" for n in range(1000))),
    ],
)
def test_groups_of_an_openid_provider(
    told: list[Happening], campus: Fake, visitor: Client, claims: dict[str, Any], groups: tuple[str, ...] | None
) -> None:
    oidc.come(visitor, campus, **claims)
    [arrived] = [one for one in told if isinstance(one, Arrived)]
    assert (arrived.system, arrived.issuer, arrived.subject) == ("Campus", campus.issuer, "u-1")
    assert arrived.groups == groups


def test_the_claim_can_be_named_and_lie_deeper(told: list[Happening], campus: Fake, visitor: Client) -> None:
    SignInProvider.objects.update(groups_claim="realm_access.roles")
    oidc.come(visitor, campus, groups=["not these"], realm_access={"roles": ["teacher"]})
    assert [one.groups for one in told if isinstance(one, Arrived)] == [("teacher",)]
    SignInProvider.objects.update(groups_claim="")
    oidc.come(Client(), campus, groups=["staff"], sub="u-2", email="")
    assert [one.groups for one in told if isinstance(one, Arrived)][1:] == [None], "not read at all"


def test_groups_are_asked_for_where_there_is_a_scope(campus: Fake, visitor: Client) -> None:
    assert "scope=openid+profile+email&" in oidc.set_out(visitor)
    cache.clear()
    campus.description["scopes_supported"] = ["openid", "profile", "email", "groups"]
    assert "scope=openid+profile+email+groups&" in oidc.set_out(visitor)


def test_groups_wait_with_who_has_to_link_first(told: list[Happening], campus: Fake, world: World) -> None:
    browser = signed_in(world.mia)
    location = oidc.set_out(browser, process="connect")
    browser.get(oidc.CALLBACK, campus.code_for(location, sub="u-1", groups=["staff"], email="x@example.org"))
    assert told == []
    browser.post("/sign-in/join", {"answer": "yes"})
    assert [one.groups for one in told if isinstance(one, Arrived)] == [("staff",)]


@pytest.mark.parametrize(
    ("attribute", "said", "groups"),
    [
        ("", {"urn:oid:1.3.6.1.4.1.5923.1.5.1.1": ["staff", "choir"]}, ("staff", "choir")),
        ("", {"http://schemas.microsoft.com/ws/2008/06/identity/claims/groups": "g-1"}, ("g-1",)),
        ("", {}, None),
        ("teams", {"teams": ["red"], "groups": ["not these"]}, ("red",)),
    ],
)
def test_groups_of_a_saml_provider(
    told: list[Happening], attribute: str, said: dict[str, Any], groups: tuple[str, ...] | None
) -> None:
    idp, visitor = FakeIdp(), saml.browser()
    SignInProvider.objects.create(
        slug="campus",
        kind=Kind.SAML,
        name="Campus",
        metadata=idp.metadata,
        token_issuer=idp.entity,
        trust="never",
        groups_claim=attribute,
    )
    saml.bring(visitor, idp.respond(saml.set_out(visitor), attributes={"x": "y"} | said))
    assert [one.groups for one in told if isinstance(one, Arrived)] == [groups]


@pytest.mark.parametrize("count", [0, 2, 1000])
def test_groups_become_facts_for_rules(campus: Fake, visitor: Client, count: int) -> None:
    """However many there are, nobody is kept out by them."""
    cache.clear()
    oidc.come(visitor, campus, groups=[f"g{n:04}" for n in range(count)])
    assert oidc.is_signed_in(visitor)
    known = Registration.objects.get(system__kind=Kinds.SIGN_IN)
    assert known.system.issuer == campus.issuer
    assert known.subject == "u-1"
    assert known.person is not None
    assert known.facts.get(Key.GROUP, [])[:2] == [f"g{n:04}" for n in range(min(count, 2))]
