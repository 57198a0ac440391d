"""Rows: what was measured, what the machine could do beside it, and whether that is enough."""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

Sample = Mapping[str, float]
START, END = "<!-- bench -->", "<!-- end of bench -->"


@dataclass(frozen=True)
class Row:
    """One line of the table. `product` and `limit` are medians in `unit`; `ratio` is the first by the second.

    `least` or `most` is what the ratio (of rows with a limit) or the product (of rows without) has to reach.
    """

    name: str
    work: str
    unit: str
    product: float
    limit: float | None = None
    limit_is: str = ""
    least: float | None = None
    most: float | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def ratio(self) -> float | None:
        """Product by limit."""
        return self.product / self.limit if self.limit else None

    @property
    def reached(self) -> bool | None:
        """None where nothing was promised."""
        value = self.product if self.limit is None else self.ratio
        if value is None or (self.least is None and self.most is None):
            return None
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)

    @property
    def target(self) -> str:
        """In words."""
        unit = f" {self.unit}" if self.limit is None else ""
        if self.least is not None:
            return f"≥ {self.least:g}{unit}"
        return f"≤ {self.most:g}{unit}" if self.most is not None else "-"


class Report:
    """Writes each line as soon as it is known, so that a run that fails late has still told what it knew."""

    def __init__(self, folder: Path, machine: Mapping[str, str], label: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"{label}.jsonl"
        self.machine = machine
        self.rows: list[Row] = []
        self.missed: dict[str, str] = {}
        self._file: IO[str] = self.path.open("w")
        self._line({"kind": "machine", **machine})

    def add(self, row: Row) -> None:
        """A row is done."""
        self.rows.append(row)
        self._line(
            {"kind": "row", **asdict(row), "ratio": row.ratio, "target": row.target, "reached": row.reached},
        )

    def miss(self, group: str, reason: str) -> None:
        """A group could not be measured, or not to its end."""
        self.missed[group] = reason
        self._line({"kind": "missed", "group": group, "reason": reason})

    def sample(self, name: str, number: int, values: Mapping[str, Any]) -> None:
        """One measurement, of which a row gives the median; only in the file."""
        self._file.write(json.dumps({"kind": "sample", "of": name, "round": number, **values}) + "\n")

    def say(self, sentence: str) -> None:
        """What is going on, for who waits."""
        sys.stderr.write(f"{sentence}\n")
        sys.stderr.flush()

    def finish(self, markdown: Path | None) -> None:
        """The table, for people."""
        self._file.close()
        table = self.table()
        sys.stdout.write(f"\n{table}\n")
        if markdown:
            _publish(markdown, table)

    def table(self) -> str:
        """All rows as Markdown."""
        head = ", ".join(f"{name} {value}" for name, value in self.machine.items())
        lines = [
            f"Machine: {head}.",
            "",
            "| work | product | limit | ratio | target | reached |",
            "|---|---|---|---|---|---|",
        ]
        for row in self.rows:
            limit = f"{_number(row.limit)} {row.unit} ({row.limit_is})" if row.limit is not None else "-"
            ratio = "-" if row.ratio is None else f"{row.ratio:.3g}"
            reached = {True: "yes", False: "no", None: "-"}[row.reached]
            product = f"{_number(row.product)} {row.unit}"
            lines.append(f"| {row.work} | {product} | {limit} | {ratio} | {row.target} | {reached} |")
        lines += [f"\nNot measured to the end: {group}. {reason}" for group, reason in self.missed.items()]
        return "\n".join([*lines, ""])

    def _line(self, values: Mapping[str, Any]) -> None:
        text = json.dumps(values)
        self._file.write(f"{text}\n")
        self._file.flush()
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()


def compete(
    report: Report, name: str, rounds: int, measurements: Mapping[str, Callable[[], Sample]]
) -> dict[str, dict[str, float]]:
    """Take turns: each measurement once a round; returns the median of every number of each."""
    samples: dict[str, list[Sample]] = {which: [] for which in measurements}
    for number in range(rounds):
        for which, measure in measurements.items():
            values = measure()
            samples[which].append(values)
            report.sample(f"{name}/{which}", number, values)
    return {which: medians(found) for which, found in samples.items()}


def medians(samples: Sequence[Sample]) -> dict[str, float]:
    """The median of every number."""
    return {name: statistics.median(sample[name] for sample in samples) for name in samples[0]} if samples else {}


def _publish(page: Path, table: str) -> None:
    """Into the page's place for it, if it has one; else the table is all of the page."""
    before, start, rest = (page.read_text() if page.exists() else "").partition(START)
    _old, end, after = rest.partition(END)
    page.write_text(f"{before}{start}\n{table}{end}{after}" if start and end else table)


def _number(value: float) -> str:
    hundred = 100
    return f"{value:,.0f}" if value >= hundred else f"{value:.3g}"
