"""The time. One function, so that tests can stop the clock in one place."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """The present moment in UTC, with its zone."""
    return datetime.now(UTC)
