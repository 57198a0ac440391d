"""Two hosts that share one PostgreSQL over the network, and nothing else: nobody notices that there are two.

Where the kernel makes no network namespaces, they are two `tertulia serve` of one host, on two ports.
"""

from __future__ import annotations

import random
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from cli.program import Serving
from tertulia.config import postgres
from valkey_server import ValkeyServer

from . import hosts
from .crossing import check_crossing
from .hosts import NETWORK, Host
from .load import Load
from .town import Door, Town, settings

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def pair() -> Iterator[list[Host]]:
    """Two hosts."""
    why_not = hosts.why_not()
    if why_not:
        yield [Host(), Host()]
        return
    with hosts.host(1) as one, hosts.host(2) as other:
        yield [one, other]


@pytest.fixture(scope="module")
def database(database: str, pair: list[Host], folder: Path) -> Iterator[str]:
    """The same database on a server that hosts reach over the network."""
    if not pair[0].cable:
        yield database
        return
    data = folder / "postgres"
    url = postgres.start(data)
    programs = postgres.programs()
    dump = subprocess.run([programs / "pg_dump", "--dbname", database], check=True, capture_output=True)
    subprocess.run([programs / "psql", "--quiet", "--dbname", url], check=True, input=dump.stdout, capture_output=True)
    with psycopg.connect(url, autocommit=True) as server:
        addresses = ",".join(host.ours for host in pair)
        server.execute(f"ALTER SYSTEM SET listen_addresses = '{addresses}'".encode())
    with (data / "pg_hba.conf").open("a") as rules:
        rules.write(f"host all all {NETWORK} trust\n")
    postgres.release(data)
    yield postgres.start(data)
    postgres.release(data)


@pytest.fixture(scope="module", params=["postgresql", "valkey"])
def valkey(request: pytest.FixtureRequest, pair: list[Host]) -> Iterator[ValkeyServer | None]:
    """Who carries the notices: PostgreSQL, or this server."""
    if request.param == "postgresql":
        yield None
    else:
        with ValkeyServer(*sorted({host.ours for host in pair})) as server:
            yield server


@pytest.fixture(scope="module")
def doors(pair: list[Host], town: Town, valkey: ValkeyServer | None, folder: Path) -> Iterator[list[Door]]:
    """Where the hosts are reached, each with a folder of its own."""
    serving = []
    for number, host in enumerate(pair):
        own = folder / f"host-{number}"
        own.mkdir(exist_ok=True)
        url = f"postgresql://postgres@{host.ours}:{postgres.PORT}/{postgres.DATABASE}" if host.cable else town.url
        bus = {"bus_url": valkey.url_at(host.ours)} if valkey else {}
        more = settings(database_url=url, **bus)
        serving.append(Serving(own / "var", host=host.address, inside=host.inside, **more))
    with ExitStack() as stack:
        for site in serving:
            stack.callback(site.stop)
        for site in serving:
            stack.enter_context(site)
        yield [Door(site.host, site.port) for site in serving]


def test_what_is_done_on_one_host_is_live_on_the_other(town: Town, doors: list[Door]) -> None:
    check_crossing(town, doors[0], doors[1])


def test_everybody_ends_with_the_same_whichever_host_they_came_to(
    town: Town, doors: list[Door], chance: random.Random
) -> None:
    channels = [town.channel("Hosts") for _ in range(2)]
    with Load(town, channels, doors, chance) as load:
        load.more(60)
        load.end()


def test_a_host_whose_cable_is_out_for_a_while(
    town: Town, pair: list[Host], doors: list[Door], chance: random.Random
) -> None:
    host = pair[1]
    if not host.cable:
        pytest.skip(hosts.why_not())
    channels = [town.channel("Cable")]
    with Load(town, channels, doors, chance) as load:
        load.more(20)
        for _ in range(2):
            host.pull()
            time.sleep(chance.uniform(0.2, 2))
            host.plug()
            load.more(20)
        load.end()
