"""`make bench` measures all that it says it does. What the numbers are is not for a test to say."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.__main__ import GROUPS
from bench.report import Report, Row, compete

ROOT = Path(__file__).resolve().parents[2]
PORTS = 4
ENROLMENTS = ("enrolments-again", "enrolments-rule", "enrolments-seconds")


@pytest.fixture
def var() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="tertulia-bench-"))
    folder.chmod(0o711)  # the account that runs PostgreSQL passes through
    yield folder
    shutil.rmtree(folder)


def free_ports() -> int:
    """The first of four ports that nobody listens on right now."""
    for first in range(21000, 32000, PORTS):
        listeners = []
        try:
            listeners = [socket.create_server(("127.0.0.1", first + number)) for number in range(PORTS)]
        except OSError:
            continue
        finally:
            for listener in listeners:
                listener.close()
        return first
    raise AssertionError("no free ports")


def test_everything_is_measured(var: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TERTULIA_")}
    words = ["--quick", "--var", str(var), "--port", str(free_ports()), "--markdown", str(var / "table.md")]
    done = subprocess.run(
        [sys.executable, "-m", "bench", *words], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    machine, *rows = lines
    assert "fsync on" in machine["postgresql"]
    assert {row["name"].split("-")[0] for row in rows} == set(GROUPS), "each group has rows"
    without_limit = {row["name"] for row in rows if row["limit"] is None}
    assert without_limit == {"memory", "storm", "crowd-20-p99", *ENROLMENTS}
    assert [row["name"] for row in rows if row["name"] != "memory" and not row["product"] > 0] == []
    assert [row["name"] for row in rows if row["limit"] is not None and not row["limit"] > 0] == []
    table = (var / "table.md").read_text()
    assert [row["work"] for row in rows if row["work"] not in table] == []
    [kept] = var.glob("*.jsonl")
    assert lines == [line for line in map(json.loads, kept.read_text().splitlines()) if line["kind"] != "sample"]


def test_a_row_says_whether_it_reached_its_target() -> None:
    def row(**about: float | None) -> Row:
        return Row("name", "work", "/s", **about)  # type: ignore[arg-type]  # numbers only

    assert row(product=10, limit=20, least=0.5).reached is True
    assert row(product=9, limit=20, least=0.5).reached is False
    assert row(product=30, limit=10, most=3).reached is True
    assert row(product=31, limit=10, most=3).reached is False
    assert row(product=25, most=25).reached is True, "without a limit the number itself counts"
    assert row(product=26, most=25).reached is False
    assert row(product=26).reached is None
    assert (row(product=1, most=25).target, row(product=1, limit=2, least=0.5).target) == ("≤ 25 /s", "≥ 0.5")


def test_rounds_are_interleaved_and_their_median_counts(tmp_path: Path) -> None:
    report = Report(tmp_path, {"cores": "2"}, "now")
    order: list[str] = []
    numbers = {"product": iter([1.0, 100.0, 3.0]), "limit": iter([5.0, 4.0, 6.0])}

    def measure(which: str) -> dict[str, float]:
        order.append(which)
        return {"per_second": next(numbers[which])}

    found = compete(report, "row", 3, {name: lambda name=name: measure(name) for name in numbers})  # type: ignore[misc]
    report.finish(None)
    assert order == ["product", "limit"] * 3
    assert found == {"product": {"per_second": 3.0}, "limit": {"per_second": 5.0}}


def test_a_page_has_the_table_in_its_place_and_what_could_not_be_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = Report(tmp_path, {"cores": "2"}, "now")
    report.add(Row("name", "some work", "/s", 1234.5, 2469, "the limit", least=0.5))
    report.miss("storm", "Only 3 of 5 websockets could be opened.")
    (tmp_path / "page.md").write_text("# Speed\n\n<!-- bench -->\nold\n<!-- end of bench -->\n\nMore.\n")
    report.finish(tmp_path / "page.md")
    page = (tmp_path / "page.md").read_text()
    assert page.startswith("# Speed\n\n<!-- bench -->\nMachine: ")
    assert page.endswith("\n<!-- end of bench -->\n\nMore.\n")
    assert "old" not in page
    table = page.split("<!-- bench -->\n")[1].split("<!-- end")[0]
    assert "| some work | 1,234 /s | 2,469 /s (the limit) | 0.5 | ≥ 0.5 | yes |" in table
    assert "Not measured to the end: storm. Only 3 of 5 websockets could be opened." in table
    assert table in capsys.readouterr().out
