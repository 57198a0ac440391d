"""What is in the databases that are measured."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Room:
    """A channel: in which workspace (by number), with how many members and posts."""

    workspace: int
    members: int
    posts: int


@dataclass(frozen=True)
class Plan:
    """One database. `memberships`: how many people each workspace has. The first `hands` people can sign in."""

    people: int
    memberships: Sequence[int]
    rooms: Sequence[Room]
    hands: int

    @property
    def stamp(self) -> str:
        """Changes with the plan, and with how it is carried out."""
        here = Path(__file__).parent
        text = json.dumps(asdict(self)) + (here / "seed.py").read_text() + (here / "seed.sql").read_text()
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def posts(self) -> int:
        """All of them."""
        return sum(room.posts for room in self.rooms)


def community(*, quick: bool) -> Plan:
    """2,000 people in 10 workspaces with 200 channels and 500,000 posts.

    All are in the first workspace and each in two others. The first channel has everybody, the next three have 1,000
    members, and a person is in ten on average.
    """
    if quick:
        return Plan(40, [40, 20], [Room(0, 40, 120), *[Room(number % 2, 10, 60) for number in range(7)]], 30)
    hall = [Room(0, members, 2500) for members in (2000, 1000, 1000, 1000, *[100] * 16)]
    others = [Room(place, 400 if number == 0 else 60, 2500) for place in range(1, 10) for number in range(20)]
    return Plan(2000, [2000, *[444] * 9], [*hall, *others], 2000)


FEW, MANY, SHORT, LONG = range(4)
"""The channels of `growth`, by their number."""


def growth(*, full: bool) -> Plan:
    """Four channels: 10 members and 100,000, 10,000 posts and a million (`full`: ten millions)."""
    long = 10_000_000 if full else 1_000_000
    rooms = [Room(0, 10, 10_000), Room(0, 100_000, 10_000), Room(0, 100, 10_000), Room(0, 100, long)]
    return Plan(100_000, [100_000], rooms, 100)
