"""People arrive from outside systems: who is joined with whom, and who is not."""

from __future__ import annotations

import re
import threading
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core import mail
from django.db import connection

from tertulia.kernel.clock import now
from tertulia.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Refusal
from tertulia.kernel.models import AuditEntry
from tertulia.people import services
from tertulia.people.models import AccessToken, Identity, Person
from tertulia.people.scopes import SCOPES
from tertulia.people.services import NeedsLinking, accounts

from .world import PASSWORD, World, signed_in

CAMPUS = "https://campus.example"


def arrive(subject: str = "u-1", **said: Any) -> Person:
    """Somebody comes from the campus."""
    about: dict[str, Any] = {
        "issuer": CAMPUS,
        "name": "Vera Paz",
        "email": "vera@example.org",
        "email_verified": True,
    } | said
    return services.arrive(subject=subject, **about)


def squat(email: str = "vera@example.org") -> Person:
    """Somebody signed up with this address and never confirmed it."""
    return services.create_person(email=email, display_name="Squatter", password=PASSWORD)


def confirmed(person: Person) -> list[str]:
    return list(EmailAddress.objects.filter(user=person, verified=True).values_list("email", flat=True))


pytestmark = pytest.mark.usefixtures("world")


def test_somebody_new_gets_an_account_with_a_confirmed_address_and_no_password() -> None:
    vera = arrive(email="Vera@Example.org")
    assert (vera.display_name, vera.handle, vera.email) == ("Vera Paz", "vera.paz", "vera@example.org")
    assert confirmed(vera) == ["vera@example.org"]
    assert not vera.has_usable_password()
    assert not vera.is_owner
    assert AuditEntry.objects.filter(verb="added a way to sign in", actor=vera, after={"issuer": CAMPUS}).count() == 1


def test_the_same_identity_is_the_same_person_whatever_else_it_says() -> None:
    vera = arrive()
    before = Identity.objects.get(person=vera)
    again = arrive(name="Somebody Else", email="new@example.org", email_verified=False)
    assert again == vera
    vera.refresh_from_db()
    assert (vera.display_name, vera.email) == ("Vera Paz", "vera@example.org")
    after = Identity.objects.get(person=vera)
    assert after.email == "new@example.org"
    assert after.last_seen_at > before.last_seen_at


def test_identities_differ_by_issuer_and_by_letter() -> None:
    people = {
        arrive("abc", email=""),
        arrive("ABC", email=""),
        arrive("abc ", email=""),
        arrive("abc", issuer=f"{CAMPUS}/", email=""),
    }
    assert len(people) == 4


def test_a_verified_address_joins_the_account_that_confirmed_it(world: World) -> None:
    assert arrive(email="MIA@example.org") == world.mia
    world.mia.refresh_from_db()
    assert world.mia.display_name == "Mia"
    assert world.mia.check_password(PASSWORD), "her own password stays"


def test_an_unverified_address_joins_nobody(world: World) -> None:
    people = Person.objects.count()
    with pytest.raises(NeedsLinking, match=r"mia@example\.org"):
        arrive(email="mia@example.org", email_verified=False)
    assert Person.objects.count() == people
    assert not Identity.objects.exists()
    services.link(actor=world.mia, issuer=CAMPUS, subject="u-1", email="mia@example.org")
    assert arrive(email="mia@example.org", email_verified=False) == world.mia


def test_an_unverified_address_that_nobody_has_keeps_nobody_out_and_takes_nothing() -> None:
    thief = arrive("thief", email="vera@example.org", email_verified=False)
    assert thief.email is None
    assert Identity.objects.get(person=thief).email == "vera@example.org"
    vera = arrive("vera", email="vera@example.org")
    assert vera != thief
    assert vera.email == "vera@example.org"


def test_who_signed_up_with_a_foreign_address_is_shut_out_when_its_reader_arrives() -> None:
    squatted = squat()
    TOTP.activate(squatted, generate_totp_secret())
    services.create_token(actor=squatted, name="trap", scopes=[next(iter(SCOPES))], expires_at=None)
    trap = signed_in(squatted)  # however they managed to
    services.link(actor=squatted, issuer="https://elsewhere.example", subject="trap", email="")
    assert trap.get("/settings").status_code == 200
    vera = arrive()
    assert vera == squatted, "what was prepared for the address, such as a place in a workspace, is its reader's"
    vera.refresh_from_db()
    assert not vera.has_usable_password()
    assert not Authenticator.objects.filter(user=vera).exists()
    assert not AccessToken.objects.filter(person=vera).exists()
    assert trap.get("/settings").status_code == 302
    assert confirmed(vera) == ["vera@example.org"]
    assert [identity.issuer for identity in vera.identities.all()] == [CAMPUS]


def test_what_an_institution_noted_before_anybody_came_in_stays() -> None:
    listed = services.create_person(email="vera@example.org", display_name="Vera")
    services.link(actor=listed, issuer="https://roster.example", subject="42", email="vera@example.org")
    assert arrive() == listed
    assert listed.identities.count() == 2


def test_a_placeholder_is_claimed_by_a_verified_address_only() -> None:
    friend = services.create_placeholder(display_name="Vera", email="Vera@example.org")
    arrive("doubtful", email_verified=False)
    friend.refresh_from_db()
    assert friend.claimed_by is None
    vera = arrive("sure")
    friend.refresh_from_db()
    assert friend.claimed_by == vera


@pytest.mark.parametrize(
    "email", ["", "nonsense", "a" * 300 + "@example.org", "vera@example.org\nbcc: all@example.org"]
)
def test_no_address_or_none_that_is_one_is_an_account_without(email: str) -> None:
    first, second = arrive("1", email=email), arrive("2", email=email)
    assert first != second
    assert (first.email, second.email) == (None, None)
    assert not EmailAddress.objects.filter(user__in=[first, second]).exists()


def test_who_came_without_an_address_gets_it_once_it_is_verified(world: World) -> None:
    vera = arrive(email="")
    assert arrive(email="mia@example.org") == vera, "another account's address is left to it"
    vera.refresh_from_db()
    assert vera.email is None
    friend = services.create_placeholder(display_name="Vera", email="vera@example.org")
    arrive()
    vera.refresh_from_db()
    friend.refresh_from_db()
    assert confirmed(vera) == [vera.email] == ["vera@example.org"]
    assert friend.claimed_by == vera
    assert world.mia.identities.count() == 0


def test_a_closed_account_stays_closed(world: World) -> None:
    vera = arrive()
    Person.objects.filter(pk__in=[vera.pk, world.mia.pk]).update(is_active=False)
    with pytest.raises(Forbidden):
        arrive()
    with pytest.raises(Forbidden):
        arrive("u-2", email="mia@example.org")
    assert not world.mia.identities.exists()


def test_nobody_new_where_newcomers_are_not_wanted(world: World) -> None:
    with pytest.raises(Forbidden, match="no account here"):
        arrive(newcomers=False)
    assert arrive(email="mia@example.org", newcomers=False) == world.mia
    assert arrive(email="", newcomers=False) == world.mia


def test_nobody_before_the_owner() -> None:
    Person.objects.all().delete()
    with pytest.raises(Forbidden, match="owner comes first"):
        arrive()
    assert not Person.objects.exists(), "else the page that makes the owner would be gone"


@pytest.mark.parametrize(
    ("name", "email", "shown"),
    [
        ("", "ana.lima@example.org", "Ana Lima"),
        ("", "", "Somebody"),
        ("\u202e\u2066\u200b", "", "Somebody"),
        ("Ana\u202e\n\tLima", "", "Ana Lima"),
        ("x" * 5000, "", "x" * 80),
        ("<script>alert(1)</script>", "", "<script>alert(1)</script>"),
    ],
)
def test_a_name_that_cannot_be_used_is_made_usable(name: str, email: str, shown: str) -> None:
    assert arrive(name=name, email=email).display_name == shown


@pytest.mark.parametrize("odd", ["", "x" * 256, "a\0b", "a\nb"])
@pytest.mark.parametrize("which", ["issuer", "subject"])
def test_an_issuer_or_subject_that_cannot_be_kept_whole_is_refused(which: str, odd: str) -> None:
    people = Person.objects.count()
    with pytest.raises(Invalid):
        arrive(**{which: odd})
    assert Person.objects.count() == people


def test_the_longest_subject_is_kept_whole() -> None:
    assert arrive("x" * 255, email="") != arrive("x" * 254 + "y", email="")


def test_an_identity_of_somebody_else_is_not_linked(world: World) -> None:
    vera = arrive()
    with pytest.raises(Conflict):
        services.link(actor=world.mia, issuer=CAMPUS, subject="u-1", email="")
    assert Identity.objects.get().person == vera


def test_linking_twice_is_linking_once(world: World) -> None:
    first = services.link(actor=world.mia, issuer=CAMPUS, subject="u-1", email="")
    assert services.link(actor=world.mia, issuer=CAMPUS, subject="u-1", email="m@example.org") == first
    assert Identity.objects.get().email == "m@example.org"


def test_a_way_in_is_unlinked_unless_it_is_the_last(world: World) -> None:
    services.unlink(actor=world.mia, identity=services.link(actor=world.mia, issuer=CAMPUS, subject="m", email=""))
    assert not world.mia.identities.exists()
    vera = arrive(email="")
    only = vera.identities.get()
    with pytest.raises(Conflict, match="only way"):
        services.unlink(actor=vera, identity=only)
    services.link(actor=vera, issuer="https://other.example", subject="v", email="")
    services.unlink(actor=vera, identity=only)
    services.unlink(actor=vera, identity=only)
    assert vera.identities.get().issuer == "https://other.example"
    with pytest.raises(NotFound):
        services.unlink(actor=world.mia, identity=vera.identities.get())


def test_an_unconfirmed_address_is_no_way_in() -> None:
    squatted = squat()
    only = services.link(actor=squatted, issuer=CAMPUS, subject="s", email="")
    with pytest.raises(Conflict):
        services.unlink(actor=squatted, identity=only)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("subjects", [("same", "same"), ("one", "other")])
def test_two_at_once_make_one_account(subjects: tuple[str, str]) -> None:
    people = Person.objects.count()
    found: list[Person] = []
    ready = threading.Barrier(2)

    def come(subject: str) -> None:
        try:
            ready.wait()
            found.append(arrive(subject))
        finally:
            connection.close()

    threads = [threading.Thread(target=come, args=[subject]) for subject in subjects]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 2
    assert found[0] == found[1]
    assert Person.objects.count() == people + 1
    assert Identity.objects.count() == len(set(subjects))


def test_an_account_made_meanwhile_is_joined(monkeypatch: pytest.MonkeyPatch) -> None:
    create = accounts.create_person

    def after_another(**fields: Any) -> Person:
        create(email="vera@example.org", display_name="Listed")
        return create(**fields)

    monkeypatch.setattr(accounts, "create_person", after_another)
    assert arrive().display_name == "Listed"


def test_refusals_are_sentences(world: World) -> None:
    Person.objects.filter(pk=world.mia.pk).update(is_active=False, last_login=now())
    for refused in (
        {"email": "mia@example.org"},
        {"email": "ben@example.org", "email_verified": False},
        {"newcomers": False},
        {"issuer": ""},
    ):
        with pytest.raises(Refusal) as caught:
            arrive(**refused)
        assert caught.value.detail.endswith((".", "?"))


def test_who_has_no_address_can_add_one_and_use_every_page(world: World) -> None:
    del world
    vera = arrive(email="vera@example.org", email_verified=False)
    browser = signed_in(vera)
    for path in ("/settings", "/settings/sign-in", "/settings/preferences", "/accounts/email/", "/accounts/2fa/",
                 "/accounts/password/change/", "/accounts/sessions/", "/people/vera.paz", "/workspaces"):  # fmt: skip
        assert browser.get(path, follow=True).status_code == 200, path
    assert "Confirm vera@example.org" in browser.get("/settings/sign-in").content.decode()
    browser.post("/accounts/email/", {"action_add": "", "email": "vera@example.org"})
    vera.refresh_from_db()
    assert vera.email is None, "not before it is confirmed"
    found = re.search(r"^([A-Z0-9]{3,}-?[A-Z0-9]*)$", str(mail.outbox[-1].body), re.MULTILINE)
    assert found
    browser.post("/accounts/confirm-email/", {"code": found[1]})
    vera.refresh_from_db()
    assert confirmed(vera) == [vera.email] == ["vera@example.org"]
    assert browser.get("/settings").status_code == 200
    services.unlink(actor=vera, identity=vera.identities.get())
