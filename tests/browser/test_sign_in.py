"""People come in by their institution's sign-in, in a browser that holds us to our content policy."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from people.fake_oidc import CLIENT, SECRET, Fake, running
from tertulia.people import services
from tertulia.people.models import Person

from .axe import everywhere
from .conftest import Desk
from .site import Site


@pytest.fixture
def campus(site: Site) -> Iterator[Fake]:
    """A fake OpenID provider that an owner has connected; everybody who goes there is signed in there."""
    with running(Fake()) as fake:
        owner = site.person("Olga", is_owner=True)
        with site.database():
            slug = services.add_provider(actor=owner, kind="oidc", name="Fake Campus").slug
            services.change_provider(
                actor=owner, slug=slug, address=fake.issuer, client_id=CLIENT, secret=SECRET, is_enabled=True
            )
        yield fake
        with site.database():
            services.remove_provider(actor=owner, slug=slug)


def test_somebody_comes_in_and_leaves_both(campus: Fake, browse: Desk) -> None:
    campus.who = {"sub": "v-1", "name": "Vera Paz", "email": "vera@campus.example", "email_verified": True}
    page = browse()
    page.goto("/settings")
    assert everywhere(page) == []
    page.set_viewport_size({"width": 1440, "height": 900})
    page.get_by_role("link", name="Continue with Fake Campus").click()
    expect(page).to_have_url(re.compile("/settings$"))
    expect(page.get_by_label("Name", exact=True)).to_have_value("Vera Paz")
    page.goto("/settings/sign-in")
    expect(page.get_by_text("vera@campus.example").first).to_be_visible()
    page.get_by_role("button", name="You", exact=True).click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="You are signed out here")).to_be_visible()
    assert everywhere(page) == []
    page.get_by_role("link", name="Sign out of Fake Campus, too").click()
    expect(page.get_by_role("heading", name="Signed out there")).to_be_visible()


def test_two_accounts_are_joined_by_signing_in(site: Site, campus: Fake, browse: Desk) -> None:
    mia = site.person("Mia", password="seven quiet herons")
    campus.who = {"sub": "m-1", "name": "Mia", "email": mia.email, "email_verified": False}
    page = browse()
    page.goto("/accounts/login/?next=/settings/preferences")
    page.get_by_role("link", name="Continue with Fake Campus").click()
    expect(page.get_by_role("heading", name="You have been here before")).to_be_visible()
    assert everywhere(page) == []
    page.set_viewport_size({"width": 1440, "height": 900})
    page.get_by_role("link", name="Sign in to my account here").click()
    page.get_by_label(re.compile("e-?mail", re.IGNORECASE)).fill(str(mia.email))
    page.get_by_label("Password", exact=True).fill("seven quiet herons")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="Join the two?")).to_be_visible()
    assert everywhere(page) == []
    page.set_viewport_size({"width": 1440, "height": 900})
    page.get_by_role("button", name="Join them").click()
    expect(page).to_have_url(re.compile("/settings/preferences$"))
    with site.database():
        assert Person.objects.get(identities__subject="m-1") == mia
