"""A community from nothing: its owner, a friend who is invited, and somebody outside who must not notice any of it.

They start where everybody starts, at the first page of an empty install, and sit side by side in browsers of their own.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, WebSocket, expect
from pytest_django.plugin import DjangoDbBlocker

from tertulia.people.models import Person
from tertulia.workspaces.models import Workspace

from .axe import everywhere
from .conftest import Desk, serve
from .site import Site
from .talking import composer, enter, live, menu, post, posts, say, settled, thread_composer, toast

HOME = "/w/reading-circle"
BACKSTAGE = f"{HOME}/c/backstage"
PASSWORD = "seven quiet lamps"
IDS = """
() => [
    document.querySelector("#posts").dataset.channel,
    document.querySelector("#sidebar-head").dataset.workspace,
    document.body.dataset.person,
    ...[...document.querySelectorAll("#posts > [data-post]")].map((post) => post.dataset.post),
]
"""


@dataclass
class Story:
    """Olga owns, Finn was invited, Otto is elsewhere; each at a page of theirs."""

    site: Site
    desk: Desk
    olga: Page
    finn: Page
    otto: Page
    frames: list[str] = field(default_factory=list)
    """All that Otto's page was told."""


@pytest.fixture(scope="module")
def story(browser: Browser, django_db_blocker: DjangoDbBlocker) -> Iterator[Story]:
    """The beginning: an owner, a workspace, a private channel, an invited friend in it; and an outsider."""
    with serve(django_db_blocker, sign_up="invited") as site:
        desk = Desk(browser, site)
        olga = desk()
        _own(olga)
        _make_workspace(olga)
        _make_private_channel(olga)
        link = _invite(olga)
        finn = desk()
        _sign_up(site, finn, link)
        _add_to_channel(olga, finn)
        made = Story(site, desk, olga, finn, desk())
        _let_otto_in_elsewhere(made)
        yield made
        desk.close()


def _own(page: Page) -> None:
    page.goto("/")
    expect(page).to_have_url(re.compile("/welcome$"))
    assert everywhere(page) == []
    page.set_viewport_size({"width": 1280, "height": 800})
    page.get_by_label("Your name").fill("Olga Marín")
    page.get_by_label("E-mail").fill("olga@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Make this mine").click()
    expect(page.get_by_text("This is yours now.")).to_be_visible()


def _make_workspace(page: Page) -> None:
    page.get_by_role("link", name="New workspace").first.click()
    page.get_by_role("link", name="Course", exact=True).click()
    page.get_by_label("Name").fill("Reading circle")
    page.get_by_role("button", name="Make the workspace").click()
    expect(page.locator("#sidebar-head")).to_contain_text("Reading circle")
    assert HOME in page.url


def _make_private_channel(page: Page) -> None:
    page.get_by_role("link", name="New channel").click()
    dialogue = page.locator("#modal")
    dialogue.get_by_label("Private: only invited members").check()
    dialogue.get_by_label("Name").press_sequentially("Backstage")
    expect(dialogue.get_by_label("URL")).to_have_value("backstage")
    dialogue.get_by_label("Purpose").fill("What guests need not see.")
    dialogue.get_by_role("button", name="Create channel").click()
    expect(page).to_have_url(re.compile(f"{BACKSTAGE}$"))
    expect(page.locator(".conversation-start")).to_contain_text("What guests need not see.")


def _invite(page: Page) -> str:
    page.get_by_role("button", name="Workspace menu").click()
    page.get_by_role("link", name="Invite people").click()
    page.get_by_role("button", name="Make a link").click()
    link = page.get_by_role("textbox", name="Your new link").input_value()
    assert "/join/" in link
    return link


def _sign_up(site: Site, page: Page, link: str) -> None:
    page.goto("/accounts/signup/")
    expect(page.get_by_role("heading", name="By invitation")).to_be_visible()
    page.goto(link)
    expect(page.get_by_role("heading", name="Reading circle")).to_be_visible()
    page.get_by_role("link", name="Make an account").click()
    page.get_by_label("Your name").fill("Finn Bakker")
    page.get_by_label("E-mail").fill("finn@example.org")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Make my account").click()
    expect(page.get_by_text("finn@example.org", exact=True)).to_be_visible()
    page.get_by_label("Code").fill(site.mailed_code("finn@example.org"))
    page.get_by_role("button", name="Confirm").click()
    join = page.get_by_role("button", name="Join")
    expect(join).to_be_visible()
    join.click()
    expect(page.locator("#sidebar-head")).to_contain_text("Reading circle")


def _add_to_channel(olga: Page, finn: Page) -> None:
    row = finn.locator(f".sidebar a[href='{BACKSTAGE}']")
    live(finn)
    expect(row).to_have_count(0)
    enter(olga, BACKSTAGE)
    olga.locator(".conversation-head").get_by_role("link", name="1 member").click()
    side = olga.locator("#side")
    side.get_by_label("Search members of the workspace").fill("finn")
    side.get_by_role("checkbox", name="Finn Bakker").check()
    side.get_by_role("button", name="Add to the channel").click()
    row.click()
    live(finn)
    expect(finn.locator("#posts")).to_contain_text("added")
    enter(olga, BACKSTAGE)


def _let_otto_in_elsewhere(story: Story) -> None:
    otto = story.site.person("Otto Weiss")
    workspace = story.site.workspace(otto, "chess-club", name="Chess club")
    story.site.sign_in(story.otto.context, otto)

    def record(payload: str | bytes) -> None:
        story.frames.append(payload if isinstance(payload, str) else payload.decode())

    def listen(socket: WebSocket) -> None:
        socket.on("framereceived", record)

    story.otto.on("websocket", listen)
    enter(story.otto, f"/w/{workspace.slug}/c/general")


@pytest.fixture
def olga(story: Story) -> Page:
    """The owner's page, at the private channel."""
    enter(story.olga, BACKSTAGE)
    return story.olga


@pytest.fixture
def finn(story: Story) -> Page:
    """The friend's page, at the private channel."""
    enter(story.finn, BACKSTAGE)
    return story.finn


def test_they_talk(olga: Page, finn: Page) -> None:
    say(olga, "The reading for **Thursday** is out.")
    expect(post(finn, "for Thursday is out").locator("strong")).to_have_text("Thursday")
    say(finn, "Thank you, I will bring cake.")
    expect(post(olga, "I will bring cake")).to_be_visible()
    settled(olga)
    assert posts(olga).all_inner_texts()[-1] == posts(finn).all_inner_texts()[-1]


def test_one_sees_the_other_type(olga: Page, finn: Page) -> None:
    composer(finn).press_sequentially("Let me think")
    expect(olga.locator(".conversation-foot [data-typing]")).to_have_text("Finn Bakker is typing…")
    composer(finn).fill("")
    expect(olga.locator(".conversation-foot [data-typing]")).to_have_text("")


def test_a_thread(olga: Page, finn: Page) -> None:
    say(olga, "Which edition do you have?")
    question = post(finn, "Which edition")
    menu(finn, question).get_by_role("link", name="Reply in a thread").click()
    say(finn, "The one from 1998.", into=thread_composer(finn))
    summary = post(olga, "Which edition").locator(".thread-summary")
    expect(summary).to_contain_text("1 reply")
    expect(posts(olga).filter(has_text="from 1998")).to_have_count(0)  # replies stay in their thread
    summary.click()
    expect(olga.locator("#side .post").filter(has_text="from 1998")).to_be_visible()
    say(olga, "Mine too!", into=thread_composer(olga))
    expect(finn.locator("#side .post").filter(has_text="Mine too!")).to_be_visible()
    expect(summary).to_contain_text("2 replies")


def test_reactions(olga: Page, finn: Page) -> None:
    say(olga, "Chapter two is the best.")
    mine = post(olga, "Chapter two")
    menu(finn, post(finn, "Chapter two")).get_by_role("button", name="🎉").click()
    party = mine.locator(".reaction[data-react='🎉']")
    expect(party.locator(".reaction-count")).to_have_text("1")
    party.click()
    expect(party.locator(".reaction-count")).to_have_text("2")
    theirs = post(finn, "Chapter two").locator(".reaction[data-react='🎉']")
    expect(theirs.locator(".reaction-count")).to_have_text("2")
    theirs.click()
    expect(party.locator(".reaction-count")).to_have_text("1")


def test_a_picture_with_words(story: Story, olga: Page, finn: Page) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (900, 600), "seagreen").save(picture, "PNG")
    olga.locator(".conversation-foot input[type=file]").set_input_files(
        {"name": "harbour.png", "mimeType": "image/png", "buffer": picture.getvalue()}
    )
    item = olga.locator(".conversation-foot .tray-item")
    expect(item.locator("progress")).to_have_count(0)
    item.get_by_label("Describe the picture").fill("The harbour at dusk")
    say(olga, "From my window:")
    shown = post(finn, "From my window").get_by_role("img", name="The harbour at dusk")
    expect(shown).to_be_visible()
    shown.scroll_into_view_if_needed()
    expect(shown).to_have_js_property("complete", value=True)
    assert shown.evaluate("picture => picture.naturalWidth") > 0
    address = shown.evaluate("picture => picture.src")
    assert finn.request.get(address).status == 200
    assert story.otto.request.get("/settings").status == 200
    assert story.otto.request.get(address).status == 404
    assert story.desk().request.get(address, max_redirects=0).status != 200


def test_edit(olga: Page, finn: Page) -> None:
    say(olga, "We meat at seven.")
    expect(post(finn, "We meat at seven")).to_be_visible()
    settled(olga)
    composer(olga).press("ArrowUp")
    field_ = olga.locator("form.editing textarea")
    field_.fill("We meet at seven.")
    field_.press("Control+Enter")
    expect(post(finn, "We meet at seven").locator(".post-mark")).to_have_text("edited")
    expect(post(finn, "We meat")).to_have_count(0)
    menu(olga, post(olga, "We meet at seven")).get_by_role("link", name="What it said before").click()
    expect(olga.locator("#modal")).to_contain_text("We meat at seven.")
    expect(menu(finn, post(finn, "We meet at seven")).get_by_role("link", name="What it said before")).to_have_count(0)


def test_delete_and_undo(olga: Page, finn: Page) -> None:
    say(finn, "Oops, wrong channel.")
    slip = post(finn, "Oops, wrong channel")
    expect(post(olga, "Oops, wrong channel")).to_be_visible()
    settled(finn)
    menu(finn, slip).get_by_role("button", name="Delete").click()
    expect(post(olga, "Oops, wrong channel")).to_have_count(0)
    expect(posts(olga).last.locator(".tombstone")).to_have_text("Deleted by its author.")
    toast(finn, "The message is deleted.").get_by_role("button", name="Undo").click()
    expect(post(olga, "Oops, wrong channel")).to_be_visible()
    expect(slip).to_be_visible()


def test_a_lost_connection_loses_and_doubles_nothing(olga: Page, finn: Page) -> None:
    say(finn, "Before the tunnel.")
    settled(finn)
    finn.context.set_offline(True)
    expect(finn.locator("#connection")).to_be_visible()
    for number in range(3):
        say(olga, f"Said in the meantime, {number}.")
    say(finn, "Written in the tunnel.")
    expect(finn.locator("[data-letter]")).to_contain_text("Written in the tunnel.")
    settled(olga)
    menu(olga, post(olga, "Before the tunnel")).get_by_role("button", name="👀").click()
    finn.context.set_offline(False)
    expect(post(olga, "Written in the tunnel")).to_have_count(1)
    expect(finn.locator("#connection")).to_be_hidden()
    settled(finn)
    for page in (olga, finn):
        for number in range(3):
            expect(post(page, f"in the meantime, {number}")).to_have_count(1)
        expect(post(page, "Written in the tunnel")).to_have_count(1)
    expect(post(finn, "Before the tunnel").locator(".reaction[data-react='👀']")).to_be_visible()
    order = [item.get_attribute("data-seq") for item in posts(finn).all()]
    assert order == sorted(order, key=lambda seq: int(seq or 0))
    assert order == [item.get_attribute("data-seq") for item in posts(olga).all()]


def test_an_outsider_sees_none_of_it(story: Story, olga: Page, finn: Page) -> None:
    otto = story.otto
    say(olga, "@channel nobody else hears this")
    said = post(finn, "nobody else hears this")
    expect(said).to_be_visible()
    settled(olga)
    say(otto, "e4, your move")
    expect(post(otto, "e4, your move")).to_be_visible()
    settled(otto)
    ids = olga.evaluate(IDS)
    told = "\n".join(story.frames)
    assert '"hello"' in told
    assert "e4, your move" in told
    assert [one for one in [*ids, "Olga", "Finn", "nobody else", "reading-circle"] if one in told] == []
    channel, post_id = ids[0], str(said.get_attribute("data-post"))
    for path in (
        HOME,
        BACKSTAGE,
        f"{BACKSTAGE}/settings",
        f"{BACKSTAGE}/posts?before=99",
        f"{HOME}/channels",
        f"{HOME}/members",
        f"/posts/{post_id}",
        f"/posts/{post_id}/actions",
        f"/api/v1/channels/{channel}",
        f"/api/v1/channels/{channel}/posts",
        f"/api/v1/posts/{post_id}",
        "/api/v1/workspaces/reading-circle",
        "/workspaces/reading-circle",
    ):
        assert otto.request.get(path).status == 404, path
    assert olga.request.get(f"/api/v1/channels/{channel}/posts").status == 200
    for path in ("/w/chess-club/c/general", "/workspaces", "/w/chess-club/channels", "/w/chess-club/switcher?q=back"):
        otto.goto(path)
        text = otto.locator("body").inner_text()
        assert text
        assert [word for word in ("Reading", "Backstage", "Olga", "Finn") if word in text] == [], path


def test_an_outsider_cannot_write_either(story: Story, olga: Page) -> None:
    channel = olga.locator("#posts").get_attribute("data-channel")
    with story.site.database():
        otto = Person.objects.get(display_name="Otto Weiss")
    token = {"Authorization": f"Bearer {story.site.token(otto)}"}
    assert story.otto.request.get("/api/v1/me", headers=token).status == 200
    answer = story.otto.request.post(f"/api/v1/channels/{channel}/posts", headers=token, data={"body": "hello?"})
    assert answer.status == 404
    story.otto.goto(BACKSTAGE)
    expect(story.otto.get_by_role("heading", level=1)).not_to_contain_text("Backstage")


def test_who_is_removed_is_out_at_once(story: Story, olga: Page) -> None:
    with story.site.database():
        owner = Person.objects.get(display_name="Olga Marín")
        workspace = Workspace.objects.get(slug="reading-circle")
    cleo = story.site.person("Cleo Adeyemi")
    story.site.member(workspace, owner, cleo)
    page = story.desk(cleo)
    enter(page, f"{HOME}/c/chatter")
    olga.goto(f"{HOME}/members")
    olga.get_by_role("link", name="Manage Cleo Adeyemi").click()
    olga.get_by_role("button", name="Remove from the workspace").click()
    olga.locator("#ask").get_by_role("button", name="Remove").click()
    expect(page).not_to_have_url(re.compile(HOME))
    assert page.request.get(f"{HOME}/c/chatter").status == 404
    expect(page.locator("body")).not_to_contain_text("Reading circle")
