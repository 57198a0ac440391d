"""The first page of an empty installation."""

from __future__ import annotations

import threading

import pytest
from allauth.account.models import EmailAddress
from django.db import connection
from django.test import Client

from tertulia.kernel.errors import NotFound
from tertulia.people import queries, services
from tertulia.people.models import Person

from .world import PASSWORD, World, signed_in

FORM = {"display_name": "Olga", "email": "Olga@example.org", "password": PASSWORD, "time_zone": "Europe/Madrid"}


@pytest.mark.django_db
def test_the_first_page_makes_the_owner_and_signs_them_in(client: Client) -> None:
    assert b"Make this mine" in client.get("/welcome").content
    answer = client.post("/welcome", FORM)
    assert (answer.status_code, answer["Location"]) == (302, "/")
    owner = Person.objects.get()
    assert (owner.email, owner.is_owner, owner.time_zone) == ("olga@example.org", True, "Europe/Madrid")
    assert EmailAddress.objects.get(user=owner).verified
    assert client.get("/settings").status_code == 200


@pytest.mark.django_db
def test_a_placeholder_is_nobody_yet(client: Client) -> None:
    services.create_placeholder(display_name="Somebody from an import")
    assert client.get("/welcome").status_code == 200


def test_the_page_is_gone_once_somebody_exists(world: World, client: Client) -> None:
    before = Person.objects.count()
    for browser in (client, signed_in(world.olga), signed_in(world.otto)):
        assert browser.get("/welcome").status_code == 404
        assert browser.post("/welcome", {**FORM, "email": "late@example.org"}).status_code == 404
    assert Person.objects.count() == before


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"password": ""}, "password"),
        ({"password": "short"}, "password"),
        ({"password": "password123"}, "password"),
        ({"password": "olga@example.org"}, "password"),
        ({"email": "olga"}, "email"),
        ({"display_name": "\u202e\u200b"}, "display_name"),
    ],
)
def test_what_cannot_be_used_is_said_and_the_rest_is_kept(client: Client, wrong: dict[str, str], field: str) -> None:
    answer = client.post("/welcome", {**FORM, **wrong})
    assert answer.status_code == 422
    assert answer.context["form"].errors[field]
    assert PASSWORD not in answer.content.decode()
    assert not Person.objects.exists()


@pytest.mark.django_db
def test_an_unknown_time_zone_counts_as_utc(client: Client) -> None:
    client.post("/welcome", {**FORM, "time_zone": "Mars/Olympus"})
    assert Person.objects.get().time_zone == "UTC"


@pytest.mark.django_db(transaction=True)
def test_of_two_at_the_same_moment_one_becomes_the_owner() -> None:
    outcomes: list[str] = []
    start = threading.Barrier(2)

    def make(name: str) -> None:
        start.wait()
        try:
            services.create_first_owner(display_name=name, email=f"{name}@example.org", password=PASSWORD)
            outcomes.append("owner")
        except NotFound:
            outcomes.append("nothing here")
        finally:
            connection.close()

    threads = [threading.Thread(target=make, args=(name,)) for name in ("olga", "mia")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["nothing here", "owner"]
    assert Person.objects.count() == 1


@pytest.mark.django_db
def test_who_comes_second_finds_nothing(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "anybody_exists", iter([False, True]).__next__)  # the page looks, then the service
    assert client.post("/welcome", FORM).status_code == 404
    assert not Person.objects.exists()
