"""Questions about many people and channels at once are answered as if each had been asked alone, in as many queries."""

from __future__ import annotations

from itertools import product
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.sessions.models import Session

from tertulia.channels import access
from tertulia.kernel.clock import now
from tertulia.kernel.errors import Refusal
from tertulia.live import queries
from tertulia.live.queries import Asked, Mark
from tertulia.people.models import Person
from tertulia.posts import queries as post_queries
from tertulia.posts import services as post_services
from tertulia.workspaces.models import Membership

from .world import World, at, say, sign_in


@pytest.fixture
def people(world: World) -> list[Person]:
    """Everybody, one of whom is no longer here, and one who was put out of the workspace without anybody being told."""
    for one in (world.mia, world.ben):
        world.add(world.chatter, one)
    Person.objects.filter(pk=world.ben.pk).update(is_active=False)
    Membership.objects.filter(person=world.mia).delete()
    return [world.olga, world.otto, world.ina, world.mia, world.ben, world.gus]


def test_who_may_hear_what_is_as_the_door_to_channels_says(world: World, people: list[Person]) -> None:
    channels = [world.general, world.chatter, world.secret]
    expected: dict[tuple[Any, Any], Mark | None] = {}
    for person, channel in product(people, channels):
        channel.refresh_from_db()
        expected[person.pk, channel.pk] = Mark(channel.revision, channel.last_seq)
        try:
            access.channel(person, channel.pk)
        except Refusal:
            expected[person.pk, channel.pk] = None
        if person == world.ben:  # pages and REST do not get as far as to ask for him
            expected[person.pk, channel.pk] = None
    expected[uuid4(), world.general.pk] = None
    expected[world.ina.pk, uuid4()] = None
    assert queries.hearing(list(expected)) == expected
    assert {mark is None for mark in expected.values()} == {True, False}
    for one, mark in expected.items():
        assert queries.hearing([one]) == {one: mark}


def test_members_are_asked_about_in_one_query(world: World, django_assert_num_queries: Any) -> None:
    pairs = [(one.pk, channel.pk) for one in (world.mia, world.ina) for channel in (world.general, world.secret)]
    with django_assert_num_queries(1):
        queries.hearing(pairs[:1])
    with django_assert_num_queries(1):
        assert None not in queries.hearing(pairs).values()


def test_whose_sessions_these_are(world: World, people: list[Person], django_assert_num_queries: Any) -> None:
    keys = {sign_in(one): one for one in people}
    ended, stale = sign_in(world.ina), sign_in(world.gus)
    Session.objects.filter(pk=ended).update(expire_date=now())
    Person.objects.filter(pk=world.gus.pk).update(password="!another")
    strange = ["", "nonsense", "x" * 5000, "\0", "é" * 32]
    with django_assert_num_queries(2):
        found = queries.everybody([*keys, ended, stale, *strange])
    assert {key for key, somebody in found.items() if somebody} == {
        key for key, one in keys.items() if one not in (world.ben, world.gus)
    }
    assert {key: queries.who(key) for key in found} == found


def test_standings_are_those_of_each_alone(world: World, people: list[Person], django_assert_num_queries: Any) -> None:
    shown = frozenset({world.chatter.pk, world.secret.pk})
    asked = [Asked(one.pk, frozenset({sign_in(one), sign_in(world.olga)}), shown) for one in people]
    asked.append(Asked(uuid4(), frozenset(), shown))
    found = queries.standings(asked)
    for one in asked:
        assert queries.standings([one]) == {one: found[one]}
    gone = found[asked[-1]]
    assert (gone.sessions, gone.home.channels, gone.hears) == (frozenset(), {}, frozenset())
    olga, _otto, ina, _mia, ben, gus = (found[one] for one in asked[:-1])
    assert (len(olga.sessions), len(ina.sessions), len(ben.sessions)) == (2, 1, 0)
    assert world.secret.pk in ina.home.channels
    assert olga.hears == {world.chatter.pk}  # public, and owners do not hear what is private
    assert gus.hears == frozenset()
    bare = [Asked(one.person_id, one.sessions, frozenset()) for one in asked]
    with django_assert_num_queries(4):
        queries.standings(bare)
    with django_assert_num_queries(4):
        queries.standings(bare[:1])


def test_what_was_missed_of_many_channels_and_revisions(world: World, django_assert_num_queries: Any) -> None:
    for number in range(4):
        first = say(world.ina, world.secret, f"Secret {number}")
        say(world.mia, world.chatter, f"Chatter {number}")
    post_services.react(actor=world.ina, **at(world.ina, first.id), emoji="👍")
    last = {channel: queries.marks([channel.pk])[channel.pk].revision for channel in (world.secret, world.chatter)}
    asked = [(channel.pk, revision) for channel in last for revision in range(last[channel] + 2)]
    nowhere = (uuid4(), 0)
    with django_assert_num_queries(2):
        found = queries.missed([*asked, nowhere])
    assert found[nowhere] is None
    for channel_id, revision in asked:
        assert queries.missed([(channel_id, revision)]) == {(channel_id, revision): found[channel_id, revision]}
    for channel, end in last.items():
        assert found[channel.pk, end + 1] is None
        for revision in range(end + 1):
            missed = found[channel.pk, revision]
            assert missed is not None
            assert missed.mark.revision == end
            frame = missed.posts or b""
            for state in post_queries.changes(channel.pk, since_revision=0):
                assert (f'"id":"{state.id}"'.encode() in frame) == (state.revision > revision)


def test_too_much_was_missed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        say(world.ina, world.secret, f"Secret {number}")
    end = queries.marks([world.secret.pk])[world.secret.pk].revision
    asked = [(world.secret.pk, end - behind) for behind in range(4)]

    def too_many() -> list[bool]:
        return [missed.too_many for missed in queries.missed(asked).values() if missed]

    assert too_many() == [False, False, False, False]
    monkeypatch.setattr(queries, "BEHIND", 1)
    assert too_many() == [False, False, True, True]
    monkeypatch.setattr(queries, "LARGEST", 100)
    assert too_many() == [False, True, True, True]


def test_who_knows_whom(world: World, django_assert_num_queries: Any) -> None:
    everybody = frozenset({world.otto.pk, world.ina.pk, world.mia.pk, uuid4()})
    asked = [(world.ina.pk, everybody), (world.otto.pk, everybody), (world.ben.pk, frozenset())]
    with django_assert_num_queries(1):
        found = queries.acquaintances(asked)
    assert list(found.values()) == [{world.ina.pk, world.mia.pk}, {world.otto.pk}, set()]
