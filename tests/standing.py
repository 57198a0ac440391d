"""Worlds that many tests begin with: made once per process by the real services, then put back row by row.

What is put back is what making it left behind: rows and objects. Whatever a test does to either is its own.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from django.core.management import call_command
from django.db import connection, transaction
from psycopg import sql

T = TypeVar("T")

_TABLES = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY relname"
_OF_MIGRATIONS = {"django_migrations", "django_content_type", "auth_permission", "django_site"}


@dataclass(frozen=True, slots=True)
class _Kept:
    """`changed`: tables in which rows of before were changed or removed, and of which all rows are kept."""

    rows: dict[str, bytes]
    changed: frozenset[str]
    objects: bytes


_kept: dict[object, _Kept] = {}


def standing(make: Callable[..., T], *arguments: Any) -> T:
    """`make(*arguments)`, and all that it wrote into the database.

    Only where it does the same in every test: its arguments may differ in nothing that it looks at. What it keeps of
    them is those of this test.
    """
    if not _may_put_back():
        return make(*arguments)
    if make in _kept:
        known: T = _put_back(_kept[make], arguments)
        return known
    before = _rows()
    made = make(*arguments)
    after = _rows()
    changed = frozenset(table for table, lines in before.items() if not lines.keys() <= after[table].keys())
    new = {
        table: [line for line in lines if table in changed or line not in before[table]]
        for table, lines in after.items()
    }
    rows = {table: b"".join(lines) for table, lines in new.items() if lines}
    _kept[make] = _Kept(rows, changed, _pickled(made, arguments))
    return made


def empty() -> None:
    """No table has rows but those of migrations, also where no model stands for it: for after a test that commits.

    Only what has rows is emptied, and row by row: that is several times quicker than what Django does, which empties
    all tables that have models and writes anew what belongs to models.
    """
    if not _may_put_back():
        call_command("flush", verbosity=0, interactive=False)
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE kernel_cache, kernel_limit")  # which have no models
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_TABLES)
        tables = [table for (table,) in cursor.fetchall() if table not in _OF_MIGRATIONS]
        filled = sql.SQL("SELECT {} WHERE EXISTS (SELECT FROM {})")
        cursor.execute(
            sql.SQL(" UNION ALL ").join(filled.format(sql.Literal(name), sql.Identifier(name)) for name in tables)
        )
        names = [name for (name,) in cursor.fetchall()]
        cursor.execute("SET LOCAL session_replication_role = replica")  # in any order
        for name in names:
            cursor.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(name)))
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")


def _put_back(kept: _Kept, arguments: Sequence[Any]) -> Any:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")  # triggers have done their part, keys are right
        for table in kept.changed:
            cursor.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
        for table, lines in kept.rows.items():
            with cursor.copy(sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(table))) as copy:
                copy.write(lines)
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")
    return _Unpickler(kept.objects, arguments).load()


class _Pickler(pickle.Pickler):
    """Arguments are named by their places, not written."""

    def __init__(self, into: io.BytesIO, arguments: Sequence[Any]) -> None:
        super().__init__(into)
        self._places = {id(argument): place for place, argument in enumerate(arguments)}

    def persistent_id(self, one: Any) -> int | None:
        return self._places.get(id(one))


class _Unpickler(pickle.Unpickler):
    def __init__(self, written: bytes, arguments: Sequence[Any]) -> None:
        super().__init__(io.BytesIO(written))
        self._arguments = arguments

    def persistent_load(self, place: int) -> Any:
        return self._arguments[place]


def _pickled(made: object, arguments: Sequence[Any]) -> bytes:
    into = io.BytesIO()
    _Pickler(into, arguments).dump(made)
    return into.getvalue()


def _rows() -> dict[str, dict[bytes, None]]:
    """Every row of every table, as PostgreSQL copies it."""
    found: dict[str, dict[bytes, None]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_TABLES)
        for (table,) in cursor.fetchall():
            with cursor.copy(sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(table))) as copy:
                found[table] = dict.fromkeys(bytes(line) for line in copy)
    return found


def _may_put_back() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        return bool(cursor.fetchone()[0])
