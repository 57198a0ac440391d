"""The bytes of the websocket: what browsers, silent phones and hostile programs may send to the real server."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from django.conf import settings
from websockets.frames import Frame, Opcode
from websockets.sync.client import ClientConnection

from tertulia.cli.web import LARGEST_FRAME
from tertulia.live import wire
from waiting import PATIENCE, until

from .server import Server, closing_code, connections, next_frame
from .world import World, sign_in

PING = json.dumps({"t": "ping"})
HEAD = (
    "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: {version}\r\n{more}\r\n"
)
KEY = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"


@pytest.fixture
def servers(transactional_db: None) -> Iterator[Callable[..., Server]]:
    """Starts servers, and stops them when the test is over."""
    del transactional_db
    started: list[Server] = []

    def start(**options: object) -> Server:
        started.append(Server(**options))
        return started[-1]

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def server(servers: Callable[..., Server]) -> Server:
    """A running server."""
    return servers()


@pytest.fixture
def tab(world: World, server: Server) -> Iterator[ClientConnection]:
    """A tab of Mia's that has been greeted."""
    with server.open(sign_in(world.mia)) as opened:
        next_frame(opened, "hello")
        yield opened


def test_a_message_may_come_in_pieces(tab: ClientConnection) -> None:
    tab.send([PING[:3], PING[3:5], PING[5:]])
    assert next_frame(tab, "pong")
    for byte in Frame(Opcode.TEXT, PING.encode()).serialize(mask=True):
        tab.socket.sendall(bytes([byte]))
    assert next_frame(tab, "pong")


def test_many_messages_may_come_at_once_and_are_answered_in_order(world: World, tab: ClientConnection) -> None:
    channels = [str(channel.pk) for channel in (world.secret, world.chatter, world.general)]
    said = [{"t": "show", "channel": channel, "revision": 0} for channel in channels]
    whole = [*said, {"t": "hide", "channel": channels[0]}, {"t": "ping"}]
    tab.socket.sendall(b"".join(Frame(Opcode.TEXT, json.dumps(one).encode()).serialize(mask=True) for one in whole))
    assert [next_frame(tab, "shown")["channel"] for _ in said] == channels
    assert next_frame(tab, "pong")


def test_a_ping_of_the_websocket_is_answered(tab: ClientConnection) -> None:
    assert tab.ping("are you there").wait(PATIENCE)


PIECES = b"".join(
    Frame(opcode, b"x" * 1000, fin=False).serialize(mask=True)
    for opcode in [Opcode.TEXT, *[Opcode.CONT] * (LARGEST_FRAME // 1000)]
)


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        pytest.param(Frame(Opcode.BINARY, PING.encode()).serialize(mask=True), 1007, id="binary"),
        pytest.param(Frame(Opcode.TEXT, b'{"t":"\xff"}').serialize(mask=True), 1007, id="not UTF-8"),
        pytest.param(Frame(Opcode.TEXT, PING.encode()).serialize(mask=False), 1002, id="not masked"),
        pytest.param(Frame(Opcode.CONT, b"").serialize(mask=True), 1002, id="continues nothing"),
        pytest.param(b"\x8b\x80\x00\x00\x00\x00", 1002, id="unknown kind"),
        pytest.param(Frame(Opcode.PING, b"").serialize(mask=True)[:1] + b"\xfe" + b"\x00" * 20, 1002, id="long ping"),
        pytest.param(PIECES, 1009, id="too large in pieces"),
        pytest.param(
            Frame(Opcode.TEXT, b"nonsense").serialize(mask=True) * 3 + b"\xff" * 100, 1002, id="wrong in two ways"
        ),
    ],
)
def test_what_is_wrong_ends_the_tab(tab: ClientConnection, sent: bytes, code: int) -> None:
    tab.socket.sendall(sent)
    assert closing_code(tab) == code
    until(lambda: not connections())


def test_a_tab_that_says_goodbye_is_answered(tab: ClientConnection) -> None:
    tab.close(4000, "turning the page")
    assert tab.close_code == 4000
    until(lambda: not connections())


def test_a_tab_that_vanishes_is_forgotten(tab: ClientConnection) -> None:
    tab.socket.shutdown(socket.SHUT_RDWR)
    until(lambda: not connections())


def test_whoever_gives_no_sign_of_life_is_cut_off(world: World, servers: Callable[..., Server]) -> None:
    server = servers(ws_ping_interval=0.3)
    with server.open(sign_in(world.mia)) as alive, closing(_connect(server)) as silent:
        next_frame(alive, "hello")
        silent.sendall(_head(sign_in(world.ina)))
        until(lambda: len(connections()) == 2)
        until(lambda: len(connections()) == 1)  # browsers answer pings by themselves, phones in a tunnel do not
        [left] = connections()
        assert left.person_id == world.mia.pk
        alive.send(PING)
        assert next_frame(alive, "pong")


def test_who_does_not_close_does_not_hold_up_the_end(world: World, server: Server) -> None:
    with closing(_connect(server)) as silent:
        silent.sendall(_head(sign_in(world.mia)))
        until(lambda: len(connections()) == 1)
        assert server.stop() < wire.FAREWELL + 2


@pytest.mark.parametrize(
    ("path", "version", "more", "status"),
    [
        ("/live", 13, "", 400),
        ("/live", 12, KEY, 400),
        ("/live", 13, KEY + "Origin: http://elsewhere.test\r\n", 403),
        ("/elsewhere", 13, KEY, 403),
    ],
)
def test_what_is_no_request_for_our_websocket_is_refused(
    world: World, server: Server, path: str, version: int, more: str, status: int
) -> None:
    del world
    with closing(_connect(server)) as asking:
        asking.sendall(HEAD.format(path=path, version=version, more=more).encode())
        assert f"HTTP/1.1 {status} ".encode() in _everything(asking)


def _connect(server: Server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE)


def _head(key: str) -> bytes:
    more = f"{KEY}Origin: http://127.0.0.1\r\nCookie: {settings.SESSION_COOKIE_NAME}={key}\r\n"
    return HEAD.format(path="/live", version=13, more=more).encode()


def _everything(asking: socket.socket) -> bytes:
    """What comes until the server ends."""
    found = b""
    while part := asking.recv(65536):
        found += part
    return found
