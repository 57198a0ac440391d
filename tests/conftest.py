"""What all tests share. The database server and the folder of the run are prepared by `tertulia.config.testing`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import override_settings
from pytest_django.plugin import DjangoDbBlocker

# Quick instead of strong or cached: nobody attacks the tests, and no test sees another's files.
QUICK = {
    "PASSWORD_HASHERS": ["django.contrib.auth.hashers.MD5PasswordHasher"],
    "STORAGES": {
        "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    },
    "EMAIL_BACKEND": "django.core.mail.backends.locmem.EmailBackend",
}


HERE = Path(__file__).parent
STARTING = ("survive", "cli", "measuring", "demo", "docs")
"""Folders whose tests start whole servers."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long comes first: at the end it would keep one core busy, and the other idle."""
    items.sort(key=lambda item: item.path.relative_to(HERE).parts[0] not in STARTING)


@pytest.fixture(scope="session", autouse=True)
def _quick_settings() -> Iterator[None]:
    with override_settings(**QUICK):
        yield


@pytest.fixture(autouse=True)
def _forget(request: pytest.FixtureRequest, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Cache and rate limits have no models, so Django does not empty them after a test that commits."""
    yield
    marker = request.node.get_closest_marker("django_db")
    if "transactional_db" in request.fixturenames or (marker and marker.kwargs.get("transaction")):
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            cursor.execute("TRUNCATE kernel_cache, kernel_limit")
