"""Programs under measurement: the product, as a person starts it, and servers that do nothing, served just the same."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from bench.native import HOST, NotPossibleError
from bench.options import ROOT
from bench.world import World, environment

PATIENCE = 60
MUCH = "1000000"  # times the limits of the product, which stay in force, and so cost what they cost


class Server:
    """A program that listens on a port, until the block ends."""

    def __init__(self, command: Sequence[str | Path], env: Mapping[str, str], port: int, path: str) -> None:
        self.port = port
        self._log = Path(env["TERTULIA_VAR"]) / f"{port}.log"
        self._path = path
        self._command, self._env = command, env
        self.process: subprocess.Popen[bytes]

    def __enter__(self) -> Self:
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                self._command, cwd=ROOT, env=self._env, stdin=subprocess.PIPE, stdout=log, stderr=log
            )
        began = time.monotonic()
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() - began > PATIENCE:
                self._end()
                last = "\n".join(self._log.read_text(errors="replace").splitlines()[-15:])
                raise NotPossibleError(f"A server does not start. {self._log} says:\n{last}")
            time.sleep(0.05)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    @property
    def web(self) -> psutil.Process:
        """The process that answers."""
        return psutil.Process(self.process.pid)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://{HOST}:{self.port}{self._path}", timeout=5) as answer:
                return bool(answer.status < 300)
        except OSError:
            return False

    def _end(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


class Product(Server):
    """`tertulia serve` with one web process, which is the unit of measure: more of them use more cores."""

    def __init__(self, world: World, port: int) -> None:
        super().__init__(
            [Path(sys.executable).with_name("tertulia"), "serve", "--port", str(port), "--workers", "1"],
            environment(world.var, TERTULIA_LIMITS=MUCH, TERTULIA_LOG_LEVEL="warning"),
            port,
            "/healthz",
        )

    @property
    def web(self) -> psutil.Process:
        """The web process among the children of the one that was started."""
        for child in psutil.Process(self.process.pid).children():
            if "tertulia.cli.web" in child.cmdline():
                return child
        raise NotPossibleError("The product has no web process.")


class Empty(Server):
    """An ASGI application of `bench.limits` that does nothing, by the product's own server and settings."""

    def __init__(self, world: World, port: int) -> None:
        command = [sys.executable, "-m", "bench.limits.serve", "bench.limits.nothing:application", str(port)]
        super().__init__(command, environment(world.var), port, "/")


class EmptyView(Server):
    """The product with one more page, which does nothing: all middleware, the session and the person, by our bridge."""

    def __init__(self, world: World, port: int) -> None:
        command = [sys.executable, "-m", "bench.limits.serve", "tertulia.config.asgi:application", str(port)]
        more = {
            "DJANGO_SETTINGS_MODULE": "bench.limits.settings",
            "TERTULIA_DATABASE_URL": world.url,
            "TERTULIA_LOG_LEVEL": "warning",
        }
        super().__init__(command, environment(world.var, **more), port, "/empty")


class Loop(Server):
    """The bare loop in C."""

    def __init__(self, world: World, programs: Path, port: int, frame_bytes: int) -> None:
        super().__init__([programs / "loop", str(port), str(frame_bytes)], environment(world.var), port, "/")


def cpu_seconds(process: psutil.Process) -> float:
    """What all threads of a process have used of the processor, to the nanosecond."""
    total = 0
    for thread in Path(f"/proc/{process.pid}/task").iterdir():
        try:
            total += int((thread / "schedstat").read_text().split()[0])
        except OSError:
            continue  # it has ended meanwhile
    return total / 1e9


def memory_bytes(process: psutil.Process) -> int:
    """Resident memory."""
    found = re.search(r"^Rss:\s*(\d+) kB$", Path(f"/proc/{process.pid}/smaps_rollup").read_text(), re.MULTILINE)
    assert found
    return int(found[1]) * 1024


def open_files() -> None:
    """Let this process and its children have as many files open as the system allows."""
    import resource

    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def end_with_parent() -> None:
    """For servers of ours: their standard input is a pipe that breaks when the bench is killed."""
    import threading

    def wait() -> None:
        while os.read(0, 1):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True).start()
