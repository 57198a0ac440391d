"""A database that is ready to be measured, and how to act as its people."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, LiteralString

import psycopg

from bench.native import FRESH_ID, MARK, NotPossibleError, request
from bench.options import ROOT, Options
from bench.plan import Plan
from tertulia.config import postgres

TEXT = (
    "I tried the second exercise again today and it works now, **thank you** all. The trick was to read the whole"
    f" question before writing a line. {MARK} Who else is on unit three? We could meet on `Thursday` :tada:"
)
"""What the load says: some Markdown, and the mark by which receivers know when it was sent."""


@dataclass(frozen=True)
class Channel:
    """A channel of the world. `members`: numbers of those who can act, not all of its members."""

    id: str
    workspace: str
    slug: str
    members: list[int]

    @property
    def page(self) -> str:
        """The address of its page."""
        return f"/w/{self.workspace}/c/{self.slug}"

    @property
    def posts(self) -> str:
        """The address of its posts in the REST interface."""
        return f"/api/v1/channels/{self.id}/posts"


@dataclass(frozen=True)
class World:
    """A folder for TERTULIA_VAR, its database's URL, and what was left in `world.json`."""

    var: Path
    url: str
    tokens: list[str]
    cookies: list[str]
    channels: list[Channel]

    def post(self, port: int, channel: Channel, member: int) -> bytes:
        """A request that makes a post, by a member of the channel."""
        token = self.tokens[channel.members[member % len(channel.members)]]
        body = json.dumps({"body": "\0", "client_id": "\1"})
        body = body.replace("\\u0000", TEXT).replace("\\u0001", FRESH_ID)
        return request("POST", channel.posts, port, [f"Authorization: Bearer {token}"], body)

    def posts(self, port: int, channels: list[Channel], count: int) -> list[bytes]:
        """Requests that make posts in these channels in turn, by many of their members."""
        return [
            self.post(port, channels[number % len(channels)], number // len(channels) + number % 7)
            for number in range(count)
        ]

    def read(self, port: int, channel: Channel, member: int, query: str = "") -> bytes:
        """A request for the newest posts, as a program asks."""
        token = self.tokens[channel.members[member % len(channel.members)]]
        return request("GET", f"{channel.posts}{query}", port, [f"Authorization: Bearer {token}"])

    def visit(self, port: int, channel: Channel, member: int, path: str) -> bytes:
        """A request for a page, as a browser asks that has been there before."""
        cookie = self.cookies[channel.members[member % len(channel.members)]]
        known = f"tertulia_csrf={'c' * 32}; tertulia_workspace={channel.workspace}"
        headers = [f"Cookie: {cookie}; {known}", "Accept-Language: en"]
        return request("GET", path, port, headers)

    def revisions(self) -> dict[str, int]:
        """How far each channel is."""
        with psycopg.connect(self.url) as connection:
            rows = connection.execute("SELECT id, revision FROM channels_channel").fetchall()
        return {str(row[0]): row[1] for row in rows}

    def count_posts(self, channel: Channel) -> int:
        """How many posts a channel has."""
        return self._count("SELECT last_seq FROM channels_channel WHERE id = %s", channel)

    def count_members(self, channel: Channel) -> int:
        """How many members a channel has."""
        return self._count("SELECT count(*) FROM channels_channelmembership WHERE channel_id = %s", channel)

    def _count(self, question: LiteralString, channel: Channel) -> int:
        with psycopg.connect(self.url) as connection:
            row = connection.execute(question, [channel.id]).fetchone()
        assert row
        return int(row[0])

    def tab(self, channel: Channel, number: int, revision: int) -> tuple[str, str]:
        """Cookie and first frame of a tab that shows a channel."""
        cookie = self.cookies[channel.members[number % len(channel.members)]]
        return cookie, f'{{"t":"show","channel":"{channel.id}","revision":{revision}}}'


def prepare(options: Options, name: str, plan: Plan) -> tuple[World, float]:
    """The world of a plan, made if it is not there (whole); also returns the seconds that took.

    What is measured is a copy, so that every run begins alike. Its private PostgreSQL runs until this process ends.
    """
    folder = options.var / name
    began = time.monotonic()
    if not _is_whole(folder, plan):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        words = [name, *(["--quick"] if options.quick else []), *(["--full"] if options.full else [])]
        done = subprocess.run(
            [sys.executable, "-m", "bench.seed", *words], cwd=ROOT, env=environment(folder), check=False
        )
        if done.returncode:
            raise NotPossibleError(f"The database in {folder} could not be made.")
    copy = options.var / f"{name}-in-use"
    shutil.rmtree(copy, ignore_errors=True)
    subprocess.run(["/bin/cp", "-a", folder, copy], check=True)  # keeps the owner of the database's files
    url = postgres.start(copy / "postgres")
    found: dict[str, Any] = json.loads((folder / "world.json").read_text())
    people = found["people"]
    return World(
        var=copy,
        url=url,
        tokens=[person["token"] for person in people],
        cookies=[person["cookie"] for person in people],
        channels=[Channel(**channel) for channel in found["channels"]],
    ), time.monotonic() - began


def environment(var: Path, **more: str) -> dict[str, str]:
    """The environment of a product whose folder is `var`; nothing of our caller's own settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TERTULIA_")}
    return {**kept, "TERTULIA_VAR": str(var), **more}


def _is_whole(folder: Path, plan: Plan) -> bool:
    try:
        found = json.loads((folder / "world.json").read_text())
    except (OSError, ValueError):
        return False
    return bool(found.get("stamp") == plan.stamp)
