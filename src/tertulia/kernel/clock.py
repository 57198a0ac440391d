"""The time: one function, so that tests can stop the clock in one place. And the zones in which people read it."""

from __future__ import annotations

import zoneinfo
from datetime import UTC, datetime
from functools import cache


def now() -> datetime:
    """The present moment in UTC, with its zone."""
    return datetime.now(UTC)


@cache
def zones() -> frozenset[str]:
    """The names of all time zones (IANA) that this machine knows. Read once: it walks through hundreds of files."""
    return frozenset(zoneinfo.available_timezones())
