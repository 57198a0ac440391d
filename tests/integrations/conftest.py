"""The world of the tests of imports."""

from __future__ import annotations

import pytest

from tertulia.people.services import create_person
from tertulia.workspaces.services import add_member, create_workspace

from .slack_world import World


@pytest.fixture
def world() -> World:
    """An owner and a member in a workspace, and an outsider; all with confirmed addresses."""
    owner = create_person(email="olga@example.org", display_name="Olga", verified=True, is_owner=True)
    member = create_person(email="mia@example.org", display_name="Mia", verified=True)
    outsider = create_person(email="otto@example.org", display_name="Otto", verified=True)
    workspace = create_workspace(actor=owner, slug="art", name="Art", template="blank")
    add_member(actor=owner, workspace=workspace, person=member)
    return World(owner, member, outsider, workspace)
