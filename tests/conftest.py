"""What all tests share. The database server and the folder of the run are prepared by `tertulia.config.testing`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest
from django.test import TransactionTestCase
from django.test.utils import override_settings

from standing import empty
from tertulia.posts import remembered

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


@pytest.fixture(scope="session", autouse=True)
def _quick_emptying() -> Iterator[None]:
    """After a test that commits, what it left behind goes quickly."""
    with mock.patch.object(TransactionTestCase, "_fixture_teardown", side_effect=empty):
        yield


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    """Worlds that are put back have the same ids, and other tests' changes of them are gone."""
    yield
    remembered.forget()
