"""Taking turns at something that has no row to lock yet."""

from __future__ import annotations

import hashlib

from django.db import connection


def take(*what: str) -> None:
    """Nobody else does this for the same until the transaction ends (PostgreSQL's advisory locks)."""
    key = int.from_bytes(hashlib.sha256("\0".join(what).encode()).digest()[:8], signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [key])
