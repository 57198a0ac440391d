"""What the tests of LTI share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client

from standing import standing

from .platform import FakePlatform, Server
from .world import World


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """Where the fake LMS is, which is one to all who know it by its address."""
    server = Server()
    yield server
    server.close()


@pytest.fixture
def fake(server: Server) -> Iterator[FakePlatform]:
    """A fake LMS that runs, as new."""
    platform = FakePlatform(server=server)
    yield platform
    platform.answering.set()


@pytest.fixture
def world(db: None, fake: FakePlatform) -> World:
    """An installation that knows this LMS, with a course that is connected to a workspace."""
    del db
    made = standing(World, fake)
    fake.asked = 0  # its keys are known here by now
    return made


@pytest.fixture
def visitor() -> Client:
    """A browser that checks form tokens."""
    return Client(enforce_csrf_checks=True)
