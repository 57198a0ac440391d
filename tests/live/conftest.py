"""What the tests of live share. All commit: the bus speaks at commit only."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from standing import standing
from valkey_server import ValkeyServer, carrying

from .process import Process
from .world import World

EITHER_BUS = {"live.test_membership", "live.test_replay", "live.test_showing"}
"""Modules whose tests run once with each carrier of notices; the others run with PostgreSQL."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Whatever goes through the bus is tested with both of them."""
    if metafunc.module.__name__ in EITHER_BUS and "bus" in metafunc.fixturenames:
        metafunc.parametrize("bus", ["postgresql", "valkey"], indirect=True)


@pytest.fixture(scope="session")
def valkey() -> Iterator[ValkeyServer]:
    """A server that tests share."""
    with ValkeyServer() as server:
        yield server


@pytest.fixture
def bus(request: pytest.FixtureRequest) -> Iterator[str]:
    """Who carries the notices."""
    name = str(getattr(request, "param", "postgresql"))
    if name == "postgresql":
        yield name
        return
    server: ValkeyServer = request.getfixturevalue("valkey")
    with carrying(server.url):
        yield name


@pytest.fixture
def world(transactional_db: None, bus: str) -> World:
    """Olga owns, Ina teaches, Mia and Ben learn, Gus is a guest, Otto is outside."""
    del transactional_db, bus
    return standing(World)


@pytest.fixture
def processes(transactional_db: None, bus: str) -> Iterator[Callable[[], Process]]:
    """Starts web processes, and stops them when the test is over."""
    del transactional_db, bus
    started: list[Process] = []

    def start() -> Process:
        process = Process()
        started.append(process)
        return process

    yield start
    for process in started:
        process.stop()


@pytest.fixture
def process(processes: Callable[[], Process]) -> Process:
    """One web process."""
    return processes()
