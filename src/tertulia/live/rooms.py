"""A channel that somebody of this process hears."""

from __future__ import annotations

from uuid import UUID

from tertulia.live.connection import Connection
from tertulia.live.queries import Mark


class Room:
    """Who hears a channel here, and how far it has been told.

    `mark`: everything up to it has been told to all who were there; None until somebody has come in.
    `wanted`: the newest revision that the bus has told of and that has not been looked at.
    `members` hear that something was said; `showing` get the posts; `entering` want them, and it is being asked whether
    they may.
    """

    __slots__ = ("__weakref__", "channel", "entering", "mark", "members", "showing", "wanted")

    def __init__(self, channel: UUID) -> None:
        self.channel = channel
        self.mark: Mark | None = None
        self.wanted: int | None = None
        self.members: set[Connection] = set()
        self.showing: set[Connection] = set()
        self.entering: set[Connection] = set()

    def begin(self, mark: Mark) -> bool:
        """Somebody comes in who knows the channel up to `mark`. Whether nobody was here who knew it."""
        if self.mark is not None:
            return False
        self.mark = mark
        return True

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
