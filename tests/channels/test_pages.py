"""The pages: who gets which, what they say, what their forms do."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tertulia.channels import services
from tertulia.channels.models import Channel, ChannelMembership
from tertulia.kernel import limits
from tertulia.workspaces import services as workspace_services

from .world import World, client, fresh, inside, seat

HTMX = {"HX-Request": "true"}
WORKSPACE_PAGES = ["home", "sidebar", "switcher", "browse", "new", "direct"]
READ_PAGES = ["settings", "members"]
MANAGER_PAGES = ["visibility"]
POSTS = ["join", "leave", "preferences", "archive", "restore", "add", "add_group", "settings", "visibility"]
POSTS_ON = ["remove", "manager", "remove_group"]


def url(name: str, channel: str = "", thing: uuid.UUID | None = None) -> str:
    """Address of a page in Course."""
    return reverse(f"channels:{name}", args=["course", *([channel] if channel else []), *([thing] if thing else [])])


@pytest.mark.parametrize("name", WORKSPACE_PAGES)
@pytest.mark.parametrize(("who", "status"), [("olga", 200), ("mia", 200), ("gus", 200), ("otto", 404), ("", 302)])
def test_pages_of_the_workspace(world: World, name: str, who: str, status: int) -> None:
    answer = client(getattr(world, who) if who else None).get(url(name))
    if who == "gus" and name in ("browse", "new"):
        status = 403
    if name == "home" and status == 200 and who != "gus":
        status = 302
        assert answer["Location"] == world.general.get_absolute_url()
    assert answer.status_code == status
    if not who:
        assert answer["Location"].startswith("/accounts/login")


@pytest.mark.parametrize("name", READ_PAGES + MANAGER_PAGES)
@pytest.mark.parametrize(
    ("who", "status"), [("olga", 200), ("ina", 200), ("mia", 200), ("ben", 200), ("gus", 404), ("otto", 404)]
)
def test_pages_of_a_public_channel(world: World, name: str, who: str, status: int) -> None:
    channel = world.channel("Open", world.mia)
    if name in MANAGER_PAGES and who in ("mia", "ben"):
        status = 403
    assert client(getattr(world, who)).get(url(name, channel.slug)).status_code == status


def same(one: Client, ask: Callable[[Client, str], object], secret: str) -> bytes:
    """The answer for a private channel, which is that of a channel that never was."""
    answers = []
    for slug in (secret, "never-was"):
        answer = ask(one, slug)
        assert answer.status_code == 404  # type: ignore[attr-defined]
        body: bytes = answer.content  # type: ignore[attr-defined]
        answers.append(body.replace(slug.encode(), b""))
    # The page holds a fresh form token and a fresh nonce each time; what people read is the same.
    lengths = {len(answer) for answer in answers}
    assert len(lengths) == 1
    return answers[0]


@pytest.mark.parametrize("who", ["olga", "ben", "gus", "otto"])
def test_a_private_channel_is_not_there_for_others(world: World, who: str) -> None:
    secret, one = world.secret(world.mia), client(getattr(world, who))
    for name in READ_PAGES + MANAGER_PAGES:
        same(one, lambda c, slug, name=name: c.get(url(name, slug)), secret.slug)  # type: ignore[misc]
    for name in POSTS:
        same(one, lambda c, slug, name=name: c.post(url(name, slug)), secret.slug)  # type: ignore[misc]
    for name in POSTS_ON:
        same(one, lambda c, slug, name=name: c.post(url(name, slug, world.mia.pk)), secret.slug)  # type: ignore[misc]
    assert (inside(secret), fresh(secret).archived_at) == ({"ina", "mia"}, None)


@pytest.mark.parametrize("who", ["olga", "ben", "gus"])
def test_no_list_names_a_private_channel_to_others(world: World, who: str) -> None:
    world.secret(world.mia)
    one = client(getattr(world, who))
    pages = [url("sidebar"), url("switcher"), url("switcher") + "?q=secret", url("direct")]
    if who != "gus":
        pages += [url("browse"), url("browse") + "?q=secret", url("browse") + "?show=archived"]
    for page in pages:
        answer = one.get(page)
        assert answer.status_code == 200
        # What was searched for stands in the field; the channel's name stands nowhere.
        assert b"Secret plans" not in answer.content
        assert b"secret-plans" not in answer.content
    member = client(world.mia).get(url("switcher") + "?q=secret")
    assert b"Secret plans" in member.content


@pytest.mark.parametrize("name", ["archive", "visibility", "settings"])
@pytest.mark.parametrize(("who", "status"), [("olga", 302), ("ina", 302), ("mia", 403), ("ben", 403)])
def test_who_changes_a_channel(world: World, name: str, who: str, status: int) -> None:
    channel = world.channel("Open", world.mia)
    data = {
        "archive": {},
        "visibility": {"visibility": "private"},
        "settings": {"name": "New", "slug": "open", "posting": "everyone", "slow_seconds": "0"},
    }[name]
    assert client(getattr(world, who)).post(url(name, channel.slug), data).status_code == status
    after = fresh(channel)
    changed = after.archived_at is not None or after.visibility == "private" or after.name == "New"
    assert changed is (status == 302)


def test_the_new_channel_dialogue(world: World) -> None:
    one = client(world.ina)
    page = one.get(url("new")).content.decode()
    labels = ["Type", "Public: anyone can join", "Private: only invited members", "Name", "URL", "Purpose", "Header"]
    places = [page.index(f">{label}<") if f">{label}<" in page else page.index(label) for label in labels]
    assert places == sorted(places)
    answer = one.post(
        url("new"),
        {
            "visibility": "private",
            "name": "Book club",
            "slug": "",
            "purpose": "Read",
            "header": "[List](https://example.org)",
        },
    )
    channel = Channel.objects.get(slug="book-club")
    assert answer["Location"] == channel.get_absolute_url()
    assert (channel.visibility, channel.purpose) == ("private", "Read")


def test_a_clash_keeps_what_was_typed(world: World) -> None:
    answer = client(world.ina).post(url("new"), {"visibility": "public", "name": "General", "purpose": "Kept words"})
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "“general-2” is free" in page
    assert "Kept words" in page
    missing = client(world.ina).post(url("new"), {"visibility": "public", "purpose": "Kept words"})
    assert missing.status_code == 422
    assert "Kept words" in missing.content.decode()


def test_the_dialogue_by_htmx(world: World) -> None:
    one = client(world.ina)
    clash = one.post(url("new"), {"visibility": "public", "name": "General"}, headers=HTMX)
    assert (clash.status_code, clash["HX-Retarget"]) == (409, "#new-channel")
    made = one.post(url("new"), {"visibility": "public", "name": "Fresh"}, headers=HTMX)
    assert (made.status_code, made["HX-Redirect"]) == (200, Channel.objects.get(slug="fresh").get_absolute_url())


def test_learners_are_not_offered_private_channels(world: World) -> None:
    page = client(world.mia).get(url("new")).content.decode()
    assert "Private: only invited members" not in page


def test_joining_and_leaving(world: World) -> None:
    channel, one = world.channel("Open"), client(world.mia)
    assert one.post(url("join", "open"))["Location"] == channel.get_absolute_url()
    assert "mia" in inside(channel)
    away = one.post(url("join", "open"), {"next": "https://elsewhere.test/"})
    assert away["Location"] == channel.get_absolute_url()
    assert one.post(url("leave", "open"))["Location"] == "/w/course"
    assert "mia" not in inside(channel)


def test_wishes(world: World) -> None:
    one = client(world.mia)
    one.post(url("preferences", "general"), {"favourite": "1", "muted": "1"})
    one.post(url("preferences", "general"), {"muted": "0"})
    row = ChannelMembership.objects.get(channel=world.general, person=world.mia)
    assert (row.favourite, row.muted) == (True, False)


def test_archiving_can_be_undone_from_the_toast(world: World) -> None:
    channel, one = world.channel("Open"), client(world.ina)
    answer = one.post(url("archive", "open"), follow=True)
    assert url("restore", "open") in answer.content.decode()
    one.post(url("restore", "open"))
    assert fresh(channel).archived_at is None


def test_the_question_before_making_it_private_counts(world: World) -> None:
    world.channel("Open", world.mia)
    page = client(world.ina).get(url("visibility", "open")).content.decode()
    assert "The 2 people in it stay" in page
    assert "2 other members of the workspace can no longer find" in page


def test_adding_people_by_search(world: World) -> None:
    channel, one = world.channel("Open"), client(world.ina)
    page = one.get(url("members", "open") + "?add=mi").content.decode()
    assert f'value="{world.mia.pk}"' in page
    part = one.get(url("members", "open") + "?add=mi&part=addable", headers=HTMX).content.decode()
    assert str(world.mia.pk) in part
    assert "<html" not in part
    one.post(url("add", "open"), {"person_ids": [str(world.mia.pk), str(world.ben.pk)]})
    assert inside(channel) == {"ina", "mia", "ben"}
    assert one.post(url("add", "open")).status_code == 422
    assert one.post(url("add", "open"), {"person_ids": "x"}).status_code == 422
    one.post(url("remove", "open", world.ben.pk))
    one.post(url("manager", "open", world.mia.pk), {"manager": "1"})
    assert inside(channel) == {"ina", "mia"}
    assert seat(world.mia, channel).may_manage


def test_adding_and_removing_a_group(world: World) -> None:
    channel, one, cohort = world.secret(), client(world.ina), world.group("cohort", world.mia)
    assert "cohort (1)" in one.get(url("members", channel.slug)).content.decode()
    one.post(url("add_group", channel.slug), {"group_id": str(cohort.pk)})
    assert inside(channel) == {"ina", "mia"}
    assert "through cohort" in one.get(url("members", channel.slug)).content.decode()
    one.post(url("remove_group", channel.slug, cohort.pk))
    assert inside(channel) == {"ina"}
    assert one.post(url("add_group", channel.slug), {"group_id": str(uuid.uuid4())}).status_code == 422
    assert one.post(url("remove_group", channel.slug, uuid.uuid4())).status_code == 404


def test_opening_a_conversation(world: World) -> None:
    one = client(world.mia)
    page = one.get(url("direct")).content.decode()
    assert str(world.ben.pk) in page
    assert str(world.gus.pk) not in page
    answer = one.post(url("direct"), {"person_ids": [str(world.ben.pk), str(world.ina.pk)]})
    channel = Channel.objects.get(kind="direct")
    assert answer["Location"] == channel.get_absolute_url()
    assert one.post(url("direct")).status_code == 422
    found = one.get(url("direct") + f"?q=olg&person_ids={world.ben.pk}", headers=HTMX).content.decode()
    assert "checked" in found
    assert str(world.olga.pk) in found
    assert str(world.ina.pk) not in found


def test_details_of_a_conversation_offer_no_settings(world: World) -> None:
    channel = services.open_direct(actor=world.mia, workspace=world.course, person_ids=[world.ben.pk])
    page = client(world.mia).get(url("settings", channel.slug)).content.decode()
    assert "Close conversation" in page
    assert "Archive" not in page
    answer = client(world.mia).post(url("preferences", channel.slug), {"hidden": "1"})
    assert answer["Location"] == "/w/course"
    assert client(world.mia).get(url("visibility", channel.slug)).status_code == 404


def test_parts_for_htmx_are_parts(world: World) -> None:
    one = client(world.mia)
    for page in (url("settings", "general"), url("members", "general"), url("browse"), url("direct")):
        part = one.get(page, headers=HTMX).content.decode()
        assert "<html" not in part
        assert "<html" in one.get(page).content.decode()
    rows = one.get(url("switcher"), headers={"X-Part": "switcher"}).content.decode()
    assert 'role="listbox"' in rows


def test_the_sidebar_marks_where_one_is(world: World) -> None:
    one = client(world.mia)
    page = one.get(url("sidebar") + f"?current={world.general.pk}&here=/w/course/saved").content.decode()
    row = page[page.index(f'id="channel-row-{world.general.pk}"') :][:700]
    assert 'aria-current="page"' in row
    assert one.get(url("sidebar") + "?current=x").status_code == 422


def test_an_archived_workspace_says_so_and_offers_nothing_new(world: World) -> None:
    workspace_services.archive_workspace(actor=world.olga, workspace=world.course)
    page = client(world.olga).get(url("sidebar")).content.decode()
    assert "This workspace is archived." in page
    assert url("new") not in page
    assert client(world.olga).get(url("new")).status_code == 409


@pytest.mark.parametrize("page", ["browse", "members", "direct", "switcher", "sidebar"])
def test_pages_cost_the_same_however_much_is_on_them(world: World, page: str) -> None:
    channel = world.channel("Open")
    address = url(page, "open") if page == "members" else url(page) + ("?q=e" if page == "switcher" else "")
    one = client(world.ina)

    def grow(first: int) -> None:
        for number in range(first, first + 4):
            ann = world.member(f"eve{number}")
            services.join(actor=ann, channel=channel)
            world.channel(f"Eve {number}", ann)
            services.open_direct(actor=world.ina, workspace=world.course, person_ids=[ann.pk, world.mia.pk])

    def cost() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert one.get(address).status_code == 200
        return len(captured)

    grow(0)
    cost()
    small = cost()
    grow(4)
    assert cost() == small


def test_the_switcher_opens_people_by_a_form_and_the_rest_by_a_link(world: World) -> None:
    services.open_direct(actor=world.mia, workspace=world.course, person_ids=[world.ina.pk])
    one = client(world.mia)
    ben = one.get(url("switcher") + "?q=ben", headers={"X-Part": "switcher"}).content.decode()
    assert f'form="switcher-open" name="person_ids" value="{world.ben.pk}"' in ben
    ina = one.get(url("switcher") + "?q=ina", headers={"X-Part": "switcher"}).content.decode()
    assert world.ina.picture_url.partition("?")[0] in ina
    assert "<button" not in ina


def test_home_shows_the_list_to_a_phone_and_to_who_has_nothing(world: World) -> None:
    assert client(world.mia).get(url("home") + "?pane=list").status_code == 200
    services.leave(actor=world.mia, channel=world.general)
    assert client(world.mia).get(url("home"))["Location"] == url("browse")
    assert "You have not been given a channel yet" in client(world.gus).get(url("home")).content.decode()


def test_bad_settings_keep_what_was_typed(world: World) -> None:
    channel, one = world.channel("Open"), client(world.ina)
    fields = {"name": "Open", "slug": "general", "posting": "everyone", "slow_seconds": "0", "purpose": "Kept words"}
    clash = one.post(url("settings", "open"), fields)
    assert clash.status_code == 409
    assert "“general-2” is free" in clash.content.decode()
    assert "Kept words" in clash.content.decode()
    assert one.post(url("settings", "open"), {**fields, "name": ""}).status_code == 422
    assert fresh(channel).purpose == ""


def test_settings_show_a_pause_that_was_set_over_rest(world: World) -> None:
    channel = world.channel("Open")
    services.update_channel(actor=world.ina, channel=channel, slow_seconds=45)
    assert "45 seconds" in client(world.ina).get(url("settings", "open")).content.decode()


def test_settings_of_private_and_archived_channels(world: World) -> None:
    secret, one = world.secret(), client(world.ina)
    assert "New members are put into" not in one.get(url("settings", secret.slug)).content.decode()
    services.archive_channel(actor=world.ina, channel=secret)
    page = one.get(url("settings", secret.slug)).content.decode()
    assert "Restore" in page
    assert 'name="purpose"' not in page
    assert one.post(url("settings", secret.slug), {"name": "X"}).status_code == 409


def test_removing_oneself_is_leaving(world: World) -> None:
    channel = world.channel("Open", world.mia)
    answer = client(world.mia).post(url("remove", "open", world.mia.pk))
    assert answer["Location"] == url("home")
    assert inside(channel) == {"ina"}


def test_too_many_new_channels_at_once_say_when_to_go_on(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "WRITES", limits.Limit("writes-test", times=1, seconds=60))
    one = client(world.ina)
    one.post(url("new"), {"visibility": "public", "name": "First"})
    answer = one.post(url("new"), {"visibility": "public", "name": "Second"})
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 0
    assert "Second" in answer.content.decode()
