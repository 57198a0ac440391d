"""The database's work, in a few threads with persistent connections, so that the event loop never waits."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import get_ident
from typing import Any, Final, ParamSpec, TypeVar

import psycopg
from django.db import InterfaceError, OperationalError, close_old_connections, connections
from django.db.backends.base.base import BaseDatabaseWrapper

P = ParamSpec("P")
R = TypeVar("R")

THREADS: Final = 4
FRESH: Final = 1.0
"""Seconds for which a connection that worked is taken to work. To ask it costs as much as a small read."""
PATIENCE: Final = 5
"""Seconds in which a connection should be made."""


async def connect() -> psycopg.AsyncConnection[Any]:
    """A connection for the event loop, to where Django's go. Raises what psycopg does."""
    parameters = connections["default"].get_connection_params()
    for name in ("cursor_factory", "context", "prepare_threshold"):
        parameters.pop(name, None)
    parameters.setdefault("connect_timeout", PATIENCE)
    return await psycopg.AsyncConnection.connect(**parameters, autocommit=True)


class Database:
    """A few threads that read, or write."""

    def __init__(self, threads: int = THREADS, name: str = "live-db") -> None:
        self._opened: list[BaseDatabaseWrapper] = []
        self._used: dict[int, float] = {}  # thread: when it last read
        self._threads = ThreadPoolExecutor(
            threads, thread_name_prefix=name, initializer=lambda: self._opened.append(connections["default"])
        )

    async def read(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run `work`, which may be run twice, in a database thread and await what it returns."""

        def run() -> R:
            try:
                if time.monotonic() - self._used.get(get_ident(), 0.0) < FRESH:
                    with suppress(OperationalError, InterfaceError):  # lost meanwhile: once more, looking first
                        return work(*args, **kwargs)
                close_old_connections()
                return work(*args, **kwargs)
            finally:
                self._used[get_ident()] = time.monotonic()

        return await asyncio.get_running_loop().run_in_executor(self._threads, run)

    def once(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> asyncio.Future[R]:
        """Run `work` once: what writes must not be run again by whoever does not know how far it came."""

        def run() -> R:
            if time.monotonic() - self._used.get(get_ident(), 0.0) >= FRESH:
                close_old_connections()
            try:
                return work(*args, **kwargs)
            finally:
                self._used[get_ident()] = time.monotonic()

        return asyncio.get_running_loop().run_in_executor(self._threads, run)

    async def close(self) -> None:
        """Let the reads under way finish, and close the connections."""
        await asyncio.get_running_loop().run_in_executor(None, self._close)

    def _close(self) -> None:
        self._threads.shutdown()
        for connection in self._opened:
            connection.inc_thread_sharing()  # its own thread has ended
            connection.close()
