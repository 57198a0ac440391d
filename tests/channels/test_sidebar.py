"""The sidebar, home, the list of channels and the quick switcher: what each shows to whom, at what cost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tertulia.channels import queries, services
from tertulia.channels.models import Channel, ChannelMembership
from tertulia.channels.queries import Sort
from tertulia.channels.queries.switching import score
from tertulia.kernel.clock import now
from tertulia.people.models import Person
from tertulia.posts.models import Draft, Mention, Post
from tertulia.workspaces import services as workspace_services
from tertulia.workspaces.models import Role

from .world import World, seat


def told(channel: Channel, author: Person, *, mentions: Person | None = None) -> None:
    """A post in a channel, as bare rows, unread to everybody."""
    row = Channel.objects.get(pk=channel.pk)
    row.last_seq += 1
    row.last_root_seq, row.root_count, row.last_post_at = row.last_seq, row.root_count + 1, now()
    row.save()
    post = Post.objects.create(channel=row, seq=row.last_seq, revision=1, author=author, body="x", html="x", text="x")
    if mentions:
        Mention.objects.create(post=post, person=mentions, channel=row, seq=post.seq)


def queries_of(work: Callable[[], Any]) -> int:
    """How many queries something takes."""
    with CaptureQueriesContext(connection) as captured:
        work()
    return len(captured)


def test_sections_and_counts(world: World) -> None:
    club, quiet, secret = world.channel("Book club", world.mia), world.channel("Alpha", world.mia), world.secret()
    talk = services.open_direct(actor=world.ben, workspace=world.course, person_ids=[world.mia.pk])
    services.set_preferences(actor=world.mia, channel=club, favourite=True)
    services.set_preferences(actor=world.mia, channel=quiet, muted=True)
    told(club, world.ina, mentions=world.mia)
    told(club, world.ina)
    told(quiet, world.ina)
    told(talk, world.ben)
    Draft.objects.create(person=world.mia, channel=world.general, body="half a thought")
    shown = queries.sidebar(world.place(world.mia))
    assert [row.name for row in shown.favourites] == ["Book club"]
    assert [row.name for row in shown.channels] == ["Alpha", "general"]
    assert [row.name for row in shown.direct] == ["Ben"]
    (first,) = shown.favourites
    assert (first.unread, first.mentions, first.badge, first.stands_out) == (2, 1, 1, True)
    muted, general = shown.channels
    assert (muted.unread, muted.stands_out, muted.badge) == (1, False, 0)
    assert general.draft
    (direct,) = shown.direct
    assert (direct.badge, direct.face and direct.face.pk) == (1, str(world.ben.pk))
    assert str(secret.pk) not in {row.id for row in shown.favourites + shown.channels}


def test_a_mention_breaks_through_a_mute(world: World) -> None:
    services.set_preferences(actor=world.mia, channel=world.general, muted=True)
    told(world.general, world.ina, mentions=world.mia)
    (row,) = queries.sidebar(world.place(world.mia)).channels
    assert (row.stands_out, row.badge) == (True, 1)


def test_archived_channels_are_not_in_the_sidebar(world: World) -> None:
    club = world.channel("Book club", world.mia)
    services.archive_channel(actor=world.ina, channel=club)
    assert [row.name for row in queries.sidebar(world.place(world.mia)).channels] == ["general"]


def test_the_rail_tells_of_other_workspaces_no_more_than_that_something_waits(world: World) -> None:
    there = Channel.objects.get(workspace=world.other, slug="general")
    workspace_services.add_member(actor=world.otto, workspace=world.other, person=world.mia, role=Role.LEARNER)
    ChannelMembership.objects.filter(person=world.mia).update(read_roots=0, last_read_seq=0)
    told(there, world.otto, mentions=world.mia)
    shown = queries.sidebar(world.place(world.mia))
    assert [(row.slug, row.unread, row.mentions) for row in shown.rail] == [("course", False, 0), ("other", True, 1)]
    assert shown.others_unread
    assert [row.slug for row in queries.sidebar(world.place(world.ben)).rail] == ["course"]


def test_the_sidebar_costs_the_same_however_much_is_in_it(world: World) -> None:
    place = world.place(world.mia)

    def grow(names: str) -> None:
        for name in names:
            channel = world.channel(f"Channel {name}", world.mia)
            told(channel, world.ina, mentions=world.mia)
            other = world.member(f"p{name}")
            talk = services.open_direct(actor=world.mia, workspace=world.course, person_ids=[other.pk, world.ben.pk])
            told(talk, other)

    grow("ab")
    small = queries_of(lambda: queries.sidebar(place))
    grow("cdefgh")
    assert queries_of(lambda: queries.sidebar(place)) == small == 1
    assert len(queries.sidebar(place).channels) == 9


def test_the_switcher_costs_the_same_however_much_is_in_it(world: World) -> None:
    place = world.place(world.mia)
    small = queries_of(lambda: queries.switcher(place, "chan"))
    for number in range(6):
        world.channel(f"Channel {number}", world.mia if number % 2 else world.ben)
        world.member(f"chanel{number}")
    assert queries_of(lambda: queries.switcher(place, "chan")) == small <= 6


def test_browsing_costs_one_query(world: World) -> None:
    place = world.place(world.mia)
    for number in range(6):
        world.channel(f"Channel {number}", world.mia if number % 2 else world.ben)
    assert queries_of(lambda: queries.browse(place)) == 1


@pytest.mark.parametrize(
    ("who", "show", "names"),
    [
        ("mia", "all", ["general", "Open", "Secret plans"]),
        ("mia", "mine", ["general", "Secret plans"]),
        ("mia", "other", ["Open"]),
        ("mia", "archived", ["Past"]),
        ("ben", "all", ["general", "Open"]),
        ("olga", "all", ["general", "Open"]),
        ("gus", "all", []),
    ],
)
def test_browsing_shows_what_one_may_see(world: World, who: str, show: str, names: list[str]) -> None:
    world.secret(world.mia)
    world.channel("Open")
    services.archive_channel(actor=world.ina, channel=world.channel("Past"))
    services.archive_channel(actor=world.ina, channel=world.secret(name="Hidden past"))
    services.open_direct(actor=world.mia, workspace=world.course, person_ids=[world.ben.pk])
    found = queries.browse(world.place(getattr(world, who)), show=show)
    assert [item.channel.name for item in found.items] == names


def test_browsing_searches_and_pages(world: World) -> None:
    for number in range(5):
        world.channel(f"Club {number}", purpose="Reading together" if number == 3 else "")
    place = world.place(world.mia)
    assert [item.channel.name for item in queries.browse(place, q="reading").items] == ["Club 3"]
    first = queries.browse(place, q="#club", limit=3)
    second = queries.browse(place, q="#club", limit=3, cursor=first.next)
    names = [item.channel.name for item in first.items + second.items]
    assert names == [f"Club {number}" for number in range(5)]
    assert first.items[0].size == 1


def test_home_is_where_one_read_last(world: World) -> None:
    place = world.place(world.mia)
    club = world.channel("Book club", world.mia)
    assert queries.home(place) == world.general
    ChannelMembership.objects.filter(channel=club, person=world.mia).update(last_read_at=now())
    assert queries.home(place) == club
    services.archive_channel(actor=world.ina, channel=club)
    assert queries.home(place) == world.general
    assert queries.home(world.place(world.gus)) is None


@pytest.mark.parametrize(
    ("name", "q", "at_least", "below"),
    [
        ("chatter", "chatter", 4, 5),
        ("chatter", "cha", 3, 4),
        ("tech-issue-reports", "rep", 2, 3),
        ("tech-issue-reports", "issue tech", 2, 3),
        ("Book club", "lub", 1, 2),
        ("announcements", "anouncements", 0.4, 1),
        ("chatter", "zzz", 0, 0.01),
    ],
)
def test_ranking(name: str, q: str, at_least: float, below: float) -> None:
    assert at_least <= score(name, q) < below


def test_the_switcher_finds_all_sorts(world: World) -> None:
    workspace_services.add_member(actor=world.otto, workspace=world.other, person=world.mia, role=Role.LEARNER)
    world.channel("Benches", world.mia)
    world.channel("Bento")
    world.secret(name="Ben's party")
    found = queries.switcher(world.place(world.mia), "ben")
    assert [(choice.sort, choice.name) for choice in found] == [
        (Sort.PERSON, "Ben"),
        (Sort.JOIN, "Bento"),
        (Sort.CHANNEL, "Benches"),
    ]
    services.open_direct(actor=world.mia, workspace=world.course, person_ids=[world.ben.pk])
    first = queries.switcher(world.place(world.mia), "ben")[0]
    assert (first.sort, first.name, bool(first.url)) == (Sort.DIRECT, "Ben", True)
    assert [choice.sort for choice in queries.switcher(world.place(world.mia), "other")] == [Sort.WORKSPACE]


def test_the_switcher_forgives_a_slip_in_a_channel_to_join(world: World) -> None:
    world.channel("Photography")
    assert [choice.name for choice in queries.switcher(world.place(world.mia), "photgraphy")] == ["Photography"]


def test_an_empty_search_begins_with_what_is_unread(world: World) -> None:
    club = world.channel("Book club", world.mia)
    told(club, world.ina)
    assert queries.switcher(world.place(world.mia))[0].name == "Book club"


def test_members_are_listed_with_role_and_group(world: World) -> None:
    cohort = world.group("cohort", world.mia)
    services.add_group(actor=world.olga, channel=world.general, group=cohort)
    secret = world.secret(world.ben)
    services.add_group(actor=world.ina, channel=secret, group=cohort)
    rows = queries.members(seat(world.ina, secret), limit=2)
    assert [row.person.handle for row in rows.items] == ["ben", "ina"]
    assert [vars(row)["role"] for row in rows.items] == ["learner", "instructor"]
    (last,) = queries.members(seat(world.ina, secret), limit=2, cursor=rows.next).items
    assert (last.person, last.via_group) == (world.mia, cohort)
    assert [row.person.handle for row in queries.members(seat(world.ina, secret), q="@mi").items] == ["mia"]
    assert queries.member_ids(secret.pk) == {world.ina.pk, world.mia.pk, world.ben.pk}


def test_people_to_add_are_members_who_are_not_in_it(world: World) -> None:
    club = world.channel("Book club", world.mia)
    assert [one.handle for one in queries.addable_people(seat(world.ina, club), "e")] == ["ben"]
    assert queries.addable_people(seat(world.ina, club), "otto") == []
    assert queries.addable_people(seat(world.ina, club), " ") == []
