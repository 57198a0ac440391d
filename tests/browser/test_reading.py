"""Reading: what is unread shows and goes, and long histories page without jumping."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Locator, Page, expect

from tertulia.channels.models import Channel

from .conftest import Desk
from .site import Site, World
from .talking import composer, enter, menu, post, posts, say, settled

FIRST = datetime(2026, 3, 2, 9, tzinfo=UTC)
PER_DAY = 30
LONG = 300


@pytest.fixture(scope="module")
def world(site: Site) -> World:
    """Ana and Ben at a table."""
    return site.world("reading")


@pytest.fixture(scope="module")
def archive(site: Site, world: World) -> Channel:
    """A channel with three hundred posts over ten days, all read."""
    channel = site.new_channel(world.workspace, world.ana, "archive", world.ben)
    moments = [FIRST + timedelta(days=number // PER_DAY, minutes=7 * (number % PER_DAY)) for number in range(LONG)]
    bodies = [f"Note {number}." + " And more to say of it." * (number % 23) for number in range(LONG)]
    site.fill(channel, [world.ana, world.ben], bodies, moments)
    return channel


@pytest.fixture
def page(world: World, browse: Desk) -> Page:
    """Ben's page at the table."""
    made = browse(world.ben)
    enter(made, world.path)
    return made


def row(page: Page, channel: Channel) -> Locator:
    """The channel's row in the sidebar."""
    return page.locator(f".sidebar .channel-row[data-channel='{channel.pk}']")


def bold(page: Page, channel: Channel) -> None:
    """The channel has something unread."""
    expect(row(page, channel)).to_have_attribute("data-unread", "")


def plain(page: Page, channel: Channel) -> None:
    """All of the channel is read."""
    expect(row(page, channel)).not_to_have_attribute("data-unread", "")


def test_the_sidebar_tells_of_other_channels(site: Site, world: World, page: Page) -> None:
    other = site.new_channel(world.workspace, world.ana, "Other table", world.ben)
    expect(row(page, other)).to_be_visible()
    plain(page, other)
    site.say(world.ana, other, "Anybody here?")
    bold(page, other)
    expect(row(page, other).locator(".count")).to_be_hidden()
    site.say(world.ana, other, f"I mean you, @{world.ben.handle}")
    expect(row(page, other).locator(".count")).to_have_text("1")
    page.reload()
    bold(page, other)
    expect(row(page, other).locator(".count")).to_have_text("1")
    row(page, other).click()
    line = page.locator("#unread")
    expect(line).to_be_visible()
    assert line.evaluate("line => line.nextElementSibling.textContent.includes('Anybody here?')")
    plain(page, other)
    expect(row(page, other).locator(".count")).to_be_hidden()
    page.goto(world.path)
    plain(page, other)


def test_reading_in_one_tab_clears_the_other(site: Site, world: World, page: Page) -> None:
    other = site.new_channel(world.workspace, world.ana, "Two tabs", world.ben)
    site.say(world.ana, other, "News")
    bold(page, other)
    second = page.context.new_page()
    enter(second, f"/w/{world.workspace.slug}/c/{other.slug}")
    plain(second, other)
    plain(page, other)


def test_mark_unread_from_here(site: Site, world: World, browse: Desk) -> None:
    other = site.new_channel(world.workspace, world.ana, "To do", world.ben)
    for word in ("alpha", "beta", "gamma"):
        site.say(world.ana, other, f"Task {word}")
    path = f"/w/{world.workspace.slug}/c/{other.slug}"
    page = browse(world.ben)
    enter(page, path)
    plain(page, other)
    menu(page, post(page, "Task beta")).get_by_role("button", name="Mark unread from here").click()
    bold(page, other)
    expect(row(page, other)).to_have_attribute("data-unread-count", "2")
    page.locator("#scroll").evaluate("place => place.dispatchEvent(new Event('scroll'))")
    with page.expect_response(re.compile("/draft")):  # as long as reading would take to be noted
        composer(page).fill("later")
    bold(page, other)
    page.goto(world.path)
    bold(page, other)
    enter(page, path)
    assert page.locator("#unread").evaluate("line => line.nextElementSibling.textContent.includes('Task beta')")
    plain(page, other)


def test_new_posts_below(site: Site, world: World, browse: Desk) -> None:
    channel = site.new_channel(world.workspace, world.ana, "Busy", world.ben)
    site.fill(
        channel,
        [world.ana],
        [f"Line {number}" for number in range(60)],
        [FIRST + timedelta(hours=number) for number in range(60)],
    )
    page = browse(world.ben)
    enter(page, f"/w/{world.workspace.slug}/c/{channel.slug}")
    expect(post(page, "Line 59")).to_be_in_viewport()
    page.locator("#scroll").evaluate("place => place.scrollBy(0, -900)")
    expect(post(page, "Line 59")).not_to_be_in_viewport()
    looked_at = posts(page).filter(has_text="Line 4").last
    before = _top(looked_at)
    site.say(world.ana, channel, "One more")
    below = page.locator("#below")
    expect(below).to_have_text("1 new message below")
    site.say(world.ana, channel, "And another")
    expect(below).to_have_text("2 new messages below")
    assert abs(_top(looked_at) - before) <= 2
    bold(page, channel)
    below.click()
    expect(post(page, "And another")).to_be_in_viewport()
    expect(below).to_be_hidden()
    plain(page, channel)


PAGES_WITHOUT_JUMPING = """
(which) => new Promise((done) => {
    const place = document.querySelector("#scroll");
    const list = document.querySelector("#posts");
    const posts = () => [...list.querySelectorAll(":scope > [data-post]")];
    const top = (post) => post.getBoundingClientRect().top;
    const inSight = (post) => post.getBoundingClientRect().bottom > top(place);
    const fetched = window.fetch;
    let looked;
    let before;
    new MutationObserver((_changes, observer) => {
        observer.disconnect();
        requestAnimationFrame(() => requestAnimationFrame(() => done(Math.abs(top(looked) - before))));
    }).observe(list, { childList: true });
    window.fetch = async (...request) => {
        const answer = await fetched(...request);
        window.fetch = fetched;
        looked = posts().find(inSight);
        before = top(looked);
        return answer;
    };
    if (which === "before") posts().at(0).scrollIntoView({ block: "start" });
    else posts().at(-1).scrollIntoView({ block: "end" });
})
"""


def pages_without_jumping(page: Page, which: str) -> float:
    """Scroll towards an end until more has come; by how many pixels what was looked at moved meanwhile.

    The page itself notes where the post at the edge of the window stands just before and after posts come in.
    """
    return float(page.evaluate(PAGES_WITHOUT_JUMPING, which))


def test_a_long_history_pages_both_ways_without_jumping(world: World, archive: Channel, browse: Desk) -> None:
    page = browse(world.ben, viewport={"width": 1200, "height": 800})
    enter(page, f"/w/{world.workspace.slug}/c/{archive.slug}")
    expect(post(page, f"Note {LONG - 1}.")).to_be_in_viewport()
    assert posts(page).count() < LONG
    steps = 0
    while page.locator("#posts[data-has-before]").count():
        steps += 1
        assert steps < 20
        assert pages_without_jumping(page, "before") <= 2
    expect(post(page, "Note 0.")).to_have_count(1)
    seqs = [int(seq) for seq in posts(page).evaluate_all("all => all.map((post) => post.dataset.seq)")]
    assert seqs == sorted(set(seqs))
    assert len(page.locator("#posts > .day-line").all()) >= LONG // PER_DAY
    expect(page.get_by_role("link", name="Older messages")).to_have_count(0)


def test_forth_again_from_an_old_post(world: World, archive: Channel, browse: Desk) -> None:
    page = browse(world.ben, viewport={"width": 1200, "height": 800})
    enter(page, f"/w/{world.workspace.slug}/c/{archive.slug}?date=2026-03-03")
    expect(post(page, f"Note {PER_DAY}.")).to_be_in_viewport()
    assert pages_without_jumping(page, "after") <= 2
    say(page, "Said from far back")  # leads to the newest, where the words are
    expect(post(page, "Said from far back")).to_be_in_viewport()


def test_jump_to_a_date(world: World, archive: Channel, browse: Desk) -> None:
    page = browse(world.ben)
    enter(page, f"/w/{world.workspace.slug}/c/{archive.slug}")
    page.locator(".conversation-head summary[aria-label='Go to a date']").click()
    page.locator("[data-jump-date]").fill("2026-03-05")
    expect(page).to_have_url(re.compile(r"date=2026-03-05"))
    expect(post(page, f"Note {3 * PER_DAY}.")).to_be_in_viewport()
    assert 0 <= _top(post(page, f"Note {3 * PER_DAY}.")) - _top(page.locator("#scroll")) < 100
    expect(page.locator(".day-line").filter(has_text="Thursday 5 March")).to_have_count(1)


def test_a_permalink_leads_to_an_old_post(site: Site, world: World, archive: Channel, browse: Desk) -> None:
    with site.database():
        old = archive.posts.get(body__startswith="Note 42.")
    page = browse(world.ben)
    enter(page, f"/posts/{old.pk}")
    shown = page.locator(f"#post-{old.pk}")
    expect(shown).to_be_in_viewport()
    expect(shown).to_have_class(re.compile("arrived"))


def test_days_and_names_are_told_once(site: Site, world: World, browse: Desk) -> None:
    channel = site.new_channel(world.workspace, world.ana, "Days", world.ben)
    moments = [FIRST, FIRST + timedelta(minutes=1), FIRST + timedelta(minutes=30), FIRST + timedelta(days=1)]
    site.fill(channel, [world.ana], ["one", "two", "three", "four"], moments)
    page = browse(world.ben)
    enter(page, f"/w/{world.workspace.slug}/c/{channel.slug}")
    days = page.locator("#posts > .day-line")
    expect(days.filter(has_text="Monday 2 March")).to_have_count(1)
    expect(days.filter(has_text="Tuesday 3 March")).to_have_count(1)
    follows = [re.search(r"\bfollow\b", item.get_attribute("class") or "") is not None for item in posts(page).all()]
    assert follows == [False, True, False, False]


def test_a_blocked_persons_posts_are_folded(site: Site, world: World, browse: Desk) -> None:
    troll = site.person("Tara Noise")
    site.member(world.workspace, world.ana, troll)
    channel = site.new_channel(world.workspace, world.ana, "Noisy", world.ben, troll)
    site.say(troll, channel, "NOISE!")
    page = browse(world.ben)
    page.goto(f"/people/{troll.handle}")
    page.get_by_role("button", name="Block").click()
    page.locator("#ask").get_by_role("button", name="Block").click()
    expect(page.get_by_text("You have blocked this person.")).to_be_visible()
    enter(page, f"/w/{world.workspace.slug}/c/{channel.slug}")
    settled(page)
    expect(post(page, "Tara").get_by_text("NOISE!")).to_be_hidden()


def _top(of: Locator) -> float:
    return float(of.evaluate("element => element.getBoundingClientRect().top"))
