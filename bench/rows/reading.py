"""Reading the newest 50 posts and whole pages, beside constant answers of the same size and an empty view."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from bench.native import Load, request
from bench.product import Empty, EmptyView
from bench.report import Row, Sample
from bench.scene import Scene
from bench.world import Channel

CLIENTS = 16
PAGE_CLIENTS = 8
LEAST = 0.50
LEAST_WHILE_WRITING = 0.40
WRITES = 10


def run_reading(scene: Scene) -> None:
    """The newest 50 as JSON and as the page's own part, by 16 clients."""
    port, empty = scene.port(0), scene.port(1)
    world = scene.world
    channels = _usual(scene)
    json = [world.read(port, channels[number % len(channels)], number) for number in range(64)]
    part = [
        world.visit(port, channels[number % len(channels)], number, f"{channels[number % len(channels)].page}/posts")
        for number in range(64)
    ]
    with scene.product(), Empty(world, empty):
        for name, words, requests in (("json", "JSON", json), ("fragment", "HTML fragment", part)):
            size = round(_load(scene, port, requests, CLIENTS, 0.5).body_bytes)
            constant = [request("GET", f"/{size}", empty)]
            measurements: dict[str, Callable[[], Sample]] = {
                "product": partial(_sample, scene, port, requests, CLIENTS),
                "limit": partial(_sample, scene, empty, constant, CLIENTS),
            }
            found = scene.compete(f"reading-{name}", measurements)
            product = found["product"]
            scene.report.add(
                Row(
                    f"reading-{name}",
                    f"read the newest 50 posts as {words}, {CLIENTS} clients, {size:,} bytes",
                    "/s",
                    product["per_second"],
                    found["limit"]["per_second"],
                    "constant body of the same size",
                    least=LEAST,
                    details={name: round(product[name]) for name in ("p50_us", "p99_us")},
                )
            )


def run_pages(scene: Scene) -> None:
    """A channel's whole page for people who are signed in, by 8 clients; and while others write in these channels."""
    port, other = scene.port(0), scene.port(2)
    world = scene.world
    channels = _usual(scene)
    pages = [
        world.visit(port, channels[number % len(channels)], number, channels[number % len(channels)].page)
        for number in range(64)
    ]
    empty = [world.visit(other, channels[number % len(channels)], number, "/empty") for number in range(64)]
    writes = world.posts(port, channels, 64)
    seconds = scene.options.seconds

    def written() -> Sample:
        with_warm_up = seconds + 0.5
        writing = scene.loader.start(port, writes, clients=4, seconds=with_warm_up, warm_up=0, rate=WRITES)
        found = _sample(scene, port, pages, PAGE_CLIENTS)
        writing.result()
        return found

    with scene.product(), EmptyView(world, other):
        _load(scene, port, pages, PAGE_CLIENTS, 0.5)
        _load(scene, other, empty, PAGE_CLIENTS, 0.5)
        found = scene.compete(
            "pages",
            {
                "alone": partial(_sample, scene, port, pages, PAGE_CLIENTS),
                "limit": partial(_sample, scene, other, empty, PAGE_CLIENTS),
                "written": written,
            },
        )
    for name, words, least in (("alone", "", LEAST), ("written", f", {WRITES} writes/s beside", LEAST_WHILE_WRITING)):
        product = found[name]
        scene.report.add(
            Row(
                f"pages-{name}",
                f"a whole channel page, {PAGE_CLIENTS} clients{words}, {product['body_bytes']:,.0f} bytes",
                "/s",
                product["per_second"],
                found["limit"]["per_second"],
                "empty Django view, same middleware",
                least=least,
                details={name: round(product[name]) for name in ("p50_us", "p99_us")},
            )
        )


def _usual(scene: Scene) -> list[Channel]:
    """Sixteen channels of several workspaces, so that no single one is all there is."""
    channels = scene.world.channels
    return channels[1 :: max(1, len(channels) // 16)]


def _load(scene: Scene, port: int, requests: list[bytes], clients: int, seconds: float | None = None) -> Load:
    return scene.loader.run(port, requests, clients=clients, seconds=seconds or scene.options.seconds)


def _sample(scene: Scene, port: int, requests: list[bytes], clients: int) -> Sample:
    return _load(scene, port, requests, clients).sample
