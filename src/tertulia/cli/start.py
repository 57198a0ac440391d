"""Brings a command to life: settings checked, a database at hand, Django set up, tables in place."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from tertulia.cli.say import say
from tertulia.config import postgres
from tertulia.config.environment import Environment, read_environment

_MIGRATING = 7_233_002  # key of an advisory lock: one of several hosts migrates, the others wait


def django() -> Environment:
    """Set Django up, with a reachable database; starts the private PostgreSQL where no other is named.

    Raises SettingsError or DatabaseError.
    """
    environment = read_environment()
    if environment.database_url is None:
        os.environ["TERTULIA_DATABASE_URL"] = postgres.start(environment.var / "postgres")
    os.environ["DJANGO_SETTINGS_MODULE"] = "tertulia.config.settings"
    import django as framework

    framework.setup()
    if environment.database_url is not None:
        _reach()
    return environment


def ready() -> Environment:
    """As `django`, with all tables as this release wants them."""
    environment = django()
    migrate(quiet=True)
    return environment


def migrate(*, quiet: bool = False) -> None:
    """Apply what this release has and the database has not; says so unless there was nothing to do and `quiet`."""
    from django.core.management import call_command

    from tertulia.config.health import unapplied

    if quiet and not unapplied():
        return
    with _alone():
        count = len(unapplied())
        if count:
            say(f"Preparing the database: {count} steps …")
            call_command("migrate", interactive=False, verbosity=0)
        if not quiet or count:
            say("The database is ready.")


@contextmanager
def _alone() -> Iterator[None]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [_MIGRATING])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_MIGRATING])


def _reach() -> None:
    from django.db import OperationalError, connection

    try:
        connection.ensure_connection()
    except OperationalError as error:
        reason = " ".join(str(error).split())
        raise postgres.DatabaseError(
            f"The database that TERTULIA_DATABASE_URL names cannot be reached: {reason}. Check the address, the"
            " password, and that the server runs; or leave the setting out to use a private one."
        ) from error
