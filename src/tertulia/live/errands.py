"""Work that notices ask for: one of a kind at a time, once more if asked again, and again if the database was lost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Final

import structlog
from django.db import InterfaceError, OperationalError

log = structlog.get_logger()

FIRST_PAUSE: Final = 0.2
LONGEST_PAUSE: Final = 5.0

Stale = Callable[[], bool]
"""Whether the errand has been asked again since it began, so that what it has read may be old."""


@dataclass(eq=False)
class _Errand:
    work: Callable[[Stale], Awaitable[None]]
    again: bool = False
    task: asyncio.Task[None] | None = None


class Errands:
    """Keeps many notices about one thing from reading it many times, or from telling its states in the wrong order."""

    def __init__(self) -> None:
        self._running: dict[Hashable, _Errand] = {}

    def ask(self, key: Hashable, work: Callable[[Stale], Awaitable[None]]) -> None:
        """Run `work`; while work of this key runs, note only that it must run once more."""
        running = self._running.get(key)
        if running is not None:
            running.again = True
            return
        errand = self._running[key] = _Errand(work)
        errand.task = asyncio.get_running_loop().create_task(self._run(key, errand))

    async def close(self) -> None:
        """Stop everything that runs."""
        tasks = [errand.task for errand in self._running.values() if errand.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, key: Hashable, errand: _Errand) -> None:
        pause = FIRST_PAUSE
        try:
            while True:
                errand.again = False
                try:
                    await errand.work(lambda: errand.again)
                except (OperationalError, InterfaceError) as error:
                    log.warning("The live gateway waits for the database", error=str(error).strip(), pause=pause)
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, LONGEST_PAUSE)
                    continue
                except Exception:
                    log.exception("The live gateway could not follow a notice")
                if not errand.again:
                    return
        finally:
            del self._running[key]
