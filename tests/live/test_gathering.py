"""Questions that many ask at once: asked together, never answered by what was read before they were asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import pytest
from django.db import OperationalError

from tertulia.live import gathering
from tertulia.live.database import Database
from tertulia.live.gathering import Gathered


class Slow(Database):
    """A database that answers when it is told to."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []
        self.go = asyncio.Semaphore(0)

    async def read(self, work: Callable[..., Any], *args: Any, **_: Any) -> Any:
        self.asked.append(list(args[0]))
        await self.go.acquire()
        return work(*args)


def _double(numbers: Sequence[int]) -> dict[int, int]:
    if 13 in numbers:
        raise ValueError("13 brings bad luck")
    return {number: 2 * number for number in numbers}


def _lost(_numbers: Sequence[int]) -> dict[int, int]:
    raise OperationalError("gone")


def _run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)


async def _ask(gathered: Gathered[int, int], *numbers: int) -> list[asyncio.Task[int]]:
    tasks = [asyncio.create_task(gathered(number)) for number in numbers]
    for _ in range(5):
        await asyncio.sleep(0)
    return tasks


async def _answers(tasks: list[asyncio.Task[int]]) -> list[int | BaseException]:
    return await asyncio.gather(*tasks, return_exceptions=True)


def test_what_comes_meanwhile_is_asked_together() -> None:
    async def work() -> None:
        database = Slow()
        gathered = Gathered(database, _double)
        tasks = await _ask(gathered, 1)
        tasks += await _ask(gathered, 2, 3, 2)
        tasks += await _ask(gathered, 1)  # asked anew: what is being read for the first may be old
        database.go.release()
        database.go.release()
        assert await _answers(tasks) == [2, 4, 6, 4, 2]
        assert database.asked == [[1], [2, 3, 1]]

    _run(work())


def test_no_more_than_so_many_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "MOST", 2)

    async def work() -> None:
        database = Slow()
        gathered = Gathered(database, _double)
        tasks = await _ask(gathered, 1)
        tasks += await _ask(gathered, 2, 3, 4)
        for _ in range(3):
            database.go.release()
        assert await _answers(tasks) == [2, 4, 6, 8]
        assert database.asked == [[1], [2, 3], [4]]

    _run(work())


def test_a_bad_question_does_not_fail_its_neighbours() -> None:
    async def work() -> None:
        database = Slow()
        gathered = Gathered(database, _double)
        tasks = await _ask(gathered, 1)
        tasks += await _ask(gathered, 2, 13, 4)
        for _ in range(9):
            database.go.release()
        first, second, bad, last = await _answers(tasks)
        assert (first, second, last) == (2, 4, 8)
        assert isinstance(bad, ValueError)

    _run(work())


def test_a_lost_database_is_told_to_everybody_and_asked_again_by_the_next() -> None:
    async def work() -> None:
        database = Slow()
        gathered = Gathered(database, _lost)
        tasks = await _ask(gathered, 1)
        tasks += await _ask(gathered, 2, 3)
        database.go.release()
        database.go.release()
        assert all(isinstance(answer, OperationalError) for answer in await _answers(tasks))
        assert database.asked == [[1], [2, 3]]
        again = await _ask(gathered, 4)
        database.go.release()
        assert isinstance((await _answers(again))[0], OperationalError)

    _run(work())


def test_who_goes_away_takes_nobody_else_along() -> None:
    async def work() -> None:
        database = Slow()
        gathered = Gathered(database, _double)
        goes, stays = await _ask(gathered, 1, 1)
        goes.cancel()
        await asyncio.sleep(0)
        database.go.release()
        database.go.release()
        assert await stays == 2
        assert (await _answers([goes]))[0].__class__ is asyncio.CancelledError

    _run(work())
