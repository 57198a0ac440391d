"""Keeps the private PostgreSQL of `tertulia serve` running: one that was killed, or fell, is started again."""

from __future__ import annotations

import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from tertulia.cli.say import fail, say
from tertulia.config import postgres
from tertulia.config.environment import Environment

LOOK_EVERY = 0.5
LONGEST_PAUSE = 30.0
QUIET_FAILURES = 3  # processes of the one that fell may still be ending


class Keeper:
    """`with Keeper(environment):` looks after the private server, if there is one, in a thread of its own."""

    def __init__(self, given: Environment) -> None:
        self._folder: Path | None = given.var / "postgres" if given.database_url is None else None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="keep-postgres", daemon=True)

    def __enter__(self) -> Self:
        if self._folder is not None:
            self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _where: TracebackType | None
    ) -> None:
        """From here on the server may stop. Waits for a start under way: who stops it must find it."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()

    def _keep(self) -> None:
        assert self._folder is not None
        pause, failures = LOOK_EVERY, 0
        while not self._over.wait(pause):
            if postgres.runs(self._folder):
                pause, failures = LOOK_EVERY, 0
                continue
            if not failures:
                say("The private PostgreSQL stopped; starting it again.")
            try:
                postgres.start(self._folder)
            except postgres.DatabaseError as error:
                failures += 1
                if failures > QUIET_FAILURES:
                    fail(str(error))
                    pause = min(pause * 2, LONGEST_PAUSE)
            else:
                say("The private PostgreSQL is back.")
