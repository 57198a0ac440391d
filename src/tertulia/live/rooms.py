"""A channel that somebody of this process hears."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from tertulia.live.connection import Connection
from tertulia.live.fresh import Fresh
from tertulia.live.queries import BEHIND, Mark


class Room:
    """Who hears a channel here, and how far it has been told.

    `mark`: everything up to it has been told to all who were there; None until somebody has come in.
    `wanted`: the newest revision that the bus has told of and that has not been looked at.
    `members` hear that something was said; `showing` get the posts; `entering` want them, and it is being asked whether
    they may. What was written here since `mark` is in `_fresh`, as long as nothing is missing in between.
    """

    __slots__ = ("__weakref__", "_fresh", "channel", "entering", "mark", "members", "showing", "wanted")

    def __init__(self, channel: UUID) -> None:
        self.channel = channel
        self.mark: Mark | None = None
        self.wanted: int | None = None
        self.members: set[Connection] = set()
        self.showing: set[Connection] = set()
        self.entering: set[Connection] = set()
        self._fresh: list[Fresh] = []

    def begin(self, mark: Mark) -> bool:
        """Somebody comes in who knows the channel up to `mark`. Whether nobody was here who knew it."""
        if self.mark is not None:
            return False
        self.mark = mark
        return True

    def knows(self, revision: int) -> bool:
        """Whether everything up to it has been told."""
        return self.mark is not None and revision <= self.mark.revision

    def want(self, revision: int | None) -> None:
        """There is news up to this revision; None: there may be."""
        if revision is None:
            revision = self.mark.revision + 1 if self.mark else 0
        self.wanted = max(revision, self.wanted or 0)

    def wrote(self, fresh: Fresh) -> None:
        """This process has just written there."""
        self.want(fresh.channel.revision)
        if self.mark is not None:
            known = self._fresh[-1].channel.revision if self._fresh else self.mark.revision
            if fresh.before == known:
                self._fresh.append(fresh)

    def take_fresh(self) -> Sequence[Fresh]:
        """What was written here, if it is all that is wanted; else nothing, and the database knows more."""
        fresh, self._fresh = self._fresh, []
        if not fresh or self.mark is None or self.wanted is None:
            return ()
        whole = fresh[0].before == self.mark.revision and fresh[-1].channel.revision == self.wanted
        return fresh if whole and fresh[-1].channel.revision - fresh[0].before <= BEHIND else ()

    def told(self, mark: Mark, asked: int) -> None:
        """Everything up to `mark` was read because `asked` was wanted."""
        self.mark = mark
        if self.wanted is not None and (self.wanted == asked or self.wanted <= mark.revision):
            self.wanted = None
