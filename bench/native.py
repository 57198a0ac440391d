"""The programs that make load. They are written in C, since one in Python would measure itself."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

SOURCES = Path(__file__).parent / "native"
HOST = "127.0.0.1"
TIME = "\x01" * 16
"""In a prepared request: the time of sending, in 16 hexadecimal digits."""
FRESH_ID = "\x02" * 36
"""In a prepared request: a UUID that was never used."""
MARK = f"Tq{TIME}qT"
"""In the body of a post: tells receivers when it was sent."""


class NotPossibleError(Exception):
    """Something needed for measuring is missing or failed; the message says what."""


def build(var: Path) -> Path:
    """Compile what is not compiled yet; returns the folder of programs."""
    sources = sorted(SOURCES.iterdir())
    digest = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:12]
    folder = var.parent / f"native-{digest}"
    if not folder.exists():
        unfinished = folder.with_suffix(".new")
        unfinished.mkdir(parents=True, exist_ok=True)
        for source in sources:
            if source.suffix == ".c":
                _compile(source, unfinished / source.stem)
        shutil.rmtree(folder, ignore_errors=True)
        unfinished.rename(folder)
    return folder


def _compile(source: Path, program: Path) -> None:
    command = [*_compiler(), "-O2", "-D_GNU_SOURCE", "-o", str(program), str(source)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise NotPossibleError(f"{source.name} does not compile: {done.stderr}")


def _compiler() -> list[str]:
    for name in ("cc", "gcc", "clang"):
        found = shutil.which(name)
        if found:
            return [found]
    if importlib.util.find_spec("ziglang"):
        return [sys.executable, "-m", "ziglang", "cc"]
    raise NotPossibleError(
        "There is no C compiler. Install one (on Debian: gcc libc6-dev), or: .venv/bin/uv pip install ziglang"
    )


def request(method: str, path: str, port: int, headers: Iterable[str] = (), body: str = "") -> bytes:
    """One prepared request."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {HOST}:{port}", *headers]
    content = body.encode()
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(content)}"]
    return "\r\n".join([*lines, "", ""]).encode() + content


@dataclass(frozen=True)
class Load:
    """What `http_load` found: answers a second, times of answers in us, bytes of a body."""

    per_second: float
    p50_us: float
    p99_us: float
    body_bytes: float
    bad: int
    statuses: dict[str, int]

    @property
    def sample(self) -> dict[str, float]:
        """The numbers."""
        return {
            "per_second": self.per_second,
            "p50_us": self.p50_us,
            "p99_us": self.p99_us,
            "body_bytes": self.body_bytes,
        }


class Loader:
    """Runs `http_load`."""

    def __init__(self, programs: Path) -> None:
        self.programs = programs

    def start(
        self,
        port: int,
        requests: Sequence[bytes],
        *,
        clients: int,
        seconds: float,
        warm_up: float = 0.3,
        rate: float = 0,
    ) -> Loading:
        """Begin; `Loading.result` waits for its end."""
        file = tempfile.NamedTemporaryFile(prefix="requests-")  # noqa: SIM115 - closed by Loading
        file.write(b"".join(b"%d\n%s" % (len(one), one) for one in requests))
        file.flush()
        numbers = [str(number) for number in (port, clients, seconds, warm_up, rate)]
        command = [str(self.programs / "http_load"), HOST, *numbers, file.name]
        return Loading(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True), file)

    def run(self, port: int, requests: Sequence[bytes], *, clients: int, seconds: float, warm_up: float = 0.3) -> Load:
        """Begin and wait."""
        return self.start(port, requests, clients=clients, seconds=seconds, warm_up=warm_up).result()


class Loading:
    """A load under way."""

    def __init__(self, process: subprocess.Popen[str], file: Any) -> None:
        self._process = process
        self._file = file

    def result(self) -> Load:
        """Wait for its end. Raises NotPossibleError where it failed or nothing was answered well."""
        output, errors = self._process.communicate()
        self._file.close()
        if self._process.returncode:
            raise NotPossibleError(f"http_load failed: {errors.strip()}")
        found = json.loads(output)
        good = sum(count for status, count in found["statuses"].items() if status.startswith("2"))
        bad = found["requests"] - good + found["errors"]
        if bad > good / 100:
            raise NotPossibleError(f"Too many requests failed: {found['statuses']}, {found['errors']} broken off.")
        return Load(
            per_second=good / found["seconds"],
            p50_us=found["p50_us"],
            p99_us=found["p99_us"],
            body_bytes=found["body_bytes"] / max(1, found["requests"]),
            bad=bad,
            statuses=found["statuses"],
        )


class Sockets:
    """Many websockets, held by `sockets` (whose source says what the commands do)."""

    def __init__(self, programs: Path, port: int, tabs: Sequence[tuple[str, str]], *, at_once: int = 100) -> None:
        """`tabs`: cookie and first frame of each."""
        self.count = len(tabs)
        with tempfile.NamedTemporaryFile("w", prefix="tabs-", delete=False) as file:
            file.writelines(f"{cookie}\t{frame}\n" for cookie, frame in tabs)
        self._file = Path(file.name)
        command = [str(programs / "sockets"), HOST, str(port), str(at_once), file.name]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._file.unlink()

    def open(self) -> dict[str, float]:
        """Connect all of them. Raises NotPossibleError where some cannot be."""
        found = self._ask("open")
        if found["ready"] < self.count:
            raise NotPossibleError(f"Only {found['ready']:.0f} of {self.count} websockets could be opened.")
        return found

    def reset(self) -> None:
        """Count from here."""
        self._ask("reset")

    def report(self) -> dict[str, float]:
        """What was counted."""
        return self._ask("report")

    def wait(self, posts: int, seconds: float = 20) -> dict[str, float]:
        """Until so many posts have been counted, or the time is over."""
        return self._ask(f"wait {posts} {seconds * 1000:.0f}")

    def close_all(self) -> None:
        """End the connections; `open` makes them anew."""
        self._ask("close")

    def _ask(self, command: str) -> dict[str, float]:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{command}\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise NotPossibleError("The program that holds the websockets has ended.")
        found: dict[str, float] = json.loads(line)
        return found
