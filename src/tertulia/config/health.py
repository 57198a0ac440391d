"""`/healthz`: 200 once all of Tertulia serves here, else 503 with the name of the part that does not. No secrets."""

from __future__ import annotations

import time

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse

WORKER_SILENCE = 35  # seconds; workers give a sign of life every ten


def health(_request: HttpRequest) -> JsonResponse:
    """Each part `ok` or what is the matter, in a few words."""
    parts = {"database": "ok", "migrations": "unknown", "worker": "unknown"}
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            parts["migrations"] = "ok" if _migrated() else "not applied"
            if parts["migrations"] == "ok":
                parts["worker"] = "ok" if worker_alive() else "no sign of life"
    except DatabaseError:
        parts["database"] = "not reachable"
        connection.close()
    well = all(state == "ok" for state in parts.values())
    response = JsonResponse({"status": "ok" if well else "not ready", **parts}, status=200 if well else 503)
    response["Cache-Control"] = "no-store"
    return response


def worker_alive() -> bool:
    """Whether some job worker, on any host, gave a sign of life lately."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM procrastinate_workers"
            " WHERE last_heartbeat > now() - make_interval(secs => %s))",
            [WORKER_SILENCE],
        )
        row: tuple[bool] = cursor.fetchone()
    return row[0]


def unapplied() -> list[str]:
    """Names of the migrations that this release has and the database has not."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _backwards in plan]


_checked = {"at": 0.0, "well": False}


def _migrated() -> bool:
    # Reading the plan costs 50 ms; once all is applied it stays so while this process lives.
    if not _checked["well"] and time.monotonic() - _checked["at"] > 1:
        _checked.update(at=time.monotonic(), well=not unapplied())
    return bool(_checked["well"])
