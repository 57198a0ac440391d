"""Writing: by keyboard alone, with suggestions, tools and preview; nothing that was written is lost."""

from __future__ import annotations

import io
import re
from datetime import timedelta

import pytest
from PIL import Image
from playwright.sync_api import Page, Route, expect

from tertulia.kernel.clock import now

from .conftest import Desk
from .site import Site, World
from .talking import composer, enter, menu, post, posts, say, settled, toast


@pytest.fixture(scope="module")
def world(site: Site) -> World:
    """Ana, Ben and Teo at a table; Teo is called after Arjun in the alphabet."""
    made = site.world("writing")
    for name in ("Arjun Rao", "Teo Lindqvist"):
        person = site.person(name)
        site.member(made.workspace, made.ana, person)
    site.new_channel(made.workspace, made.ana, "Reading list")
    return made


@pytest.fixture
def page(world: World, browse: Desk) -> Page:
    """Ben's page at the table, with nothing half-written."""
    made = browse(world.ben)
    enter(made, world.path)
    composer(made).fill("")
    return made


def test_by_keyboard_alone(page: Page) -> None:
    expect(composer(page)).to_be_focused()
    page.keyboard.type("First line")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("second line")
    page.keyboard.press("Enter")
    said = post(page, "First line")
    expect(said.locator(".prose")).to_have_text(re.compile("First line\\s*second line"))
    settled(page)
    page.keyboard.press("ArrowUp")
    expect(page.locator("form.editing textarea")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("form.editing")).to_have_count(0)
    said.locator("[data-post-menu]").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#post-menu .menu-item").first).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#post-menu")).to_be_hidden()
    page.keyboard.press("Control+k")
    page.keyboard.type("reading")
    expect(page.locator("#switcher [role=option][aria-selected=true]")).to_contain_text("Reading list")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/c/reading-list$"))


@pytest.mark.parametrize(
    ("typed", "offered", "becomes"),
    [
        ("Ask @te", "Teo Lindqvist", re.compile(r"^Ask @teo\S* $")),
        ("See #read", "Reading list", re.compile("^See #reading-list $")),
        ("Well :tad", ":tada:", re.compile("^Well 🎉 $")),
    ],
)
def test_suggestions(page: Page, typed: str, offered: str, becomes: re.Pattern[str]) -> None:
    composer(page).press_sequentially(typed)
    expect(page.locator(".suggestion[aria-selected=true]")).to_contain_text(offered)
    page.keyboard.press("Enter")
    expect(composer(page)).to_have_value(becomes)
    expect(page.locator(".suggestions")).to_have_count(0)


def test_escape_leaves_what_was_typed(page: Page) -> None:
    composer(page).press_sequentially("me @te")
    expect(page.locator(".suggestion").first).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".suggestions")).to_have_count(0)
    expect(composer(page)).to_have_value("me @te")
    page.keyboard.press("Enter")
    expect(post(page, "me @te")).to_be_visible()


def test_enter_takes_the_name_that_was_typed_however_late_the_answer(page: Page) -> None:
    """The first answers are slow and come after the last one; Enter comes before any."""
    late: list[Route] = []
    page.route(re.compile(r"/suggest\?"), lambda route: late.append(route))  # noqa: PLW0108 - Playwright marks its handlers, and a method takes no marks
    with page.expect_request(re.compile(r"/suggest\?.*q=te$")):
        composer(page).press_sequentially("So @te")
    page.keyboard.press("Enter")
    for route in reversed(late):
        route.continue_()
    expect(composer(page)).to_have_value(re.compile(r"^So @teo\S* $"))
    expect(page.locator(".suggestions")).to_have_count(0)
    assert post(page, "So @te").count() == 0


def test_escape_is_for_answers_that_have_not_come_yet_too(page: Page) -> None:
    held: list[Route] = []
    composer(page).press_sequentially("you @t")
    expect(page.locator(".suggestion").first).to_be_visible()
    page.route(re.compile(r"/suggest\?"), lambda route: held.append(route))  # noqa: PLW0108 - as above
    with page.expect_request(re.compile(r"/suggest\?.*q=te$")):
        composer(page).press_sequentially("e")
    page.keyboard.press("Escape")
    for route in held:
        route.continue_()
    page.keyboard.press("Enter")
    expect(post(page, "you @te")).to_be_visible()


def test_enter_sends_where_nobody_has_that_name(page: Page) -> None:
    composer(page).press_sequentially("@zzyzx")
    page.keyboard.press("Enter")
    expect(post(page, "@zzyzx")).to_be_visible()
    expect(composer(page)).to_have_value("")


def test_tools_for_those_who_know_no_markdown(page: Page) -> None:
    composer(page).fill("loud")
    composer(page).select_text()
    page.get_by_role("button", name="Bold").click()
    expect(composer(page)).to_have_value("**loud**")
    composer(page).press("Enter")
    expect(posts(page).last.locator("strong")).to_have_text("loud")
    composer(page).fill("")
    page.locator(".conversation-foot").get_by_role("button", name="Emoji").click()
    page.get_by_label("Search emoji").fill("rocket")
    page.keyboard.press("Enter")
    expect(composer(page)).to_have_value("🚀")


def test_preview(page: Page) -> None:
    composer(page).fill("A *fine* day, $x^2$")
    page.get_by_role("button", name="Preview").click()
    preview = page.locator(".conversation-foot .preview")
    expect(preview.locator("em")).to_have_text("fine")
    expect(preview.locator("math")).to_have_count(1)
    expect(composer(page)).to_be_hidden()
    page.get_by_role("button", name="Preview").click()
    expect(composer(page)).to_have_value("A *fine* day, $x^2$")


def test_a_draft_survives_and_follows_its_writer(world: World, browse: Desk, page: Page) -> None:
    draft = re.compile("/draft$")
    with page.expect_response(lambda answer: bool(draft.search(answer.url)) and answer.request.method == "PUT"):
        composer(page).fill("Half a thought")
    page.reload()
    expect(composer(page)).to_have_value("Half a thought")
    elsewhere = browse(world.ben)
    enter(elsewhere, world.path)
    expect(composer(elsewhere)).to_have_value("Half a thought")
    elsewhere.goto(f"/w/{world.workspace.slug}/drafts")
    expect(elsewhere.locator(".card")).to_contain_text("Half a thought")
    say(page, "Half a thought, finished")
    settled(page)
    page.reload()
    expect(composer(page)).to_have_value("")


def test_too_long_is_refused_with_a_sentence_and_kept(page: Page) -> None:
    composer(page).fill("x" * 40_001)
    composer(page).press("Enter")
    expect(toast(page, "40001 characters, and 40000 are the limit")).to_be_visible()
    assert len(composer(page).input_value()) == 40_001


def test_a_file_that_is_not_what_it_says_is_refused_with_a_sentence(page: Page) -> None:
    composer(page).fill("Look at this")
    page.locator(".conversation-foot input[type=file]").set_input_files(
        {"name": "holiday.png", "mimeType": "image/png", "buffer": b"GIF89a, or so it seems"}
    )
    expect(toast(page, "“holiday.png” is not the PNG file that its name says")).to_be_visible()
    expect(page.locator(".tray-item")).to_have_count(0)
    expect(composer(page)).to_have_value("Look at this")


@pytest.mark.parametrize("way", ["paste", "drop"])
def test_a_picture_comes_by(page: Page, way: str) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (40, 30), "tomato").save(picture, "PNG")
    composer(page).evaluate(
        """(area, [way, bytes]) => {
            const data = new DataTransfer();
            data.items.add(new File([new Uint8Array(bytes)], "square.png", { type: "image/png" }));
            const about = { bubbles: true, cancelable: true };
            if (way === "paste") area.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, ...about }));
            else for (const type of ["dragenter", "dragover", "drop"])
                area.dispatchEvent(new DragEvent(type, { dataTransfer: data, ...about }));
        }""",
        [way, list(picture.getvalue())],
    )
    item = page.locator(".tray-item")
    expect(item).to_contain_text("square.png")
    expect(item.locator("progress")).to_have_count(0)
    item.get_by_label("Describe the picture").fill("A red square")
    composer(page).press("Enter")
    expect(posts(page).last.get_by_role("img", name="A red square")).to_be_visible()


def test_a_post_for_later(world: World, page: Page) -> None:
    composer(page).fill("Good morning, all")
    page.locator(".conversation-foot").get_by_role("button", name="Send later").click()
    page.get_by_label("Send at").fill((now() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M"))
    page.get_by_role("button", name="Schedule").click()
    expect(toast(page, "Scheduled.")).to_be_visible()
    expect(composer(page)).to_have_value("")
    page.goto(f"/w/{world.workspace.slug}/drafts")
    card = page.locator(".card").filter(has_text="Good morning, all")
    card.get_by_role("button", name="Send now").click()
    expect(post(page, "Good morning, all")).to_be_visible()


def test_what_the_server_refuses_can_be_taken_back(world: World, site: Site, browse: Desk) -> None:
    """Archived while one wrote: the words are not lost."""
    channel = site.new_channel(world.workspace, world.ana, "Short lived", world.ben)
    page = browse(world.ben)
    enter(page, f"/w/{world.workspace.slug}/c/{channel.slug}")
    page.route(re.compile("/live"), lambda route: route.abort())
    composer(page).fill("Too late?")
    answer = page.context.request.get(f"/api/v1/channels/{channel.pk}")
    assert answer.status == 200
    with site.database():
        type(channel).objects.filter(pk=channel.pk).update(archived_at=now())
    composer(page).press("Enter")
    letter = page.locator("[data-letter][data-failed]")
    expect(letter.locator(".post-failed-why")).to_contain_text("archived")
    letter.get_by_role("button", name="Take it back").click()
    expect(composer(page)).to_have_value("Too late?")


def test_save_and_pin(world: World, page: Page) -> None:
    say(page, "Worth keeping")
    settled(page)
    menu(page, post(page, "Worth keeping")).get_by_role("button", name="Save for later").click()
    expect(toast(page, "Saved for later.")).to_be_visible()
    page.goto(f"/w/{world.workspace.slug}/saved")
    expect(page.locator("ol.posts")).to_contain_text("Worth keeping")
