"""The bus on a Valkey server: away or lying, it costs nobody a write, and nothing stays unheard."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from functools import partial

import pytest
from valkey import Valkey

from tertulia.kernel import bus, carrier
from tertulia.live import listener
from valkey_server import ValkeyServer, carrying
from waiting import until

from .process import Process, Tab
from .world import World, say


@pytest.fixture
def server(world: World) -> Iterator[ValkeyServer]:
    """A server that a test may kill, and that carries the notices."""
    del world
    with ValkeyServer(password="s3cret") as server, carrying(server.url):
        yield server


def test_a_server_that_is_away_fails_no_write_and_what_was_said_is_heard(
    world: World, server: ValkeyServer, process: Process
) -> None:
    tab = process.open(world.mia)
    tab.shown(world.secret)
    for times in (1, 2):
        said = say(world.ina, world.secret, "Before")
        assert tab.wait("posts")["posts"][-1]["id"] == str(said.id)
        server.kill()
        said = say(world.ina, world.secret, "While nobody carries")
        server.start()
        assert tab.wait("posts")["posts"][-1]["id"] == str(said.id)
        # What else was not told is fetched.
        until(partial(_heard_each, tab, times))
    assert tab.closed is None


def _heard_each(tab: Tab, times: int) -> bool:
    return all(tab.kinds().count(kind) >= times for kind in ("sidebar", "channel"))


def test_rights_lost_while_nobody_listened_are_lost(
    world: World, server: ValkeyServer, process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener, "FIRST_PAUSE", 0.3)
    goes = process.open(world.mia)
    goes.shown(world.secret)
    server.kill()
    world.secret.memberships.filter(person=world.mia).delete()
    server.start()
    goes.wait("left", channel=str(world.secret.pk))


def test_nonsense_makes_nobody_deaf(world: World, server: ValkeyServer, process: Process) -> None:
    tab = process.open(world.mia)
    with Valkey.from_url(server.url) as client:
        nonsense = ("nonsense", "", "[]", "{}", '{"kind": "fly"}', '{"kind": "posts"}', b"\xff", "\n\n")
        for payload in nonsense:
            assert client.publish(carrier.channel(), payload) == 1
    say(world.ina, world.secret)
    tab.wait("activity")


def test_what_a_killed_process_did_not_tell_is_looked_for(world: World, server: ValkeyServer, process: Process) -> None:
    del server
    tab = process.open(world.mia)
    world.secret.memberships.filter(person=world.mia).delete()
    carrier.tell_missed()
    tab.wait("left", channel=str(world.secret.pk))


def test_a_server_that_takes_connections_and_does_not_answer_holds_up_no_write(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carrier, "PATIENCE", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as hole, carrying(f"redis://127.0.0.1:{hole.getsockname()[1]}/0"):
        for _ in range(3):
            assert say(world.ina, world.secret).seq


def test_two_installations_on_one_server_do_not_hear_each_other(world: World, server: ValkeyServer) -> None:
    with Valkey.from_url(server.url) as client, client.pubsub() as others:
        others.subscribe("tertulia/1")
        assert others.get_message(timeout=5)["type"] == "subscribe"
        bus.notify("channel", channel=world.secret.pk)
        carrier._here().end()
        assert others.get_message(timeout=0.2) is None
