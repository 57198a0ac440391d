"""Mail addresses: what an LMS says joins an account only where the owner trusts it; else the person shows who it is."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client

from people.fake_oidc import CLIENT, SECRET, Fake, running
from tertulia.integrations.lti.models import Pending
from tertulia.integrations.lti.services.platforms import change_platform
from tertulia.people.models import Identity, Kind, SignInProvider
from tertulia.people.services import create_person
from tertulia.people.sign_in import providers

from .platform import FakePlatform, launch
from .test_frames import _ticket
from .world import World, who

PASSWORD = "correct horse battery"


def _sign_in(client: Client, email: str, following: str) -> None:
    answer = client.post(f"/accounts/login/?next={following}", {"login": email, "password": PASSWORD})
    assert answer["Location"] == following


def test_an_unverified_address_joins_nothing(world: World, fake: FakePlatform) -> None:
    browser = Client()
    answer = launch(browser, fake, email="olga@example.org")
    assert answer["Location"] == "/lti/continue"
    assert who(browser) == ""
    assert not Identity.objects.filter(person=world.olga).exists()


def test_signing_in_joins_and_goes_on(world: World, fake: FakePlatform) -> None:
    browser = Client()
    launch(browser, fake, email="otto@example.org")
    assert browser.get("/lti/continue").status_code == 302
    _sign_in(browser, "otto@example.org", "/lti/continue")
    page = browser.get("/lti/continue").content.decode()
    assert "Lena Learner" in page
    assert "Otto" in page
    assert not Identity.objects.filter(person=world.otto).exists()  # looking joins nothing
    assert browser.post("/lti/continue")["Location"] == world.workspace.get_absolute_url()
    assert world.person("user-1") == world.otto
    assert world.role("user-1") is not None
    assert not Pending.objects.exists()
    again = Client()
    launch(again, fake, email="otto@example.org")
    assert who(again) == str(world.otto.pk)


def test_another_browser_has_nothing_to_go_on_with(world: World, fake: FakePlatform) -> None:
    launch(Client(), fake, email="otto@example.org")
    stranger = Client()
    _sign_in(stranger, "olga@example.org", "/lti/continue")
    assert stranger.get("/lti/continue").status_code == 404
    assert stranger.post("/lti/continue").status_code == 404
    stranger.cookies["tertulia_lti_pending"] = "guessed"
    assert stranger.post("/lti/continue").status_code == 404
    assert not Identity.objects.filter(person=world.olga).exists()


def test_from_a_frame_without_cookies_it_goes_on_in_a_window(world: World, fake: FakePlatform) -> None:
    ticket = _ticket(launch(Client(), fake, framed=True, email="otto@example.org"))
    window = Client()
    answer = window.post("/lti/open", {"ticket": ticket}, headers={"Origin": settings.BASE_URL})
    assert answer["Location"] == "/lti/continue"
    assert who(window) == ""
    _sign_in(window, "otto@example.org", "/lti/continue")
    window.post("/lti/continue")
    assert world.person("user-1") == world.otto


def test_a_verified_address_joins_where_the_owner_trusts_it(world: World, fake: FakePlatform) -> None:
    change_platform(actor=world.olga, platform=world.platform, mail_verified=True)
    browser = Client()
    launch(browser, fake, email="Otto@Example.org")
    assert who(browser) == str(world.otto.pk)
    denied = Client()
    launch(denied, fake, sub="user-2", email="olga@example.org", email_verified=False)
    assert who(denied) == ""


def test_the_mail_of_somebody_new_is_theirs_only_where_trusted(world: World, fake: FakePlatform) -> None:
    launch(Client(), fake, email="lena@example.org")
    assert world.person("user-1").email is None
    change_platform(actor=world.olga, platform=world.platform, mail_verified=True)
    launch(Client(), fake, sub="user-2", email="ben@example.org")
    assert world.person("user-2").email == "ben@example.org"


def test_an_identity_of_somebody_else_is_not_taken_over(world: World, fake: FakePlatform) -> None:
    """Two tabs: the launch waits, and meanwhile the same identity signs in as another account."""
    mona = create_person(email="mona@example.org", verified=True, password=PASSWORD)
    first, second = Client(), Client()
    launch(first, fake, email="otto@example.org")
    launch(second, fake, email="mona@example.org")
    _sign_in(second, "mona@example.org", "/lti/continue")
    second.post("/lti/continue")
    _sign_in(first, "otto@example.org", "/lti/continue")
    assert first.post("/lti/continue").status_code == 409
    assert world.person("user-1") == mona


@pytest.mark.usefixtures("world")
def test_in_a_frame_signing_in_has_a_window_of_its_own(fake: FakePlatform) -> None:
    frame = Client()
    answer = launch(frame, fake, framed=True, email="otto@example.org")
    page = answer.content.decode()
    assert "Sign in, in a new window" in page
    assert "data-next" not in page  # nothing goes on inside the frame, where sign-in pages do not show
    assert "sessionid" not in answer.cookies
    window = Client()
    opened = window.post("/lti/open", {"ticket": _ticket(answer)}, headers={"Origin": settings.BASE_URL})
    assert opened["Location"] == "/lti/continue"


@pytest.fixture
def campus(world: World) -> Iterator[Fake]:
    """The institution's own sign-in."""
    del world
    cache.clear()
    with running(Fake()) as institution:
        secret = providers.sealed(SECRET)
        about = {"kind": Kind.OIDC, "name": "Campus", "address": institution.issuer, "client_id": CLIENT}
        SignInProvider.objects.create(slug="campus", secret=secret, trust="claim", **about)
        yield institution


@pytest.mark.parametrize("local", ["on", "owners"])
def test_the_institutions_sign_in_leads_back_to_the_launch(
    world: World, fake: FakePlatform, campus: Fake, settings: Any, local: str
) -> None:
    settings.LOCAL_SIGN_IN = local
    browser = Client()
    answer = launch(browser, fake, email="otto@example.org")
    asked = browser.get(answer["Location"])
    page = browser.get(asked["Location"]).content.decode()
    assert ('name="password"' in page) == (local == "on")
    found = re.search(r'href="(/accounts/oidc/campus/login/[^"]*)"', page)
    assert found, page
    away = browser.get(html.unescape(found[1]))["Location"]
    who_comes = {"sub": "u-otto", "name": "Otto", "email": "otto@example.org", "email_verified": True}
    back = browser.get("/accounts/oidc/campus/login/callback/", campus.code_for(away, **who_comes))
    assert back["Location"] == "/lti/continue"
    assert browser.get("/lti/continue").status_code == 200
    assert browser.post("/lti/continue")["Location"] == world.workspace.get_absolute_url()
    assert world.person("user-1") == world.otto


def test_who_is_signed_in_as_somebody_else_can_change_that(world: World, fake: FakePlatform) -> None:
    browser = Client()
    launch(browser, fake, email="otto@example.org")
    _sign_in(browser, "olga@example.org", "/lti/continue")
    answer = browser.post("/lti/continue", {"other": "1"})
    assert answer["Location"] == "/accounts/login/?next=/lti/continue"
    assert who(browser) == ""
    assert not Identity.objects.filter(subject="user-1").exists()
    _sign_in(browser, "otto@example.org", "/lti/continue")
    browser.post("/lti/continue")
    assert world.person("user-1") == world.otto
