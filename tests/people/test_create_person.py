"""Accounts are made."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.db import connection

from tertulia.kernel.errors import Conflict, Invalid
from tertulia.kernel.happenings import Happening
from tertulia.people import queries, services
from tertulia.people.happenings import PersonVerified
from tertulia.people.models import Person
from tertulia.people.services import accounts

pytestmark = pytest.mark.django_db


def test_an_account_has_a_name_a_handle_and_its_address() -> None:
    made = services.create_person(email="Ana.Lima@Example.org", password="seven quiet herons")
    assert (made.email, made.display_name, made.handle) == ("ana.lima@example.org", "Ana Lima", "ana.lima")
    assert made.check_password("seven quiet herons")
    assert not made.is_owner
    address = EmailAddress.objects.get(user=made)
    assert (address.email, address.primary, address.verified) == ("ana.lima@example.org", True, False)


def test_a_verified_account_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Happening] = []
    monkeypatch.setattr(accounts, "emit", told.append)
    made = services.create_person(email="ana@example.org", display_name="Ana", verified=True)
    assert EmailAddress.objects.get(user=made).verified
    assert told == [PersonVerified(person_id=str(made.pk), email="ana@example.org")]
    assert not made.has_usable_password()


def test_handles_are_unique_and_keep_clear_of_words_with_a_meaning() -> None:
    handles = [
        services.create_person(email=f"{number}@example.org", display_name=name).handle
        for number, name in enumerate(["Ana", "ANA", "ána", "Channel", "李雷", "🎉", "All"])
    ]
    assert handles == ["ana", "ana2", "ana3", "channel2", "somebody", "somebody2", "all2"]


def test_an_address_is_used_once_whatever_its_case() -> None:
    services.create_person(email="ana@example.org")
    with pytest.raises(Conflict) as refusal:
        services.create_person(email="ANA@example.org")
    assert refusal.value.field == "email"
    assert Person.objects.count() == 1


def test_a_given_handle_in_use_is_refused() -> None:
    services.create_person(email="ana@example.org", handle="ana")
    with pytest.raises(Conflict, match="This handle is taken"):
        services.create_person(email="other@example.org", handle="Ana")
    assert not Person.objects.filter(email="other@example.org").exists()


@pytest.mark.parametrize(
    ("fields", "culprit"),
    [
        ({"email": "not an address"}, "email"),
        ({"email": f"{'a' * 250}@example.org"}, "email"),
        ({"email": "ana@example.org", "display_name": "n" * 81}, "display_name"),
        ({"email": "ana@example.org", "handle": "a b"}, "handle"),
        ({"email": "ana@example.org", "time_zone": "Mars/Olympus"}, "time_zone"),
    ],
)
def test_what_cannot_be_used_is_named_and_nothing_is_made(fields: dict[str, Any], culprit: str) -> None:
    with pytest.raises(Invalid) as refusal:
        services.create_person(**fields)
    assert refusal.value.field == culprit
    assert not Person.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_many_with_one_name_each_gets_a_handle() -> None:
    failures: list[Exception] = []

    def make(number: int) -> None:
        try:
            services.create_person(email=f"{number}@example.org", display_name="Ana")
        except Exception as error:  # noqa: BLE001 - told by the assertion below
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=make, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert sorted(Person.objects.values_list("handle", flat=True)) == ["ana", "ana2", "ana3", "ana4"]


def test_a_placeholder_is_made_of_anything() -> None:
    made = services.create_placeholder(
        display_name="\u202e", handle="Not A Handle!", headline="h" * 500, time_zone="Nowhere", email="not an address"
    )
    assert (made.display_name, made.handle, made.time_zone) == ("Somebody", "not.a.handle", "UTC")
    assert (made.email, made.claim_email, len(made.headline)) == (None, "", 160)
    assert made.is_placeholder
    assert not made.has_usable_password()


def test_a_placeholder_takes_no_address_from_an_account() -> None:
    services.create_placeholder(display_name="Ana", handle="ana", email="ana@example.org")
    made = services.create_person(email="ana@example.org", display_name="Ana")
    assert made.handle == "ana2"
    second = services.create_placeholder(display_name="Ana", handle="ana", email="Ana@example.org")
    assert (second.handle, second.claim_email) == ("ana3", "ana@example.org")


def test_people_are_found_by_handle() -> None:
    ana = services.create_person(email="ana@example.org", display_name="Ana")
    ben = services.create_person(email="ben@example.org", display_name="Ben")
    gone = services.create_person(email="gone@example.org", display_name="Gone")
    Person.objects.filter(pk=gone.pk).update(is_active=False)
    assert queries.people_by_handles(["ANA", "ben", "gone", "nobody"]) == {"ana": ana, "ben": ben}
    assert queries.people_by_handles(["ana", "ben"], Person.objects.filter(pk=ben.pk)) == {"ben": ben}


def test_a_handle_that_is_always_snatched_away_is_a_conflict(monkeypatch: pytest.MonkeyPatch) -> None:
    services.create_person(email="ana@example.org", display_name="Ana")
    monkeypatch.setattr(accounts, "_free_handle", lambda base: base)
    with pytest.raises(Conflict, match="This handle is taken"):
        services.create_person(email="other@example.org", display_name="Ana")


def test_an_address_taken_meanwhile_is_a_conflict(monkeypatch: pytest.MonkeyPatch) -> None:
    services.create_person(email="ana@example.org", display_name="Ana")
    monkeypatch.setattr(Person.objects, "filter", lambda **_where: Person.objects.none())
    with pytest.raises(Conflict) as refusal:
        services.create_person(email="ana@example.org", display_name="Somebody else")
    assert refusal.value.field == "email"


def test_the_model_itself_knows_small_addresses_and_zones() -> None:
    ana = services.create_person(email="ana@example.org", display_name="Ana")
    assert Person.objects.get_by_natural_key("ANA@example.org") == ana
    ana.time_zone = "Mars/Olympus"
    with pytest.raises(ValidationError, match="not a time zone"):
        ana.full_clean()
    Person(handle="x", display_name="X", time_zone="Europe/Madrid", password="!").full_clean()
