"""A page that shows a channel, as the browser keeps it: what it loaded, brought up to date by frames.

The rules are those of `live/live.js` (which revision the page knows) and `posts/timeline.js` (the newest of each post).
"""

from __future__ import annotations

import random

from tertulia.channels.models import Channel
from tertulia.posts import fragments, queries
from waiting import until

from .process import Frame, Process, Tab, fresh

EVERYTHING = 100_000

Posts = dict[str, str]


def loaded(channel: Channel) -> Posts:
    """Every post of a channel and how it looks: a fresh load."""
    states = queries.page(channel.pk, limit=EVERYTHING, with_replies=True).posts
    return {str(state.id): str(fragments.article(state)) for state in states}


class Page:
    """A channel on somebody's screen."""

    def __init__(self, process: Process, key: str, channel: Channel) -> None:
        self.channel = channel
        self.resumes = 0
        self.reloads = 0
        self._process = process
        self._key = key
        self._tab: Tab | None = None
        self._caught_up = False
        self._read = 0
        self.load()

    def load(self) -> None:
        """Load the page: its revision is read first, so that nothing is passed over."""
        self.revision = fresh(self.channel)
        states = queries.page(self.channel.pk, limit=EVERYTHING, with_replies=True).posts
        self._posts = {str(state.id): (state.revision, str(fragments.article(state))) for state in states}

    def connect(self, process: Process | None = None) -> None:
        """Open the socket (of another process, perhaps), and resume where the page is."""
        self._process = process or self._process
        self._tab = self._process.open(self._key)
        self._read = 0
        self._caught_up = False
        self._tab.show(self.channel, self.revision)
        self.resumes += 1

    def disconnect(self) -> None:
        """The connection is lost with whatever was on its way."""
        if self._tab is not None:
            self._tab.leave()
            self._tab = None

    @property
    def connected(self) -> bool:
        """Whether there is a socket."""
        return self._tab is not None

    def drain(self, most: int = EVERYTHING) -> None:
        """Apply frames that have come, at most so many."""
        if self._tab is None:
            return
        frames = self._tab.frames
        end = min(len(frames), self._read + most)
        for frame in frames[self._read : end]:
            self._apply(frame)
            if frame["t"] == "reload":
                return
        self._read = end

    def arrive(self) -> Posts:
        """Connect if need be, and apply what comes until the page knows the channel as it is. Returns its posts."""
        if not self.connected:
            self.connect()
        last = fresh(self.channel)

        def there() -> bool:
            self.drain()
            return self.revision >= last and self._caught_up

        until(there)
        return {post: html for post, (_revision, html) in self._posts.items()}

    def _apply(self, frame: Frame) -> None:
        if frame.get("channel") != str(self.channel.pk):
            return
        if frame["t"] == "posts":
            for post in frame["posts"]:
                there = self._posts.get(post["id"])
                if there is None or there[0] < post["revision"]:
                    self._posts[post["id"]] = (post["revision"], post["html"])
            if self._caught_up:
                self.revision = max(self.revision, frame["revision"])
        elif frame["t"] == "shown":
            self._caught_up = True
            self.revision = frame["revision"]
        elif frame["t"] == "reload":
            self.reloads += 1
            self.disconnect()
            self.load()
            self.connect()


def scramble(pages: list[Page], chance: random.Random, processes: list[Process]) -> None:
    """What happens to connections: some are lost, some come back, some read a little or all of what has come."""
    for page in pages:
        match chance.randrange(8):
            case 0:
                page.drain(chance.randrange(3))  # some of what came before is applied, the rest is lost
                page.disconnect()
            case 1 | 2 if not page.connected:
                page.connect(chance.choice(processes))
            case 3:
                page.drain()
            case 4:
                page.drain(chance.randrange(3))
