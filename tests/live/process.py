"""A web process for tests: the real gateway on its own event loop, hearing the real bus, and tabs that talk to it.

Only uvicorn is missing; test_server.py has that too.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from django.conf import settings

from tertulia.channels.models import Channel
from tertulia.live.gateway import Gateway
from tertulia.live.hub import Hub
from tertulia.live.plain import Message
from tertulia.live.postbox import Delivered, Postbox
from tertulia.people.models import Person
from tertulia.posts.services import Letter
from waiting import PATIENCE, until

from .world import sign_in

T = TypeVar("T")
Frame = dict[str, Any]

HOST = "tertulia.test"


class Process:
    """One gateway in a thread."""

    def __init__(self) -> None:
        self.gateway = Gateway()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="live-process", daemon=True)
        self._thread.start()
        self.tabs: list[Tab] = []
        self.run(self.gateway.startup())
        self.box = self.call(lambda: Postbox(self.gateway))

    @property
    def hub(self) -> Hub:
        """What the process's sockets share. Read only, or through `call`."""
        assert self.gateway.hub is not None
        return self.gateway.hub

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something on the process's loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)

    def call(self, work: Callable[[], T]) -> T:
        """Call something on the process's loop."""

        async def called() -> T:
            return work()

        return self.run(called())

    def post(self, letter: Letter) -> Delivered | None:
        """Say something through the process's postbox."""
        return self.run(self.box.post(letter, "127.0.0.1"))

    def begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Let something run on the process's loop."""
        asyncio.run_coroutine_threadsafe(work, self._loop)

    def open(self, who: Person | str | None, **about: Any) -> Tab:
        """A tab of somebody (in a new session of theirs, or in one given by its key); greeted already, if it may be."""
        key = sign_in(who) if isinstance(who, Person) else who
        tab = Tab(self, key, **about)
        self.tabs.append(tab)
        if isinstance(who, Person):
            tab.wait("hello")
        return tab

    def put(self, tab: Tab, message: Message) -> None:
        """What the browser of a tab sends."""
        self._loop.call_soon_threadsafe(tab.incoming.put_nowait, message)

    def stop(self) -> None:
        """Shut down as the server does."""
        self.run(self.box.close())
        self.run(self.gateway.shutdown())
        for tab in self.tabs:
            tab.leave()
        until(lambda: all(tab.over for tab in self.tabs))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()


class Tab:
    """One websocket, seen from the browser."""

    def __init__(
        self, process: Process, key: str | None, origin: str | None = "http://tertulia.test", host: str = HOST
    ) -> None:
        self._process = process
        self.key = key
        self.frames: list[Frame] = []
        """Everything heard, in order."""
        self.closed: int | None = None
        self.accepted = False
        self.over = False
        self._taken = 0
        self._reading = asyncio.Event()
        self._reading.set()
        self.incoming: asyncio.Queue[Message] = asyncio.Queue()
        headers = [(b"host", host.encode())]
        if origin is not None:
            headers.append((b"origin", origin.encode()))
        if key is not None:
            headers.append((b"cookie", f"theme=dark; {settings.SESSION_COOKIE_NAME}={key}".encode()))
        self.incoming.put_nowait({"type": "websocket.connect"})
        process.begin(self._live({"type": "websocket", "path": "/live", "headers": headers}))

    async def _live(self, scope: Message) -> None:
        try:
            await self._process.gateway(scope, self.incoming.get, self._heard)
        finally:
            self.over = True

    async def _heard(self, message: Message) -> None:
        await self._reading.wait()
        if message["type"] == "websocket.accept":
            self.accepted = True
        elif message["type"] == "websocket.send":
            assert self.closed is None
            self.frames.append(json.loads(message["text"]))
        else:
            self.closed = message["code"]

    def send(self, frame: Frame | str | bytes) -> None:
        """A frame from the browser; text and bytes go as they are."""
        message: Message = {"type": "websocket.receive"}
        if isinstance(frame, bytes):
            message["bytes"] = frame
        else:
            message["text"] = frame if isinstance(frame, str) else json.dumps(frame)
        self._process.put(self, message)

    def show(self, channel: Channel, revision: int) -> None:
        """Show a channel that the page knows up to a revision."""
        self.send({"t": "show", "channel": str(channel.pk), "revision": revision})

    def shown(self, channel: Channel, at: int | None = None) -> Frame:
        """Show a channel as it is now, and wait until that is answered."""
        self.show(channel, fresh(channel) if at is None else at)
        return self.wait("shown", channel=str(channel.pk))

    def wait(self, kind: str, **matching: Any) -> Frame:
        """The next frame of this kind, with these values; those before it are passed over (see `frames`)."""
        until(lambda: self._pass_over(kind, matching) or self.over, f"a {kind} frame with {matching}", self.frames)
        assert self._pass_over(kind, matching), f"no {kind} frame, but {self.frames}; closed with {self.closed}"
        self._taken += 1
        return self.frames[self._taken - 1]

    def _pass_over(self, kind: str, matching: dict[str, Any]) -> bool:
        """Whether the next frame is such a one; what comes before it is taken."""
        while self._taken < len(self.frames):
            frame = self.frames[self._taken]
            if frame["t"] == kind and all(frame.get(name) == value for name, value in matching.items()):
                return True
            self._taken += 1
        return False

    def take(self) -> list[Frame]:
        """The frames that came since the last `wait` or `take`."""
        taken = self.frames[self._taken :]
        self._taken += len(taken)
        return taken

    def settle(self) -> None:
        """Wait until everything asked for so far has been answered."""
        self.send({"t": "ping"})
        self.wait("pong")

    def kinds(self) -> list[str]:
        """The kinds of all frames heard."""
        return [frame["t"] for frame in self.frames]

    def about(self, channel: Channel) -> list[Frame]:
        """All frames heard about a channel, but for the greeting."""
        return [frame for frame in self.frames if frame.get("channel") == str(channel.pk)]

    def stall(self) -> None:
        """Stop reading, as a tab on a dead network does."""
        self._process.call(self._reading.clear)

    def leave(self) -> None:
        """Close the tab, if it is not closed, and let everything end."""
        self._process.call(self._reading.set)
        self._process.put(self, {"type": "websocket.disconnect", "code": 1001})

    def wait_closed(self) -> int | None:
        """Wait for the server to end; returns the code it closed with."""
        until(lambda: self.over)
        return self.closed


def fresh(channel: Channel) -> int:
    """The channel's revision now."""
    return Channel.objects.values_list("revision", flat=True).get(pk=channel.pk)
