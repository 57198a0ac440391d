"""Runs the installed `tertulia` as a person would: with its own folder, and nothing of the test run's settings."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

import psutil

PROGRAM = Path(sys.executable).with_name("tertulia")


def environment(var: Path, **settings: str) -> dict[str, str]:
    """The process environment: this one's, less its `TERTULIA_*`, with these."""
    base = {name: value for name, value in os.environ.items() if not name.startswith("TERTULIA_")}
    return {**base, "TERTULIA_VAR": str(var), **{f"TERTULIA_{name.upper()}": value for name, value in settings.items()}}


def run(var: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """One command, until it ends."""
    return subprocess.run(
        [PROGRAM, *arguments],
        env=environment(var, **settings),
        cwd=var.parent,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def free_port() -> int:
    """A port that nobody listens on right now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


class Serving:
    """`tertulia serve`, running. `with Serving(var, port=…) as site:` waits until all of it serves.

    `host`: the address it serves at, of this machine or of what `inside` starts it in (`ip netns exec NAME`).
    `command`: "serve" or "demo".
    """

    def __init__(
        self,
        var: Path,
        *,
        port: int = 0,
        workers: int = 1,
        host: str = "127.0.0.1",
        inside: Sequence[str] = (),
        command: str = "serve",
        **settings: str,
    ) -> None:
        self.port = port or free_port()
        self.host = host
        self.url = f"http://localhost:{self.port}"
        self.log = var.parent / f"serve-{host}-{self.port}.log"
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                [*inside, PROGRAM, command, "--host", host, "--port", str(self.port), "--workers", str(workers)],
                env=environment(var, **settings),
                cwd=var.parent,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        deadline = time.monotonic() + 120
        while self.status("/healthz") != 200:
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise AssertionError(f"it does not serve:\n{self.log.read_text()[-4000:]}")
            time.sleep(0.1)
        return self

    def __exit__(self, *_exception: object) -> None:
        self.stop()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Returns the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(timeout=40)

    def status(self, path: str) -> int:
        """The status of a page; 0 while nobody answers."""
        try:
            with urllib.request.urlopen(f"http://{self.host}:{self.port}{path}", timeout=10) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            error.close()
            return error.code
        except OSError:
            return 0

    def children(self) -> dict[int, str]:
        """Process ids of its living web and job processes, and what they are."""
        found: dict[int, str] = {}
        for child in psutil.Process(self.process.pid).children():
            with suppress(psutil.NoSuchProcess):  # zombies, too
                line = child.cmdline()
                # A child that has just been made is still its parent's copy, without a name of its own.
                if name := next((word for word in line if word.startswith("tertulia.cli.")), ""):
                    found[child.pid] = name
        return found

    def processes(self, name: str) -> list[int]:
        """Process ids of its living `web` or `jobs` processes."""
        return [process for process, found in self.children().items() if found == f"tertulia.cli.{name}"]
