"""Users of a directory come, change, are switched off and go; the workspace follows."""

from __future__ import annotations

from typing import Any

import pytest

from enrolments.world import World
from tertulia.enrolments.models import Enrolment, Kind, Leaving, Run, Source
from tertulia.enrolments.records import Entry, Mode
from tertulia.enrolments.services import enrol, open_source
from tertulia.integrations.scim.models import DirectoryUser
from tertulia.people.models import Person
from tertulia.workspaces import services as workspaces
from tertulia.workspaces.models import Role

from .directory import BASE, ERROR, Directory, user_of


def test_a_user_becomes_a_member_and_is_read_back(world: World, directory: Directory) -> None:
    body = user_of(
        "ana",
        externalId="7",
        name={"givenName": "Ana", "familyName": "Lima"},
        roles=[{"value": "learner"}, {"value": "Mentor"}],
        title="Baker",
        phoneNumbers=[{"value": "1"}],
    )
    answer = directory.call("POST", "Users", body)
    assert answer.status_code == 201
    assert answer["Content-Type"] == "application/scim+json"
    made = answer.json()  # type: ignore[attr-defined]  # the test client's answers have it
    assert answer["Location"] == made["meta"]["location"]
    assert made["meta"]["location"].endswith(f"{BASE}/Users/{made['id']}")
    line = Enrolment.objects.get(pk=made["id"])
    assert (line.source.kind, line.external_id) == (Kind.SCIM, "ana@example.org")
    assert line.person == Person.objects.get(email="ana@example.org")
    assert world.role("ana") is Role.MENTOR
    assert directory("GET", f"Users/{made['id']}") == (200, made)
    assert made["name"] == {"givenName": "Ana", "familyName": "Lima"}
    assert (made["active"], made["externalId"]) == (True, "7")
    assert "title" not in made, "what is not used is not kept"
    assert "phoneNumbers" not in made


def test_who_has_an_account_keeps_it(world: World, directory: Directory) -> None:
    ben = world.member("ben", Role.MENTOR)
    directory.add("ben", displayName="Somebody else")
    assert world.role("ben") is Role.MENTOR, "staff gave more"
    ben.refresh_from_db()
    assert ben.display_name == "Ben"
    assert Person.objects.filter(email="ben@example.org").count() == 1


def test_an_address_may_be_only_in_the_user_name(world: World, directory: Directory) -> None:
    status, made = directory("POST", "Users", {"userName": "ana@example.org"})
    assert (status, made["emails"]) == (201, [{"value": "ana@example.org", "primary": True}])
    assert world.role("ana") is Role.LEARNER
    status, error = directory("POST", "Users", {"userName": "ben"})
    assert (status, error["scimType"]) == (400, "invalidValue")
    assert "emails" in error["detail"]


@pytest.mark.parametrize("leave", ["off", "delete"])
def test_who_is_switched_off_or_deleted_leaves(world: World, directory: Directory, leave: str) -> None:
    ana = directory.add("ana")
    ben = directory.add("ben")
    if leave == "off":
        status, changed = directory.patch(f"Users/{ana['id']}", {"op": "Replace", "path": "active", "value": "False"})
        assert (status, changed["active"]) == (200, False)
    else:
        assert directory("DELETE", f"Users/{ana['id']}") == (204, None)
        assert directory("GET", f"Users/{ana['id']}")[0] == 404
        assert directory("DELETE", f"Users/{ana['id']}")[0] == 404
    assert world.role("ana") is None
    assert world.role("ben") is Role.LEARNER
    assert directory("GET", f"Users/{ben['id']}")[1]["active"] is True


def test_who_is_switched_on_again_comes_back_to_the_same_places(world: World, directory: Directory) -> None:
    ana = directory.add("ana", roles=[{"value": "mentor"}])
    directory.add_group("Cohort A", ana)
    for active in (False, False, True, True):
        status, changed = directory.patch(f"Users/{ana['id']}", {"op": "replace", "value": {"active": active}})
        assert (status, changed["active"], changed["id"]) == (200, active, ana["id"])
        assert world.role("ana") is (Role.MENTOR if active else None)
        assert world.groups("ana") == ({"Cohort A"} if active else set())


def test_a_user_may_be_made_switched_off(world: World, directory: Directory) -> None:
    ana = directory.add("ana", active=False)
    assert (ana["active"], world.role("ana")) == (False, None)
    assert not Person.objects.filter(email="ana@example.org").exists()
    assert directory.patch(f"Users/{ana['id']}", {"op": "replace", "path": "active", "value": True})[0] == 200
    assert world.role("ana") is Role.LEARNER


def test_scim_takes_back_only_what_it_gave(world: World, directory: Directory) -> None:
    world.member("ben")
    world.enrol(Entry("cora", email="cora@example.org"))
    for name in ("ben", "cora"):
        made = directory.add(name, roles=[{"value": "mentor"}])
        assert world.role(name) is Role.MENTOR
        assert directory("DELETE", f"Users/{made['id']}")[0] == 204
        assert world.role(name) is Role.LEARNER


def test_how_people_leave_is_the_rule_of_the_source(world: World, directory: Directory) -> None:
    ana = directory.add("ana")
    Source.objects.filter(kind=Kind.SCIM).update(leaving=Leaving.GUEST)
    directory("DELETE", f"Users/{ana['id']}")
    assert world.role("ana") is Role.GUEST


def test_a_name_given_to_somebody_else_is_somebody_else(world: World, directory: Directory) -> None:
    first = directory.add("smith")
    directory("DELETE", f"Users/{first['id']}")
    other = user_of("smith", emails=[{"value": "other@example.org"}])
    status, second = directory("POST", "Users", other)
    assert status == 201
    assert second["id"] != first["id"]
    assert (world.role("smith"), world.role("other")) == (None, Role.LEARNER)


def test_a_user_name_is_given_once(directory: Directory) -> None:
    ana, ben = directory.add("ana"), directory.add("ben")
    status, error = directory("POST", "Users", user_of("ana", userName="ANA@example.org"))
    assert (status, error["scimType"], error["status"], error["schemas"]) == (409, "uniqueness", "409", [ERROR])
    renaming = {"op": "replace", "path": "userName", "value": "ana@example.org"}
    assert directory.patch(f"Users/{ben['id']}", renaming)[0] == 409
    assert directory.patch(f"Users/{ana['id']}", renaming)[0] == 200
    assert directory.find("Users", 'userName eq "ben@example.org"') == ["ben@example.org"]


def test_a_put_is_the_whole_of_a_user_and_the_same_again_changes_nothing(world: World, directory: Directory) -> None:
    ana = directory.add("ana", externalId="7", roles=[{"value": "mentor"}], name={"givenName": "Ana"})
    body = user_of("ana", userName="ana.lima@example.org", emails=[{"value": "ana.lima@example.org"}])
    status, first = directory("PUT", f"Users/{ana['id']}", body)
    assert (status, first["id"], first["userName"]) == (200, ana["id"], "ana.lima@example.org")
    assert not {"externalId", "roles", "name"} & first.keys()
    assert world.role("ana") is Role.LEARNER, "the account keeps its own address"
    assert directory("PUT", f"Users/{ana['id']}", body) == (200, first)
    directory.patch(f"Users/{ana['id']}", {"op": "replace", "path": "active", "value": False})
    assert directory("PUT", f"Users/{ana['id']}", body)[1]["active"] is False, "a PUT that does not say leaves it"


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "Add", "path": 'emails[type eq "home"].value', "value": "home@example.org"},
        {
            "op": "Add",
            "path": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
            "value": "Bread",
        },
        {"op": "Replace", "value": {"name.givenName": "Anna", "displayName": "Anna"}},
        {"op": "Add", "path": 'roles[primary eq "True"].value', "value": "instructor"},
        {"op": "Replace", "path": 'emails[type eq "work"].value', "value": "new@example.org"},
        {"op": "Remove", "path": "roles", "value": [{"value": "mentor"}]},
    ],
)
def test_what_entra_id_sends_is_understood(directory: Directory, operation: dict[str, Any]) -> None:
    ana = directory.add("ana", roles=[{"value": "mentor"}, {"value": "learner"}], name={"givenName": "Ana"})
    status, changed = directory.patch(f"Users/{ana['id']}", operation)
    assert status == 200, changed
    if operation["op"] == "Remove":
        assert changed["roles"] == [{"value": "learner"}]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"roles": [{"value": "king"}]}, "king"),
        ({"roles": [{"value": "owner"}]}, "owner"),
        ({"emails": [{"value": "no address"}]}, "emails"),
        ({"emails": []}, "emails"),
        ({"userName": None}, "userName"),
        ({"userName": ""}, "userName"),
        ({"userName": 7}, "userName"),
        ({"userName": "x" * 256}, "userName"),
        ({"active": "perhaps"}, "active"),
        ({"emails": [{"value": "a@example.org"}] * 21}, "emails"),
        ({"displayName": "a\0b"}, "NUL"),
        ({"displayName": {"a": []}}, "displayName"),
    ],
)
def test_what_cannot_be_used_is_refused_with_a_sentence(
    world: World, directory: Directory, fields: dict[str, Any], words: str
) -> None:
    body = user_of("ana", **{"userName": "ana", **fields})
    status, error = directory("POST", "Users", body)
    assert (status, error["schemas"], error["status"]) == (400, [ERROR], "400")
    assert words.lower() in error["detail"].lower()
    assert not DirectoryUser.objects.exists()
    assert world.role("ana") is None


def test_who_is_banned_is_refused_and_the_log_tells(world: World, directory: Directory) -> None:
    ben = world.member("ben")
    workspaces.ban(actor=world.olga, workspace=world.course, person=ben, reason="Spam")
    status, error = directory("POST", "Users", user_of("ben"))
    assert (status, error["scimType"]) == (400, "invalidValue")
    assert "banned" in error["detail"]
    assert not DirectoryUser.objects.exists()
    assert Run.objects.get().counts == {"refused": 1}


def test_nobody_gets_a_role_above_the_token(world: World) -> None:
    world.member("otis", Role.OPERATIONS)
    directory = Directory(Person.objects.get(handle="otis"), "enrolments:write")
    assert directory.add("ana", roles=[{"value": "operations"}])["roles"] == [{"value": "operations"}]
    assert directory("POST", "Users", user_of("ben", roles=[{"value": "owner"}]))[0] == 400


def test_a_source_of_another_kind_is_not_taken_over(world: World, directory: Directory) -> None:
    source = open_source(actor=world.olga, workspace=world.course, name="Directory (SCIM)", kind=Kind.REST)
    enrol(source=source, people=[Entry("ana", email="ana@example.org")], mode=Mode.MERGE, actor=world.olga)
    status, error = directory("POST", "Users", user_of("ana"))
    assert status == 409
    assert "Directory (SCIM)" in error["detail"]
    assert directory("GET", "Users")[1]["totalResults"] == 0


def test_an_archived_workspace_takes_nobody(world: World, directory: Directory) -> None:
    ana = directory.add("ana")
    workspaces.archive_workspace(actor=world.olga, workspace=world.course)
    assert directory("POST", "Users", user_of("ben"))[0] == 409
    assert directory("DELETE", f"Users/{ana['id']}")[0] == 409
    assert directory("GET", f"Users/{ana['id']}")[0] == 200
