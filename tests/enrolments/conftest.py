"""What the tests of enrolments share."""

from __future__ import annotations

import pytest

from standing import standing

from .world import World


@pytest.fixture
def world(db: None) -> World:
    """A workspace with a source."""
    del db
    return standing(World)
