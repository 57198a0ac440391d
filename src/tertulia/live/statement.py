"""One statement, prepared on a connection of its own and run from the event loop without a thread.

psycopg connects; what is said then goes through its `pq` layer, because a statement that runs thousands of times a
second spends more time in cursors than in the database (docs/decisions/fast-lane.md).
"""

from __future__ import annotations

import asyncio
import select
from collections.abc import Sequence
from typing import Any, Final

import psycopg
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGconn

from tertulia.live.database import connect

NAME: Final = b"tertulia"
PATIENCE: Final = 30.0
"""Seconds for an answer; after them the connection is taken to be dead."""

PREPARED_NO_MORE: Final = {"26000", "0A000"}
"""SQLSTATEs of a statement that a pooler forgot, or whose tables have changed: the next call prepares it anew."""

Row = tuple[bytes | None, ...]


class Refused(Exception):
    """PostgreSQL did not run it, and took everything back. `args`: its SQLSTATE."""


class Lost(Exception):
    """The connection broke: it is not known whether the statement ran."""


class Statement:
    """Runs `text`, whose parameters are `$1` and so on, one call after the other. Connects when it has to."""

    def __init__(self, text: str) -> None:
        self._text = text.encode()
        self._connection: psycopg.AsyncConnection[Any] | None = None
        self._results: list[Any] = []
        self._answer: asyncio.Future[list[Any]] | None = None
        self._socket = -1
        self._more = select.poll()

    async def run(self, parameters: Sequence[bytes | None]) -> list[Row]:
        """The rows, as PostgreSQL writes them. Raises Refused or Lost. Not to be called again before it returns."""
        try:
            async with asyncio.timeout(PATIENCE):
                if self._connection is None:
                    await self._connect()
                results = await self._ask(lambda pg: pg.send_query_prepared(NAME, parameters))
        except (TimeoutError, psycopg.Error, OSError) as error:
            self._drop(error)
            raise Lost(" ".join(str(error).split()) or type(error).__name__) from error
        return self._rows(results)

    async def close(self) -> None:
        """Let go of the connection."""
        self._drop(psycopg.OperationalError("closed"))

    async def _connect(self) -> None:
        connection = self._connection = await connect()
        self._socket = connection.pgconn.socket
        self._more = select.poll()
        self._more.register(self._socket, select.POLLIN)
        connection.pgconn.nonblocking = 1
        asyncio.get_running_loop().add_reader(self._socket, self._read)
        try:
            self._rows(await self._ask(lambda pg: pg.send_prepare(NAME, self._text)))
        except Refused as error:
            self._drop(error)
            raise

    async def _ask(self, send: Any) -> list[Any]:
        connection = self._connection
        assert connection is not None
        self._results = []
        answer: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()
        self._answer = answer
        try:
            send(connection.pgconn)
            self._flush()
            return await answer
        finally:
            self._answer = None

    def _flush(self) -> None:
        """Send what is to be sent, and go on when the socket takes more."""
        assert self._connection is not None
        loop = asyncio.get_running_loop()
        try:
            if self._connection.pgconn.flush():
                loop.add_writer(self._socket, self._flush)
            else:
                loop.remove_writer(self._socket)
        except psycopg.Error as error:
            self._drop(error)

    def _read(self) -> None:
        """All there is: where the connection was reset, uvloop calls once and no more, with PostgreSQL's last words."""
        try:
            while self._connection is not None:
                self._take(self._connection.pgconn)
                if not self._more.poll(0):
                    return
        except psycopg.Error as error:  # also while nothing is asked: PostgreSQL went away
            self._drop(error)

    def _take(self, pg: PGconn) -> None:
        pg.consume_input()
        while self._answer is not None and not self._answer.done() and not pg.is_busy():
            result = pg.get_result()
            if result is None:
                self._answer.set_result(self._results)
            else:
                self._results.append(result)

    def _rows(self, results: Sequence[Any]) -> list[Row]:
        [result] = results
        if result.status in {ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK}:
            columns = range(result.nfields)
            return [tuple(result.get_value(row, column) for column in columns) for row in range(result.ntuples)]
        state = (result.error_field(psycopg.pq.DiagnosticField.SQLSTATE) or b"").decode()
        if state[:2] in {"", "57", "08"}:  # PostgreSQL is shutting down, or the connection failed
            error = psycopg.OperationalError(state)
            self._drop(error)
            raise Lost(state)
        if state in PREPARED_NO_MORE:
            self._drop(Refused(state))
        raise Refused(state)

    def _drop(self, error: BaseException) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._socket)
        loop.remove_writer(self._socket)
        connection.pgconn.finish()
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(psycopg.OperationalError(str(error)))
