"""The first minute of an installation: it serves, it looks right, somebody can sign in."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from .axe import findings
from .conftest import Desk
from .passkeys import add_passkey
from .site import Site


def test_a_person_signs_in_with_a_password(site: Site, browse: Desk) -> None:
    person = site.person("Ana Ruiz", password="a long enough one")
    page = browse()
    page.goto("/accounts/login/")
    assert findings(page) == []
    page.get_by_label(re.compile("e-?mail", re.IGNORECASE)).fill(str(person.email))
    page.get_by_label("Password", exact=True).fill("a long enough one")
    page.get_by_role("button", name=re.compile("^sign in$", re.IGNORECASE)).click()
    expect(page).not_to_have_url(re.compile("login"))
    assert page.locator("body").get_attribute("data-person") == str(person.pk)


def test_a_session_made_by_the_tests_holds(site: Site, browse: Desk) -> None:
    person = site.person("Ben Okoro")
    page = browse(person)
    page.goto("/settings")
    assert page.locator("body").get_attribute("data-person") == str(person.pk)


def test_the_reference_of_rest_is_read_by_visitors(browse: Desk) -> None:
    page = browse()
    page.goto("/api/v1/docs")
    page.get_by_text("POST /api/v1/channels/{channel_id}/posts").click()
    operation = page.locator("#create_post")
    expect(operation).to_contain_text("posts:write")
    operation.get_by_role("link", name="NewPostIn").click()
    expect(page.locator("#shape-NewPostIn")).to_be_in_viewport()


def test_a_person_signs_in_with_a_passkey(site: Site, browse: Desk) -> None:
    person = site.person("Pia Sol", password="a long enough one")
    page = browse(person)
    page.goto("/accounts/reauthenticate/?next=/accounts/2fa/")
    page.get_by_label("Password").fill("a long enough one")
    page.get_by_role("button", name="Go on").click()
    expect(page).to_have_url(re.compile("/accounts/2fa/$"))
    add_passkey(page)
    page.get_by_role("button", name="You", exact=True).click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.locator("body[data-person]")).to_have_count(0)
    page.goto("/accounts/login/")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.locator("body")).to_have_attribute("data-person", str(person.pk))


def test_a_person_signs_in_with_a_code_by_mail(site: Site, browse: Desk) -> None:
    person = site.person("Cora Lee")
    page = browse()
    page.goto("/accounts/login/")
    page.get_by_role("link", name="Send me a code by e-mail").click()
    page.get_by_label(re.compile("e-?mail", re.IGNORECASE)).fill(str(person.email))
    page.get_by_role("button").filter(has_text=re.compile("code", re.IGNORECASE)).first.click()
    expect(page).to_have_url(re.compile("/login/code/confirm/"))
    page.get_by_label("Code").fill(site.mailed_code(str(person.email)))
    page.get_by_role("button", name="Confirm").click()
    expect(page.locator("body")).to_have_attribute("data-person", str(person.pk))
