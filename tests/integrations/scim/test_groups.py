"""Groups of a directory are groups of the workspace, in which it has whom it put there."""

from __future__ import annotations

from typing import Any

import pytest

from enrolments.world import World
from tertulia.workspaces import services as workspaces
from tertulia.workspaces.models import Group, Role

from .directory import GROUP, Directory


def test_members_come_and_go_by_patch(world: World, directory: Directory) -> None:
    ana, ben, cora = (directory.add(name) for name in ("ana", "ben", "cora"))
    group = directory.add_group("Cohort A", ana)
    path = f"Groups/{group['id']}"
    assert Group.objects.get(pk=group["id"]).name == "Cohort A"
    steps: list[tuple[dict[str, Any], set[str]]] = [
        (
            {"op": "Add", "path": "members", "value": [{"value": ben["id"]}, {"value": cora["id"]}]},
            {"ana", "ben", "cora"},
        ),
        ({"op": "add", "path": "members", "value": [{"value": ben["id"]}]}, {"ana", "ben", "cora"}),
        ({"op": "remove", "path": f'members[value eq "{ana["id"]}"]'}, {"ben", "cora"}),
        ({"op": "Remove", "path": "members", "value": [{"value": ben["id"]}]}, {"cora"}),
        ({"op": "replace", "path": "members", "value": [{"value": ana["id"]}]}, {"ana"}),
        ({"op": "remove", "path": "members"}, set()),
        ({"op": "remove", "path": "members"}, set()),
        ({"op": "add", "value": {"members": [{"value": ben["id"]}], "externalId": "g"}}, {"ben"}),
        ({"op": "add", "path": "Members", "value": {"value": ana["id"]}}, {"ana", "ben"}),
        ({"op": "remove", "path": f'members[value eq "{ana["id"]}" or value eq "{ben["id"]}"]'}, set()),
        ({"op": "replace", "value": {"members": [{"value": cora["id"]}]}}, {"cora"}),
        ({"op": "remove", "path": "members", "value": []}, {"cora"}),
        ({"op": "replace", "path": f"{GROUP}:members", "value": [{"value": ben["id"]}]}, {"ben"}),
    ]
    for operation, wanted in steps:
        status, changed = directory.patch(path, operation)
        assert status == 200, changed
        assert len(changed.get("members", [])) == len(wanted)
        assert {name for name in ("ana", "ben", "cora") if world.groups(name)} == wanted, operation
    assert directory("GET", f"Users/{ben['id']}")[1]["groups"][0]["value"] == group["id"]


def test_several_groups_of_one_person_hold_together(world: World, directory: Directory) -> None:
    ana = directory.add("ana")
    first = directory.add_group("Cohort A", ana)
    directory.add_group("Cohort B", ana)
    assert world.groups("ana") == {"Cohort A", "Cohort B"}
    assert directory("DELETE", f"Groups/{first['id']}")[0] == 204
    assert world.groups("ana") == {"Cohort B"}
    assert not Group.objects.filter(pk=first["id"]).exists()
    assert directory("GET", f"Groups/{first['id']}")[0] == 404


def test_a_renamed_group_is_renamed_here_too(directory: Directory) -> None:
    group = directory.add_group("Cohort A")
    directory.add_group("Cohort B")
    status, changed = directory.patch(
        f"Groups/{group['id']}", {"op": "replace", "path": "displayName", "value": "Bakers"}
    )
    assert (status, changed["displayName"], Group.objects.get(pk=group["id"]).name) == (200, "Bakers", "Bakers")
    status, error = directory.patch(
        f"Groups/{group['id']}", {"op": "replace", "path": "displayName", "value": "cohort b"}
    )
    assert (status, error["scimType"]) == (409, "uniqueness")
    body = {"displayName": "Millers", "externalId": "g"}
    status, changed = directory("PUT", f"Groups/{group['id']}", body)
    assert (status, changed["displayName"], changed["externalId"]) == (200, "Millers", "g")


def test_a_group_of_staff_is_found_by_its_name_and_stays_theirs(world: World, directory: Directory) -> None:
    ben = world.member("ben")
    ours = workspaces.create_group(actor=world.olga, workspace=world.course, name="Cohort A")
    workspaces.set_group_members(actor=world.olga, group=ours, person_ids=[ben.pk])
    ana, known = directory.add("ana"), directory.add("ben")
    group = directory.add_group("cohort a", ana, known)
    assert group["id"] == str(ours.pk)
    directory.patch(f"Groups/{group['id']}", {"op": "replace", "path": "displayName", "value": "Bakers"})
    directory("DELETE", f"Groups/{group['id']}")
    ours.refresh_from_db()
    assert ours.name == "Cohort A"
    assert (world.groups("ana"), world.groups("ben")) == (set(), {"Cohort A"})


def test_a_group_in_which_staff_put_somebody_stays(world: World, directory: Directory) -> None:
    group = directory.add_group("Cohort A", directory.add("ana"))
    there = Group.objects.get(pk=group["id"])
    ben = world.member("ben")
    workspaces.add_to_group(actor=world.olga, group=there, person_ids=[ben.pk])
    assert directory("DELETE", f"Groups/{group['id']}")[0] == 204
    assert (world.groups("ana"), world.groups("ben")) == (set(), {"Cohort A"})


def test_a_group_that_staff_end_is_gone_and_can_be_made_again(world: World, directory: Directory) -> None:
    ana = directory.add("ana")
    group = directory.add_group("Cohort A", ana)
    workspaces.delete_group(actor=world.olga, group=Group.objects.get(pk=group["id"]))
    assert directory("GET", f"Groups/{group['id']}")[0] == 404
    assert "groups" not in directory("GET", f"Users/{ana['id']}")[1]
    assert directory.add_group("Cohort A", ana)["id"] != group["id"]
    assert world.groups("ana") == {"Cohort A"}


def test_members_who_are_not_known_are_passed_over(world: World, directory: Directory) -> None:
    ana, gone = directory.add("ana"), directory.add("ben")
    directory("DELETE", f"Users/{gone['id']}")
    group = directory.add_group("Cohort A", ana, gone, {"id": "no id"}, {"id": str(world.olga.pk)})
    assert [one["value"] for one in group["members"]] == [ana["id"]]
    assert world.groups("olga") == set()
    status, error = directory("POST", "Groups", {"displayName": "B", "members": [{"type": "User"}]})
    assert (status, error["scimType"]) == (400, "invalidValue")


def test_who_is_switched_off_may_be_in_groups_and_gets_them_when_they_come(world: World, directory: Directory) -> None:
    ana = directory.add("ana", active=False)
    group = directory.add_group("Cohort A", ana)
    assert len(group["members"]) == 1
    assert world.role("ana") is None
    directory.patch(f"Users/{ana['id']}", {"op": "replace", "path": "active", "value": True})
    assert (world.role("ana"), world.groups("ana")) == (Role.LEARNER, {"Cohort A"})


@pytest.mark.parametrize("name", ["", "   ", "x" * 81, None])
def test_a_name_that_no_group_can_have_is_refused(directory: Directory, name: str | None) -> None:
    status, error = directory("POST", "Groups", {"displayName": name})
    assert (status, error["scimType"]) == (400, "invalidValue")
    assert not Group.objects.exists()


def test_names_of_any_script_get_groups(directory: Directory) -> None:
    for name in ("日本語", "العربية", "Cohort A!", "Cohort A?"):
        assert directory.add_group(name)["displayName"] == name
    assert Group.objects.count() == 4


@pytest.mark.parametrize(
    ("operation", "scim_type"),
    [
        ({"op": "remove", "path": 'members[type eq "User"]'}, "invalidPath"),
        ({"op": "remove", "path": 'members[value sw "a"]'}, "invalidPath"),
        ({"op": "remove", "path": 'members[value eq "a" and type eq "User"]'}, "invalidPath"),
        ({"op": "replace", "path": 'members[value eq "a"]', "value": [{"value": "b"}]}, "invalidPath"),
        ({"op": "replace", "path": "members.value", "value": "b"}, "invalidPath"),
        ({"op": "add", "path": "members", "value": ["a"]}, "invalidValue"),
        ({"op": "add", "path": "members", "value": [{"display": "a"}]}, "invalidValue"),
        ({"op": "add", "value": {"members": "a"}}, "invalidValue"),
        ({"op": "remove", "path": "displayName"}, "mutability"),
    ],
)
def test_a_patch_that_cannot_be_done_changes_nothing(
    world: World, directory: Directory, operation: dict[str, Any], scim_type: str
) -> None:
    group = directory.add_group("Cohort A", directory.add("ana"))
    status, error = directory.patch(f"Groups/{group['id']}", {"op": "remove", "path": "members"}, operation)
    assert (status, error["scimType"]) == (400, scim_type), error
    assert world.groups("ana") == {"Cohort A"}
    assert directory("GET", f"Groups/{group['id']}")[1] == group
