"""People sign in by password or code, are slowed down when they guess, and end their sessions."""

from __future__ import annotations

import re
from smtplib import SMTPServerDisconnected
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.core import mail
from django.core.mail.backends import locmem
from django.test import Client

from tertulia.kernel import limits
from tertulia.people import services, throttles
from tertulia.people.models import Person

from .world import PASSWORD, World, signed_in

pytestmark = pytest.mark.usefixtures("world")

LOGIN = "/accounts/login/"


def sign_in(visitor: Client, email: str, password: str = PASSWORD, **extra: Any) -> Any:
    return visitor.post(LOGIN, {"login": email, "password": password}, **extra)


def is_signed_in(visitor: Client) -> bool:
    return visitor.get("/settings").status_code == 200


def sent_code() -> str:
    found = re.search(r"^([A-Z0-9]{3,}-?[A-Z0-9]*)$", str(mail.outbox[-1].body), re.MULTILINE)
    assert found
    return found[1]


def test_the_password_signs_in_whatever_the_case_of_the_address(visitor: Client) -> None:
    assert sign_in(visitor, "MIA@example.org").status_code == 302
    assert is_signed_in(visitor)


@pytest.mark.parametrize("email", ["mia@example.org", "nobody@example.org"])
def test_a_wrong_password_and_an_unknown_address_look_alike(visitor: Client, email: str) -> None:
    answer = sign_in(visitor, email, "not her password")
    assert answer.status_code == 200
    assert "not correct" in answer.content.decode()
    assert not is_signed_in(visitor)


def test_a_placeholder_cannot_sign_in(visitor: Client) -> None:
    services.create_placeholder(display_name="Friend", email="friend@example.org")
    sign_in(visitor, "friend@example.org", "")
    visitor.post("/accounts/login/code/", {"email": "friend@example.org"})
    assert not any(re.search(r"^[A-Z0-9]{4}-[A-Z0-9]{4}$", str(message.body), re.MULTILINE) for message in mail.outbox)
    visitor.post("/accounts/password/reset/", {"email": "friend@example.org"})
    assert not any("password/reset/key" in str(message.body) for message in mail.outbox)


def test_guessing_at_one_account_is_slowed_down(visitor: Client) -> None:
    for _try in range(limits.SIGN_IN.times):
        assert sign_in(visitor, "mia@example.org", "guess").status_code == 200
    slowed = sign_in(Client(REMOTE_ADDR="203.0.113.9"), "Mia@example.org")
    assert slowed.status_code == 429
    assert 1 <= int(slowed["Retry-After"]) <= limits.SIGN_IN.seconds
    assert "Please wait" in slowed.content.decode()
    assert sign_in(Client(), "ben@example.org").status_code == 302, "others go on"


def test_guessing_from_one_address_is_slowed_down(visitor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttles, "FROM", limits.Limit("sign-in-from", times=3, seconds=300))
    for number in range(3):
        sign_in(visitor, f"guess{number}@example.org", "guess")
    slowed = sign_in(visitor, "mia@example.org")
    assert slowed.status_code == 429
    assert int(slowed["Retry-After"]) >= 1
    assert sign_in(Client(REMOTE_ADDR="203.0.113.9"), "mia@example.org").status_code == 302, "other addresses go on"


def test_a_mailbox_is_not_flooded_with_codes() -> None:
    answers = [Client().post("/accounts/login/code/", {"email": "mia@example.org"}) for _try in range(6)]
    assert [answer.status_code for answer in answers] == [302] * 5 + [429]
    assert int(answers[-1]["Retry-After"]) >= 1
    assert len(mail.outbox) == 5
    assert Client().post("/accounts/login/code/", {"email": "ben@example.org"}).status_code == 302


def test_guessing_at_a_second_factor_is_slowed_down(visitor: Client) -> None:
    from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret

    TOTP.activate(Person.objects.get(handle="mia"), generate_totp_secret())
    sign_in(visitor, "mia@example.org")
    assert not is_signed_in(visitor), "the password alone is not enough"
    answers = [visitor.post("/accounts/2fa/authenticate/", {"code": "000000"}) for _try in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert int(answers[-1]["Retry-After"]) >= 1


def test_a_second_factor_signs_in(visitor: Client) -> None:
    from allauth.mfa.totp.internal import auth

    secret = auth.generate_totp_secret()
    auth.TOTP.activate(Person.objects.get(handle="mia"), secret)
    sign_in(visitor, "mia@example.org")
    code = auth.format_hotp_value(auth.hotp_value(secret, next(iter(auth.yield_hotp_counters_from_time()))))
    visitor.post("/accounts/2fa/authenticate/", {"code": code})
    assert is_signed_in(visitor)


def test_limits_that_allauth_keeps_answer_with_a_sentence_and_a_time_to_wait() -> None:
    answers = [Client().post("/accounts/password/reset/", {"email": "mia@example.org"}) for _try in range(6)]
    assert [answer.status_code for answer in answers] == [302] * 5 + [429]
    assert answers[-1]["Retry-After"] == "60"
    assert "Please wait a minute" in answers[-1].content.decode()


def test_a_code_signs_in_once(visitor: Client) -> None:
    visitor.post("/accounts/login/code/", {"email": "mia@example.org"})
    code = sent_code()
    assert visitor.post("/accounts/login/code/confirm/", {"code": code}).status_code == 302
    assert is_signed_in(visitor)
    thief = Client()
    thief.post("/accounts/login/code/confirm/", {"code": code})
    assert not is_signed_in(thief)
    visitor.post("/accounts/logout/")
    visitor.post("/accounts/login/code/confirm/", {"code": code})
    assert not is_signed_in(visitor), "a code does not work again"


def test_who_signed_up_with_a_foreign_address_loses_the_password_when_its_reader_comes(visitor: Client) -> None:
    squatted = services.create_person(email="vera@example.org", display_name="Vera", password=PASSWORD)
    friend = services.create_placeholder(display_name="Vera", email="vera@example.org")
    visitor.post("/accounts/login/code/", {"email": "vera@example.org"})
    visitor.post("/accounts/login/code/confirm/", {"code": sent_code()})
    assert is_signed_in(visitor)
    squatted.refresh_from_db()
    assert not squatted.has_usable_password()
    assert EmailAddress.objects.get(user=squatted).verified
    friend.refresh_from_db()
    assert friend.claimed_by == squatted
    assert sign_in(Client(), "vera@example.org").status_code == 200


def test_who_has_been_here_before_keeps_the_password(world: World, visitor: Client) -> None:
    sign_in(visitor, "mia@example.org")
    other = Client()
    other.post("/accounts/login/code/", {"email": "mia@example.org"})
    other.post("/accounts/login/code/confirm/", {"code": sent_code()})
    assert Person.objects.get(pk=world.mia.pk).has_usable_password()


def test_a_mail_server_that_is_down_is_told_kindly(visitor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(*_args: object) -> int:
        raise SMTPServerDisconnected

    monkeypatch.setattr(locmem.EmailBackend, "send_messages", down)
    answer = visitor.post("/accounts/login/code/", {"email": "mia@example.org"})
    assert answer.status_code == 503
    assert "could not be sent" in answer.content.decode()


def test_a_session_is_ended_from_another(world: World, notices: list[tuple[str, dict[str, Any]]]) -> None:
    here, there = Client(), Client()
    for browser in (here, there):
        sign_in(browser, "mia@example.org")
        assert is_signed_in(browser)
    assert UserSession.objects.filter(user=world.mia).count() == 2
    notices.clear()
    here.post("/accounts/sessions/")
    assert is_signed_in(here)
    assert not is_signed_in(there)
    assert ("identity", {"person": world.mia.pk}) in notices


def test_signing_out_tells_the_live_connections(world: World, notices: list[tuple[str, dict[str, Any]]]) -> None:
    browser = signed_in(world.mia)
    browser.post("/accounts/logout/")
    assert not is_signed_in(browser)
    assert ("identity", {"person": world.mia.pk}) in notices


def test_a_new_password_ends_the_other_sessions(world: World) -> None:
    here, there = Client(), Client()
    for browser in (here, there):
        sign_in(browser, "mia@example.org")
    new = "nine louder herons"
    here.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new})
    assert Person.objects.get(pk=world.mia.pk).check_password(new)
    assert is_signed_in(here)
    assert not is_signed_in(there)
