"""Takes notices of committed transactions to a Valkey server, in a thread of its own.

No writer waits for the server, and a server that is away harms no write: notices are kept, and sent once it is back.
What is committed while one trip is under way leaves together in the next, so a transaction costs one trip at most.
"""

from __future__ import annotations

import atexit
import threading
from collections import deque
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import urlsplit

import structlog
from django.conf import settings

log = structlog.get_logger()

MISSED: Final = '{"kind": "missed"}'
"""Instead of notices that were lost: whoever hears it looks at everything."""
KEPT: Final = 10_000
"""Notices kept for a server that is away; of more it is only told that there were some."""
TOGETHER: Final = 500
PATIENCE: Final = 3.0
FIRST_PAUSE: Final = 0.1
LONGEST_PAUSE: Final = 5.0
LAST_WORDS: Final = 1.0
"""Seconds that a process which ends gives its last notices."""


def send(payloads: Iterable[str]) -> None:
    """Send these in their order, soon. Never waits, never fails."""
    _here().put(payloads)


def tell_missed() -> None:
    """A process died at once: what it had committed a moment before may not have been told to anybody.

    Nothing to do where PostgreSQL carries the notices, for it does so as part of the commit.
    """
    if settings.BUS_URL is not None:
        send([MISSED])


def options() -> dict[str, Any]:
    """How the library connects: what is in `from_url` besides the address. TLS checks whose certificate it is."""
    common = {"socket_connect_timeout": PATIENCE, "socket_keepalive": True, "client_name": "tertulia"}
    tls = urlsplit(address()).scheme in {"valkeys", "rediss"}
    return {**common, "ssl_check_hostname": True} if tls else common


def address() -> str:
    """The server's URL, with its password."""
    url = settings.BUS_URL
    assert url is not None
    return url.get_secret_value()


def channel() -> str:
    """What notices are published to: numbered like the database, for the server's channels belong to none."""
    return f"tertulia/{urlsplit(address()).path.strip('/') or '0'}"


class Carrier:
    """What waits to be sent, and the thread that sends it."""

    def __init__(self) -> None:
        self._waiting: deque[str] = deque()
        self._changed = threading.Condition()
        self._under_way = False
        self._ending = threading.Event()
        self._client: Any = None
        threading.Thread(target=self._run, name="bus-carrier", daemon=True).start()
        atexit.register(self.end)

    def put(self, payloads: Iterable[str]) -> None:
        """More to send."""
        with self._changed:
            self._waiting.extend(payloads)
            if len(self._waiting) > KEPT:
                self._waiting = deque([MISSED])
            self._changed.notify_all()

    def end(self) -> None:
        """Give what waits a moment to leave."""
        self._ending.set()
        with self._changed:
            self._changed.wait_for(lambda: not self._waiting and not self._under_way, LAST_WORDS)

    def _run(self) -> None:
        pause = FIRST_PAUSE
        while True:
            batch = self._take()
            try:
                self._publish(batch)
            except Exception as error:  # noqa: BLE001 - whatever it is, these notices wait and the thread lives
                log.warning("The bus does not take notices; they wait", error=_sentence(error), pause=pause)
                self._give_back(batch)
                if self._ending.wait(pause):
                    return
                pause = min(pause * 2, LONGEST_PAUSE)
            else:
                self._done()
                pause = FIRST_PAUSE

    def _take(self) -> list[str]:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting)
            self._under_way = True
            return [self._waiting.popleft() for _ in range(min(TOGETHER, len(self._waiting)))]

    def _give_back(self, batch: list[str]) -> None:
        with self._changed:
            self._waiting.extendleft(reversed(batch))
            self._under_way = False

    def _done(self) -> None:
        with self._changed:
            self._under_way = False
            self._changed.notify_all()

    def _publish(self, batch: list[str]) -> None:
        from valkey import Valkey  # a quarter of a second to import, which only those who use it pay

        if self._client is None:
            self._client = Valkey.from_url(address(), socket_timeout=PATIENCE, **options())
        # No line break is in the JSON of a notice.
        self._client.publish(channel(), "\n".join(batch))


_carrier: Carrier | None = None
_making = threading.Lock()


def _here() -> Carrier:
    global _carrier  # noqa: PLW0603 - one in each process that has something to tell, from the first time on
    with _making:
        if _carrier is None:
            _carrier = Carrier()
        return _carrier


def _sentence(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
