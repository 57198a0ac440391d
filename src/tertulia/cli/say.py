"""How the program speaks: plain lines. Only results go to standard output, so that scripts can take them."""

from __future__ import annotations

import sys

from rich.console import Console

_err = Console(stderr=True, highlight=False, soft_wrap=True)
_out = Console(highlight=False, soft_wrap=True)


def say(line: str) -> None:
    """What is being done, for people."""
    _err.print(line, markup=False)


def result(line: str) -> None:
    """What was asked for, and nothing else."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def fail(sentence: str) -> None:
    """Why it could not be done."""
    _err.print(sentence, style="red", markup=False)


def console() -> Console:
    """For tables and progress bars."""
    return _out
