"""What the tests of SCIM share."""

from __future__ import annotations

import pytest
from django.core.cache import cache

from enrolments.world import World
from standing import standing

from .directory import Directory


@pytest.fixture
def world(db: None) -> World:
    """Course: Olga owns it, Otto is outside."""
    del db
    cache.clear()
    return standing(World)


@pytest.fixture
def directory(world: World) -> Directory:
    """A directory with Olga's token."""
    return Directory(world.olga, "enrolments:write")
