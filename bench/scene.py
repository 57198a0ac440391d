"""What the rows have in common: the options, a world, the programs, the report."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.native import Loader
from bench.options import Options
from bench.product import Product
from bench.report import Report, Sample, compete
from bench.world import World


@dataclass(frozen=True)
class Scene:
    """Everything that a group of rows needs. `running`: one product for all groups, where time counts more."""

    options: Options
    world: World
    programs: Path
    report: Report
    running: Product | None = None

    @contextmanager
    def product(self) -> Iterator[Product]:
        """The product, fresh for each group."""
        if self.running:
            yield self.running
            return
        with Product(self.world, self.port(0)) as product:
            yield product

    @property
    def loader(self) -> Loader:
        """Makes HTTP load."""
        return Loader(self.programs)

    def port(self, number: int) -> int:
        """One of four."""
        return self.options.port + number

    def compete(self, name: str, measurements: Mapping[str, Callable[[], Sample]]) -> dict[str, dict[str, float]]:
        """Interleaved rounds; medians."""
        return compete(self.report, name, self.options.rounds, measurements)
