"""A pytest plugin (`-p tertulia.config.testing`): the test run's own folder and PostgreSQL.

It must be in place before Django's settings are read, which is earlier than any `conftest.py`. Running tests never
touches `./var`. The first process starts the server; the workers of pytest-xdist inherit its address. With
`TERTULIA_DATABASE_URL` given, the same suite runs against that server.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from tertulia.config import postgres
from tertulia.config.environment import PREFIX

# Test data is worth nothing after a power cut; a test that waits for a lock is wrong, and says so soon.
TUNING = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_connections": "100",
    "lock_timeout": "20s",
    "idle_in_transaction_session_timeout": "120s",
}


def _prepare() -> None:
    if "PYTEST_XDIST_WORKER" in os.environ:
        return
    url = os.environ.get("TERTULIA_DATABASE_URL")
    kept = ("TERTULIA_CHROMIUM",)
    for name in [name for name in os.environ if name.startswith(PREFIX) and name not in kept]:
        del os.environ[name]  # the developer's own settings do not reach the tests
    var = Path(tempfile.mkdtemp(prefix="tertulia-test-"))
    var.chmod(0o711)  # the account that runs PostgreSQL passes through
    atexit.register(shutil.rmtree, var, ignore_errors=True)  # runs after the server has stopped
    os.environ["TERTULIA_VAR"] = str(var)
    (var / "static").mkdir()
    os.environ["TERTULIA_DATABASE_URL"] = url or postgres.start(var / "postgres", TUNING)


_prepare()
