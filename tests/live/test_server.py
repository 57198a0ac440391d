"""Through the real web server: what uvicorn does around the gateway, and how all of it stops."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn
from django.conf import settings
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tertulia.cli.web import LARGEST_FRAME
from tertulia.live import connection, gateway
from tertulia.posts import services as post_services
from tertulia.posts.services import NewPost

from .process import PATIENCE, fresh, until
from .world import World, say, sign_in


class Server:
    """uvicorn as `tertulia serve` configures it, in a thread."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        config = uvicorn.Config(
            "tertulia.config.asgi:application",
            ws="websockets-sansio",
            ws_max_size=LARGEST_FRAME,
            lifespan="on",
            log_config=None,
            timeout_graceful_shutdown=8,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True)
        self._thread.start()
        until(lambda: self._server.started)

    def stop(self) -> float:
        """Stop it; returns how many seconds that took."""
        begun = time.monotonic()
        self._server.should_exit = True
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()
        self._socket.close()
        return time.monotonic() - begun

    def open(self, key: str | None, *, origin: str = "", sock: socket.socket | None = None) -> ClientConnection:
        """A websocket as a browser opens it."""
        headers = {"Origin": origin or f"http://127.0.0.1:{self.port}"}
        if key is not None:
            headers["Cookie"] = f"{settings.SESSION_COOKIE_NAME}={key}"
        address = f"ws://127.0.0.1:{self.port}/live"
        return connect(address, additional_headers=headers, sock=sock, max_size=None, close_timeout=1, compression=None)


@pytest.fixture
def server(transactional_db: None) -> Iterator[Server]:
    """A running server."""
    del transactional_db
    started = Server()
    yield started
    started.stop()


def test_signs_in_shows_and_hears(world: World, server: Server) -> None:
    with server.open(sign_in(world.mia)) as tab:
        assert _next(tab, "hello")["person"] == str(world.mia.pk)
        tab.send(json.dumps({"t": "show", "channel": str(world.secret.pk), "revision": 0}))
        assert len(_next(tab, "posts")["posts"]) == fresh(world.secret)
        said = say(world.ina, world.secret)
        while _next(tab, "posts")["posts"][-1]["id"] != str(said.id):
            pass
    until(lambda: not _connections())


def test_doors_that_stay_shut(world: World, server: Server) -> None:
    key = sign_in(world.mia)
    with pytest.raises(InvalidStatus, match="403"):
        server.open(key, origin="https://elsewhere.test")
    with server.open(None) as tab:
        assert _next(tab, "bye")
        assert _closed(tab) == 4401
    for frame, code in {"x" * (LARGEST_FRAME + 1): 1009, "x" * (LARGEST_FRAME - 1): 1007}.items():
        with server.open(key) as tab:
            tab.send(frame)
            assert _closed(tab) == code


def test_restarting_sends_everybody_away_at_once(world: World, server: Server) -> None:
    with server.open(sign_in(world.mia)) as one, server.open(sign_in(world.ina)) as other:
        for tab in (one, other):
            _next(tab, "hello")
        assert server.stop() < 1.5
        assert [_closed(tab) for tab in (one, other)] == [1012, 1012]
    assert gateway.application.hub is None


def test_a_tab_that_does_not_read_is_dropped(world: World, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "QUEUE", 4)
    stuck = socket.create_connection(("127.0.0.1", server.port))
    with server.open(sign_in(world.ina)) as quick, server.open(sign_in(world.mia), sock=stuck) as slow:
        for tab in (quick, slow):
            _next(tab, "hello")
            tab.send(json.dumps({"t": "show", "channel": str(world.secret.pk), "revision": fresh(world.secret)}))
            _next(tab, "shown")
        # Nobody takes anything from the slow one's buffers any more, and then from the network's.
        for _ in range(60):
            batch = [
                NewPost(channel_id=world.secret.pk, author_id=world.ina.pk, body="Long. " * 6000) for _ in range(8)
            ]
            post_services.create_posts(batch)
            while _next(quick, "posts")["revision"] < fresh(world.secret):
                pass
            if len(_connections()) == 1:
                break
        assert len(_connections()) == 1
        stuck.close()


def _connections() -> list[connection.Connection]:
    hub = gateway.application.hub
    assert hub is not None
    return list(hub.connections)


def _next(tab: ClientConnection, kind: str) -> dict[str, Any]:
    """The next frame of a kind."""
    while True:
        frame: dict[str, Any] = json.loads(tab.recv(timeout=PATIENCE))
        if frame["t"] == kind:
            return frame


def _closed(tab: ClientConnection) -> int | None:
    """Read to the end; the code it was closed with."""
    try:
        while True:
            tab.recv(timeout=PATIENCE)
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else None
