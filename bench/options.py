"""What a run is asked to do: by words of the command line, or by variables (`make bench ONLY=posting`)."""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Options:
    """One run."""

    only: frozenset[str]
    seconds: float
    rounds: int
    quick: bool
    full: bool
    port: int
    var: Path
    markdown: Path | None

    def wants(self, group: str) -> bool:
        """Whether this group of rows is to be measured."""
        return not self.only or group in self.only


def read(words: list[str], groups: list[str]) -> Options:
    """Parse the command line."""

    def given(name: str) -> str:
        return os.environ.get(name, "")

    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", default=given("ONLY"), help=f"groups of rows, with commas: {', '.join(groups)}")
    parser.add_argument("--seconds", type=float, default=given("SECONDS") or None, help="of one measurement; 2")
    parser.add_argument("--rounds", type=int, default=given("ROUNDS") or None, help="the median of so many; 3")
    parser.add_argument("--quick", action="store_true", default=given("QUICK") == "1", help="tiny data: does it run?")
    parser.add_argument("--full", action="store_true", default=given("FULL") == "1", help="10M posts in a channel")
    parser.add_argument("--port", type=int, default=given("BENCH_PORT") or 8810, help="the first of four")
    parser.add_argument("--var", type=Path, default=given("BENCH_VAR") or ROOT / "var/bench", help="kept between runs")
    parser.add_argument("--markdown", type=Path, default=given("MARKDOWN") or None, help="write the table there too")
    found = parser.parse_args(words)
    only = frozenset(word for word in found.only.replace(",", " ").split() if word)
    unknown = only - set(groups)
    if unknown:
        parser.error(f"there is no group {', '.join(sorted(unknown))}; the groups are {', '.join(groups)}")
    return Options(
        only=only,
        seconds=found.seconds or (0.3 if found.quick else 2.0),
        rounds=found.rounds or (1 if found.quick else 3),
        quick=found.quick,
        full=found.full,
        port=found.port,
        var=found.var.resolve() / ("quick" if found.quick else "kept"),
        markdown=found.markdown,
    )
