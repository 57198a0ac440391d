"""Fixtures of the tests of REST as a whole."""

from __future__ import annotations

import pytest

from standing import standing

from .world import World


@pytest.fixture
def world(db: None) -> World:
    """Ana owns the workspace, Ben learns in it, Otto is outside."""
    del db
    return standing(World)
