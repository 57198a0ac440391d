"""Placeholders of imported conversations are claimed."""

from __future__ import annotations

from typing import Any

import pytest

from tertulia.kernel.errors import Conflict, Invalid
from tertulia.kernel.happenings import Happening
from tertulia.kernel.models import AuditEntry
from tertulia.people import services
from tertulia.people.happenings import PlaceholderClaimed
from tertulia.people.models import Person
from tertulia.people.services import claims
from tertulia.workspaces.models import Membership

from .world import World, signed_in


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Happening]:
    """The happenings of claiming, in place of those who react."""
    heard: list[Happening] = []
    monkeypatch.setattr(claims, "emit", heard.append)
    return heard


def test_the_claimed_hands_over_and_stays_behind(
    world: World, told: list[Happening], notices: list[tuple[str, dict[str, Any]]]
) -> None:
    husk = services.create_placeholder(display_name="Mia", handle="mia.old", headline="Rows", email="mia@example.org")
    services.claim_placeholder(placeholder=husk, person=world.mia)
    husk.refresh_from_db()
    world.mia.refresh_from_db()
    assert (husk.claimed_by, husk.is_active, husk.claim_email) == (world.mia, False, "")
    assert world.mia.headline == "Rows"
    assert told == [PlaceholderClaimed(placeholder_id=str(husk.pk), person_id=str(world.mia.pk))]
    assert {ids["person"] for kind, ids in notices if kind == "identity"} == {husk.pk, world.mia.pk}
    assert AuditEntry.objects.filter(verb="claimed", actor=world.mia, object_id=str(husk.pk)).count() == 1


def test_claiming_again_does_nothing_and_others_cannot(world: World, told: list[Happening]) -> None:
    husk = services.create_placeholder(display_name="Mia")
    services.claim_placeholder(placeholder=husk, person=world.mia)
    services.claim_placeholder(placeholder=husk, person=world.mia)
    with pytest.raises(Conflict, match="already claimed"):
        services.claim_placeholder(placeholder=husk, person=world.ben)
    husk.refresh_from_db()
    assert husk.claimed_by == world.mia
    assert len(told) == 1


def test_only_placeholders_are_claimed_and_only_by_accounts(world: World, told: list[Happening]) -> None:
    husk, other = (services.create_placeholder(display_name=name) for name in ("One", "Two"))
    with pytest.raises(Invalid):
        services.claim_placeholder(placeholder=world.ben, person=world.mia)
    with pytest.raises(Invalid):
        services.claim_placeholder(placeholder=husk, person=other)
    assert told == []


@pytest.mark.usefixtures("told")
def test_an_own_headline_is_kept(world: World) -> None:
    services.update_profile(actor=world.mia, headline="Mine")
    husk = services.create_placeholder(display_name="Mia", headline="Theirs")
    services.claim_placeholder(placeholder=husk, person=world.mia)
    world.mia.refresh_from_db()
    assert world.mia.headline == "Mine"


@pytest.mark.usefixtures("told")
def test_proving_an_address_claims_its_placeholders_and_no_others(world: World) -> None:
    mine = [
        services.create_placeholder(display_name="Mia", email=email) for email in ("mia@example.org", "MIA@example.org")
    ]
    other = services.create_placeholder(display_name="Somebody", email="somebody@example.org")
    services.note_verified(person=world.mia, email="Mia@Example.org")
    for husk in (*mine, other):
        husk.refresh_from_db()
    assert [husk.claimed_by for husk in (*mine, other)] == [world.mia, world.mia, None]


@pytest.mark.usefixtures("told")
def test_the_old_handle_leads_to_who_claimed_it(world: World) -> None:
    husk = services.create_placeholder(display_name="Mia", handle="mia.old")
    services.claim_placeholder(placeholder=husk, person=world.mia)
    answer = signed_in(world.ben).get("/people/mia.old")
    assert (answer.status_code, answer["Location"]) == (302, "/people/mia")
    assert signed_in(world.otto).get("/people/mia.old").status_code == 404


def test_the_owner_of_the_installation_hands_over_what_nobody_can_prove(world: World, told: list[Happening]) -> None:
    husk = services.create_placeholder(display_name="Old Mia", handle="old.mia")
    Membership.objects.create(workspace=world.workspace, person=husk)
    Person.objects.filter(pk=world.olga.pk).update(is_owner=True)
    browser = signed_in(world.olga)
    assert "Whose account is this?" in browser.get("/people/old.mia").content.decode()
    assert "cannot be undone" in browser.get("/people/old.mia/hand-over").content.decode()
    for wrong, sentence in (("nobody.here", "meet nobody"), ("otto", "meet nobody"), ("old.mia", "can be claimed")):
        answer = browser.post("/people/old.mia/hand-over", {"handle": wrong})
        assert answer.status_code == 422
        assert sentence in answer.content.decode()
    assert told == []
    assert browser.post("/people/old.mia/hand-over", {"handle": "@mia"})["Location"] == "/people/mia"
    husk.refresh_from_db()
    assert husk.claimed_by == world.mia
    assert AuditEntry.objects.get(verb="claimed").actor == world.olga
    assert browser.get("/people/old.mia/hand-over").status_code == 404


@pytest.mark.parametrize("viewer", ["olga", "mia", "otto"])
def test_nobody_else_hands_over(world: World, told: list[Happening], viewer: str) -> None:
    husk = services.create_placeholder(display_name="Old Mia", handle="old.mia")
    Membership.objects.create(workspace=world.workspace, person=husk)
    browser = signed_in(getattr(world, viewer))
    assert browser.get("/people/old.mia/hand-over").status_code == 404
    assert browser.post("/people/old.mia/hand-over", {"handle": "mia"}).status_code == 404
    assert told == []


def test_an_account_cannot_be_handed_over(world: World) -> None:
    Person.objects.filter(pk=world.olga.pk).update(is_owner=True)
    assert signed_in(world.olga).post("/people/ben/hand-over", {"handle": "mia"}).status_code == 404
