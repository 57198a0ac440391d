"""Who is not meant, and bodies and addresses that cannot be meant, get SCIM's errors, and nothing is changed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from enrolments.world import World
from tertulia.integrations.scim import endpoints
from tertulia.integrations.scim.models import DirectoryUser
from tertulia.kernel import limits
from tertulia.kernel.limits import Limit
from tertulia.workspaces import services as workspaces

from .directory import ERROR, Directory, user_of


def test_other_workspaces_see_nothing(world: World, directory: Directory) -> None:
    ana = directory.add("ana")
    group = directory.add_group("Cohort A", ana)
    workspaces.create_workspace(actor=world.otto, slug="other", name="Other", template="blank")
    other = Directory(world.otto, "enrolments:write", base="/scim/v2/w/other")
    ben = other.add("ben")
    for path in (f"Users/{ana['id']}", f"Groups/{group['id']}"):
        for method, body in (("GET", None), ("DELETE", None), ("PUT", {**user_of("x"), "displayName": "x"})):
            assert other(method, path, body)[0] == 404
    assert [one["userName"] for one in other("GET", "Users")[1]["Resources"]] == ["ben@example.org"]
    theirs = other.add_group("Theirs", ana, ben)
    assert [one["value"] for one in theirs["members"]] == [ben["id"]]


def test_a_browsers_session_opens_nothing(world: World) -> None:
    client = Client()
    client.force_login(world.olga, backend="django.contrib.auth.backends.ModelBackend")
    answer = client.get("/scim/v2/w/course/Users")
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")
    answer = client.get("/scim/v2/w/course/Users", headers={"Authorization": "Bearer tert_wrong"})
    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "Nothing", 404),
        ("GET", "Users/1/2", 404),
        ("GET", "Users/not-an-id", 404),
        ("GET", "Groups/00000000-0000-0000-0000-000000000000", 404),
        ("DELETE", "Users", 405),
        ("POST", "Schemas", 405),
        ("PUT", "ServiceProviderConfig", 405),
        ("POST", "Users/.search", 501),
        ("POST", ".search", 501),
        ("POST", "Bulk", 501),
        ("GET", "Me", 501),
    ],
)
def test_what_is_not_there_says_so_in_scim(directory: Directory, method: str, path: str, status: int) -> None:
    answered, error = directory(method, path, {} if method in {"POST", "PUT"} else None)
    assert (answered, error["schemas"], error["status"]) == (status, [ERROR], str(status))
    assert error["detail"].endswith(".")


@pytest.mark.parametrize(
    ("body", "scim_type"),
    [
        (b"{", "invalidSyntax"),
        (b"[]", "invalidSyntax"),
        (b"\xff\xfe", "invalidSyntax"),
        (b"[" * 60_000, "invalidSyntax"),
        (b'{"userName": NaN}', "invalidSyntax"),
        (b'{"userName": "\\ud800@example.org"}', "invalidSyntax"),
        (b"{}", "invalidValue"),
        (b'{"schemas": 7}', "invalidValue"),
    ],
)
def test_a_body_that_is_not_understood_is_refused(directory: Directory, body: bytes, scim_type: str) -> None:
    for method, path in (("POST", "Users"), ("POST", "Groups")):
        status, error = directory(method, path, body)
        assert (status, error["scimType"]) == (400, scim_type), error
    assert not DirectoryUser.objects.exists()


@pytest.mark.parametrize(
    ("operations", "scim_type"),
    [
        ([], "invalidValue"),
        ([{"op": "explode", "path": "userName"}], "invalidValue"),
        ([{"op": "remove"}], "noTarget"),
        ([{"op": "remove", "path": "userName"}], "mutability"),
        ([{"op": "replace", "path": "id", "value": "7"}], "mutability"),
        ([{"op": "replace", "path": "userName[", "value": "7"}], "invalidPath"),
        ([{"op": "replace", "path": "active", "value": {"a": 1}}], "invalidValue"),
        ([{"op": "replace", "path": "displayName", "value": "x"}] * 101, "tooMany"),
    ],
)
def test_a_patch_that_cannot_be_done_changes_nothing(directory: Directory, operations: Any, scim_type: str) -> None:
    ana = directory.add("ana")
    good = {"op": "replace", "path": "displayName", "value": "Changed"}
    status, error = directory.patch(f"Users/{ana['id']}", *([good, *operations] if operations else []))
    assert (status, error.get("scimType")) == (400, scim_type), error
    assert directory("GET", f"Users/{ana['id']}")[1] == ana


def test_only_json_of_a_size_is_read(directory: Directory, settings: Any) -> None:
    assert directory("POST", "Users")[0] == 415
    assert directory("POST", "Users", b"a=b", content_type="application/x-www-form-urlencoded")[0] == 415
    assert directory("POST", "Users", user_of("ana"), content_type="application/json; charset=utf-8")[0] == 201
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10
    status, error = directory("POST", "Users", user_of("ben"))
    assert (status, error["schemas"]) == (413, [ERROR])


@pytest.mark.parametrize("limit", ["person", "address"])
def test_changes_are_counted(directory: Directory, monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    few = Limit("few", times=2, seconds=36_000, fixed=True)
    if limit == "person":
        monkeypatch.setattr(endpoints, "CALLS", few)
    else:
        monkeypatch.setattr(limits, "ADDRESS", few)
    directory.add("ana")
    ben = directory.add("ben")
    answer = directory.call("DELETE", f"Users/{ben['id']}")
    assert (answer.status_code, json.loads(answer.content)["schemas"]) == (429, [ERROR])
    assert int(answer["Retry-After"]) > 0
    assert directory("GET", f"Users/{ben['id']}")[0] == 200


def test_what_nobody_could_mean_is_refused_before_it_costs_anything(directory: Directory) -> None:
    ana = directory.add("ana")
    status, error = directory("POST", "Users", user_of("ben", nickName="x" * 70_000))
    assert (status, error["schemas"]) == (413, [ERROR])
    names = {f"x{number}": 1 for number in range(101)}
    for path in (f"Users/{ana['id']}", "Groups/00000000-0000-0000-0000-000000000000"):
        status, error = directory.patch(path, {"op": "add", "value": names})
        assert (status, error["scimType"]) == (400, "invalidSyntax")
