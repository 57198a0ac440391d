"""Showing how far an import has come, and stopping it between two batches with Ctrl-C."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Protocol, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn


class Shows(Protocol):
    """Something that shows progress. `total` and `amount` are bytes of the export."""

    def begin(self, total: int) -> None:
        """The work begins."""

    def at(self, name: str) -> None:
        """It is in this channel now."""

    def advance(self, amount: int) -> None:
        """So much more is done."""


class Quiet:
    """Shows nothing."""

    def begin(self, total: int) -> None:
        """Nothing."""

    def at(self, name: str) -> None:
        """Nothing."""

    def advance(self, amount: int) -> None:
        """Nothing."""


class Bar:
    """A progress bar in a terminal; use it in a `with` statement."""

    def __init__(self, console: Console) -> None:
        """Draw on `console`."""
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TaskProgressColumn(),
            TimeRemainingColumn(),
            console=console,
        )
        self._task = self._bar.add_task("", total=None)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def begin(self, total: int) -> None:
        """Start counting to `total`."""
        self._bar.update(self._task, total=max(1, total))

    def at(self, name: str) -> None:
        """Name the channel."""
        self._bar.update(self._task, description=name)

    def advance(self, amount: int) -> None:
        """Move the bar on."""
        self._bar.advance(self._task, amount)


class Stop:
    """In a `with` statement, the first Ctrl-C sets `asked` instead of ending the program; a second one ends it."""

    def __init__(self) -> None:
        """Nobody has asked yet."""
        self.asked = False

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._ask)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, self._before)

    def _ask(self, _signal: int, _frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
