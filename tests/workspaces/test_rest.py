"""REST of workspaces, members, groups and invitations."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tertulia.kernel.ids import new_id
from tertulia.people import services as people_services
from tertulia.people.models import Person
from tertulia.people.scopes import SCOPES
from tertulia.workspaces import services
from tertulia.workspaces.access import GRANTS, Permission
from tertulia.workspaces.models import Invitation, Membership, Role

from .world import World, client, person, undone


class Api:
    """A program of one person."""

    def __init__(self, one: Person, scopes: tuple[str, ...] = tuple(SCOPES)) -> None:
        _token, self.secret = people_services.create_token(actor=one, name="t", scopes=list(scopes), expires_at=None)

    def __call__(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        answer = client().generic(
            method,
            path if path.startswith("/api") else f"/api/v1{path}",
            json.dumps(body) if body is not None else "",
            content_type="application/json",
            HTTP_AUTHORIZATION=f"Bearer {self.secret}",
        )
        return answer.status_code, json.loads(answer.content) if answer.content else None


def test_workspaces_are_made_read_listed_and_changed(world: World) -> None:
    api = Api(world.olga)
    body = {"slug": "rest", "name": "Rest", "template": "company", "goal": "Sleep.", "joining": "open"}
    status, made = api("POST", "/workspaces", body)
    assert status == 201
    assert {**body, "role": "owner", "listed": True, "archived": False}.items() <= made.items()
    assert set(made) >= {"id", "created_at", "learners_may_message"}
    assert api("GET", "/workspaces/rest") == (200, made)
    status, listed = api("GET", "/workspaces")
    assert [each["slug"] for each in listed["items"]] == ["course", "rest"]
    status, changed = api("PATCH", "/workspaces/rest", {"goal": "Rest well.", "joining": "closed", "archived": True})
    assert (status, changed["goal"], changed["joining"], changed["archived"]) == (200, "Rest well.", "closed", True)
    assert changed["name"] == "Rest"
    assert api("PATCH", "/workspaces/rest", {"name": "X"})[0] == 409
    assert api("PATCH", "/workspaces/rest", {"name": "X", "archived": False})[1]["name"] == "X"


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"name": "N", "colour": "red"}, 422, "colour"),
        ({"name": ""}, 422, "Please fill in the name."),
        ({"name": "x" * 81}, 422, "81 characters; 80"),
        ({"name": "N", "slug": "course"}, 409, "is in use"),
        ({"name": "N", "slug": "A B"}, 422, "small letters"),
        ({"name": "N", "template": "castle"}, 422, "template"),
        ({}, 422, "name"),
    ],
)
def test_bad_workspaces(world: World, body: dict[str, str], status: int, words: str) -> None:
    answer = Api(world.olga)("POST", "/workspaces", body)
    assert answer[0] == status
    assert words in json.dumps(answer[1], ensure_ascii=False)


def test_making_one_is_for_owners_of_the_installation(world: World) -> None:
    assert Api(world.member())("POST", "/workspaces", {"name": "Mine"})[0] == 403


def test_members_are_added_changed_and_removed(world: World) -> None:
    api, ann = Api(world.olga), person("ann")
    status, made = api("POST", "/workspaces/course/members", {"email": "Ann@example.org", "role": "mentor"})
    assert (status, made["role"], made["person"]["handle"]) == (201, "mentor", "ann")
    assert "email" not in made["person"]
    status, again = api("POST", "/workspaces/course/members", {"person_id": str(ann.pk), "role": "guest"})
    assert (status, again) == (200, made)
    one = f"/workspaces/course/members/{ann.pk}"
    assert api("PATCH", one, {"role": "guest"})[1]["role"] == "guest"
    status, listed = api("GET", "/workspaces/course/members?q=ann")
    assert [each["person"]["id"] for each in listed["items"]] == [str(ann.pk)]
    assert api("DELETE", one) == (204, None)
    assert api("DELETE", one)[0] == 404
    assert api("PATCH", one, {"role": "guest"})[0] == 404
    assert api("DELETE", f"/workspaces/course/members/{world.olga.pk}")[0] == 409


def test_an_address_without_account_is_invited(world: World) -> None:
    api = Api(world.olga)
    assert api("POST", "/workspaces/course/members", {"email": "new@example.org", "role": "mentor"}) == (
        202,
        {"invited": True},
    )
    made = Invitation.objects.get()
    assert (made.email, made.role, made.max_uses) == ("new@example.org", "mentor", 1)
    assert api("POST", "/workspaces/course/members", {"email": "nonsense"})[0] == 422


def test_who_is_not_known_and_who_is_nobody_get_the_same(world: World) -> None:
    api = Api(world.member(Role.INSTRUCTOR))
    hermit = person("hermit")
    answers = [
        api("POST", "/workspaces/course/members", {"person_id": str(person_id)})
        for person_id in (hermit.pk, world.otto.pk, new_id())
    ]
    assert answers[0] == answers[1] == answers[2]
    assert answers[0][0] == 404
    for body in ({}, {"email": "a@example.org", "person_id": str(hermit.pk)}):
        status, problem = api("POST", "/workspaces/course/members", body)
        assert (status, "either person_id or email" in json.dumps(problem)) == (422, True)


def test_the_list_pages(world: World) -> None:
    for number in range(5):
        world.member(handle=f"n{number}")
    api = Api(world.olga)
    seen: list[str] = []
    path = "/workspaces/course/members?limit=2"
    while path:
        status, found = api("GET", path)
        assert status == 200
        seen += [each["person"]["handle"] for each in found["items"]]
        path = f"/workspaces/course/members?limit=2&cursor={found['next']}" if found["next"] else ""
    assert seen == ["n0", "n1", "n2", "n3", "n4", "olga"]


def test_groups(world: World) -> None:
    api, learner = Api(world.olga), world.member()
    status, made = api("POST", "/workspaces/course/groups", {"name": "Team"})
    assert (status, made["slug"], made["person_ids"]) == (201, "team", [])
    change = {"name": "Crew", "person_ids": [str(learner.pk)]}
    status, changed = api("PATCH", "/workspaces/course/groups/team", change)
    assert (status, changed["name"], changed["slug"], changed["person_ids"]) == (200, "Crew", "team", [str(learner.pk)])
    assert api("GET", "/workspaces/course/groups/team") == (200, changed)
    assert [each["name"] for each in api("GET", "/workspaces/course/groups")[1]["items"]] == ["Crew"]
    assert api("PATCH", "/workspaces/course/groups/team", {"person_ids": [str(new_id())]})[0] == 422
    assert api("DELETE", "/workspaces/course/groups/team") == (204, None)
    assert api("GET", "/workspaces/course/groups/team")[0] == 404


def test_invitations(world: World) -> None:
    api = Api(world.olga)
    status, made = api("POST", "/workspaces/course/invitations", {"role": "mentor", "max_uses": 1})
    assert (status, made["problem"], made["uses"]) == (201, "", 0)
    secret = made["link"].rpartition("/")[2]
    ann = person("ann")
    services.accept_invitation(actor=ann, secret=secret)
    assert world.role_of(ann) is Role.MENTOR
    (listed,) = api("GET", "/workspaces/course/invitations")[1]["items"]
    assert (listed["uses"], "used up" in listed["problem"], "link" in listed) == (1, True, False)
    status, mailed = api("POST", "/workspaces/course/invitations", {"email": "ben@example.org"})
    assert (status, mailed["link"]) == (201, None)
    assert api("DELETE", f"/workspaces/course/invitations/{mailed['id']}") == (204, None)
    assert api("DELETE", f"/workspaces/course/invitations/{new_id()}")[0] == 404
    assert api("POST", "/workspaces/course/invitations", {"expires_at": "2001-01-01T00:00:00Z"})[0] == 422


OPERATIONS: list[tuple[str, str, Any, Permission | None]] = [
    ("GET", "", None, None),
    ("PATCH", "", {"goal": "G"}, Permission.MANAGE_WORKSPACE),
    ("PATCH", "", {"archived": True}, Permission.ARCHIVE_WORKSPACE),
    ("GET", "/members", None, Permission.SEE_MEMBERS),
    ("POST", "/members", {"email": "x@example.org"}, Permission.MANAGE_MEMBERS),
    ("PATCH", "/members/{target}", {"role": "guest"}, Permission.MANAGE_MEMBERS),
    ("DELETE", "/members/{target}", None, Permission.REMOVE_MEMBERS),
    ("GET", "/groups", None, Permission.SEE_MEMBERS),
    ("POST", "/groups", {"name": "G"}, Permission.MANAGE_GROUPS),
    ("GET", "/groups/team", None, Permission.SEE_MEMBERS),
    ("PATCH", "/groups/team", {"name": "G"}, Permission.MANAGE_GROUPS),
    ("DELETE", "/groups/team", None, Permission.MANAGE_GROUPS),
    ("GET", "/invitations", None, Permission.INVITE),
    ("POST", "/invitations", {}, Permission.INVITE),
    ("DELETE", "/invitations/{invitation}", None, Permission.INVITE),
]


@pytest.fixture
def things(world: World) -> dict[str, str]:
    """What the operations act on."""
    services.create_group(actor=world.olga, workspace=world.course, name="Team")
    made, _secret = services.create_invitation(actor=world.olga, workspace=world.course)
    return {"target": str(world.member(handle="target").pk), "invitation": str(made.pk)}


@pytest.mark.parametrize("role", Role)
def test_who_may(world: World, things: dict[str, str], role: Role) -> None:
    api = Api(world.member(role))
    for method, path, body, permission in OPERATIONS:
        with undone():
            status, problem = api(method, f"/workspaces/course{path.format(**things)}", body)
        if permission is None or role in GRANTS[permission]:
            assert 200 <= status < 300, (method, path, problem)
        else:
            assert (status, problem["type"].rpartition("/")[2]) == (403, "forbidden"), (method, path)


@pytest.mark.parametrize(("method", "path", "body", "permission"), OPERATIONS)
def test_outsiders_and_tokens_without_scope(
    world: World, things: dict[str, str], method: str, path: str, body: Any, permission: Permission | None
) -> None:
    del permission
    tail = path.format(**things)
    outside = Api(world.otto)
    theirs, nowhere = (outside(method, f"/workspaces/{slug}{tail}", body) for slug in ("course", "nowhere"))
    assert theirs[0] == nowhere[0] == 404
    assert {**theirs[1], "instance": ""} == {**nowhere[1], "instance": ""}
    weak = Api(world.olga, ("posts:read",) if method == "GET" else ("workspaces:read",))
    status, problem = weak(method, f"/workspaces/course{tail}", body)
    assert (status, problem["type"].rpartition("/")[2]) == (403, "missing-scope")
    assert client().generic(method, f"/api/v1/workspaces/course{tail}").status_code == 401
    assert Membership.objects.filter(workspace=world.course, person__handle="target").exists()
