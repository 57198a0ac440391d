"""Identifiers: UUID version 7 (RFC 9562), which sort by time of making and tell nothing of other workspaces."""

from __future__ import annotations

import uuid

import uuid_utils


def new_id() -> uuid.UUID:
    """A new id, larger than every id this process made before it in an earlier millisecond."""
    return uuid.UUID(int=uuid_utils.uuid7().int)
