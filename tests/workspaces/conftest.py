"""What the tests of workspaces share."""

from __future__ import annotations

import pytest

from standing import standing

from .world import World


@pytest.fixture
def world(db: None) -> World:
    """People and workspaces."""
    del db
    return standing(World)
