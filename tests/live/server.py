"""The real web server in a thread of the test, and browsers' websockets to it."""

from __future__ import annotations

import json
import socket
import threading
import time
from typing import Any

import uvicorn
from django.conf import settings
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tertulia.cli import web
from tertulia.live import connection, gateway
from waiting import PATIENCE, until


class Server:
    """uvicorn as `tertulia serve` configures it, in a thread; `options` are other settings of uvicorn."""

    def __init__(self, **options: Any) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        config = web.config()
        for name, value in options.items():
            assert hasattr(config, name)
            setattr(config, name, value)
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


def connections() -> list[connection.Connection]:
    hub = gateway.application.hub
    assert hub is not None
    return list(hub.connections)


def next_frame(tab: ClientConnection, kind: str) -> dict[str, Any]:
    """The next frame of a kind."""
    while True:
        frame: dict[str, Any] = json.loads(tab.recv(timeout=PATIENCE))
        if frame["t"] == kind:
            return frame


def closing_code(tab: ClientConnection) -> int | None:
    """Read to the end; the code it was closed with."""
    try:
        while True:
            tab.recv(timeout=PATIENCE)
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else None
