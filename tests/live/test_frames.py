"""What a hostile or broken tab may send: it is closed, and nobody else notices."""

from __future__ import annotations

import pytest

from tertulia.live import connection

from .process import Process
from .world import World, say

ID = "01890000-0000-7000-8000-000000000000"


HOSTILE: list[str | bytes] = [
    "",
    "nonsense",
    "null",
    "[]",
    "{}",
    '{"t":"fly"}',
    '{"t":"posts","channel":"' + ID + '"}',
    '{"t":"show"}',
    '{"t":"show","channel":"' + ID + '","revision":"1"}',
    '{"t":"show","channel":"' + ID + '","revision":-1}',
    '{"t":"show","channel":"' + ID + '","revision":9223372036854775808}',
    '{"t":"show","channel":"' + ID + '","revision":1e400}',
    '{"t":"show","channel":"here","revision":1}',
    '{"t":"show","channel":null,"revision":1}',
    '{"t":"show","channel":"' + ID + '","revision":1,"person":"' + ID + '"}',
    '{"t":"typing","channel":"' + ID + '","root":5}',
    '{"t":"watch","people":"' + ID + '"}',
    '{"t":"watch","people":[' + ",".join(['"' + ID + '"'] * 201) + "]}",
    '{"t":"ping","x":' + "[" * 5000 + "]" * 5000 + "}",
    '{"t":"ping","padding":"' + "x" * 20_000 + '"}',
    b'{"t":"ping"}',
]


def test_what_is_no_frame_closes_the_tab(world: World, process: Process) -> None:
    neighbour = process.open(world.mia)
    for frame in HOSTILE:
        tab = process.open(neighbour.key)
        tab.wait("hello")
        tab.send(frame)
        assert tab.wait_closed() == 1007, frame
    neighbour.settle()


def test_a_flood_closes_the_tab(world: World, process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "PER_SECOND", 0)
    tab, neighbour = process.open(world.mia), process.open(world.mia)
    for _ in range(connection.BURST):
        tab.send({"t": "ping"})
    for _ in range(connection.BURST):
        tab.wait("pong")
    assert tab.closed is None
    tab.send({"t": "ping"})
    assert tab.wait_closed() == 1008
    neighbour.settle()


def test_a_tab_that_does_not_read_is_dropped_and_holds_up_nobody(
    world: World, process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "QUEUE", 5)
    slow, quick = process.open(world.mia), process.open(world.ina)
    for tab in (slow, quick):
        tab.shown(world.secret)
    slow.stall()
    for number in range(10):
        said = say(world.ina, world.secret, f"Number {number}")
        while quick.wait("posts")["posts"][-1]["id"] != str(said.id):
            pass
    slow.wait_closed()  # though its browser never takes the closing frame
    assert slow.closed is None
    assert len(process.hub.connections) == 1
