"""Writes are counted by address, too: a flood from one machine is told to wait, wherever it goes and whoever it is."""

from __future__ import annotations

import pytest
from django.test import Client

from tertulia.kernel import limits
from tertulia.kernel.limits import Limit
from tertulia.people import services

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ADDRESS", Limit("address", times=2, seconds=60))


def test_one_address_waits_and_another_does_not(client: Client) -> None:
    answers = [client.post("/accounts/login/", {}, REMOTE_ADDR="192.0.2.1") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert int(answers[-1]["Retry-After"]) > 0
    assert "Please wait" in answers[-1].content.decode()
    assert client.post("/accounts/login/", {}, REMOTE_ADDR="192.0.2.2").status_code == 200
    assert client.get("/accounts/login/", REMOTE_ADDR="192.0.2.1").status_code == 200


def test_rest_says_so_as_a_problem(client: Client) -> None:
    person = services.create_person(email="ana@example.org", display_name="Ana", verified=True)
    _token, raw = services.create_token(actor=person, name="a", scopes=["profile:write"], expires_at=None)
    for expected in (200, 200, 429):
        answer = client.patch(
            "/api/v1/me",
            {"headline": "Here"},
            content_type="application/json",
            headers={"Authorization": f"Bearer {raw}"},
            REMOTE_ADDR="192.0.2.3",
        )
        assert answer.status_code == expected
    assert answer["Content-Type"] == "application/problem+json"
    assert int(answer["Retry-After"]) > 0
