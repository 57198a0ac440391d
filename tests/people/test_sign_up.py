"""People sign up by themselves: open, by invitation, or not at all."""

from __future__ import annotations

import re
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings as django_settings
from django.core import mail
from django.test import Client

from tertulia.people import services
from tertulia.people.models import Person

from .world import PASSWORD

FORM = {"display_name": "Nora", "email": "Nora@example.org", "password1": PASSWORD, "time_zone": "Europe/Oslo"}
pytestmark = pytest.mark.usefixtures("world")

DOOR = f"{__name__}.door"


def door(request: Any, email: str = "") -> bool:
    """Stands for the door of invitations: one in the session, for nora's address alone."""
    return request.session.get("invitation_secret") == "s3cret" and email in ("", "nora@example.org")


def sign_up_is(settings: Any, mode: str) -> None:
    settings.ENVIRONMENT = django_settings.ENVIRONMENT.model_copy(update={"sign_up": mode})
    settings.SIGN_UP_DOORS = [DOOR]


def invite(visitor: Client) -> None:
    session = visitor.session
    session["invitation_secret"] = "s3cret"
    session.save()


def code_in(message: mail.EmailMessage) -> str:
    found = re.search(r"^([A-Z0-9]{3,}-?[A-Z0-9]*)$", str(message.body), re.MULTILINE)
    assert found, message.body
    return found[1]


def test_open_sign_up_asks_for_a_name_and_confirms_the_address(visitor: Client, settings: Any) -> None:
    sign_up_is(settings, "open")
    assert b'name="display_name"' in visitor.get("/accounts/signup/").content
    answer = visitor.post("/accounts/signup/", FORM, follow=True)
    assert answer.status_code == 200
    nora = Person.objects.get(email="nora@example.org")
    assert (nora.display_name, nora.handle, nora.time_zone) == ("Nora", "nora", "Europe/Oslo")
    assert not EmailAddress.objects.get(user=nora).verified
    assert visitor.get("/settings").status_code == 302, "not signed in before the address is confirmed"

    friend = services.create_placeholder(display_name="Nora", email="nora@example.org")
    visitor.post("/accounts/confirm-email/", {"code": code_in(mail.outbox[-1])})
    assert EmailAddress.objects.get(user=nora).verified
    assert visitor.get("/settings").status_code == 200
    friend.refresh_from_db()
    assert friend.claimed_by == nora


def test_a_wrong_code_confirms_nothing(visitor: Client, settings: Any) -> None:
    sign_up_is(settings, "open")
    visitor.post("/accounts/signup/", FORM)
    visitor.post("/accounts/confirm-email/", {"code": "WRONG-CODE"})
    assert not EmailAddress.objects.get(email="nora@example.org").verified
    assert visitor.get("/settings").status_code == 302


def test_an_address_in_use_is_not_told_to_strangers(visitor: Client, settings: Any) -> None:
    sign_up_is(settings, "open")
    known = visitor.post("/accounts/signup/", {**FORM, "email": "mia@example.org"}, follow=True)
    fresh = Client().post("/accounts/signup/", FORM, follow=True)
    assert known.redirect_chain == fresh.redirect_chain
    assert Person.objects.filter(email="mia@example.org").count() == 1
    assert "already exists" in str(mail.outbox[0].body)


@pytest.mark.parametrize("mode", ["closed", "invited"])
def test_without_an_invitation_the_door_is_shut(visitor: Client, settings: Any, mode: str) -> None:
    sign_up_is(settings, mode)
    before = Person.objects.count()
    assert b'name="password1"' not in visitor.get("/accounts/signup/").content
    visitor.post("/accounts/signup/", FORM)
    assert Person.objects.count() == before


def test_closed_is_closed_to_the_invited_too(visitor: Client, settings: Any) -> None:
    sign_up_is(settings, "closed")
    invite(visitor)
    visitor.post("/accounts/signup/", FORM)
    assert not Person.objects.filter(email="nora@example.org").exists()


def test_an_invitation_opens_the_door_for_its_address(visitor: Client, settings: Any) -> None:
    sign_up_is(settings, "invited")
    invite(visitor)
    assert b'name="password1"' in visitor.get("/accounts/signup/").content
    other = visitor.post("/accounts/signup/", {**FORM, "email": "other@example.org"})
    assert "sent to another address" in other.content.decode()
    assert not Person.objects.filter(email="other@example.org").exists()
    visitor.post("/accounts/signup/", FORM)
    assert Person.objects.filter(email="nora@example.org").exists()


def test_nobody_signs_up_before_there_is_an_owner(visitor: Client, settings: Any) -> None:
    sign_up_is(settings, "open")
    Person.objects.all().delete()
    visitor.post("/accounts/signup/", FORM)
    assert not Person.objects.exists()


@pytest.mark.parametrize("name", ["\u202e\u2066", " ", "n" * 81])
def test_a_name_that_cannot_be_seen_is_refused(visitor: Client, settings: Any, name: str) -> None:
    sign_up_is(settings, "open")
    answer = visitor.post("/accounts/signup/", {**FORM, "display_name": name})
    assert answer.context["form"].errors["display_name"]
    assert not Person.objects.filter(email="nora@example.org").exists()


def test_a_name_is_cleaned_of_what_turns_text_around(visitor: Client, settings: Any) -> None:
    sign_up_is(settings, "open")
    visitor.post("/accounts/signup/", {**FORM, "display_name": "\u202eAron\u202c 🎉"})
    made = Person.objects.get(email="nora@example.org")
    assert (made.display_name, made.handle) == ("Aron 🎉", "aron")


def test_an_address_that_somebody_else_proved_first_is_not_confirmed(visitor: Client, settings: Any) -> None:
    sign_up_is(settings, "open")
    visitor.post("/accounts/signup/", FORM)
    ben = Person.objects.get(handle="ben")
    EmailAddress.objects.create(user=ben, email="nora@example.org", verified=True)
    friend = services.create_placeholder(display_name="Nora", email="nora@example.org")
    visitor.post("/accounts/confirm-email/", {"code": code_in(mail.outbox[-1])})
    assert not EmailAddress.objects.get(user__handle="nora").verified
    friend.refresh_from_db()
    assert friend.claimed_by is None
