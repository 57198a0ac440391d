"""What a post and a page cost in a small channel and in a large one."""

from __future__ import annotations

from functools import partial

from bench.native import Load
from bench.plan import FEW, LONG, MANY, SHORT
from bench.report import Row, Sample
from bench.scene import Scene
from bench.world import Channel

CLIENTS = 16
MOST = 1.3
HANDS = 10


def run(scene: Scene) -> None:
    """10,000 posts against a million (or ten), 10 members against 100,000."""
    channels = scene.world.channels
    with scene.product():
        for what, small, large in (("posts", SHORT, LONG), ("members", FEW, MANY)):
            _grown(scene, what, channels[small], channels[large])


def _grown(scene: Scene, what: str, small: Channel, large: Channel) -> None:
    count = scene.world.count_posts if what == "posts" else scene.world.count_members
    few, many = count(small), count(large)
    for name, words, requests in (
        ("posting", "create a post", _writes),
        ("reading", "read the newest 50 posts", partial(_reads, back=False)),
        ("older", "read 50 posts of the middle", partial(_reads, back=True)),
    ):
        found = scene.compete(
            f"growth-{what}-{name}",
            {
                "small": partial(_measure, scene, requests(scene, small)),
                "large": partial(_measure, scene, requests(scene, large)),
            },
        )
        scene.report.add(
            Row(
                f"growth-{what}-{name}",
                f"{words} in a channel with {many:,} {what}, {CLIENTS} clients: time of each",
                "us",
                1e6 / found["large"]["per_second"],
                1e6 / found["small"]["per_second"],
                f"{few:,} {what}",
                most=MOST,
                details={"small": found["small"]["per_second"], "large": found["large"]["per_second"]},
            )
        )


def _writes(scene: Scene, channel: Channel) -> list[bytes]:
    return [scene.world.post(scene.port(0), channel, number % HANDS) for number in range(64)]


def _reads(scene: Scene, channel: Channel, *, back: bool) -> list[bytes]:
    query = f"?before={scene.world.count_posts(channel) // 2}" if back else ""
    return [scene.world.read(scene.port(0), channel, number % HANDS, query) for number in range(64)]


def _measure(scene: Scene, requests: list[bytes]) -> Sample:
    found: Load = scene.loader.run(scene.port(0), requests, clients=CLIENTS, seconds=scene.options.seconds)
    return found.sample
