"""What the tests of posts share."""

from __future__ import annotations

import pytest

from standing import standing

from .world import World


@pytest.fixture
def world(db: None) -> World:
    """Olga owns, Mia and Ben learn, Gus is a guest, Otto is outside."""
    del db
    return standing(World)
