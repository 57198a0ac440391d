"""REST of rules; that each operation needs its scope and rights is in tests/permissions."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from tertulia.enrolments.models import Key, Rule
from tertulia.people.models import Person
from tertulia.people.services import create_token

from .rules_world import RulesWorld

RULES = "/api/v1/workspaces/course/enrolments/rules"


@pytest.fixture
def world(db: None) -> RulesWorld:
    """Course and Campus."""
    del db
    return RulesWorld()


@pytest.fixture
def api(world: RulesWorld) -> Client:
    """Olga's program."""
    _token, secret = create_token(actor=world.olga, name="rules", scopes=["enrolments:write"], expires_at=None)
    return Client(headers={"Authorization": f"Bearer {secret}"})


def rule(**fields: object) -> dict[str, Any]:
    """A body."""
    return {"name": "Bakers", "conditions": [{"key": "run", "values": ["baking"]}], **fields}


def test_write_list_change_and_delete(world: RulesWorld, api: Client) -> None:
    world.tell("ana", "ben")
    made = api.post(RULES, rule(groups=["A"]), content_type="application/json")
    assert made.status_code == 201, made.content
    assert made.json()["enrolled"] == 2
    assert made.json()["conditions"] == [{"key": "run", "values": ["baking"]}]
    address = f"{RULES}/{made.json()['id']}"
    (listed,) = api.get(RULES).json()["items"]
    assert listed == made.json()
    refused = api.put(address, rule(conditions=[{"key": "run", "values": ["x"]}]), content_type="application/json")
    assert refused.status_code == 409
    assert refused.json()["type"].endswith("/too-many-leaving")
    changed = api.put(address, rule(role="mentor", channels=["square"]), content_type="application/json")
    assert changed.json()["channel_ids"] == [str(world.square.pk)]
    assert world.role("ana") == "mentor"
    assert api.delete(address + "?people=leave").status_code == 204
    assert world.members() == set()
    assert api.delete(address).status_code == 404


def test_a_preview_is_the_same_and_does_nothing(world: RulesWorld, api: Client) -> None:
    world.tell("ana")
    body = rule()
    seen = api.post(RULES + "/preview", body, content_type="application/json").json()
    assert seen["counts"]["created"] == 1
    assert [one["name"] for one in seen["people"]] == ["Ana"]
    assert not Rule.objects.exists()
    kept = world.rule("Bakers", (Key.RUN, ["baking"]))
    body = {**rule(conditions=[{"key": "run", "values": ["x"]}]), "rule_id": str(kept.pk)}
    seen = api.post(RULES + "/preview", body, content_type="application/json").json()
    assert (seen["leaving"], seen["enrolled"], seen["needs_confirmation"]) == (1, 1, True)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"name": ""}, 422),
        ({"conditions": [{"key": "planet", "values": ["x"]}]}, 422),
        ({"conditions": []}, 422),
        ({"role": "owner"}, 403),
        ({"channels": ["nowhere"]}, 422),
        ({"system_id": "0198c5a0-0000-7000-8000-000000000000"}, 422),
        ({"name": "Roster"}, 409),
        ({"colour": "red"}, 422),
    ],
)
def test_what_cannot_be_is_refused(world: RulesWorld, api: Client, body: dict[str, object], status: int) -> None:
    assert api.post(RULES, rule(**body), content_type="application/json").status_code == status
    assert not Rule.objects.filter(workspace=world.course).exists()


def test_systems_that_may_be_seen_are_listed(world: RulesWorld, api: Client) -> None:
    world.system("Hidden", "https://hidden.example", is_open=False)
    Person.objects.filter(pk=world.olga.pk).update(is_owner=False)
    (one,) = api.get("/api/v1/workspaces/course/enrolments/systems").json()["items"]
    assert one == {"id": str(world.campus.pk), "name": "Campus", "kind": "openedx"}
