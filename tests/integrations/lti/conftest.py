"""What the tests of LTI share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client

from .platform import FakePlatform
from .world import World


@pytest.fixture
def fake() -> Iterator[FakePlatform]:
    """A fake LMS that runs."""
    platform = FakePlatform()
    yield platform
    platform.close()


@pytest.fixture
def world(db: None, fake: FakePlatform) -> World:
    """An installation that knows this LMS, with a course that is connected to a workspace."""
    del db
    return World(fake)


@pytest.fixture
def visitor() -> Client:
    """A browser that checks form tokens."""
    return Client(enforce_csrf_checks=True)
