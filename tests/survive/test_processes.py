"""Two web processes of one host: what happens in one is live in the other, and either may be killed at any moment."""

from __future__ import annotations

import os
import random
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from cli.program import Serving
from valkey_server import ValkeyServer
from waiting import until

from .crossing import check_crossing
from .load import Load
from .town import Door, Town, settings

pytestmark = pytest.mark.django_db(transaction=True)

KILLS = 3


@pytest.fixture(scope="module")
def site(town: Town, valkey: ValkeyServer | None, folder: Path) -> Iterator[Serving]:
    """`tertulia serve` with two web processes."""
    bus = {"bus_url": valkey.url} if valkey else {}
    with Serving(folder / "var", workers=2, **settings(database_url=town.url, **bus)) as site:
        until(lambda: len(site.processes("web")) == 2, "both web processes run")
        yield site


@dataclass(frozen=True)
class DoorOf(Door):
    """The door of one of two web processes: they share a port, and whoever is quicker takes a connection."""

    process: int
    other: int

    def connect(self, seconds: float = 15) -> socket.socket:
        """A connection that this process has taken, while the other sleeps."""
        os.kill(self.other, signal.SIGSTOP)
        try:
            line = super().connect(seconds)
            port = line.getsockname()[1]
            until(lambda: self._has(port), "the process takes a connection")
        finally:
            os.kill(self.other, signal.SIGCONT)
        return line

    def _has(self, port: int) -> bool:
        lines = psutil.Process(self.process).net_connections("tcp")
        return any(line.raddr and line.raddr.port == port for line in lines)


def test_what_is_done_in_one_process_is_live_in_the_other(town: Town, site: Serving) -> None:
    one, other = site.processes("web")
    check_crossing(town, DoorOf("127.0.0.1", site.port, one, other), DoorOf("127.0.0.1", site.port, other, one))


def test_web_processes_killed_under_load(town: Town, site: Serving, chance: random.Random) -> None:
    channels = [town.channel("Web") for _ in range(2)]
    with Load(town, channels, [Door("127.0.0.1", site.port)], chance) as load:
        load.more(20)
        for _ in range(KILLS):
            time.sleep(chance.uniform(0, 0.8))
            running = site.processes("web")
            with suppress(ProcessLookupError):
                os.kill(chance.choice(running), signal.SIGKILL)
            if chance.random() < 0.3:
                for process in site.processes("web"):  # all of them at once
                    with suppress(ProcessLookupError):
                        os.kill(process, signal.SIGKILL)
            load.more(10)
        load.end()
    assert any(screen.connections > 1 for screen in load.screens)


def test_valkey_killed_under_load(
    town: Town, site: Serving, valkey: ValkeyServer | None, chance: random.Random
) -> None:
    if valkey is None:
        pytest.skip("PostgreSQL carries the notices")
    channels = [town.channel("Valkey")]
    with Load(town, channels, [Door("127.0.0.1", site.port)], chance) as load:
        load.more(10)
        for _ in range(2):
            valkey.kill()
            load.more(20)
            time.sleep(chance.uniform(0, 0.5))
            valkey.start()
            load.more(10)
        load.end()
    assert all(writer.repeated == 0 for writer in load.writers), "no write fails because notices are not carried"
