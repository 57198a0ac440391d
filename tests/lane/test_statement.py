"""A statement on a connection of its own: what becomes of it when the connection does not stay as it was."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Coroutine
from typing import Any

import psutil
import pytest
import uvloop

from tertulia.live.statement import Lost, Refused, Statement
from waiting import until

pytestmark = pytest.mark.django_db(transaction=True)

WORDS = "SELECT $1::text, repeat($1::text, 3)"


def test_it_answers_again_and_again_with_what_it_was_asked() -> None:
    async def ask() -> None:
        statement = Statement(WORDS)
        assert await statement.run([b"a"]) == [(b"a", b"aaa")]
        assert await statement.run([None]) == [(None, None)]
        large = b"x" * 3_000_000  # more than a socket takes at once
        assert await statement.run([large]) == [(large, large * 3)]
        await statement.close()
        assert await statement.run([b"b"]) == [(b"b", b"bbb")]  # as a new one
        await statement.close()

    asyncio.run(ask())


def test_what_is_refused_says_why_and_the_next_is_answered() -> None:
    async def ask() -> None:
        statement = Statement("SELECT 1 / $1::int")
        with pytest.raises(Refused, match="22012"):
            await statement.run([b"0"])
        assert await statement.run([b"1"]) == [(b"1",)]
        await statement.close()

    asyncio.run(ask())


def test_a_statement_that_was_forgotten_is_prepared_anew() -> None:
    async def ask() -> None:
        statement = Statement("SELECT $1::text")
        await statement.run([b"a"])
        connection = statement._connection
        assert connection is not None
        asyncio.get_running_loop().remove_reader(connection.pgconn.socket)
        connection.pgconn.nonblocking = 0
        connection.pgconn.exec_(b"DEALLOCATE ALL")
        connection.pgconn.nonblocking = 1
        asyncio.get_running_loop().add_reader(connection.pgconn.socket, statement._read)
        with pytest.raises(Refused, match="26000"):
            await statement.run([b"a"])
        assert await statement.run([b"b"]) == [(b"b",)]
        await statement.close()

    asyncio.run(ask())


def test_a_statement_that_cannot_be_prepared_is_refused_each_time() -> None:
    async def ask() -> None:
        statement = Statement("SELECT * FROM nowhere WHERE id = $1")
        for _time in range(2):
            with pytest.raises(Refused, match="42P01"):
                await statement.run([b"1"])
        await statement.close()

    asyncio.run(ask())


def test_a_connection_that_ends_while_it_is_asked_is_lost() -> None:
    async def ask() -> None:
        statement = Statement("SELECT pg_terminate_backend(pg_backend_pid()), $1::text")
        with pytest.raises(Lost):
            await statement.run([b"a"])
        await statement.close()

    asyncio.run(ask())


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def test_a_server_that_ends_without_hearing_the_question_is_lost_at_once(
    run: Callable[[Coroutine[Any, Any, None]], None],
) -> None:
    """Its last words come together with the reset of the connection, and a loop may tell of both only once."""

    async def ask() -> None:
        statement = Statement("SELECT pg_backend_pid(), $1::text")
        [(process, _text)] = await statement.run([b"a"])
        assert process
        os.kill(int(process), signal.SIGSTOP)
        asked = asyncio.create_task(statement.run([b"b"]))
        await asyncio.sleep(0.1)  # it is sent
        os.kill(int(process), signal.SIGTERM)
        os.kill(int(process), signal.SIGCONT)
        until(lambda: not psutil.pid_exists(int(process)))  # meanwhile the loop hears nothing, as under load
        with pytest.raises(Lost):
            await asyncio.wait_for(asked, 10)
        assert await statement.run([b"c"])
        await statement.close()

    run(ask())
