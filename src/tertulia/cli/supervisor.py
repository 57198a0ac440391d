"""`tertulia serve`: one parent that keeps web processes and a job worker alive, and stops them clean.

Children are fresh interpreters in process groups of their own, so that Ctrl-C reaches only the parent, which lets
requests under way finish before the database goes. Each child holds the other end of a pipe: should the parent be
killed, the pipe breaks and the children stop by themselves.
"""

from __future__ import annotations

import errno
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from types import FrameType

import typer

from tertulia.cli.keeper import Keeper
from tertulia.cli.say import fail, say
from tertulia.config.environment import Environment, read_environment
from tertulia.kernel import carrier

DRAIN_SECONDS = 10
QUICK_DEATH = 10  # seconds; a child that lived longer was well once
QUICK_DEATHS_AT_START = 2  # what was never well will hardly become so; later, the database may be away for long
LONGEST_PAUSE = 15
LOOK_EVERY = 0.2
START_SECONDS = 90


@dataclass
class Child:
    """One process that is kept alive."""

    name: str
    command: Sequence[str]
    pass_fds: tuple[int, ...] = ()
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    quick_deaths: int = 0
    wait_until: float = 0.0

    def start(self) -> None:
        self.started = time.monotonic()
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, pass_fds=self.pass_fds, process_group=0)

    def tell(self, number: signal.Signals) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None


@dataclass
class Supervisor:
    """Keeps children alive until told to stop."""

    children: list[Child]
    address: str
    signals: int = 0
    announced: bool = False

    def run(self) -> int:
        """Returns the exit code."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._stop)
        for child in self.children:
            child.start()
        code = self._watch()
        self._drain()
        return code

    def _watch(self) -> int:
        began, complained = time.monotonic(), False
        while not self.signals:
            for child in self.children:
                if not child.alive and not self._revive(child):
                    return 1
            if not self.announced and _healthy(self.address):
                self.announced = True
                _announce()
            if not self.announced and not complained and time.monotonic() - began > START_SECONDS:
                complained = True
                fail(
                    f"Not all of it serves after {START_SECONDS} seconds; {self.address}/healthz says what is missing."
                )
            time.sleep(LOOK_EVERY)
        return 0

    def _revive(self, child: Child) -> bool:
        """Start a child that died anew, after a pause that grows; False where that never had any sense."""
        moment = time.monotonic()
        if child.process is not None:
            child.quick_deaths = child.quick_deaths + 1 if moment - child.started < QUICK_DEATH else 1
            if not self.announced and child.quick_deaths >= QUICK_DEATHS_AT_START:
                fail(f"The {child.name} process stops as soon as it starts. The log above says why.")
                return False
            pause = min(2.0 ** min(child.quick_deaths - 1, 10) / 2, LONGEST_PAUSE)
            say(f"The {child.name} process stopped ({_cause(child.process.returncode)}); starting it again.")
            carrier.tell_missed()
            child.process, child.wait_until = None, moment + pause
        elif moment >= child.wait_until:
            child.start()
        return True

    def _drain(self) -> None:
        say("Stopping …")
        deadline = time.monotonic() + DRAIN_SECONDS
        for child in self.children:
            child.tell(signal.SIGTERM)
        while any(child.alive for child in self.children) and time.monotonic() < deadline and self.signals <= 1:
            time.sleep(LOOK_EVERY / 4)
        for child in self.children:
            child.tell(signal.SIGKILL)
        for child in self.children:
            if child.process is not None:
                child.process.wait()
        say("Stopped.")

    def _stop(self, _signal: int, _frame: FrameType | None) -> None:
        self.signals += 1


def serve(prepare: Callable[[], Environment], *, host: str, port: int, workers: int | None) -> None:
    """Run until stopped. `prepare` sets Django up with a database that is ready; it runs once the port is ours."""
    given = read_environment()
    listener = _listen(host, port)
    if "url" not in given.model_fields_set:
        os.environ["TERTULIA_URL"] = f"http://localhost:{port}"
    environment = prepare()
    from tertulia.cli.static import collect

    collect()
    web = [sys.executable, "-m", "tertulia.cli.web", str(listener.fileno())]
    children = [Child("web", web, (listener.fileno(),)) for _number in range(workers or environment.workers)]
    children.append(Child("job", [sys.executable, "-m", "tertulia.cli.jobs"]))
    _close_database()
    supervisor = Supervisor(children, address=_own_address(host, port))
    with Keeper(environment):
        code = supervisor.run()
    listener.close()
    raise typer.Exit(code)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            fail(f"Port {port} is in use by another program. Stop that, or choose another: PORT={port + 1}.")
        else:
            fail(f"It is not possible to listen on {host}, port {port}: {error.strerror or error}.")
        raise typer.Exit(1) from error


def _own_address(host: str, port: int) -> str:
    everywhere = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - to tell it, not to listen on it
    return f"http://{everywhere.get(host, f'[{host}]' if ':' in host else host)}:{port}"


def _healthy(address: str) -> bool:
    request = urllib.request.Request(f"{address}/healthz", headers={"Host": "localhost"})  # noqa: S310 - our own address
    try:
        with urllib.request.urlopen(request, timeout=2) as answer:  # noqa: S310 - our own address
            return bool(answer.status == HTTPStatus.OK)
    except OSError:  # refused, or 503 as urllib.error.HTTPError
        return False


def _announce() -> None:
    from django.conf import settings

    from tertulia.people.models import Person

    say(f"Tertulia {settings.VERSION} serves at {settings.BASE_URL}  (Ctrl-C stops it)")
    if settings.DEMO:
        say("It is a demonstration: sign in as anybody with one click.")
    elif not Person.objects.exists():
        say("Nobody is here yet. The first page makes the owner's account.")
    _close_database()


def _close_database() -> None:
    from django.db import connections

    connections.close_all()


def _cause(code: int | None) -> str:
    if code is not None and code < 0:
        return f"killed by {signal.Signals(-code).name}"
    return f"exit code {code}"
