"""A channel that somebody of this process hears."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from uuid import UUID

from tertulia.live.connection import Connection
from tertulia.live.queries import Mark


@dataclass(eq=False)
class Room:
    """Who hears a channel here, and how far it has been told.

    `mark`: everything up to it has been told to all who were there; None until somebody has come in.
    `wanted`: the newest revision that the bus has told of and that has not been looked at.
    `members` hear that something was said; `showing` get the posts; `entering` are being caught up.
    `lock`: held while changes are read and told, so that nothing falls between catching up and subscribing.
    """

    channel: UUID
    mark: Mark | None = None
    wanted: int | None = None
    members: set[Connection] = field(default_factory=set)
    showing: set[Connection] = field(default_factory=set)
    entering: set[Connection] = field(default_factory=set)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def begin(self, mark: Mark) -> None:
        """Somebody comes in who knows the channel up to `mark`, if nobody was here before."""
        if self.mark is None:
            self.mark = mark

    def want(self, revision: int | None) -> None:
        """There is news up to this revision; None: there may be."""
        if revision is None:
            revision = self.mark.revision + 1 if self.mark else 0
        self.wanted = max(revision, self.wanted or 0)

    def told(self, mark: Mark, asked: int) -> None:
        """Everything up to `mark` was read because `asked` was wanted."""
        self.mark = mark
        if self.wanted is not None and (self.wanted == asked or self.wanted <= mark.revision):
            self.wanted = None
