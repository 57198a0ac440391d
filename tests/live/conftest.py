"""What the tests of live share. All commit: the bus speaks at commit only."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from .process import Process
from .world import World


@pytest.fixture
def world(transactional_db: None) -> World:
    """Olga owns, Ina teaches, Mia and Ben learn, Gus is a guest, Otto is outside."""
    del transactional_db
    return World()


@pytest.fixture
def processes(transactional_db: None) -> Iterator[Callable[[], Process]]:
    """Starts web processes, and stops them when the test is over."""
    del transactional_db
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
