"""Inside an LMS's page, in a browser that blocks third-party cookies: launched, signed in, talking."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, BrowserType, FrameLocator, Route, expect

from integrations.lti.platform import FakePlatform
from tertulia.integrations.lti.models import Context
from tertulia.integrations.lti.services.platforms import add_platform
from tertulia.workspaces.models import Workspace

from .conftest import PATIENCE
from .site import Site


@pytest.fixture(scope="module")
def strict(browser_type: BrowserType, browser_type_launch_args: dict[str, Any]) -> Iterator[Browser]:
    """A browser that blocks third-party cookies."""
    # An answer that a test has changed counts as one from the internet, from where 127.0.0.1 may not be reached.
    blocked = "--disable-features=LocalNetworkAccessChecks"
    flags = [*browser_type_launch_args["args"], "--test-third-party-cookie-phaseout", blocked]
    opened = browser_type.launch(**{**browser_type_launch_args, "args": flags})
    yield opened
    opened.close()


@pytest.fixture
def window(strict: Browser) -> Iterator[BrowserContext]:
    """One browser of somebody's."""
    context = strict.new_context(locale="en-US", timezone_id="UTC")
    context.set_default_timeout(PATIENCE)
    yield context
    context.close()


@pytest.fixture
def course(site: Site) -> Iterator[tuple[FakePlatform, Workspace]]:
    """A fake LMS on another site than ours, whose course leads to a workspace."""
    fake = FakePlatform(tool=site.url)
    owner = site.person("Olga", is_owner=True)
    workspace = site.workspace(owner, f"baking-{fake.server.server_port}", template="course")
    with site.database():
        platform = add_platform(actor=owner, deployments=["1"], **fake.fields)  # type: ignore[arg-type]  # a plain mapping
        Context.objects.create(
            platform=platform, deployment_id="1", context_id="course-1", workspace=workspace, set_up_by=owner
        )
    yield fake, workspace
    fake.close()


def _inside(window: BrowserContext, fake: FakePlatform) -> FrameLocator:
    page = window.new_page()
    page.goto(f"{fake.url}/course")
    return page.frame_locator("iframe")


def test_in_the_frame_people_are_signed_in_and_talk(
    window: BrowserContext, site: Site, course: tuple[FakePlatform, Workspace]
) -> None:
    fake, workspace = course
    frame = _inside(window, fake)
    expect(frame.locator(".sidebar-head")).to_contain_text(workspace.name)
    frame.locator(".channel-row", has_text="introductions").click()
    expect(frame.locator("html")).to_have_attribute("data-live", "on")
    writing = frame.locator(".conversation-foot textarea")
    writing.fill("Hello from the course")
    writing.press("Enter")
    expect(frame.locator("#posts")).to_contain_text("Hello from the course")
    alone = window.new_page()
    alone.goto(f"{site.url}/w/{workspace.slug}")
    expect(alone).to_have_url(re.compile("/accounts/login/"))  # the frame's session is the frame's alone


def test_a_platforms_storage_stands_in_where_no_cookie_is_kept(
    window: BrowserContext, course: tuple[FakePlatform, Workspace]
) -> None:
    fake, workspace = course
    fake.storage = True

    def without_cookie(route: Route) -> None:
        answer = route.fetch(max_redirects=0)
        headers = {name: value for name, value in answer.headers.items() if name != "set-cookie"}
        route.fulfill(response=answer, headers=headers)

    window.route("**/lti/login*", without_cookie)
    frame = _inside(window, fake)
    expect(frame.locator(".sidebar-head")).to_contain_text(workspace.name)


def test_where_the_frame_keeps_no_session_a_button_opens_a_window(
    window: BrowserContext, course: tuple[FakePlatform, Workspace]
) -> None:
    fake, workspace = course
    window.route("**/lti/arrived*", lambda route: route.fulfill(json={"arrived": False}))
    frame = _inside(window, fake)
    with window.expect_page() as opened:
        frame.get_by_role("button", name="Open Tertulia in a new window").click()
    expect(opened.value.locator(".sidebar-head")).to_contain_text(workspace.name)


def test_nobody_else_may_frame_us(window: BrowserContext, course: tuple[FakePlatform, Workspace]) -> None:
    """A page of another site with the same frame shows nothing of ours."""
    fake, _workspace = course
    _inside(window, fake)
    other = FakePlatform(tool=fake.tool)
    try:
        evil = window.new_page()
        evil.goto(f"{other.url}/course")
        evil.evaluate("(url) => { document.querySelector('iframe').src = url }", f"{fake.tool}/workspaces")
        expect(evil.frame_locator("iframe").locator("body")).to_be_attached()
        expect(evil.frame_locator("iframe").locator("#main")).to_have_count(0)
    finally:
        other.close()


def test_who_has_an_account_signs_in_beside_the_frame_and_is_joined(
    window: BrowserContext, site: Site, course: tuple[FakePlatform, Workspace]
) -> None:
    """The platform's address proves nothing, so they show that they are both: in a window, never inside the frame."""
    fake, workspace = course
    known = site.person("Lena", password="correct horse battery")
    fake.launching = {"sub": f"lena-{known.handle}", "email": known.email}
    frame = _inside(window, fake)
    with window.expect_page() as opened:
        frame.get_by_role("button", name="Sign in, in a new window").click()
    beside = opened.value
    beside.locator("input[name=login]").fill(known.email or "")
    beside.locator("input[name=password]").fill("correct horse battery")
    beside.locator("form button.primary").first.click()
    beside.get_by_role("button", name="Yes, both are me").click()
    expect(beside.locator(".sidebar-head")).to_contain_text(workspace.name)
    again = _inside(window, fake)
    expect(again.locator(".sidebar-head")).to_contain_text(workspace.name)
