"""The hub of one web process: who hears what, and what has been told of each channel.

All of it lives on the event loop's thread. What is said is read once per process and told by `news`; who may hear
what is decided by `rights`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, Final
from uuid import UUID
from weakref import WeakValueDictionary

import structlog

from tertulia.kernel import bus
from tertulia.live import queries
from tertulia.live.connection import Connection
from tertulia.live.database import Database
from tertulia.live.errands import Errands, Stale
from tertulia.live.frames import encode
from tertulia.live.fresh import Fresh
from tertulia.live.gathering import Gathered
from tertulia.live.news import News
from tertulia.live.presence import Presence
from tertulia.live.queries import Mark
from tertulia.live.rights import Rights
from tertulia.live.rooms import Room

log = structlog.get_logger()

WORKSPACE_PAUSE: Final = 0.5
"""Seconds in which changes of one workspace are told once: a whole class may come in within them."""

OWN_ANSWER: Final = 0.25
"""Seconds in which this process should have told what it wrote itself."""

Notice = dict[str, Any]


class Hub:
    """Everything that the process's sockets share."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.connections: set[Connection] = set()
        self.by_person: dict[UUID, tuple[Connection, ...]] = {}
        self.rooms: WeakValueDictionary[UUID, Room] = WeakValueDictionary()
        self.errands = Errands()
        self.everybody = Gathered(database, queries.everybody)
        self.hearing = Gathered(database, queries.hearing)
        self.missing = Gathered(database, queries.missed)
        self.news = News(self)
        self.presence = Presence(self)
        self.rights = Rights(self)
        self.kinds: dict[str, Callable[[Notice], None]] = {
            "posts": self._posts,
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
        self.by_person[connection.person_id] = (*self.tabs(connection.person_id), connection)
        self.presence.came(connection.person_id)
        self.rights.doubt(connection.person_id)

    def remove(self, connection: Connection) -> None:
        """A socket that is gone."""
        if connection not in self.connections:
            return
        self.connections.discard(connection)
        tabs = tuple(other for other in self.tabs(connection.person_id) if other is not connection)
        if tabs:
            self.by_person[connection.person_id] = tabs
        else:
            del self.by_person[connection.person_id]
            self.presence.gone(connection.person_id)
        for room in connection.member_of:
            room.members.discard(connection)
        connection.member_of.clear()
        for channel in list(connection.shown):
            self.hide(connection, channel)

    async def close(self) -> None:
        """Stop following notices."""
        await self.errands.close()

    def tabs(self, person: UUID) -> tuple[Connection, ...]:
        """The person's sockets in this process."""
        return self.by_person.get(person, ())

    # who hears what

    def room(self, channel: UUID) -> Room:
        """The channel's room, made if nobody was in it. Whoever comes in must hold it."""
        room = self.rooms.get(channel)
        if room is None:
            room = self.rooms[channel] = Room(channel)
        return room

    def belongs(self, connection: Connection, channel: UUID) -> bool:
        """Whether the connection belongs to the channel."""
        room = self.rooms.get(channel)
        return room is not None and connection in room.members

    def subscribe(self, connection: Connection, channel: UUID, mark: Mark) -> bool:
        """The connection belongs to the channel from here on, knowing it up to `mark`.

        Whether nobody here knew the channel before, so that what was said since `mark` was read has to be looked for.
        """
        room = self.room(channel)
        connection.member_of.append(room)
        room.members.add(connection)
        return room.begin(mark)

    def unsubscribe(self, connection: Connection, channel: UUID) -> None:
        """It no longer belongs to it."""
        room = self.rooms.get(channel)
        if room is not None and connection in room.members:
            room.members.discard(connection)
            connection.member_of.remove(room)

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
        if connection not in room.members and not await self._enter(connection, room):
            return
        room.showing.add(connection)  # news may come before what was missed: they are states, in any order
        if room.wanted is not None:
            self.news.look(room)
        if room.mark is not None and room.mark.revision == revision:
            connection.send(encode("shown", channel=channel, revision=revision), channel)
            return
        missed = await self.missing((channel, revision))
        allowed = await self.hearing((connection.person_id, channel))  # asked last, so that it holds for what was read
        if connection not in room.showing:
            return
        if allowed is None or missed is None or missed.too_many:
            self.hide(connection, channel)
            connection.send(encode("left" if allowed is None else "reload", channel=channel), channel)
            return
        last = max(missed.mark.revision, room.mark.revision if room.mark else 0)
        connection.send((missed.posts or b"") + encode("shown", channel=channel, revision=last), channel)

    async def _enter(self, connection: Connection, room: Room) -> bool:
        """Whether a tab may show a channel that it does not belong to; if not, it is told."""
        room.entering.add(connection)
        mark = await self.hearing((connection.person_id, room.channel))
        if connection not in room.entering:
            return False  # hidden or taken away meanwhile
        if mark is None:
            self.hide(connection, room.channel)
            connection.send(encode("left", channel=room.channel))
            return False
        room.entering.discard(connection)
        room.begin(mark)
        return True

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
        if room is None or (revision is not None and room.knows(revision)):
            return  # nobody here hears it, or they have been told
        room.want(revision)
        self.news.look(room)

    def wrote(self, fresh: Fresh) -> None:
        """This process has just written there: tell it without reading it again."""
        room = self.rooms.get(fresh.channel.id)
        if room is not None:
            room.wrote(fresh)
            self.news.look(room)

    def _posts(self, notice: Notice) -> None:
        if notice["by"] == bus.ME:
            # It may come before the answer with which the postbox tells what it wrote; and the answer may get lost.
            asyncio.get_running_loop().call_later(OWN_ANSWER, self._look_at, notice["revisions"])
        else:
            self._look_at(notice["revisions"])

    def _look_at(self, revisions: dict[str, int]) -> None:
        for channel, revision in revisions.items():
            self.look(UUID(channel), int(revision))

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

    def tell(self, connections: Iterable[Connection], frame: bytes, about: UUID | None = None) -> None:
        """The same frame to each of these, `about` a channel that they hear."""
        for connection in list(connections):
            connection.send(frame, about)
