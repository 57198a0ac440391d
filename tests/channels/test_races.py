"""Two people at once: locks keep what must be true, true."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Sequence
from functools import partial

import pytest
from django.db import connection

from tertulia.channels import services
from tertulia.channels.models import Channel, ChannelMembership
from tertulia.kernel.errors import Conflict, Refusal
from tertulia.workspaces import services as workspace_services

from .world import World, fresh, inside


@pytest.fixture
def world(transactional_db: None) -> World:
    """The usual people, in transactions that commit."""
    del transactional_db
    return World()


def at_once(*works: Callable[[], object]) -> list[object]:
    """What each gives back or refuses with, all started together in threads of their own."""
    start = threading.Barrier(len(works))
    results: list[object] = [None] * len(works)

    def run(number: int, work: Callable[[], object]) -> None:
        try:
            start.wait(timeout=10)
            results[number] = work()
        except Refusal as refusal:
            results[number] = refusal
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
        assert not thread.is_alive()
    return results


def test_two_open_the_same_conversation(world: World) -> None:
    def open_by(actor: str, other: str) -> Callable[[], uuid.UUID]:
        one, two = getattr(world, actor), getattr(world, other)
        return lambda: services.open_direct(actor=one, workspace=world.course, person_ids=[two.pk]).pk

    found = at_once(open_by("mia", "ben"), open_by("ben", "mia"), open_by("mia", "ben"), open_by("ben", "mia"))
    assert len(set(found)) == 1
    (channel,) = Channel.objects.filter(kind="direct")
    assert inside(channel) == {"mia", "ben"}


def test_the_same_url_is_given_once(world: World) -> None:
    def make() -> uuid.UUID:
        return services.create_channel(actor=world.ina, workspace=world.course, name="Book club").pk

    results = at_once(make, make, make)
    assert sum(isinstance(result, uuid.UUID) for result in results) == 1
    assert [r.type for r in results if isinstance(r, Conflict)] == ["slug-taken"] * 2


def test_joining_while_it_is_archived(world: World) -> None:
    for number in range(4):
        channel = world.channel(f"Round {number}")
        joining, _archiving = at_once(
            lambda channel=channel: services.join(actor=world.mia, channel=channel),  # type: ignore[misc]
            lambda channel=channel: services.archive_channel(actor=world.ina, channel=channel),  # type: ignore[misc]
        )
        assert fresh(channel).archived_at is not None
        assert ("mia" in inside(channel)) is not isinstance(joining, Conflict)


def test_nobody_is_added_who_is_leaving_the_workspace(world: World) -> None:
    channel = world.channel("Open")
    leavers = [world.member(f"p{number}") for number in range(4)]
    works: list[Callable[[], object]] = [
        lambda: services.add_people(actor=world.ina, channel=channel, person_ids=[one.pk for one in leavers])
    ]
    works += [lambda one=one: workspace_services.leave(actor=one, workspace=world.course) for one in leavers]  # type: ignore[misc]
    at_once(*works)
    assert not ChannelMembership.objects.filter(person__in=leavers).exists()


def test_a_group_added_while_it_changes_is_in_step(world: World) -> None:
    cohort, channel = world.group("cohort", world.mia), world.secret()
    at_once(
        lambda: services.add_group(actor=world.ina, channel=channel, group=cohort),
        lambda: world.set_group(cohort, world.ben),
    )
    assert inside(channel) == {"ina", "ben"}


def test_many_join_at_once(world: World) -> None:
    channel = world.channel("Open")
    people = [world.member(f"p{number}") for number in range(6)]
    works: Sequence[Callable[[], object]] = [partial(services.join, actor=one, channel=channel) for one in people]
    assert at_once(*works) == [None] * 6
    assert len(inside(channel)) == 7
