"""Finds what no notice told of: looks now and then whether a channel that somebody hears has come further.

Notices can be lost: between a commit and its notice a process may be killed, a network may swallow it. Whoever shows or
belongs to a channel still gets what was said there, a few seconds later. It costs a process one query each time.
"""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Final

import structlog
from django.db import InterfaceError, OperationalError

from tertulia.live import queries

if TYPE_CHECKING:
    from tertulia.live.hub import Hub

log = structlog.get_logger()

EVERY: Final = 5.0
"""Seconds, more or less: processes that started together must not ask together for ever."""


async def watch(hub: Hub) -> None:
    """Look every few seconds, until cancelled."""
    while True:
        await asyncio.sleep(EVERY * random.uniform(0.8, 1.2))  # noqa: S311 - not for secrets
        try:
            await look(hub)
        except (OperationalError, InterfaceError) as error:
            log.warning("Nobody can look for lost notices without the database", error=str(error).strip())
        except Exception:
            log.exception("Looking for lost notices failed; going on")


async def look(hub: Hub) -> None:
    """Tell the hub of every channel that has come further than it knows."""
    known = {room.channel: room.mark.revision for room in list(hub.rooms.values()) if room.mark is not None}
    if not known:
        return
    marks = await hub.database.read(queries.marks, known.keys())
    for channel, mark in marks.items():
        if mark.revision > known[channel]:
            hub.look(channel, mark.revision)
