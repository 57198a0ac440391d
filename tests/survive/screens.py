"""Browsers that show channels while everything falls: what they loaded, brought up to date by frames like `live.js`.

A connection that is lost is made again, to any of the doors, and resumes where the screen is.
"""

from __future__ import annotations

import json
import random
import re
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from http import HTTPStatus
from http.client import HTTPException
from typing import Any
from uuid import UUID

from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from tertulia.channels.models import Channel

from .town import NAME, PATIENCE, Door, Somebody

SIGNED_OUT = 4401
_POST = re.compile(r'<li class="(?:post|system-line)[^>]* data-post="([^"]+)" data-seq="(\d+)" data-revision="(\d+)"')
_ENDS = re.compile(r"<li\b|</li>")
_TIME = re.compile(r'<time datetime="([^"]+)" [^>]*>[^<]*</time>')

Post = tuple[int, int, str]
"""Place, revision, looks."""


class View:
    """One channel on a screen."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.posts: dict[UUID, Post] = {}
        self.first = 0
        """The place from which on it shows posts; older ones would be fetched by scrolling."""
        self.revision = 0
        self.caught_up = False

    def loaded(self, html: str) -> None:
        """A page that was fetched: all that the screen knows from here on."""
        self.revision, self.posts = page(html)
        assert " data-has-after" not in html
        self.first = min(seq for seq, _revision, _looks in self.posts.values()) if " data-has-before" in html else 0
        self.caught_up = False

    def apply(self, frame: dict[str, Any]) -> None:
        """A frame about this channel; the rules are those of `live.js` and `timeline.js`."""
        if frame["t"] == "posts":
            for post in frame["posts"]:
                there = self.posts.get(UUID(post["id"]))
                if post["seq"] >= self.first and (there is None or there[1] < post["revision"]):
                    self.posts[UUID(post["id"])] = (post["seq"], post["revision"], _steady(post["html"]))
            if self.caught_up:
                self.revision = max(self.revision, frame["revision"])
        elif frame["t"] == "shown":
            self.caught_up = True
            self.revision = frame["revision"]


class Screen(threading.Thread):
    """One tab of somebody's that shows channels."""

    def __init__(
        self, who: Somebody, doors: Sequence[Door], channels: Sequence[Channel], chance: random.Random
    ) -> None:
        super().__init__(name=f"screen-{who.handle}", daemon=True)
        self.who = who
        self.views = {str(channel.pk): View(channel) for channel in channels}
        self.seen: dict[UUID, int] = {}
        """Every post that was ever shown, and its place."""
        self.frames: list[dict[str, Any]] = []
        self.connections = 0
        self.reloads = 0
        self.trouble: list[str] = []
        self.socket: ClientConnection | None = None
        self._doors, self._chance = doors, chance
        self._over = threading.Event()

    def run(self) -> None:
        for view in self.views.values():
            self._load(view)
        while not self._over.is_set():
            door = self._chance.choice(self._doors)
            try:
                with open_socket(door, self.who) as socket:
                    self.socket = socket
                    self._follow(socket)
            except (OSError, WebSocketException) as error:
                code = getattr(getattr(error, "rcvd", None), "code", None)
                if code == SIGNED_OUT or (code is not None and 1002 <= code <= 1011 and code != 1006):
                    self.trouble.append(f"closed with {code}")
            except Exception as error:  # noqa: BLE001 - shown at the end of the test
                self.trouble.append(repr(error))
            self.socket = None
            self._over.wait(self._chance.uniform(0.02, 0.3))

    def close(self) -> None:
        """Close the tab."""
        self._over.set()
        if self.socket is not None:
            self.socket.close()
        self.join(PATIENCE)

    def __str__(self) -> str:
        known = {channel: (view.revision, view.caught_up) for channel, view in self.views.items()}
        last = [str(frame)[:120] for frame in self.frames[-5:]]
        return f"{self.name}: {self.connections} connections, knows {known}, trouble {self.trouble}, last heard {last}"

    def say(self, frame: dict[str, Any]) -> None:
        """Send a frame."""
        assert self.socket is not None
        self.socket.send(json.dumps(frame))

    def heard(self, kind: str, **matching: Any) -> list[dict[str, Any]]:
        """The frames of a kind, with these values."""
        return [
            frame
            for frame in list(self.frames)
            if frame["t"] == kind and all(frame.get(name) == value for name, value in matching.items())
        ]

    def knows(self, channel: Channel, revision: int) -> bool:
        """Whether it shows a channel as of this revision."""
        view = self.views[str(channel.pk)]
        return view.caught_up and view.revision >= revision

    def fresh(self, channel: Channel) -> View:
        """The same channel, loaded anew by the same person."""
        view = View(channel)
        self._load(view)
        return view

    def _follow(self, socket: ClientConnection) -> None:
        self.connections += 1
        for channel, view in self.views.items():
            view.caught_up = False
            socket.send(json.dumps({"t": "show", "channel": channel, "revision": view.revision}))
        for text in socket:
            frame = json.loads(text)
            self.frames.append(frame)
            if frame.get("channel") not in self.views:
                continue
            view = self.views[frame["channel"]]
            if frame["t"] == "posts":
                self.seen.update({UUID(post["id"]): post["seq"] for post in frame["posts"]})
            if frame["t"] == "reload":
                self.reloads += 1
                self._load(view)
                return
            view.apply(frame)

    def _load(self, view: View) -> None:
        # From the end: for whoever has many unread it would open where they begin.
        path = f"/w/town/c/{view.channel.slug}?before={10**17}"
        last = time.monotonic() + PATIENCE
        while not self._over.is_set() and time.monotonic() < last:
            with suppress(OSError, HTTPException):
                door = self._chance.choice(self._doors)
                status, html = door.request("GET", path, session=self.who.session)
                if status == HTTPStatus.OK:
                    view.loaded(html.decode())
                    return
                if status < HTTPStatus.INTERNAL_SERVER_ERROR:
                    self.trouble.append(f"{path} answers {status}")
                    return
            self._over.wait(0.1)
        self.trouble.append(f"{path} does not load")


def open_socket(door: Door, who: Somebody) -> ClientConnection:
    """A websocket as a browser opens it."""
    headers = {"Cookie": f"tertulia_session={who.session}", "Origin": f"http://{NAME}"}
    return connect(
        f"ws://{NAME}/live",
        sock=door.connect(),
        additional_headers=headers,
        open_timeout=10,
        close_timeout=1,
        compression=None,
        max_size=None,
        max_queue=None,
        proxy=None,
    )


def page(html: str) -> tuple[int, dict[UUID, Post]]:
    """The revision and the posts of a channel's page."""
    start = html.index('<ol class="posts" id="posts"')
    inside = html[start:]
    revision = re.search(r'data-revision="(\d+)"', inside)
    assert revision
    posts: dict[UUID, Post] = {}
    for found in _POST.finditer(inside):
        posts[UUID(found[1])] = (int(found[2]), int(found[3]), _steady(_whole(inside, found.start())))
    return int(revision[1]), posts


def _whole(html: str, start: int) -> str:
    """The list item that begins at `start`, lists inside it included."""
    depth = 0
    for found in _ENDS.finditer(html, start):
        depth += 1 if found[0] != "</li>" else -1
        if depth == 0:
            return html[start : found.end()]
    raise AssertionError("a post without an end")


def _steady(html: str) -> str:
    """Without what a page adds: times in its reader's zone, and which posts follow one of the same author."""
    html = html.replace('<li class="post follow"', '<li class="post"', 1)
    return _TIME.sub(lambda found: f"<time {found[1].replace('+00:00', 'Z')}>", html)
