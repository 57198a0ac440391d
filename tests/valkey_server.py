"""A Valkey (or Redis) server for tests, on a port of its own, that forgets everything."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self
from unittest import mock

import pytest
from django.test.utils import override_settings
from pydantic import SecretStr
from valkey import Valkey, ValkeyError

from cli.program import free_port
from tertulia.kernel import carrier

PATIENCE = 20.0
PROGRAMS = ("valkey-server", "redis-server")


class ValkeyServer:
    """One server process, which tests may kill and start again. `with ValkeyServer() as server:` runs one."""

    def __init__(self, *addresses: str, password: str = "") -> None:
        self.port = free_port()
        self._addresses = addresses or ("127.0.0.1",)
        self._password = password
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """What `TERTULIA_BUS_URL` would be, at the first of its addresses."""
        return self.url_at(self._addresses[0])

    def url_at(self, address: str) -> str:
        """The same at another of its addresses."""
        secret = f":{self._password}@" if self._password else ""
        return f"valkey://{secret}{address}:{self.port}/0"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.kill(signal.SIGTERM)

    def start(self) -> None:
        """Start it; returns when it answers."""
        protected = ["--requirepass", self._password] if self._password else ["--protected-mode", "no"]
        self._process = subprocess.Popen(
            [program(), "--bind", *self._addresses, "--port", str(self.port), "--save", "", *protected],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
        )
        deadline = time.monotonic() + PATIENCE
        with Valkey.from_url(self.url, socket_timeout=PATIENCE) as client:
            while True:
                try:
                    client.ping()
                except (ValkeyError, OSError):
                    assert self._process.poll() is None, "the Valkey server does not start"
                    assert time.monotonic() < deadline, "the Valkey server does not answer"
                    time.sleep(0.02)
                else:
                    return

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        """End it."""
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(PATIENCE)
            self._process = None


@contextmanager
def carrying(url: str) -> Iterator[None]:
    """Notices of this process go to a server, by a carrier that has not sent any yet."""
    with mock.patch.object(carrier, "_carrier", None), override_settings(BUS_URL=SecretStr(url)):
        try:
            yield
        finally:
            if carrier._carrier is not None:
                carrier._carrier.end()


def program() -> str:
    """The server's program. Without one the test is skipped, but in continuous integration it fails."""
    found = next((path for path in map(shutil.which, PROGRAMS) if path), None)
    if found is not None:
        return str(Path(found))
    missing = "There is no Valkey server here to test with: apt-get install redis-server (or valkey-server)."
    if os.environ.get("CI"):
        pytest.fail(missing)
    pytest.skip(missing)
