"""The private PostgreSQL, killed under load: `tertulia serve` starts it again, and nothing acknowledged is lost."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from pytest_django.plugin import DjangoDbBlocker

from cli.program import Serving
from tertulia.config import postgres
from waiting import until

from .load import Load
from .town import Door, Town, settings

KILLS = 2


@pytest.fixture(scope="module")
def site(folder: Path) -> Iterator[Serving]:
    """`tertulia serve` as people try it: with a PostgreSQL of its own."""
    with Serving(folder / "var", **settings()) as site:
        yield site
        print(site.log.read_text(), (folder / "var/postgres.log").read_text())  # noqa: T201 - pytest shows it with what failed


@pytest.fixture(scope="module")
def town(site: Serving, folder: Path, django_db_blocker: DjangoDbBlocker) -> Town:
    """A town in it."""
    del site
    sockets = quote(str(folder / "var/postgres"), safe="")
    url = f"postgresql://{postgres.SUPERUSER}@/{postgres.DATABASE}?host={sockets}&port={postgres.PORT}"
    town = Town(url, django_db_blocker)
    town.settle(8)
    town.rows("CHECKPOINT")  # recovery need not go through the making of all tables
    return town


def postmaster(folder: Path) -> int:
    """The process id of the server's main process."""
    return int((folder / "var/postgres/postmaster.pid").read_text().splitlines()[0])


def test_postgresql_killed_under_load(town: Town, site: Serving, folder: Path, chance: random.Random) -> None:
    channels = [town.channel("PostgreSQL") for _ in range(2)]
    with Load(town, channels, [Door("127.0.0.1", site.port)], chance) as load:
        load.more(20)
        for _ in range(KILLS):
            time.sleep(chance.uniform(0, 0.8))
            killed = postmaster(folder)
            os.kill(killed, signal.SIGKILL)
            load.more(20)
            assert postmaster(folder) != killed
        load.end()
    until(lambda: site.status("/healthz") == 200, "all of it serves again, jobs too")
    assert site.log.read_text().count("The private PostgreSQL is back.") == KILLS
