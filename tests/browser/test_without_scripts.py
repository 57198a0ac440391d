"""Reading and posting work with scripts off: plain links and forms."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from .conftest import Desk
from .site import Site, World
from .talking import post, posts

PASSWORD = "seven quiet lamps"


@pytest.fixture(scope="module")
def world(site: Site) -> World:
    """Ana and Ben at a table."""
    return site.world("plain")


@pytest.fixture
def page(world: World, browse: Desk) -> Page:
    """Ben's page at the table."""
    made = browse(world.ben, java_script_enabled=False)
    made.goto(world.path)
    return made


def send(page: Page, words: str, shown: str = "") -> Locator:
    """Post by the plain form; the post, on the page that follows, where it may read otherwise."""
    page.locator(".conversation-foot textarea").fill(words)
    page.locator(".conversation-foot").get_by_role("button", name="Send", exact=True).click()
    made = post(page, shown or words)
    expect(made).to_be_visible()
    return made


def actions(page: Page, of: Locator) -> None:
    """The page of what can be done with a post."""
    of.hover()
    of.get_by_role("link", name="Actions for this post").click()
    expect(page.get_by_role("heading", name="What to do with this message")).to_be_visible()


def test_sign_in_and_read(site: Site, world: World, browse: Desk) -> None:
    with site.database():
        world.ben.set_password(PASSWORD)
        world.ben.save()
    site.say(world.ana, world.table, "Can you read this?")
    page = browse(java_script_enabled=False)
    page.goto(world.path)
    expect(page).to_have_url(re.compile("/accounts/login/"))
    page.get_by_label(re.compile("e-?mail", re.IGNORECASE)).fill(str(world.ben.email))
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page).to_have_url(re.compile(f"{world.path}$"))
    expect(post(page, "Can you read this?")).to_be_visible()
    page.get_by_role("button", name="Mark as read").click()
    expect(page.get_by_role("button", name="Mark as read")).to_have_count(0)


def test_post_and_attach(page: Page) -> None:
    page.locator(".conversation-foot input[type=file]").set_input_files(
        {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"all I know"}
    )
    made = send(page, "My notes, **finally**", "My notes, finally")
    expect(made.locator("strong")).to_have_text("finally")
    expect(made.get_by_role("link", name="notes.txt")).to_be_visible()


def test_reply(page: Page) -> None:
    made = send(page, "Who knows the way?")
    made.hover()
    made.get_by_role("link", name="Reply in a thread").click()
    side = page.locator("#side")
    side.locator("textarea").fill("Along the river.")
    side.get_by_role("button", name="Send", exact=True).click()
    expect(page.locator("#side .post").filter(has_text="Along the river.")).to_be_visible()
    page.locator("#side").get_by_role("link", name="Close").click()
    expect(post(page, "Who knows the way?").locator(".thread-summary")).to_contain_text("1 reply")


def test_react(page: Page) -> None:
    actions(page, send(page, "Cake for everybody"))
    page.get_by_role("button", name="🎉").click()
    expect(post(page, "Cake for everybody").locator(".reaction[data-react='🎉']")).to_contain_text("1")


def test_edit(page: Page) -> None:
    actions(page, send(page, "Teh end"))
    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Edit your message").fill("The end")
    page.get_by_role("button", name="Save").click()
    expect(post(page, "The end").locator(".post-mark")).to_have_text("edited")


def test_delete_and_undo(page: Page) -> None:
    actions(page, send(page, "Forget this"))
    page.get_by_role("button", name="Delete").click()
    expect(post(page, "Forget this")).to_have_count(0)
    expect(posts(page).locator(".tombstone")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(post(page, "Forget this")).to_be_visible()


def test_too_long_keeps_the_words(page: Page) -> None:
    page.locator(".conversation-foot textarea").fill("y" * 40_001)
    page.locator(".conversation-foot").get_by_role("button", name="Send", exact=True).click()
    expect(page.locator("#toasts")).to_contain_text(re.compile("40,?000"))
    assert len(page.locator(".conversation-foot textarea").input_value()) == 40_001


def test_make_a_channel(world: World, browse: Desk) -> None:
    page = browse(world.ana, java_script_enabled=False)
    page.goto(world.path)
    page.get_by_role("link", name="New channel").click()
    page.get_by_label("Name").fill("Quiet corner")
    page.get_by_role("button", name="Create channel").click()
    expect(page).to_have_url(re.compile("/c/quiet-corner$"))


def test_older_messages_by_a_link(site: Site, world: World, browse: Desk) -> None:
    channel = site.new_channel(world.workspace, world.ana, "Long ago", world.ben)
    site.fill(channel, [world.ana], [f"Leaf {number}." for number in range(70)], [channel.created_at] * 70)
    page = browse(world.ben, java_script_enabled=False)
    page.goto(f"/w/{world.workspace.slug}/c/{channel.slug}")
    expect(post(page, "Leaf 69.")).to_be_in_viewport()
    page.get_by_role("link", name="Older messages").click()
    expect(post(page, "Leaf 3.")).to_have_count(1)
