"""Real processes, killed at random moments; `SURVIVE_SEED=7 scripts/test tests/survive` repeats those of a run."""

from __future__ import annotations

import os
import random
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from django.db import connection
from psycopg import sql
from pytest_django.plugin import DjangoDbBlocker

from valkey_server import ValkeyServer

from .town import Town


@pytest.fixture(scope="module")
def seed() -> int:
    """What decides about every random moment."""
    given = os.environ.get("SURVIVE_SEED") or str(random.SystemRandom().randrange(10_000))
    print(f"SURVIVE_SEED={given}")  # noqa: T201 - pytest shows it with what failed
    return int(given)


@pytest.fixture
def chance(seed: int) -> random.Random:
    """The same for one test, so that each can be repeated alone."""
    return random.Random(seed)  # noqa: S311 - not for secrets


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Where hosts keep what they keep."""
    made = Path(tempfile.mkdtemp(prefix="tertulia-survive-"))
    made.chmod(0o711)  # the account that runs PostgreSQL passes through
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="module")
def database(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    """The URL of a database of our own on the test run's server, with all tables and nobody in it.

    For modules marked `django_db(transaction=True)`: then there is one with all tables, which is copied.
    """
    del django_db_setup
    url = os.environ["TERTULIA_DATABASE_URL"]
    name = f"survive_{uuid.uuid4().hex[:12]}"
    with django_db_blocker.unblock():
        template = connection.settings_dict["NAME"]
        connection.close()
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))
    yield urlsplit(url)._replace(path=f"/{name}").geturl()
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture(scope="module")
def town(database: str, django_db_blocker: DjangoDbBlocker) -> Town:
    """Olga and seven others."""
    town = Town(database, django_db_blocker)
    town.settle(8)
    return town


@pytest.fixture(scope="module", params=["postgresql", "valkey"])
def valkey(request: pytest.FixtureRequest) -> Iterator[ValkeyServer | None]:
    """Who carries the notices: PostgreSQL, or this server."""
    if request.param == "postgresql":
        yield None
    else:
        with ValkeyServer() as server:
            yield server
