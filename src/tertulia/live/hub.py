"""The hub of one web process: who hears what, and what has been told of each channel.

All of it lives on the event loop's thread. A channel's changes are read once per process, whatever the number of
subscribers, and the same encoded frame goes to each. Who may hear what is decided by `rights`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, Final
from uuid import UUID
from weakref import WeakValueDictionary

import structlog

from tertulia.live import queries
from tertulia.live.connection import Connection
from tertulia.live.database import Database
from tertulia.live.errands import Errands, Stale
from tertulia.live.frames import LARGEST_REVISION, encode
from tertulia.live.presence import Presence
from tertulia.live.queries import Changes, Mark
from tertulia.live.rights import Rights
from tertulia.live.rooms import Room

log = structlog.get_logger()

WORKSPACE_PAUSE: Final = 0.5
"""Seconds in which changes of one workspace are told once: a whole class may come in within them."""

Notice = dict[str, Any]


class Hub:
    """Everything that the process's sockets share."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.connections: set[Connection] = set()
        self.by_person: dict[UUID, set[Connection]] = {}
        self.rooms: WeakValueDictionary[UUID, Room] = WeakValueDictionary()
        self.errands = Errands()
        self.presence = Presence(self)
        self.rights = Rights(self)
        self.kinds: dict[str, Callable[[Notice], None]] = {
            "posts": lambda notice: self.look(UUID(notice["channel"]), int(notice["revision"])),
            "channel": lambda notice: self._channel(UUID(notice["channel"])),
            "joined": lambda notice: self.rights.doubt(UUID(notice["person"])),
            "left": lambda notice: self.rights.left(UUID(notice["person"]), UUID(notice["channel"])),
            "read": lambda notice: self._read(UUID(notice["person"]), UUID(notice["channel"])),
            "sidebar": lambda notice: self.tell(self.tabs(UUID(notice["person"])), encode("sidebar", workspace=None)),
            "workspace": lambda notice: self._workspace(UUID(notice["workspace"])),
            "identity": lambda notice: self._identity(UUID(notice["person"])),
            "typing": self._typing,
            "presence": lambda notice: self.presence.heard(notice["states"]),
        }

    # coming and going

    def add(self, connection: Connection) -> None:
        """A socket that has signed in: once its rights are read it is greeted, and hears about all its channels."""
        self.connections.add(connection)
        self.by_person.setdefault(connection.person_id, set()).add(connection)
        self.presence.came(connection.person_id)
        self.rights.doubt(connection.person_id)

    def remove(self, connection: Connection) -> None:
        """A socket that is gone."""
        self.connections.discard(connection)
        tabs = self.by_person.get(connection.person_id, set())
        tabs.discard(connection)
        if not tabs:
            self.by_person.pop(connection.person_id, None)
            self.presence.gone(connection.person_id)
        for channel in list(connection.member_of):
            self.unsubscribe(connection, channel)
        for channel in list(connection.shown):
            self.hide(connection, channel)

    async def close(self) -> None:
        """Stop following notices."""
        await self.errands.close()

    def tabs(self, person: UUID) -> list[Connection]:
        """The person's sockets in this process."""
        return list(self.by_person.get(person, ()))

    # who hears what

    def room(self, channel: UUID) -> Room:
        """The channel's room, made if nobody was in it. Whoever comes in must hold it."""
        room = self.rooms.get(channel)
        if room is None:
            room = self.rooms[channel] = Room(channel)
        return room

    def subscribe(self, connection: Connection, channel: UUID, mark: Mark) -> None:
        """The connection belongs to the channel from here on, knowing it up to `mark`."""
        room = connection.member_of[channel] = self.room(channel)
        room.begin(mark)
        room.members.add(connection)

    def unsubscribe(self, connection: Connection, channel: UUID) -> None:
        """It no longer belongs to it."""
        room = connection.member_of.pop(channel, None)
        if room is not None:
            room.members.discard(connection)

    def hide(self, connection: Connection, channel: UUID) -> None:
        """The tab turned to another channel, or may not see this one any more."""
        room = connection.shown.pop(channel, None)
        if room is not None:
            room.showing.discard(connection)
            room.entering.discard(connection)

    async def show(self, connection: Connection, channel: UUID, revision: int) -> None:
        """Send what the tab missed since `revision`, then everything that comes."""
        # Before anything is read: whoever takes the right away from now on finds the tab here, and hides it.
        room = connection.shown[channel] = self.room(channel)
        room.entering.add(connection)
        mark = await self.database.read(queries.may_hear, connection.person_id, channel)
        if mark is None:
            self.hide(connection, channel)
            connection.send(encode("left", channel=channel))
            return
        async with room.lock:
            if connection not in room.entering:
                return
            room.begin(mark)
            frames = await self._missed(room, mark, revision)
            if connection not in room.entering:
                return
            for frame in frames or [encode("reload", channel=channel)]:
                connection.send(frame, channel)
            if not frames:
                self.hide(connection, channel)
                return
            room.entering.discard(connection)
            room.showing.add(connection)
        if room.wanted is not None:
            self._pump(room)

    async def _missed(self, room: Room, mark: Mark, revision: int) -> list[str]:
        """The frames that bring a tab from `revision` to now, while the room is locked; none: it must reload."""
        if revision > mark.revision:
            return []  # of another life of this database
        if revision == mark.revision and room.mark is not None and room.mark.revision <= revision:
            return [encode("shown", channel=room.channel, revision=revision)]
        changes = await self.database.read(queries.changes, room.channel, Mark(revision, LARGEST_REVISION))
        if changes is None or changes.too_many:
            return []
        shown = encode("shown", channel=room.channel, revision=changes.mark.revision)
        return [changes.posts, shown] if changes.posts else [shown]

    # what the bus says

    def heard(self, notice: Notice) -> None:
        """One notice of the bus; kinds are those of `kernel.bus.KINDS`. Raises for anything else."""
        self.kinds[notice["kind"]](notice)

    def missed(self) -> None:
        """The bus was down for a while: look at every channel that somebody hears, and at everybody's rights."""
        for room in list(self.rooms.values()):
            self.look(room.channel, None)
            self.tell(room.showing, encode("channel", channel=room.channel), room.channel)
        for person in list(self.by_person):
            self.rights.doubt(person)
        for connection in self.connections:
            for workspace in list(connection.workspaces)[:1]:  # naming one spreads the fetching, which is of all
                connection.send(encode("sidebar", workspace=workspace))
        self.presence.ask()

    def look(self, channel: UUID, revision: int | None) -> None:
        """Tell what is new in a channel up to `revision`; None: if there is anything."""
        room = self.rooms.get(channel)
        if room is not None:  # else nobody here hears it
            room.want(revision)
            self._pump(room)

    def _pump(self, room: Room) -> None:
        self.errands.ask(("posts", room.channel), lambda _stale: self._read_and_tell(room))

    async def _read_and_tell(self, room: Room) -> None:
        async with room.lock:
            asked = room.wanted
            if asked is None or room.mark is None or not (room.members or room.showing):
                return
            changes = None
            if asked > room.mark.revision:
                changes = await self.database.read(queries.changes, room.channel, room.mark)
            room.told(changes.mark if changes else room.mark, asked)
            if changes is not None:
                self._tell_changes(room, changes)

    def _tell_changes(self, room: Room, changes: Changes) -> None:
        if changes.too_many:
            self.tell(room.showing, encode("reload", channel=room.channel), room.channel)
            self.tell(room.members, encode("sidebar", workspace=changes.workspace_id), room.channel)
        if changes.posts:
            self.tell(room.showing, changes.posts, room.channel)
        if changes.activity:
            self.tell(room.members, changes.activity, room.channel)

    def _channel(self, channel: UUID) -> None:
        room = self.rooms.get(channel)
        if room is None:
            return
        self.tell(room.members | room.showing, encode("channel", channel=channel), channel)
        for connection in (room.showing | room.entering) - room.members:
            self.rights.doubt(connection.person_id)  # it may have become private

    def _workspace(self, workspace: UUID) -> None:
        async def tell(_stale: Stale) -> None:
            await asyncio.sleep(WORKSPACE_PAUSE)
            here = [connection for connection in self.connections if workspace in connection.workspaces]
            self.tell(here, encode("sidebar", workspace=workspace))

        self.errands.ask(("workspace", workspace), tell)

    def _identity(self, person: UUID) -> None:
        self.rights.doubt(person)
        self.presence.door_changed(person)

    def _read(self, person: UUID, channel: UUID) -> None:
        async def tell(_stale: Stale) -> None:
            state = await self.database.read(queries.reading, person, channel)
            if state is not None:
                self.tell(self.tabs(person), encode("read", channel=channel, **state), channel)

        if person in self.by_person:
            self.errands.ask(("read", person, channel), tell)

    def _typing(self, notice: Notice) -> None:
        room = self.rooms.get(UUID(notice["channel"]))
        if room is None:
            return
        words = {name: notice[name] for name in ("channel", "root", "person", "name")}
        others = [connection for connection in room.showing if str(connection.person_id) != notice["person"]]
        self.tell(others, encode("typing", **words), room.channel)

    def tell(self, connections: Iterable[Connection], frame: str, about: UUID | None = None) -> None:
        """The same frame to each of these, `about` a channel that they hear."""
        for connection in list(connections):
            connection.send(frame, about)
