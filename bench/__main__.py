"""`python -m bench`: measure, and say how it stands."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime

from bench import machine, native, options, plan, product, world
from bench.native import NotPossibleError
from bench.report import Report
from bench.rows import enrolments, growth, live, posting, reading
from bench.scene import Scene
from tertulia.config.postgres import DatabaseError

GROUPS: Mapping[str, Callable[[Scene], None]] = {
    "posting": posting.run,
    "reading": reading.run_reading,
    "pages": reading.run_pages,
    "fanout": live.run_fanout,
    "crowd": live.run_crowd,
    "memory": live.run_memory,
    "storm": live.run_storm,
    "enrolments": enrolments.run,
    "growth": growth.run,
}
"""Groups of rows, in the order in which they are measured."""


def main(words: list[str]) -> int:
    """Returns the exit code: 0 measured (whatever the numbers), 1 not possible, or not all of it."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # an orderly exit, so that what was started is stopped
    chosen = options.read(words, list(GROUPS))
    try:
        return measure(chosen)
    except (NotPossibleError, DatabaseError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("Stopped.\n")
        return 130


def measure(chosen: options.Options) -> int:
    """All rows that are wanted. Returns the exit code."""
    began = time.monotonic()
    product.open_files()
    chosen.var.mkdir(parents=True, exist_ok=True)
    programs = native.build(chosen.var)
    report: Report | None = None
    wanted = [group for group in GROUPS if chosen.wants(group)]
    for name, plans in (
        ("community", plan.community(quick=chosen.quick)),
        ("growth", plan.growth(full=chosen.full)),
    ):
        groups = [group for group in wanted if _database(group, quick=chosen.quick) == name]
        if not groups:
            continue
        try:
            here, seconds = world.prepare(chosen, name, plans)
        except NotPossibleError as error:
            if report is None:
                raise
            report.miss(name, str(error))
            continue
        if report is None:
            label = datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%SZ")
            report = Report(chosen.var.parent, machine.describe(here.url), label)
        report.say(f"The database “{name}” with {plans.posts:,} posts is ready after {seconds:.0f} s.")
        with ExitStack() as stack:
            running = stack.enter_context(product.Product(here, chosen.port)) if chosen.quick else None
            scene = Scene(chosen, here, programs, report, running)
            for group in groups:
                report.say(f"Measuring: {group} … ({time.monotonic() - began:.0f} s so far)")
                try:
                    GROUPS[group](scene)
                except NotPossibleError as error:
                    report.miss(group, str(error))  # the other groups may still be told
    assert report is not None
    report.finish(chosen.markdown)
    report.say(f"{report.path} holds every measurement; {time.monotonic() - began:.0f} s.")
    return 1 if report.missed else 0


def _database(group: str, *, quick: bool) -> str:
    """Growth has a database of its own, so that its channels are in nobody else's way."""
    return "growth" if group == "growth" and not quick else "community"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
