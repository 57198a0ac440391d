"""`/healthz` and the guard in front of every page."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection
from django.test import Client, override_settings

from tertulia.config import health

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _unchecked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_checked", {"at": 0.0, "well": False})


def worker(seconds_ago: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - make_interval(secs => %s))",
            [seconds_ago],
        )


def test_all_is_well_with_a_worker(client: Client) -> None:
    worker(seconds_ago=5)
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")
    assert answer["Cache-Control"] == "no-store"


def test_a_silent_worker_is_named(client: Client) -> None:
    worker(seconds_ago=60)
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json() == {
        "status": "not ready",
        "database": "ok",
        "migrations": "ok",
        "worker": "no sign of life",
    }


def test_missing_migrations_are_named(client: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'posts'")
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()["migrations"]) == (503, "not applied")


def test_an_absent_database_is_named_without_its_address(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise DatabaseError("connection to 10.1.2.3 as tertulia failed")

    monkeypatch.setattr(connection, "cursor", fail)
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()["database"]) == (503, "not reachable")
    assert "10.1.2.3" not in answer.content.decode()


def test_watchers_may_come_by_any_name(client: Client) -> None:
    assert client.get("/healthz", headers={"host": "10.1.2.3:8000"}).status_code == 503


@override_settings(BASE_URL="https://learn.example.org", ALLOWED_HOSTS=["learn.example.org"])
def test_pages_under_another_name_say_what_to_do(client: Client) -> None:
    answer = client.get("/", headers={"host": "elsewhere.example.org"})
    assert answer.status_code == 400
    assert "https://learn.example.org" in answer.content.decode()
    assert "TERTULIA_URL" in answer.content.decode()


def test_every_answer_has_a_number_and_keeps_a_good_one(client: Client) -> None:
    assert len(client.get("/healthz")["X-Request-ID"]) == 32
    given = client.get("/healthz", headers={"x-request-id": "from-the-proxy-1"})
    assert given["X-Request-ID"] == "from-the-proxy-1"
    forged = client.get("/healthz", headers={"x-request-id": "a\tb" * 99})
    assert len(forged["X-Request-ID"]) == 32
