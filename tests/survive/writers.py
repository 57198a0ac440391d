"""Programs that post while everything falls: each repeats what was not acknowledged, by the same client id."""

from __future__ import annotations

import http.client
import json
import random
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from uuid import UUID, uuid4

from tertulia.channels.models import Channel

from .town import Door, Somebody, ask

AWAY = frozenset({429, 500, 502, 503, 504})
"""Answers after which a program tries again; 409 (`busy`) is one, too."""
IMPATIENT = 0.15
"""How many of the posts are given up when they are not acknowledged at once."""


@dataclass(frozen=True)
class Acknowledged:
    """What the product said is there."""

    client_id: UUID
    channel: UUID
    post_id: UUID
    seq: int
    body: str


class Writer(threading.Thread):
    """One program, posting one thing after the other until told to stop."""

    def __init__(
        self, who: Somebody, doors: Sequence[Door], channels: Sequence[Channel], chance: random.Random, *, pause: float
    ) -> None:
        super().__init__(name=f"writer-{who.handle}", daemon=True)
        self.who = who
        self.acknowledged: list[Acknowledged] = []
        self.edited: dict[UUID, str] = {}
        self.given_up: set[UUID] = set()
        self.repeated = 0
        self.refused: list[str] = []
        self._doors, self._channels, self._chance, self._pause = doors, channels, chance, pause
        self._over = threading.Event()
        self._line: http.client.HTTPConnection | None = None

    def run(self) -> None:
        number = 0
        while not self._over.wait(self._chance.uniform(0, 2 * self._pause)):
            number += 1
            self._post(number)
            if self.acknowledged and self._chance.random() < 0.1:
                self._edit()
        self._hang_up()

    def stop(self) -> None:
        """No more; what is under way is finished."""
        self._over.set()

    def _post(self, number: int) -> None:
        channel = self._chance.choice(self._channels).pk
        mine = [post for post in self.acknowledged if post.channel == channel]
        root = self._chance.choice(mine).post_id if mine and self._chance.random() < 0.15 else None
        client_id = uuid4()
        body = f"{self.who.handle} {number} *{self._chance.randrange(1000)}*"
        asked = {"body": body, "client_id": str(client_id), "root_id": str(root) if root else None}
        impatient = self._chance.random() < IMPATIENT
        said = self._until_answered("POST", f"/api/v1/channels/{channel}/posts", asked, impatient=impatient)
        if said is None:
            self.given_up.add(client_id)
        else:
            self.acknowledged.append(Acknowledged(client_id, channel, UUID(said["id"]), said["seq"], body))

    def _edit(self) -> None:
        post = self._chance.choice(self.acknowledged[-5:])
        body = f"{post.body} and {self._chance.randrange(1000)}"
        if self._until_answered("PATCH", f"/api/v1/posts/{post.post_id}", {"body": body}) is not None:
            self.edited[post.post_id] = body

    def _until_answered(self, method: str, path: str, asked: Any, *, impatient: bool = False) -> Any:
        """The answer, however often it takes; None once refused, or not answered at once and `impatient`."""
        while True:
            try:
                status, said = self._ask(method, path, asked)
            except (OSError, http.client.HTTPException):
                status, said = 0, b""
            if status in {HTTPStatus.OK, HTTPStatus.CREATED}:
                return json.loads(said)
            busy = status == HTTPStatus.CONFLICT and b'"busy"' in said
            if status and status not in AWAY and not busy:
                self.refused.append(f"{method} {path}: {status} {said.decode(errors='replace')[:300]}")
                return None
            self._hang_up()
            if impatient:
                return None
            self.repeated += 1
            self._over.wait(self._chance.uniform(0.02, 0.2))

    def _ask(self, method: str, path: str, asked: Any) -> tuple[int, bytes]:
        if self._line is None:
            self._line = self._chance.choice(self._doors).line()
        return ask(self._line, method, path, token=self.who.token, body=asked)

    def _hang_up(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None
