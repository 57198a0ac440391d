"""A small memory that forgets exactly: what was being read when it was told to forget is not kept."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@dataclass(slots=True)
class _Kept(Generic[V]):
    value: V
    tags: tuple[Hashable, ...]
    until: float


@dataclass(slots=True, eq=False)
class _Flight(Generic[V]):
    """A read under way, for all who ask meanwhile."""

    answer: asyncio.Future[V]
    spoilt: bool = False


class Memory(Generic[K, V]):
    """At most `most` things, each for at most `seconds`: notices tell what to forget, time is the backstop.

    Everything happens on the event loop's thread.
    """

    def __init__(self, most: int, seconds: float) -> None:
        self._most = most
        self._seconds = seconds
        self._kept: dict[K, _Kept[V]] = {}
        self._by_tag: dict[Hashable, set[K]] = {}
        self._flights: dict[K, _Flight[V]] = {}

    def get(self, key: K) -> V | None:
        """What is remembered; None where nothing is."""
        kept = self._kept.get(key)
        return kept.value if kept is not None and kept.until > time.monotonic() else None

    def keys(self) -> list[K]:
        """What is remembered, by key."""
        return list(self._kept)

    async def fetch(self, key: K, read: Callable[[], Awaitable[V]], tags: Callable[[V], Iterable[Hashable]]) -> V:
        """What is remembered, or what `read` gives, remembered under `tags`; those who ask together read once."""
        found = self.get(key)
        if found is not None:
            return found
        flight = self._flights.get(key)
        if flight is None:
            flight = self._flights[key] = _Flight(asyncio.get_running_loop().create_future())
            try:
                value = await read()
            except BaseException as error:
                flight.answer.set_exception(error)
                flight.answer.exception()  # looked at, should nobody else wait
                raise
            else:
                flight.answer.set_result(value)
                if not flight.spoilt:
                    self._keep(key, value, tuple(tags(value)))
                return value
            finally:
                if self._flights.get(key) is flight:
                    del self._flights[key]
        return await asyncio.shield(flight.answer)

    def forget(self, tag: Hashable) -> None:
        """Forget all that has this tag, and keep nothing of what is being read: it may be old."""
        for key in list(self._by_tag.get(tag, ())):
            self._drop(key)
        for flight in self._flights.values():
            flight.spoilt = True
        self._flights.clear()

    def forget_key(self, key: K) -> None:
        """Forget this alone."""
        self._drop(key)
        flight = self._flights.pop(key, None)
        if flight is not None:
            flight.spoilt = True

    def forget_all(self) -> None:
        """Something may have been missed."""
        self._kept.clear()
        self._by_tag.clear()
        for flight in self._flights.values():
            flight.spoilt = True
        self._flights.clear()

    def _keep(self, key: K, value: V, tags: tuple[Hashable, ...]) -> None:
        self._drop(key)
        while len(self._kept) >= self._most:
            self._drop(next(iter(self._kept)))  # the oldest
        self._kept[key] = _Kept(value, tags, time.monotonic() + self._seconds)
        for tag in tags:
            self._by_tag.setdefault(tag, set()).add(key)

    def _drop(self, key: K) -> None:
        kept = self._kept.pop(key, None)
        for tag in kept.tags if kept else ():
            keys = self._by_tag[tag]
            keys.discard(key)
            if not keys:
                del self._by_tag[tag]
