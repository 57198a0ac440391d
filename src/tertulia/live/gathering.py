"""Questions to the database that many ask at once: those that come while one answer is on its way are asked together.

A lone question waits for nothing. What is answered was always read after it was asked, so whoever relies on "subscribe,
then read" may ask here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Final, Generic, TypeVar

from django.db import InterfaceError, OperationalError

from tertulia.live.database import Database

Q = TypeVar("Q", bound=Hashable)
A = TypeVar("A")

MOST: Final = 250
"""Questions of one read, so that the first does not wait for too many others."""


class Gathered(Generic[Q, A]):
    """One kind of question. `ask` answers many of them in a fixed number of queries, each of them in its result."""

    def __init__(self, database: Database, ask: Callable[[Sequence[Q]], Mapping[Q, A]]) -> None:
        self._database = database
        self._ask = ask
        self._waiting: dict[Q, list[asyncio.Future[A]]] = {}
        self._reading: asyncio.Task[None] | None = None

    async def __call__(self, question: Q) -> A:
        """The answer. Raises what reading raised."""
        answer: asyncio.Future[A] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(question, []).append(answer)
        if self._reading is None:
            self._reading = asyncio.create_task(self._read_all())
        return await answer

    async def _read_all(self) -> None:
        try:
            while self._waiting:
                batch = {question: self._waiting.pop(question) for question in list(self._waiting)[:MOST]}
                await self._read(batch)
        finally:
            self._reading = None

    async def _read(self, batch: Mapping[Q, list[asyncio.Future[A]]]) -> None:
        try:
            answers = await self._database.read(self._ask, list(batch))
        except (OperationalError, InterfaceError) as error:
            _settle(batch, error)
        except Exception as error:  # noqa: BLE001 - handed on to whoever asked
            if len(batch) == 1:
                _settle(batch, error)
                return
            for question, waiting in batch.items():  # a bad question must not fail its neighbours
                await self._read({question: waiting})
        else:
            for question, waiting in batch.items():
                for future in waiting:
                    if not future.done():
                        future.set_result(answers[question])


def _settle(batch: Mapping[Q, list[asyncio.Future[A]]], error: Exception) -> None:
    for waiting in batch.values():
        for future in waiting:
            if not future.done():
                future.set_exception(error)
