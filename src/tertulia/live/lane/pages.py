"""The newest page of each channel that people read, as the bytes that go out: JSON for programs, HTML for browsers.

Posts that are made in this process, and notices of the bus, say when a page is old. A notice may be missed, so pages
that nobody has vouched for lately are compared with their channels' revisions, all in one query.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Hashable, Iterable
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar
from uuid import UUID

from tertulia.channels.access import Seat
from tertulia.channels.models import Channel
from tertulia.live.database import Database
from tertulia.live.lane.memory import Memory
from tertulia.live.lane.reading import Reader
from tertulia.posts import queries, remembered, wire
from tertulia.posts.remembered import Remembered

MOST: Final = 500
"""Channels; a page has some fifty kilobytes as JSON, three hundred as HTML."""
LONGEST: Final = 300.0
UNCHECKED: Final = 1.0
"""Seconds for which notices are trusted alone."""
DOUBTFUL: Final = 3.0
"""Seconds after which a page is compared before it is given out, and no longer after."""
MINUTE: Final = 20.0
"""Seconds for which “3 minutes ago” stays true enough."""


@dataclass(slots=True, kw_only=True)
class Newest:
    """A channel's newest page as of `revision`. `shown`: the people of whom something is on it."""

    channel_id: UUID
    workspace_id: UUID
    revision: int
    shown: frozenset[UUID]


@dataclass(slots=True, kw_only=True)
class NewestJson(Newest):
    """As `GET /api/v1/channels/{id}/posts` answers it."""

    body: bytes


@dataclass(slots=True, kw_only=True)
class NewestHtml(Newest):
    """As the page's own part, for any reader: for each zone and language, and for some seconds, the same bytes."""

    page: Remembered
    _made: dict[Reader, tuple[float, bytes]] = field(default_factory=dict)

    def body(self, reader: Reader) -> bytes:
        """The list as this reader reads it now."""
        until, body = self._made.get(reader, (0.0, b""))
        if until < time.monotonic():
            with reader.reading():
                body = self.page.part()
            self._made[reader] = (time.monotonic() + MINUTE, body)
        return body


P = TypeVar("P", bound=Newest)


class NewestPages(Generic[P]):
    """The pages that this process remembers, as `read` makes them."""

    def __init__(self, database: Database, read: Callable[[Seat], P]) -> None:
        self._database = database
        self._read = read
        self._memory: Memory[UUID, P] = Memory(MOST, LONGEST)
        self._checked_at = time.monotonic()
        self._check: asyncio.Task[None] | None = None

    async def get(self, seat: Seat) -> P:
        """The newest page of the channel, for whoever has this seat."""
        unchecked = time.monotonic() - self._checked_at
        if unchecked > UNCHECKED:
            check = self._compare()
            if unchecked > DOUBTFUL:
                await asyncio.shield(check)
        found = self._memory.get(seat.channel.pk)
        return found or await self._memory.fetch(seat.channel.pk, lambda: self._database.read(self._read, seat), _tags)

    def changed(self, channel_id: UUID, revision: int) -> None:
        """The channel has come to this revision."""
        page = self._memory.get(channel_id)
        if page is None or page.revision < revision:
            self._memory.forget_key(channel_id)

    def forget(self, about: Hashable) -> None:
        """A person, a channel or a workspace is not any more what pages show of it."""
        self._memory.forget(about)

    def forget_all(self) -> None:
        """Notices may have been missed."""
        self._memory.forget_all()

    def _compare(self) -> asyncio.Task[None]:
        if self._check is None or self._check.done():
            self._check = asyncio.ensure_future(self._compare_all())
        return self._check

    async def _compare_all(self) -> None:
        """See whether a notice was missed; those who come meanwhile look together."""
        asked_at = time.monotonic()
        for channel_id, revision in (await self._database.read(_revisions, self._memory.keys())).items():
            self.changed(channel_id, revision)
        self._checked_at = asked_at


def _tags(page: Newest) -> Iterable[Hashable]:
    return (page.workspace_id, page.channel_id, *page.shown)


def _revisions(channel_ids: Collection[UUID]) -> dict[UUID, int]:
    return dict(Channel.objects.filter(pk__in=channel_ids).values_list("pk", "revision"))


def read_json(seat: Seat) -> NewestJson:
    """Read and encode the newest page."""
    channel_id = seat.channel.pk
    # The channel first: what is committed in between makes the page newer than it says, never older.
    revision = _revisions([channel_id])[channel_id]
    found = queries.page(channel_id, limit=remembered.SIZE)
    return NewestJson(
        channel_id=channel_id,
        workspace_id=seat.channel.workspace_id,
        revision=revision,
        shown=frozenset(state.author.id for state in found.posts),
        body=wire.page(found),
    )


def read_html(seat: Seat) -> NewestHtml:
    """Read the newest page as pages show it."""
    fresh = seat.channel
    fresh.refresh_from_db(fields=["revision"])
    page = remembered.page(seat, {})
    return NewestHtml(
        channel_id=fresh.pk,
        workspace_id=fresh.workspace_id,
        revision=page.revision,
        shown=frozenset(page.shown),
        page=page,
    )
