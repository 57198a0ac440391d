"""The postbox: what arrives while one batch is being written goes together with the next one.

A lone letter waits for nothing, and whoever posted is answered only after the commit. Letters of words and nothing else
are written by one statement from the event loop; all others, and those with which something did not go well, by a
writer thread with Django's connection.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, TypeVar
from uuid import UUID

import msgspec
import structlog
from django.db import InterfaceError, OperationalError, connections
from django.utils.translation import gettext as _

from tertulia.kernel import limits
from tertulia.kernel.errors import Busy, Refusal
from tertulia.kernel.ids import new_id
from tertulia.live import gateway
from tertulia.live.database import Database
from tertulia.live.fresh import Fresh
from tertulia.live.queries import Come
from tertulia.live.statement import Lost, Refused, Statement
from tertulia.posts import services, wire, writing
from tertulia.posts.services import Letter, Posted, at_once
from tertulia.posts.services.at_once import Words
from tertulia.posts.states import PostState

log = structlog.get_logger()

BATCH: Final = 128
"""Letters of one commit: more would only make the first of them wait longer."""
MOST: Final = 1024
"""Letters that may wait; who comes then is asked to come again, before anything is accepted."""


HELD_OFF: Final = 1.0
"""Seconds for which somebody who is too fast is left to Django: each letter that is refused costs the whole batch a
second try, and they send many."""


class Delivered(msgspec.Struct, frozen=True):
    """A post as it goes out; `revision` is its channel's."""

    body: bytes
    created: bool
    revision: int


class TooFast(msgspec.Struct, frozen=True):
    """A letter beyond a limit."""


Answer = Delivered | None
"""None: refused, in a way that Django explains."""

L = TypeVar("L")


class _Desk(Generic[L]):
    """Letters of one kind, and how a batch of them is written: `write` gives each its answer.

    Should it raise, which it is not made to do, everybody of the batch is told: nobody waits for ever.
    """

    def __init__(self, write: Callable[[Sequence[L]], Awaitable[Sequence[Answer | Exception]]]) -> None:
        self._write = write
        self._waiting: list[tuple[L, asyncio.Future[Answer]]] = []
        self._writing: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return len(self._waiting)

    def take(self, letter: L) -> asyncio.Future[Answer]:
        """The answer to come."""
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((letter, answer))
        if self._writing is None:
            self._writing = asyncio.create_task(self._run())
        return answer

    async def close(self) -> None:
        """Let what waits be written."""
        if self._writing is not None:
            await self._writing

    async def _run(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
                answers = await self._answers([letter for letter, _answer in batch])
                for (_letter, future), answer in zip(batch, answers, strict=True):
                    if future.cancelled():
                        continue
                    if isinstance(answer, Exception):
                        future.set_exception(answer)
                    else:
                        future.set_result(answer)
        finally:
            self._writing = None

    async def _answers(self, letters: Sequence[L]) -> Sequence[Answer | Exception]:
        try:
            return await self._write(letters)
        except Exception as error:
            log.exception("A batch of posts has no answers", count=len(letters))
            return [error] * len(letters)


class Postbox:
    """Collects letters on the event loop's thread."""

    def __init__(self, told: gateway.Gateway = gateway.application) -> None:
        """`told`: the live gateway of this process, which hears at once what is written here."""
        self._told = told
        self._statement = Statement(writing.AT_ONCE) if at_once.is_possible() else None
        self._database = Database(1, "postbox")
        self._refused: dict[UUID, float] = {}
        self._words = _Desk(self._write_words)
        self._others = _Desk(self._write_others)

    async def post(self, letter: Letter, address: str) -> Answer:
        """The post that became of `letter`, which came from `address`, once it is committed.

        Raises Busy: before anything is accepted where too much waits; and where the database went away, so that it is
        not known whether the post was made and the same `client_id` must be sent again.
        """
        if len(self._words) + len(self._others) >= MOST:
            raise Busy(_("Very much is being said at this moment. Try again in a second; nothing is lost."))
        if self._refused and self._refused.get(letter.actor.pk, 0.0) > time.monotonic():
            return None
        if letter.client_id is None:
            letter = msgspec.structs.replace(letter, client_id=new_id())  # should a batch fail, letters are tried again
        words = at_once.words(letter, address) if self._statement is not None else None
        return await (self._words.take(words) if words else self._others.take((letter, address)))

    async def close(self) -> None:
        """Let what is being written finish."""
        await self._words.close()
        await self._others.close()
        if self._statement is not None:
            await self._statement.close()
        await self._database.close()

    async def _write_words(self, letters: Sequence[Words]) -> Sequence[Answer | Exception]:
        assert self._statement is not None
        batch = at_once.Batch(letters)
        try:
            rows = await self._statement.run(batch.parameters)
        except Lost as error:
            return [_away(error)] * len(letters)
        except Refused:
            # Sent before, too fast, archived meanwhile: whatever it is, it is of one letter and not of its neighbours.
            return await self._write_others([(one.letter, one.address) for one in letters])
        done = batch.posted(rows)
        try:
            self._tell(letters, done)
        except Exception:  # it is committed, and its notice makes the tabs look
            log.exception("What was just written could not be told")
        return [_delivered(posted) for posted in done.posted]

    def _tell(self, letters: Sequence[Words], done: at_once.Done) -> None:
        """Tell the tabs of this process, which need not wait for the notice nor read what was just written."""
        states: dict[UUID, list[PostState]] = {}
        for posted in done.posted:
            states.setdefault(posted.state.channel_id, []).append(posted.state)
        workspaces = {one.letter.seat.channel.pk: one.letter.seat.channel.workspace_id for one in letters}
        for row in done.channels:
            id_ = row.channel_id
            come = Come(id_, workspaces[id_], row.revision, row.last_seq, row.last_root_seq, row.root_count)
            self._told.wrote(Fresh(come, states[id_]))

    async def _write_others(self, letters: Sequence[tuple[Letter, str]]) -> Sequence[Answer | Exception]:
        answers: list[Answer | Exception] = []
        for (letter, _address), answer in zip(letters, await self._database.once(_write, letters), strict=True):
            if isinstance(answer, Delivered):
                self._told.look(letter.seat.channel.pk, answer.revision)
            elif isinstance(answer, TooFast):
                self._hold_off(letter.actor.pk)
            answers.append(None if isinstance(answer, TooFast) else answer)
        return answers

    def _hold_off(self, person_id: UUID) -> None:
        moment = time.monotonic()
        if len(self._refused) > MOST:
            self._refused = {who: until for who, until in self._refused.items() if until > moment}
        self._refused[person_id] = moment + HELD_OFF


def _delivered(posted: Posted) -> Delivered:
    return Delivered(wire.post(posted.state), posted.created, posted.state.revision)


def _write(letters: Sequence[tuple[Letter, str]]) -> list[Answer | TooFast | Exception]:
    try:
        return list(_deliver(letters))
    except (OperationalError, InterfaceError) as error:
        lost = _lost(error)
        return [lost for _said in letters]
    except Exception:
        log.exception("A batch of posts could not be written; trying one by one", count=len(letters))
        return [_alone(letter, address) for letter, address in letters]


def _alone(letter: Letter, address: str) -> Answer | TooFast | Exception:
    try:
        [answer] = _deliver([(letter, address)])
    except (OperationalError, InterfaceError) as error:
        return _lost(error)
    except Exception as error:  # whatever it is, its neighbours must not suffer from it
        log.exception("A post could not be written")
        return error
    return answer


def _lost(error: Exception) -> Busy:
    connections["default"].close()  # the next batch makes a new connection
    return _away(error)


def _away(error: Exception) -> Busy:
    log.warning("The postbox lost the database", error=str(error).strip())
    return Busy(
        _("The database is away for a moment. Send it again with the same client_id; nothing is lost or doubled.")
    )


def _deliver(letters: Sequence[tuple[Letter, str]]) -> list[Answer | TooFast]:
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
    answers: list[Answer | TooFast] = [TooFast()] * len(letters)
    for place, posted in zip(taken, services.post_all([letters[at][0] for at in taken], counted=True), strict=True):
        answers[place] = None if isinstance(posted, Refusal) else _delivered(posted)
    return answers
