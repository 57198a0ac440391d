"""Hears the bus: one PostgreSQL connection per web process that LISTENs, for as long as the process lives."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any, Final

import psycopg
import structlog
from django.db import connections

from tertulia.kernel.bus import CHANNEL

log = structlog.get_logger()

SILENCE: Final = 20.0
"""Seconds without a notice after which the connection is tried: one that died quietly would be silent for ever."""
PATIENCE: Final = 5
FIRST_PAUSE: Final = 0.1
LONGEST_PAUSE: Final = 5.0


async def listen(heard: Callable[[dict[str, Any]], None], connected: Callable[[], None]) -> None:
    """Call `heard` with every notice; call `connected` after each (re)connection, since notices may have been missed.

    Runs until cancelled; reconnects with growing pauses of at most five seconds.
    """
    pause = FIRST_PAUSE
    while True:
        try:
            async with await _connect() as connection:
                await connection.execute(f'LISTEN "{CHANNEL}"')
                pause = FIRST_PAUSE
                connected()
                while True:
                    async for notice in connection.notifies(timeout=SILENCE):
                        _pass_on(heard, notice.payload)
                    async with asyncio.timeout(PATIENCE):
                        await connection.execute("SELECT 1")
        except (psycopg.Error, OSError) as error:  # TimeoutError is an OSError
            log.warning("The live gateway lost the database; trying again", error=str(error).strip(), pause=pause)
        await asyncio.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)


async def _connect() -> psycopg.AsyncConnection[Any]:
    parameters = connections["default"].get_connection_params()
    for name in ("cursor_factory", "context", "prepare_threshold"):
        parameters.pop(name, None)
    parameters.setdefault("connect_timeout", PATIENCE)
    return await psycopg.AsyncConnection.connect(**parameters, autocommit=True)


def _pass_on(heard: Callable[[dict[str, Any]], None], payload: str) -> None:
    # Anybody with access to the database can send anything; one bad notice must not make this process deaf.
    try:
        heard(json.loads(payload))
    except Exception:
        log.exception("A notice of the bus could not be understood", payload=payload[:500])
