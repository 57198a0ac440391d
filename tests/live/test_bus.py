"""The bus: every kind of notice is understood, nonsense does no harm, and what was missed is made up for."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest
from django.db import connection

from tertulia.channels.models import Channel
from tertulia.kernel import bus
from tertulia.live import errands, listener
from waiting import until

from .process import Process, fresh
from .world import World, say

KILL = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


def test_every_kind_is_handled(world: World, process: Process) -> None:
    assert process.hub.kinds.keys() == bus.KINDS.keys()
    tab = process.open(world.mia)
    ids = {"channel": world.secret.pk, "person": world.mia.pk, "workspace": world.course.pk, "root": None}
    others = {"revisions": {world.secret.pk: 1}, "by": None, "name": "Mia", "states": "{}"}
    for kind, names in bus.KINDS.items():
        if kind != "left":  # which would be a lie
            bus.notify(kind, **{name: {**ids, **others}[name] for name in names})
    for kind in ("channel", "read", "sidebar"):
        tab.wait(kind)
    tab.settle()
    assert tab.closed is None


def test_notices_about_nobody_here_are_nothing(world: World, process: Process) -> None:
    tab = process.open(world.mia)
    for kind, names in bus.KINDS.items():
        others = {"revisions": {uuid4(): 1}, "states": json.dumps({str(uuid4()): "away"})}
        bus.notify(kind, **{name: others.get(name, uuid4()) for name in names})
    say(world.ina, world.secret)
    tab.wait("activity")
    assert len(process.hub.rooms) == 3


def test_nonsense_on_the_bus_makes_nobody_deaf(world: World, process: Process) -> None:
    tab = process.open(world.mia)
    with connection.cursor() as cursor:
        nonsense = ("nonsense", "[]", "{}", '{"kind": "fly"}', '{"kind": "posts"}', '{"kind": "left", "person": 1}')
        for payload in nonsense:
            cursor.execute("SELECT pg_notify(%s, %s)", [bus.CHANNEL, payload])
    say(world.ina, world.secret)
    tab.wait("activity")


def test_a_lost_database_is_found_again_and_nothing_is_missed(
    world: World, process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    shows, belongs = process.open(world.mia), process.open(world.ina)
    shows.shown(world.secret)
    say(world.ina, world.secret, "Before")
    shows.wait("posts")
    belongs.wait("activity")
    monkeypatch.setattr(listener, "FIRST_PAUSE", 0.5)
    for _ in range(2):
        with connection.cursor() as cursor:
            cursor.execute(KILL)
        said = say(world.ina, world.secret, "While nobody listens")
        assert shows.wait("posts")["posts"][-1]["id"] == str(said.id)
        assert belongs.wait("activity")["last_seq"] == said.seq
    until(lambda: {"sidebar", "channel"} <= set(shows.kinds()))  # what was not told is fetched
    assert shows.closed is None


def test_rights_lost_while_nobody_listened_are_lost(
    world: World, process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener, "FIRST_PAUSE", 0.5)
    stays, goes = process.open(world.ina), process.open(world.mia)
    goes.shown(world.secret)
    with connection.cursor() as cursor:
        cursor.execute(KILL)
    world.secret.memberships.filter(person=world.mia).delete()
    say(world.ina, world.secret, "After")
    goes.wait("left", channel=str(world.secret.pk))
    stays.wait("activity")
    goes.settle()
    assert "After" not in str(goes.frames)


def test_a_read_that_fails_is_tried_again(world: World, process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the reading connections break, so that no reconnection of the bus helps."""
    monkeypatch.setattr(errands, "FIRST_PAUSE", 0.05)
    tab = process.open(world.mia)
    tab.shown(world.secret)
    read = process.hub.database.read
    failing = iter([True] * 3)

    async def unreliable(work: object, *args: object) -> object:
        if next(failing, False):
            with connection.wrap_database_errors:
                import psycopg

                raise psycopg.OperationalError("gone")
        return await read(work, *args)  # type: ignore[arg-type]  # passed on as it came

    monkeypatch.setattr(process.hub.database, "read", unreliable)
    say(world.ina, world.secret)
    assert tab.wait("posts")["revision"] == fresh(world.secret)


def test_a_channel_that_vanishes_breaks_nothing(world: World, process: Process) -> None:
    tab = process.open(world.mia)
    tab.shown(world.chatter)
    Channel.objects.filter(pk=world.chatter.pk).delete()
    bus.notify_posts([(world.chatter.pk, 1000)])
    until(lambda: process.hub.rooms[world.chatter.pk].wanted is None)
    say(world.ina, world.secret)
    tab.wait("activity")
