"""What a tab says: taken in order, each frame answered before the next, without a task unless one has to wait."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec
import structlog
from django.db import InterfaceError, OperationalError

from tertulia.kernel import bus
from tertulia.live import connection, frames

if TYPE_CHECKING:
    from tertulia.live.connection import Connection

log = structlog.get_logger()

LONGEST: Final = 16 * 1024
TYPING_PAUSE: Final = 2.5
"""Seconds in which a tab's typing in one channel is told once."""


def heard(tab: Connection, text: str | bytes) -> None:
    """One message came from the tab. What is no frame of ours, or one too many, ends it."""
    if tab.closed:
        return
    if not tab.may_speak():
        tab.close(connection.TOO_MANY)
        return
    try:
        if len(text) > LONGEST:
            raise msgspec.ValidationError
        frame = frames.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError):
        tab.close(connection.NOT_A_FRAME)
        return
    if tab.asking is None:
        tab.asking = [frame]
        go_on(tab)
    elif len(tab.asking) < connection.BURST:
        tab.asking.append(frame)
    else:
        tab.close(connection.TRY_LATER)


def go_on(tab: Connection) -> None:
    """Answer what the tab has said, at once where nothing has to be waited for."""
    while tab.asking and not tab.closed:
        match tab.asking.pop(0):
            case frames.Hide(channel):
                tab.hub.hide(tab, channel)
            case frames.Ping():
                tab.send(_PONG)
            case frame:
                tab.task = asyncio.get_running_loop().create_task(_answer(tab, frame))
                return
    tab.asking = None


async def _answer(tab: Connection, frame: frames.Show | frames.Typing | frames.Watch) -> None:
    try:
        match frame:
            case frames.Show(channel, revision):
                await tab.hub.show(tab, channel, revision)
            case frames.Typing(channel, root):
                await _typing(tab, channel, root)
            case frames.Watch(people):
                await tab.hub.presence.watch(tab, people)
    except (OperationalError, InterfaceError) as error:
        log.warning("A tab's frame needs the database, which is away", error=str(error).strip())
        tab.close(connection.TRY_LATER)
    except Exception:
        log.exception("A tab's frame could not be answered")
        tab.close(connection.BROKEN)
    else:
        tab.task = None
        go_on(tab)


_PONG = frames.encode("pong")


async def _typing(tab: Connection, channel: UUID, root: UUID | None) -> None:
    moment = time.monotonic()
    if tab.typed_at is None:
        tab.typed_at = {}
    if not tab.hub.belongs(tab, channel) or moment - tab.typed_at.get(channel, -TYPING_PAUSE) < TYPING_PAUSE:
        return
    tab.typed_at[channel] = moment
    person, name = tab.person_id, tab.name
    await tab.hub.database.read(bus.notify, "typing", channel=channel, root=root, person=person, name=name)
