"""What people do on the page of a channel, as tests say it."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect


def enter(page: Page, path: str) -> None:
    """Open a page and wait until it is live."""
    page.goto(path)
    live(page)


def live(page: Page) -> None:
    """Wait until the page gets what happens."""
    expect(page.locator("html")).to_have_attribute("data-live", "on")


def composer(page: Page) -> Locator:
    """Where one writes to the channel."""
    return page.locator(".conversation-foot form.composer textarea")


def thread_composer(page: Page) -> Locator:
    """Where one writes to the thread that is open."""
    return page.locator("#side form.composer textarea")


def say(page: Page, words: str, *, into: Locator | None = None) -> None:
    """Write and send, by keyboard."""
    field = into or composer(page)
    field.fill(words)
    field.press("Enter")
    expect(field).to_have_value("")


def posts(page: Page) -> Locator:
    """The posts of the channel, those on their way not among them."""
    return page.locator("#posts > .post[data-post]")


def post(page: Page, words: str) -> Locator:
    """The post of the channel that says this."""
    return posts(page).filter(has_text=words)


def settled(page: Page) -> None:
    """Nothing is on its way any more."""
    expect(page.locator("[data-letter]")).to_have_count(0)


def menu(page: Page, of: Locator) -> Locator:
    """Open the menu of a post."""
    of.hover()
    of.locator("[data-post-menu]").click()
    opened = page.locator("#post-menu")
    expect(opened).to_be_visible()
    return opened


def toast(page: Page, words: str) -> Locator:
    """The short message that says this."""
    return page.locator("#toasts .toast").filter(has_text=words)
