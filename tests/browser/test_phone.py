"""A phone of 360 px: one pane at a time, and nothing runs out of the screen."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from .conftest import Desk
from .site import Site, World
from .talking import composer, enter, post, thread_composer

PHONE: dict[str, Any] = {
    "viewport": {"width": 360, "height": 740},
    "has_touch": True,
    "is_mobile": True,
    "device_scale_factor": 2,
}

PANES = ("#sidebar", "#scroll", "#side")
"""The list, the conversation, and what stands beside it."""


@pytest.fixture(scope="module")
def world(site: Site) -> World:
    """Ana and Ben at a table."""
    return site.world("pocket")


@pytest.fixture
def page(site: Site, world: World, browse: Desk) -> Page:
    """Ben's phone, at the table."""
    site.say(world.ana, world.table, "Where are you?")
    made = browse(world.ben, **PHONE)
    enter(made, world.path)
    return made


def only(page: Page, shown: str) -> None:
    """Of the three panes, this one alone is shown, and nothing sticks out."""
    for pane in PANES:
        expect(page.locator(pane)).to_be_visible(visible=pane == shown)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_one_pane_at_a_time(page: Page) -> None:
    list_, conversation, side = PANES
    only(page, conversation)
    page.get_by_role("link", name="Channels").tap()
    only(page, list_)
    page.locator(list_).get_by_role("link", name="table").tap()
    only(page, conversation)
    question = post(page, "Where are you?").last
    question.get_by_role("link", name="Actions for this post").tap()
    page.locator("#post-menu").get_by_role("link", name="Reply in a thread").tap()
    only(page, side)
    thread_composer(page).fill("On the train")
    page.locator(side).get_by_role("button", name="Send", exact=True).tap()
    expect(page.locator(side).locator(".post").filter(has_text="On the train")).to_be_visible()
    page.locator(side).get_by_role("link", name="Close").tap()
    only(page, conversation)
    expect(question.locator(".thread-summary")).to_contain_text("1 reply")


def test_enter_makes_a_line_and_the_button_sends(page: Page) -> None:
    composer(page).fill("Here")
    composer(page).press("Enter")
    composer(page).press_sequentially("I am")
    expect(composer(page)).to_have_value("Here\nI am")
    page.locator(".conversation-foot").get_by_role("button", name="Send", exact=True).tap()
    expect(post(page, "I am")).to_be_in_viewport()
    expect(composer(page)).to_have_value("")


def test_wide_things_scroll_inside(site: Site, world: World, page: Page) -> None:
    site.say(
        world.ana,
        world.table,
        "```\n"
        + "wide " * 80
        + "\n```\n\n| "
        + " | ".join("abcdefghij")
        + " |\n"
        + "|---" * 10
        + "|\n| "
        + " | ".join(["some cell"] * 10)
        + " |",
    )
    expect(post(page, "some cell").last).to_be_visible()
    site.say(world.ana, world.table, "https://example.org/" + "a-long-address-" * 20)
    expect(post(page, "a-long-address").last).to_be_visible()
    only(page, "#scroll")


def test_sign_in_on_a_phone(browse: Desk) -> None:
    page = browse(**PHONE)
    page.goto("/")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.get_by_role("link", name="Sign in").tap()
    expect(page).to_have_url(re.compile("login"))
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
