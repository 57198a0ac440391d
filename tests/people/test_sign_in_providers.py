"""Owners of the installation connect outside systems; nobody else sees or changes them, and no secret comes back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from pydantic import SecretStr

from tertulia.config.sign_in import read_sign_in
from tertulia.kernel.errors import Conflict, Invalid, NotFound
from tertulia.kernel.models import AuditEntry
from tertulia.people import services
from tertulia.people.models import Identity, Person, SignInProvider
from tertulia.people.sign_in import providers

from .fake_oidc import CLIENT, SECRET, Fake, running
from .fake_saml import FakeIdp
from .world import World, signed_in

LIST = "/installation/sign-in"


@pytest.fixture
def olga(world: World) -> Person:
    """Olga owns the installation."""
    Person.objects.filter(pk=world.olga.pk).update(is_owner=True)
    world.olga.refresh_from_db()
    return world.olga


@pytest.fixture
def campus() -> Iterator[Fake]:
    """An OpenID provider."""
    cache.clear()
    with running(Fake()) as fake:
        yield fake


def entered(fake: Fake, **fields: Any) -> dict[str, Any]:
    """The form of an OpenID provider, filled in."""
    return {
        "name": "Campus",
        "address": fake.issuer,
        "client_id": CLIENT,
        "secret": SECRET,
        "trust": "claim",
        "newcomers": "on",
        "is_enabled": "on",
    } | fields


def test_an_owner_connects_a_system_in_two_steps(olga: Person, campus: Fake) -> None:
    browser = signed_in(olga)
    assert "Installation" in browser.get("/settings").content.decode()
    assert LIST in browser.get("/installation").content.decode()
    assert "Connect a system" in browser.get(LIST).content.decode()
    made = browser.post(f"{LIST}/new", {"kind": "oidc", "name": "Campus Málaga"})
    assert made["Location"] == f"{LIST}/campus-malaga"
    page = browser.get(f"{LIST}/campus-malaga").content.decode()
    assert "/accounts/oidc/campus-malaga/login/callback/" in page, "the other side asks for it first"
    assert providers.enabled() == [], "not before it is complete"
    saved = browser.post(f"{LIST}/campus-malaga", entered(campus), follow=True)
    assert "It is saved." in saved.content.decode()
    assert [one.slug for one in providers.enabled()] == ["campus-malaga"]
    tried = browser.post(f"{LIST}/campus-malaga/try", follow=True).content.decode()
    assert "publishes 1 key" in tried
    assert "Continue with Campus" in Client().get("/accounts/login/").content.decode()


def test_a_secret_is_never_shown_and_stays_when_left_empty(
    olga: Person, campus: Fake, caplog: pytest.LogCaptureFixture
) -> None:
    browser = signed_in(olga)
    services.add_provider(actor=olga, kind="oidc", name="Campus")
    wrong = browser.post(f"{LIST}/campus", entered(campus, client_id=""))
    assert wrong.status_code == 422
    assert SECRET not in wrong.content.decode(), "not even in the form that brought it"
    browser.post(f"{LIST}/campus", entered(campus))
    browser.post(f"{LIST}/campus", entered(campus, secret="", name="Kampus"))
    page = browser.get(f"{LIST}/campus").content.decode()
    assert SECRET not in page
    assert "It is never shown" in page
    assert providers.one("campus").secret == SECRET
    assert providers.one("campus").name == "Kampus"
    assert SECRET not in caplog.text
    assert SECRET not in json.dumps([[entry.before, entry.after] for entry in AuditEntry.objects.all()])
    verbs = list(
        AuditEntry.objects.filter(object_kind="sign-in provider").order_by("id").values_list("verb", flat=True)
    )
    assert verbs == ["added a sign-in", "changed a sign-in", "changed a sign-in"]


def test_the_address_is_taken_as_the_provider_spells_it(olga: Person, campus: Fake) -> None:
    services.add_provider(actor=olga, kind="oidc", name="Campus")
    campus.description["issuer"] = f"{campus.issuer}/"
    services.change_provider(
        actor=olga, slug="campus", address=f"{campus.issuer}/.well-known/openid-configuration", client_id=CLIENT
    )
    assert SignInProvider.objects.get().address == f"{campus.issuer}/"


def test_a_provider_that_is_away_is_saved_with_a_warning(olga: Person) -> None:
    services.add_provider(actor=olga, kind="oidc", name="Campus")
    browser = signed_in(olga)
    about = {"name": "Campus", "address": "http://127.0.0.1:9/", "client_id": "x", "trust": "claim", "is_enabled": "on"}
    page = browser.post(f"{LIST}/campus", about, follow=True).content.decode()
    assert "It is saved, but:" in page
    assert "cannot be reached" in page
    assert "cannot be reached" in browser.post(f"{LIST}/campus/try", follow=True).content.decode()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 41}, "name"),
        ({"name": "\u202e"}, "name"),
        ({"address": "javascript:alert(1)"}, "address"),
        ({"address": "ftp://x.example"}, "address"),
        ({"address": "https://" + "x" * 600}, "address"),
        ({"client_id": "x" * 300}, "client_id"),
        ({"secret": "a\0b"}, "secret"),
        ({"trust": "blindly"}, "trust"),
        ({"is_enabled": True}, "address"),
    ],
)
def test_what_cannot_be_used_is_refused(olga: Person, changes: Any, field: str) -> None:
    services.add_provider(actor=olga, kind="oidc", name="Campus")
    with pytest.raises(Invalid) as refused:
        services.change_provider(actor=olga, slug="campus", **changes)
    assert refused.value.field == field
    assert not SignInProvider.objects.get().is_enabled


def test_metadata_is_needed_before_saml_works_and_wrong_ones_are_refused(olga: Person) -> None:
    idp = FakeIdp()
    services.add_provider(actor=olga, kind="saml", name="Campus")
    for changes in ({"is_enabled": True}, {"metadata": "<html/>"}, {"address": "http://127.0.0.1:9/metadata"}):
        with pytest.raises(Invalid):
            services.change_provider(actor=olga, slug="campus", **changes)
    services.change_provider(actor=olga, slug="campus", metadata=idp.metadata, is_enabled=True)
    assert SignInProvider.objects.get().token_issuer == idp.entity
    page = signed_in(olga).get(f"{LIST}/campus").content.decode()
    assert "/accounts/saml/campus/metadata/" in page
    assert "Its metadata can be read" in signed_in(olga).post(f"{LIST}/campus/try", follow=True).content.decode()


def test_one_issuer_has_one_provider(olga: Person, campus: Fake) -> None:
    for name in ("Campus", "Again"):
        services.add_provider(actor=olga, kind="oidc", name=name)
    services.add_provider(actor=olga, kind="saml", name="Saml")
    services.change_provider(actor=olga, slug="campus", address=campus.issuer)
    with pytest.raises(Conflict, match="Campus"):
        services.change_provider(actor=olga, slug="again", address=campus.issuer)
    with pytest.raises(Conflict, match="Campus"):
        services.change_provider(actor=olga, slug="saml", metadata=FakeIdp(entity=campus.issuer).metadata)


def test_what_does_not_exist_is_refused(olga: Person) -> None:
    browser = signed_in(olga)
    assert browser.get(f"{LIST}/nowhere").status_code == 404
    assert browser.post(f"{LIST}/nowhere/try").status_code == 404
    assert browser.post(f"{LIST}/nowhere/remove").status_code == 404
    assert browser.post(f"{LIST}/new", {"kind": "oidc", "name": "\u202e"}).status_code == 422
    with pytest.raises(Invalid):
        services.add_provider(actor=olga, kind="magic", name="Campus")


def test_names_alike_get_addresses_of_their_own(olga: Person) -> None:
    slugs = [
        services.add_provider(actor=olga, kind="oidc", name=name).slug for name in ("New", "Ω", "Campus", "Campus!")
    ]
    assert slugs == ["new-2", "oidc", "campus", "campus-2"]


def test_removing_leaves_people_and_their_identities(olga: Person, world: World) -> None:
    services.add_provider(actor=olga, kind="openedx", name="Campus")
    services.change_provider(
        actor=olga, slug="campus", address="http://127.0.0.1:9", client_id="x", audience="openedx", is_enabled=True
    )
    services.link(actor=world.mia, issuer="http://127.0.0.1:9/oauth2", subject="mia", email="")
    browser = signed_in(olga)
    assert "1 person has come by it" in browser.get(f"{LIST}/campus").content.decode()
    browser.post(f"{LIST}/campus/remove")
    assert providers.configured() == []
    assert Identity.objects.get().person == world.mia
    assert "127.0.0.1:9/oauth2" in signed_in(world.mia).get("/settings/sign-in").content.decode()


@pytest.mark.parametrize("who", ["mia", "otto"])
def test_nobody_else_sees_or_changes_anything(world: World, olga: Person, who: str) -> None:
    services.add_provider(actor=olga, kind="oidc", name="Campus")
    somebody = getattr(world, who)
    browser = signed_in(somebody)
    assert "/installation" not in browser.get("/settings").content.decode()
    for path in ("/installation", LIST, f"{LIST}/new", f"{LIST}/campus"):
        assert browser.get(path).status_code == 404
    for path in (f"{LIST}/new", f"{LIST}/campus", f"{LIST}/campus/try", f"{LIST}/campus/remove"):
        assert browser.post(path, {"kind": "oidc", "name": "x"}).status_code == 404
    with pytest.raises(NotFound):
        services.add_provider(actor=somebody, kind="oidc", name="x")
    with pytest.raises(NotFound):
        services.change_provider(actor=somebody, slug="campus", name="x")
    with pytest.raises(NotFound):
        services.remove_provider(actor=somebody, slug="campus")
    assert SignInProvider.objects.get().name == "Campus"


def settle(**fields: Any) -> str:
    """One provider as the setting has it."""
    return json.dumps(
        [
            {"slug": "campus", "kind": "oidc", "name": "Campus", "address": "https://id.example", "client_id": "x"}
            | fields
        ]
    )


def test_the_settings_provider_is_shown_and_fixed(olga: Person, settings: Any, campus: Fake) -> None:
    settings.SIGN_IN = read_sign_in(SecretStr(settle(address=campus.issuer, secret=SECRET)))
    browser = signed_in(olga)
    assert "From the settings" in browser.get(LIST).content.decode()
    page = browser.get(f"{LIST}/campus").content.decode()
    assert "is changed there" in page
    assert SECRET not in page
    assert 'name="client_id"' not in page
    browser.post(f"{LIST}/campus", entered(campus, name="Hacked"))
    assert providers.one("campus").name == "Campus"
    assert browser.post(f"{LIST}/campus/remove").status_code == 404
    assert providers.enabled_one("campus").secret == SECRET
    assert "publishes 1 key" in browser.post(f"{LIST}/campus/try", follow=True).content.decode()
    assert services.add_provider(actor=olga, kind="oidc", name="Campus").slug == "campus-2"


def test_the_setting_is_a_list_or_a_file(tmp_path: Path) -> None:
    file = tmp_path / "sign-in.json"
    file.write_text(settle(kind="openedx", secret="hidden"), "utf-8")
    (found,) = read_sign_in(SecretStr(str(file)))
    assert (found.kind, found.trust, found.audience) == ("openedx", "never", "openedx")
    assert "hidden" not in repr(found)
    assert read_sign_in(SecretStr(settle()))[0].trust == "claim"
    assert read_sign_in(None) == read_sign_in(SecretStr(" ")) == ()


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("[", "json"),
        ("nowhere.json", "neither a JSON list nor a file"),
        (settle(kind="magic"), "kind"),
        (settle(slug="No Slug"), "slug"),
        (settle(client_id=""), "client_id"),
        (settle(address="id.example"), "https://"),
        (settle(kind="saml", address=""), "metadata"),
        (settle(colour="red"), "colour"),
        (settle()[:-1] + "," + settle()[1:], "slug of its own"),
    ],
)
def test_a_wrong_setting_says_what_is_wrong_and_no_secret(value: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=f"(?i){sentence}") as wrong:
        read_sign_in(SecretStr(value.replace('"client_id"', '"secret": "hush-hush", "client_id"')))
    assert "hush-hush" not in str(wrong.value)
