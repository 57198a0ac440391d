"""Who gets in: by the session's cookie, from our own pages, and for as long as the session lasts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tertulia.kernel import bus
from tertulia.people import services as people_services
from tertulia.people.models import Person
from tertulia.workspaces import services as workspace_services

from .process import Process
from .world import World, say, sign_in


def test_a_tab_is_greeted_with_what_it_belongs_to(world: World, process: Process) -> None:
    said = say(world.mia, world.chatter)
    tab = process.open(world.mia)
    [hello] = tab.frames
    assert hello["person"] == str(world.mia.pk)
    assert hello["channels"].keys() == {str(one.pk) for one in (world.general, world.chatter, world.secret)}
    assert hello["channels"][str(world.chatter.pk)] == said.seq


@pytest.mark.parametrize("key", [None, "", "nonsense", "x" * 4000])
def test_without_a_session_a_tab_is_sent_away(world: World, process: Process, key: str | None) -> None:
    del world
    tab = process.open(key)
    assert tab.wait_closed() == 4401
    assert tab.kinds() == ["bye"]


def test_an_inactive_person_is_sent_away(world: World, process: Process) -> None:
    key = sign_in(world.mia)
    Person.objects.filter(pk=world.mia.pk).update(is_active=False)
    assert process.open(key).wait_closed() == 4401


@pytest.mark.parametrize("origin", [None, "", "null", "http://elsewhere.test", "http://tertulia.test.elsewhere.test"])
def test_a_page_of_another_site_is_refused(world: World, process: Process, origin: str | None) -> None:
    tab = process.open(sign_in(world.mia), origin=origin)
    assert tab.wait_closed() == 4403
    assert not tab.accepted
    assert process.open(sign_in(world.mia), origin="http://tertulia.test").wait("hello")


def test_the_public_address_is_ours_whatever_a_proxy_calls_us(world: World, process: Process, settings: Any) -> None:
    settings.BASE_URL = "https://learn.example.org"
    assert process.open(sign_in(world.mia), origin="https://learn.example.org", host="10.0.0.7:8000").wait("hello")


def test_signing_out_ends_the_tabs_of_that_session_only(world: World, process: Process) -> None:
    browser, phone = Client(), Client()
    browser.force_login(world.mia)
    phone.force_login(world.mia)
    first, second, other = (
        process.open(key)
        for key in (browser.session.session_key, browser.session.session_key, phone.session.session_key)
    )
    for tab in (first, second, other):
        tab.wait("hello")
    browser.post(reverse("account_logout"))
    for tab in (first, second):
        assert tab.wait_closed() == 4401
        assert tab.frames[-1] == {"t": "bye"}
    other.settle()
    assert other.closed is None


def test_ending_other_sessions_in_the_list_ends_their_tabs(world: World, process: Process) -> None:
    here, there = Client(), Client()
    for browser in (here, there):
        browser.force_login(world.mia)
        browser.get(reverse("people:settings"))
    stays, goes = (process.open(browser.session.session_key) for browser in (here, there))
    for tab in (stays, goes):
        tab.wait("hello")
    here.post(reverse("usersessions_list"))
    assert goes.wait_closed() == 4401
    stays.settle()
    assert stays.closed is None


def test_a_new_password_ends_all_tabs_and_only_its_own_browser_may_come_back(world: World, process: Process) -> None:
    world.mia.set_password("seven quiet herons")
    world.mia.save(update_fields=["password"])
    here, there = Client(), Client()
    here.force_login(world.mia)
    there.force_login(world.mia)
    old = there.session.session_key
    for tab in (tabs := [process.open(browser.session.session_key) for browser in (here, there)]):
        tab.wait("hello")
    words = {"oldpassword": "seven quiet herons", "password1": "eight loud otters", "password2": "eight loud otters"}
    answer = here.post(reverse("account_change_password"), words)
    assert answer.status_code == 302
    assert [tab.wait_closed() for tab in tabs] == [4401, 4401]
    assert process.open(old).wait_closed() == 4401
    assert process.open(here.session.session_key).wait("hello")


def test_deactivation_needs_only_a_notice_of_identity(world: World, process: Process) -> None:
    tab = process.open(world.mia)
    Person.objects.filter(pk=world.mia.pk).update(is_active=False)
    people_services.set_door(actor=world.mia, is_open=False)  # any notice about the person makes the gateway look
    assert tab.wait_closed() == 4401


def test_whatever_changes_what_a_person_may_do_tells_the_bus(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[str, object]] = []
    real = bus.notify_all

    def notify_all(kind: str, notices: Iterable[Mapping[str, object]]) -> None:
        several = list(notices)
        told.extend((kind, ids.get("person")) for ids in several)
        real(kind, several)

    monkeypatch.setattr(bus, "notify_all", notify_all)
    token, _raw = people_services.create_token(actor=world.mia, name="Mine", scopes=["posts:read"], expires_at=None)
    about: dict[str, Any] = {"actor": world.olga, "workspace": world.course, "person": world.mia}
    changes: list[Callable[[], object]] = [
        lambda: people_services.revoke_token(actor=world.mia, token_id=token.pk),
        lambda: people_services.update_profile(actor=world.mia, display_name="Mia M."),
        lambda: people_services.set_door(actor=world.mia, is_open=False),
        lambda: workspace_services.change_role(**about, role="mentor"),
        lambda: workspace_services.ban(**about),
    ]
    for change in changes:
        told.clear()
        change()
        assert ("identity", world.mia.pk) in told


def test_a_claimed_placeholder_and_the_claimer_are_looked_at(world: World, process: Process) -> None:
    tab = process.open(world.mia)
    placeholder = people_services.create_placeholder(display_name="Mia from before")
    people_services.claim_placeholder(placeholder=placeholder, person=world.mia)
    tab.settle()
    assert tab.closed is None
