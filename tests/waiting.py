"""Waiting for what other processes and threads do."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE = 30.0
"""Seconds that anything may take on a busy machine."""


def until(true: Callable[[], object], what: str = "", *about: object, seconds: float = PATIENCE) -> None:
    """Wait until something is true; `about`: what to show if it never is."""
    last = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < last, f"It did not come true: {what} {' '.join(map(str, about))}"
        time.sleep(0.005)
