"""Statements of every page and every post, planned by PostgreSQL once per connection instead of once per page.

Django writes parameters into the text of a statement, so that each is new to the server; planning the statement of a
page of posts takes longer than running it. These go with their parameters apart, as prepared statements. What they
select is named column by column, because the type of a prepared statement's rows may not change under it.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Self

from django.db import connection
from django.db.models import Model
from psycopg import Cursor
from psycopg.abc import Buffer
from psycopg.adapt import Loader

Row = tuple[Any, ...]


class _Cursor(Cursor[Row]):
    def execute(self, query: Any, params: Any = None, **_: Any) -> Self:
        return super().execute(query, params, prepare=True)


class _Moment(Loader):
    """A time with its zone: several times quicker than the loader that Django puts into connections."""

    def load(self, data: Buffer) -> datetime:
        return datetime.fromisoformat(bytes(data).decode())


class _Mine(threading.local):
    """This thread's connection, and the cursor on it that all its reads use: a new one costs more than the rest."""

    connection: object = None
    cursor: _Cursor


_mine = _Mine()


def fetch(statement: str, parameters: Sequence[Any] | Mapping[str, Any]) -> list[Row]:
    """The rows of one statement, whose text must be one of few: values belong into `parameters`."""
    cursor = _cursor()
    with connection.wrap_database_errors:
        cursor.execute(statement, parameters)
        rows: list[Row] = cursor.fetchall()
        return rows


def run(statement: str, parameters: Sequence[Any] | Mapping[str, Any]) -> int:
    """Run one such statement; returns how many rows it wrote."""
    cursor = _cursor()
    with connection.wrap_database_errors:
        cursor.execute(statement, parameters)
        return int(cursor.rowcount)


def _cursor() -> Any:
    """A cursor as DB-API describes it."""
    if connection.queries_logged or connection.execute_wrappers:
        return connection.cursor()  # somebody counts or reads statements, and is told by Django's own cursors
    connection.close_if_health_check_failed()  # as Django's own do: the server may have started anew
    connection.ensure_connection()
    connection.validate_no_broken_transaction()
    raw: Any = connection.connection
    if _mine.connection is not raw:
        _mine.cursor, _mine.connection = _Cursor(raw), raw
        _mine.cursor.adapters.register_loader("timestamptz", _Moment)
    return _mine.cursor


@cache
def columns(model: type[Model], alias: str) -> str:
    """All columns of a model's table, whose first is its key, for a SELECT; `made` makes objects of them."""
    return ", ".join(f"{alias}.{field.column}" for field in model._meta.concrete_fields)  # noqa: SLF001 - Django documents it


@cache
def _names(model: type[Model]) -> list[str]:
    return [field.attname for field in model._meta.concrete_fields]  # noqa: SLF001 - as above


@cache
def _readers(model: type[Model]) -> list[tuple[int, Any]]:
    """Fields whose values Django reads in a way of its own, such as JSON: their places among the columns."""
    fields = model._meta.concrete_fields  # noqa: SLF001 - as above
    return [(place, field) for place, field in enumerate(fields) if hasattr(field, "from_db_value")]


def made(row: Row, *models: type[Model]) -> list[Any]:
    """The objects whose `columns` stand in a row one after the other; None where an outer join found none."""
    found: list[Any] = []
    start = 0
    for model in models:
        names = _names(model)
        values = list(row[start : start + len(names)])
        for place, field in _readers(model):
            values[place] = field.from_db_value(values[place], None, connection)
        found.append(None if values[0] is None else model.from_db("default", names, values))
        start += len(names)
    return found
