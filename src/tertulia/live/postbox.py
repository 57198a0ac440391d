"""The postbox: one writer thread per process that commits everything waiting as one batch.

A lone letter waits for nothing; letters that come while a commit is in flight go together with the next one. Whoever
posted is answered only after the commit.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import structlog
from django.db import InterfaceError, OperationalError, connections
from django.utils.translation import gettext as _

from tertulia.kernel import limits
from tertulia.kernel.errors import Busy, Refusal
from tertulia.kernel.ids import new_id
from tertulia.live.database import Database
from tertulia.posts import services, wire
from tertulia.posts.services import Letter

log = structlog.get_logger()

BATCH: Final = 128
"""Letters of one commit: more would only make the first of them wait longer."""
MOST: Final = 1024
"""Letters that may wait; who comes then is asked to come again, before anything is accepted."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """A post as it goes out; `revision` is its channel's."""

    body: bytes
    created: bool
    revision: int


Answer = Delivered | None
"""None: refused, in a way that Django explains."""


class Postbox:
    """Collects letters on the event loop's thread and writes them in its own."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Letter, str, asyncio.Future[Answer]]] = []
        self._writing = False
        self._database = Database(1, "postbox")

    async def post(self, letter: Letter, address: str) -> Answer:
        """The post that became of `letter`, which came from `address`, once it is committed.

        Raises Busy: before anything is accepted where too much waits; and where the database went away, so that it is
        not known whether the post was made and the same `client_id` must be sent again.
        """
        if len(self._waiting) >= MOST:
            raise Busy(_("Very much is being said at this moment. Try again in a second; nothing is lost."))
        if letter.client_id is None:
            letter = replace(letter, client_id=new_id())  # should the batch fail, each letter is tried alone, once
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((letter, address, answer))
        if not self._writing:
            self._write()
        return await answer

    async def close(self) -> None:
        """Let what is being written finish."""
        await self._database.close()

    def _write(self) -> None:
        batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
        self._writing = True
        letters = [(letter, address) for letter, address, _answer in batch]
        written = self._database.once(_write, letters)
        written.add_done_callback(lambda done: self._written([answer for *_said, answer in batch], done))

    def _written(
        self, waiting: Sequence[asyncio.Future[Answer]], done: asyncio.Future[list[Answer | Exception]]
    ) -> None:
        self._writing = False
        if self._waiting:
            self._write()
        failure = done.exception()
        answers = [failure] * len(waiting) if isinstance(failure, Exception) else done.result()
        for future, answer in zip(waiting, answers, strict=True):
            if future.cancelled():
                continue
            if isinstance(answer, Exception):
                future.set_exception(answer)
            else:
                future.set_result(answer)


def _write(letters: Sequence[tuple[Letter, str]]) -> list[Answer | Exception]:
    try:
        return list(_deliver(letters))
    except (OperationalError, InterfaceError) as error:
        lost = _lost(error)
        return [lost for _said in letters]
    except Exception:
        log.exception("A batch of posts could not be written; trying one by one", count=len(letters))
        return [_alone(letter, address) for letter, address in letters]


def _alone(letter: Letter, address: str) -> Answer | Exception:
    try:
        [answer] = _deliver([(letter, address)])
    except (OperationalError, InterfaceError) as error:
        return _lost(error)
    except Exception as error:  # whatever it is, its neighbours must not suffer from it
        log.exception("A post could not be written")
        return error
    return answer


def _lost(error: Exception) -> Busy:
    log.warning("The postbox lost the database", error=str(error).strip())
    connections["default"].close()  # the next batch makes a new connection
    return Busy(
        _("The database is away for a moment. Send it again with the same client_id; nothing is lost or doubled.")
    )


def _deliver(letters: Sequence[tuple[Letter, str]]) -> list[Answer]:
    uses = Counter[tuple[limits.Limit, object]]()
    for letter, address in letters:
        uses[limits.ADDRESS, address] += 1
        uses[limits.POSTING, letter.actor.pk] += 1
    too_much = limits.spend_each(uses)
    taken = [
        place
        for place, (letter, address) in enumerate(letters)
        if (limits.ADDRESS, address) not in too_much and (limits.POSTING, letter.actor.pk) not in too_much
    ]
    answers: list[Answer] = [None] * len(letters)
    for place, posted in zip(taken, services.post_all([letters[at][0] for at in taken], counted=True), strict=True):
        if not isinstance(posted, Refusal):
            state = posted.state
            answers[place] = Delivered(wire.post(state), posted.created, state.revision)
    return answers
