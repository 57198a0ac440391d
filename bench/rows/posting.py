"""Creating posts over HTTP, beside a server that answers nothing and a database that only inserts."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from bench import inserts
from bench.native import request
from bench.product import Empty
from bench.report import Row, Sample
from bench.scene import Scene

MOST_CLIENTS = 64
LEAST_OF_SERVER = 0.20
LEAST_OF_INSERTS = 1.0
MOST_OF_INSERT = 3.0


def run(scene: Scene) -> None:
    """1, 16 and 64 clients, in one channel and over all."""
    counts = (1, 4) if scene.options.quick else (1, 16, MOST_CLIENTS)
    port, empty = scene.port(0), scene.port(1)
    world, loader, seconds = scene.world, scene.loader, scene.options.seconds
    one = world.posts(port, world.channels[1:2], 64)
    spread = world.posts(port, world.channels, len(world.channels) * 3)
    nothing = [request("GET", "/", empty)]
    inserts.prepare(world.url)
    with scene.product(), Empty(world, empty):
        # A process that has just started prepares its statements and learns who is who.
        loader.run(port, spread, clients=counts[-1], seconds=seconds)
        for clients in counts:
            measurements: dict[str, Callable[[], Sample]] = {
                "one": partial(_sample, scene, port, one, clients),
                "spread": partial(_sample, scene, port, spread, clients),
                "empty": partial(_sample, scene, empty, nothing, clients),
                "insert": partial(inserts.run, world.url, inserts.FREE, clients=clients, seconds=seconds),
                "bound": partial(inserts.run, world.url, inserts.BOUND, clients=clients, seconds=seconds),
            }
            found = scene.compete(f"posting-{clients}", measurements)
            for where, words in (("one", "in one channel"), ("spread", f"over {len(world.channels)} channels")):
                _rows(scene, clients, where, words, found)
    inserts.drop(world.url)


def _rows(scene: Scene, clients: int, where: str, words: str, found: dict[str, dict[str, float]]) -> None:
    product = found[where]
    work = f"create a post, {clients} client{'s' if clients > 1 else ''}, {words}"
    details = {name: round(product[name]) for name in ("p50_us", "p99_us")}
    is_measure = clients == MOST_CLIENTS
    scene.report.add(
        Row(
            f"posting-{clients}-{where}-server",
            work,
            "/s",
            product["per_second"],
            found["empty"]["per_second"],
            "empty ASGI request",
            least=LEAST_OF_SERVER if is_measure else None,
            details=details,
        )
    )
    scene.report.add(
        Row(
            f"posting-{clients}-{where}-inserts",
            work,
            "/s",
            product["per_second"],
            found["insert"]["per_second"],
            "pgbench, single inserts",
            least=LEAST_OF_INSERTS if is_measure else None,
        )
    )
    scene.report.add(
        Row(
            f"posting-{clients}-{where}-bound",
            work,
            "/s",
            product["per_second"],
            found["bound"]["per_second"],
            "pgbench, with foreign keys",
        )
    )
    if clients == 1:
        scene.report.add(
            Row(
                f"posting-1-{where}-p50",
                f"{work}: median time",
                "us",
                product["p50_us"],
                found["insert"]["p50_us"],
                "pgbench, insert and commit",
                most=MOST_OF_INSERT,
            )
        )


def _sample(scene: Scene, port: int, requests: list[bytes], clients: int) -> Sample:
    return scene.loader.run(port, requests, clients=clients, seconds=scene.options.seconds).sample
