"""Websockets: one post to many, many writers and readers, memory, and everybody coming back at once."""

from __future__ import annotations

import http.client
import socket
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial

from bench.native import FRESH_ID, HOST, TIME, NotPossibleError, Sockets
from bench.product import Loop, Server, cpu_seconds, memory_bytes
from bench.report import Row, Sample, medians
from bench.scene import Scene
from bench.world import Channel

POSTS_A_ROUND = 5
WRITERS = 64
LEAST_OF_LOOP = 0.60
MOST_P99_MS = 250
LEAST_DELIVERIES = 300_000
MOST_KIB = 25
MOST_STORM_SECONDS = 15
BEHIND = 10
"""Changes that whoever comes back has missed."""
SETTLE = 1.0
BREATH = 0.1
"""Seconds in which what comes with a post (that there is something new) has come too."""


def run_fanout(scene: Scene) -> None:
    """One post at a time to 1,000 and 5,000 websockets in the largest channel."""
    channel = scene.world.channels[0]
    with scene.product() as product:
        frame = _frame_bytes(scene, product, channel)
        with Loop(scene.world, scene.programs, scene.port(3), frame) as loop:
            for count in (20, 40) if scene.options.quick else (1000, 5000):
                _fan_out(scene, channel, count, {"product": product, "limit": loop})


def _fan_out(scene: Scene, channel: Channel, count: int, servers: dict[str, Server]) -> None:
    with ExitStack() as stack:
        measurements: dict[str, Callable[[], Sample]] = {}
        for name, server in servers.items():
            sockets = stack.enter_context(_open(scene, server.port, [channel], count))
            measurements[name] = partial(_posts_one_by_one, scene, server, sockets, channel)
        time.sleep(SETTLE)
        for measure in measurements.values():
            measure()  # the first frame to a socket costs its buffers
        found = scene.compete(f"fanout-{count}", measurements)
    product, limit = found["product"], found["limit"]
    details = {name: round(value, 3) for name, value in product.items()}
    work = f"one post to {count:,} websockets"
    per_second, whole, cpu = "deliveries_per_second", "sent_to_last_ms", "cpu_us"
    most = round(1 / LEAST_OF_LOOP, 2)
    rows = [
        (per_second, "from the first client to the last", "deliveries/s", LEAST_OF_LOOP, None),
        (whole, "from the sending of the request to the last client", "ms", None, most),
        (cpu, "processor time of the server per delivery", "us", None, None),
    ]
    for key, words, unit, least, greatest in rows:
        scene.report.add(
            Row(
                f"fanout-{count}-{key}",
                f"{work}: {words}",
                unit,
                product[key],
                limit[key],
                least=least,
                most=greatest,
                limit_is="bare C loop",
                details=details,
            )
        )


def _posts_one_by_one(scene: Scene, server: Server, sockets: Sockets, channel: Channel) -> Sample:
    samples = []
    before = cpu_seconds(server.web)
    for number in range(POSTS_A_ROUND):
        sockets.reset()
        _say(scene, server, channel, number)
        found = sockets.wait(sockets.count)
        time.sleep(BREATH)
        whole = sockets.report()
        if found["posts"] < sockets.count:
            raise NotPossibleError(f"A post reached only {found['posts']:.0f} of {sockets.count} websockets.")
        samples.append(
            {
                "deliveries_per_second": (sockets.count - 1) / found["first_to_last"],
                "first_to_last_ms": found["first_to_last"] * 1000,
                "sent_to_last_ms": found["sent_to_last"] * 1000,
                "bytes": whole["bytes"] / sockets.count,
                "messages": whole["messages"] / sockets.count,
            }
        )
    cpu = (cpu_seconds(server.web) - before) / POSTS_A_ROUND / sockets.count
    return {**medians(samples), "cpu_us": cpu * 1e6}


def _say(scene: Scene, server: Server, channel: Channel, member: int) -> None:
    """One post, sent now, as `http_load` sends it."""
    prepared = scene.world.post(server.port, channel, member)
    whole = prepared.replace(FRESH_ID.encode(), str(uuid.uuid4()).encode())
    with socket.create_connection((HOST, server.port)) as connection:
        connection.sendall(whole.replace(TIME.encode(), f"{time.monotonic_ns():016x}".encode()))
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        answer.read()
    if answer.status != http.HTTPStatus.CREATED:
        raise NotPossibleError(f"A post was not made: {answer.status}.")


def _frame_bytes(scene: Scene, product: Server, channel: Channel) -> int:
    """How long the frame of one post is."""
    with _open(scene, product.port, [channel], 1) as sockets:
        sockets.reset()
        _say(scene, product, channel, 0)
        sockets.wait(1)
        time.sleep(BREATH)
        found = sockets.report()
    if not found["posts"]:
        raise NotPossibleError("A post did not reach the websocket that shows its channel.")
    return int(found["bytes"])


def run_crowd(scene: Scene) -> None:
    """64 writers as fast as they are answered, with ten readers a channel and with a hundred."""
    channels = scene.world.channels
    with scene.product() as product:
        frames = _frame_bytes(scene, product, channels[0])
        with Loop(scene.world, scene.programs, scene.port(3), frames) as loop:
            servers: dict[str, Server] = {"product": product, "limit": loop}
            if scene.options.quick:
                _crowd(scene, channels[:2], 20, servers)
            else:
                _crowd(scene, channels, 2000, servers)
                _crowd(scene, channels[4:14], 1000, servers)


def _crowd(scene: Scene, channels: list[Channel], count: int, servers: dict[str, Server]) -> None:
    with ExitStack() as stack:
        measurements: dict[str, Callable[[], Sample]] = {}
        for name, server in servers.items():
            sockets = stack.enter_context(_open(scene, server.port, channels, count))
            measurements[name] = partial(_everybody_writes, scene, server, sockets, channels)
        time.sleep(SETTLE)
        found = scene.compete(f"crowd-{count}", measurements)
    product, limit = found["product"], found["limit"]
    readers = count // len(channels)
    work = f"{count:,} websockets in {len(channels)} channels, {WRITERS} writers"
    details = {name: round(value, 2) for name, value in product.items()}
    # A post's frame costs the same whoever reads it, so that few readers cannot have many deliveries.
    least = LEAST_DELIVERIES if readers >= 100 else None
    rows = [
        Row(f"crowd-{count}-posts", f"{work}: posts", "/s", product["posts"], limit["posts"], "bare C loop"),
        Row(
            f"crowd-{count}-deliveries",
            f"{work}: deliveries",
            "/s",
            product["deliveries"],
            limit["deliveries"],
            "bare C loop",
            details=details,
        ),
        Row(f"crowd-{count}-p99", f"{work}: p99 from sending to receipt", "ms", product["p99_ms"], most=MOST_P99_MS),
    ]
    if least:
        name, words = f"crowd-{count}-promise", f"{work}: deliveries, {readers} readers a post"
        rows.append(Row(name, words, "/s", product["deliveries"], least=least))
    for row in rows:
        scene.report.add(row)


def _everybody_writes(scene: Scene, server: Server, sockets: Sockets, channels: list[Channel]) -> Sample:
    requests = scene.world.posts(server.port, channels, max(len(channels) * 8, WRITERS * 10))
    before = cpu_seconds(server.web)
    sockets.reset()
    load = scene.loader.run(server.port, requests, clients=WRITERS, seconds=scene.options.seconds, warm_up=0)
    # Wait for what is still on its way: until nothing new comes.
    seen, found = -1.0, sockets.report()
    while found["posts"] > seen:
        seen = found["posts"]
        time.sleep(0.2)
        found = sockets.report()
    return {
        "posts": load.per_second,
        "deliveries": found["posts"] / max(found["first_to_last"], 1e-9),
        "p50_ms": found["p50_us"] / 1000,
        "p99_ms": found["p99_us"] / 1000,
        "messages_per_delivery": found["messages"] / max(1, found["posts"]),
        "bytes_per_delivery": found["bytes"] / max(1, found["posts"]),
        "cpu_us_per_delivery": (cpu_seconds(server.web) - before) * 1e6 / max(1, found["posts"]),
        "dropped": found["drops"],
    }


def run_memory(scene: Scene) -> None:
    """Resident memory of the web process for each websocket that shows a channel and says nothing."""
    first, more = (10, 40) if scene.options.quick else (100, 5000)
    channels = scene.world.channels
    with scene.product() as product, _open(scene, product.port, channels, first):
        time.sleep(SETTLE)
        before = memory_bytes(product.web)
        with _open(scene, product.port, channels, more):
            time.sleep(SETTLE)
            each = (memory_bytes(product.web) - before) / more / 1024
    work = f"memory per idle websocket, of {more:,}"
    scene.report.add(Row("memory", work, "KiB", each, most=MOST_KIB, details={"before_mib": before / 1024 / 1024}))


def run_storm(scene: Scene) -> None:
    """All websockets come back at the same moment, each some changes behind."""
    count = 50 if scene.options.quick else 5000
    channels = scene.world.channels

    def come_back(sockets: Sockets) -> Sample:
        found = sockets.open()
        time.sleep(SETTLE)
        sockets.close_all()
        time.sleep(SETTLE)
        return {"seconds": found["seconds"], "failures": found["failures"]}

    with scene.product() as product:
        tabs = _tabs(scene, channels, count, behind=BEHIND)
        with Sockets(scene.programs, product.port, tabs, at_once=count) as sockets:
            found = scene.compete("storm", {"product": lambda: come_back(sockets)})["product"]
    scene.report.add(
        Row(
            "storm",
            f"{count:,} websockets come back at once, {BEHIND} changes behind: until all are caught up",
            "s",
            found["seconds"],
            most=MOST_STORM_SECONDS,
            details=found,
        )
    )


def _open(scene: Scene, port: int, channels: Sequence[Channel], count: int) -> Sockets:
    """Websockets in these channels in turn, all of them up to date."""
    sockets = Sockets(scene.programs, port, _tabs(scene, channels, count))
    sockets.open()
    return sockets


def _tabs(scene: Scene, channels: Sequence[Channel], count: int, behind: int = 0) -> list[tuple[str, str]]:
    revisions = scene.world.revisions()
    tabs = []
    for number in range(count):
        channel = channels[number % len(channels)]
        revision = max(0, revisions[channel.id] - behind)
        tabs.append(scene.world.tab(channel, number // len(channels), revision))
    return tabs
