"""Hears the bus, for as long as the web process lives: one connection that LISTENs to PostgreSQL, or to Valkey."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any, Final

import structlog
from django.conf import settings

from tertulia.kernel import carrier
from tertulia.kernel.bus import CHANNEL
from tertulia.live.database import connect

log = structlog.get_logger()

SILENCE: Final = 20.0
"""Seconds without a notice after which the connection is tried: one that died quietly would be silent for ever."""
PATIENCE: Final = 5
FIRST_PAUSE: Final = 0.1
LONGEST_PAUSE: Final = 5.0

MISSED: Final = carrier.MISSED.encode()

Heard = Callable[[dict[str, Any]], None]
Connected = Callable[[], None]


async def listen(heard: Heard, connected: Connected) -> None:
    """Call `heard` with every notice; call `connected` when notices may have been missed, as after each (re)connection.

    Runs until cancelled; reconnects with growing pauses of at most five seconds.
    """
    pause = FIRST_PAUSE

    def well() -> None:
        nonlocal pause
        pause = FIRST_PAUSE
        connected()

    while True:
        try:
            await hear(heard, well)
        except Exception as error:  # noqa: BLE001 - a process that no longer listens would be deaf until it ends
            log.warning("The live gateway lost the bus; trying again", error=_sentence(error), pause=pause)
        await asyncio.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)


async def hear(heard: Heard, connected: Connected) -> None:
    """The same with one connection, until it is lost. Raises what its library does, OSError and TimeoutError."""
    if settings.BUS_URL is None:
        await _hear_postgresql(heard, connected)
    else:
        await _hear_valkey(heard, connected)


async def _hear_postgresql(heard: Heard, connected: Connected) -> None:
    async with await connect() as connection:
        await connection.execute(f'LISTEN "{CHANNEL}"')
        connected()
        while True:
            async for notice in connection.notifies(timeout=SILENCE):
                _pass_on(heard, notice.payload)
            async with asyncio.timeout(PATIENCE):
                await connection.execute("SELECT 1")


async def _hear_valkey(heard: Heard, connected: Connected) -> None:
    from valkey.asyncio import Valkey  # a quarter of a second to import, which only those who use it pay

    client: Any = Valkey.from_url(carrier.address(), **carrier.options())
    async with client, client.pubsub() as subscription:
        await subscription.subscribe(carrier.channel())
        while True:
            message = await subscription.get_message(timeout=SILENCE)
            if message is None:
                await subscription.ping()
                message = await subscription.get_message(timeout=PATIENCE)
                if message is None:
                    raise TimeoutError("it does not answer")
            if message["type"] == "subscribe":  # confirmed, and again should the library have connected anew
                connected()
            elif message["type"] == "message":
                for payload in message["data"].split(b"\n"):
                    if payload == MISSED:
                        connected()
                    else:
                        _pass_on(heard, payload)


def _pass_on(heard: Heard, payload: str) -> None:
    # Anybody with access to the bus can send anything; one bad notice must not make this process deaf.
    try:
        heard(json.loads(payload))
    except Exception:
        log.exception("A notice of the bus could not be understood", payload=payload[:500])


def _sentence(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
