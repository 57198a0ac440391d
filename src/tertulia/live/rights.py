"""Who may hear what. Rights are read again whenever something may have changed them, and nothing is told meanwhile.

A tab whose rights are in doubt is held: frames queue up and are written once it is sure that the tab may have them. So
somebody who was banned, signed out or shut out hears nothing that was said afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import InterfaceError, OperationalError

from tertulia.live import queries
from tertulia.live.connection import BROKEN, SIGNED_OUT, Connection
from tertulia.live.errands import Stale
from tertulia.live.frames import encode
from tertulia.live.gathering import Gathered
from tertulia.live.queries import Asked, Mark, Standing

if TYPE_CHECKING:
    from tertulia.live.hub import Hub


class Rights:
    """What everybody here may hear."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._standings = Gathered(hub.database, queries.standings)

    def doubt(self, person: UUID) -> None:
        """Something about the person changed: hold their tabs until their rights have been read again."""
        tabs = self._hub.tabs(person)
        for connection in tabs:
            connection.hold()
        if tabs:
            self._hub.errands.ask(("rights", person), lambda stale: self._check(person, stale))

    def left(self, person: UUID, channel: UUID) -> None:
        """The person is no longer in the channel: not a frame more of it, from this moment on."""
        for connection in self._hub.tabs(person):
            self._take(connection, channel)
        self.doubt(person)

    async def _check(self, person: UUID, stale: Stale) -> None:
        try:
            standing = await self._read(person)
            if stale():
                return  # the errand runs again
            opened: set[UUID] = set()
            tabs = self._hub.tabs(person)
            fewer = [connection for connection in tabs if connection.workspaces - standing.home.workspaces]
            for connection in tabs:
                opened |= self._apply(connection, standing)
            # What was said between reading and subscribing; where somebody is already, they were told of it.
            marks = await self._hub.database.read(queries.marks, opened) if opened else {}
            for channel, mark in marks.items():
                self._hub.look(channel, mark.revision)
            for connection in fewer:  # they may have lost sight of people whom they watch
                await self._hub.presence.watch(connection, connection.watched)
        except (OperationalError, InterfaceError):
            raise  # the errand tries again, and the tabs are held until then
        except Exception:
            for connection in self._hub.tabs(person):
                connection.close(BROKEN)
            raise

    async def _read(self, person: UUID) -> Standing:
        tabs = self._hub.tabs(person)
        keys = frozenset(connection.session_key for connection in tabs)
        shown = frozenset(channel for connection in tabs for channel in connection.shown)
        return await self._standings(Asked(person, keys, shown))

    def _apply(self, connection: Connection, standing: Standing) -> set[UUID]:
        """Let the tab hear what it may, and nothing else. Returns the channels that nobody here knew before."""
        if connection.session_key not in standing.sessions:
            connection.close(SIGNED_OUT)
            return set()
        channels = standing.home.channels
        belonged = {room.channel for room in connection.member_of}
        for channel in belonged - channels.keys():
            self._take(connection, channel)
        for channel in connection.shown.keys() - channels.keys() - standing.hears:
            self._take(connection, channel)
        fresh = channels.keys() - belonged
        opened = {channel for channel in fresh if self._hub.subscribe(connection, channel, channels[channel])}
        connection.name = standing.name
        connection.workspaces = standing.home.workspaces
        if connection.settled:
            for channel in fresh:
                connection.send(encode("joined", channel=channel), channel)
        else:
            connection.greet(encode("hello", person=connection.person_id, channels=_places(connection, channels)))
        connection.release()
        return opened

    def _take(self, connection: Connection, channel: UUID) -> None:
        if channel not in connection.shown and not self._hub.belongs(connection, channel):
            return
        self._hub.unsubscribe(connection, channel)
        self._hub.hide(connection, channel)
        connection.forget(channel)
        connection.send(encode("left", channel=channel))


def _places(connection: Connection, channels: Mapping[UUID, Mark]) -> dict[UUID, int]:
    """How far each channel has come that the tab belongs to: what comes after is told to it.

    Others here may have been told more than was read, and it is not told again.
    """
    places = {channel: mark.last_seq for channel, mark in channels.items()}
    for room in connection.member_of:
        if room.mark is not None and room.mark.last_seq > places[room.channel]:
            places[room.channel] = room.mark.last_seq
    return places
