"""The REST interface: lists of people in, what became of each out."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from tertulia.config import lists
from tertulia.enrolments import rest
from tertulia.enrolments.models import Run, Source
from tertulia.enrolments.records import MOST_PEOPLE
from tertulia.kernel.limits import Limit
from tertulia.people import services as people_services
from tertulia.people.models import Person
from tertulia.workspaces.models import Role

from .world import World

PATH = "/api/v1/workspaces/course/enrolments"


class Script:
    """A program with a token of somebody's."""

    def __init__(self, who: Person, *scopes: str) -> None:
        _token, self.raw = people_services.create_token(actor=who, name="lms", scopes=scopes, expires_at=None)

    def __call__(self, method: str, path: str, body: Any = None, kind: str = "application/json") -> tuple[int, Any]:
        sent = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        answer = Client().generic(method, path, sent, kind, headers={"Authorization": f"Bearer {self.raw}"})
        return answer.status_code, json.loads(answer.content)


@pytest.fixture
def script(world: World) -> Script:
    """Olga's."""
    return Script(world.olga, "enrolments:write")


def people(*names: str, **fields: Any) -> dict[str, Any]:
    """A body."""
    each = [{"external_id": name, "email": f"{name}@example.org", "name": name.capitalize()} for name in names]
    return {"source": "lms", "people": each, **fields}


def test_people_are_enrolled_as_the_body_says(world: World, script: Script) -> None:
    body = {
        "mode": "merge",
        "source": "roster",
        "people": [
            {
                "external_id": "7",
                "email": "ana@example.org",
                "name": "Ana Lima",
                "role": "mentor",
                "groups": ["Cohort A"],
                "channels": ["secret", "nowhere"],
                "active": True,
            },
            {"external_id": "8"},
        ],
    }
    status, preview = script("POST", f"{PATH}/preview", body)
    assert status == 200
    assert not Person.objects.filter(email="ana@example.org").exists()
    status, answer = script("PUT", PATH, body)
    assert status == 200
    ana = Person.objects.get(email="ana@example.org")
    first, second = answer["people"]
    assert (first["external_id"], first["outcome"], first["person_id"]) == ("7", "created", str(ana.pk))
    assert "nowhere" in first["detail"]
    assert second == {"external_id": "8", "outcome": "refused", "person_id": None, "detail": second["detail"]}
    assert "e-mail" in second["detail"]
    assert answer["counts"]["created"] == answer["counts"]["refused"] == 1
    assert [one["outcome"] for one in preview["people"]] == ["created", "refused"]
    assert (world.role("ana"), world.groups("ana")) == (Role.MENTOR, {"Cohort A"})
    assert Run.objects.get().by == world.olga


def test_a_source_is_made_when_it_speaks_first_and_found_by_its_name(script: Script, world: World) -> None:
    script("PUT", PATH, people("ana", source="LMS one"))
    script("PUT", PATH, people("ben", source="lms ONE"))
    assert Source.objects.filter(workspace=world.course).exclude(pk=world.source.pk).count() == 1


def test_too_many_leaving_is_a_conflict_that_changes_nothing(script: Script, world: World) -> None:
    script("PUT", PATH, people("ana", "ben"))
    status, problem = script("PUT", PATH, people("ana", mode="mirror"))
    assert (status, problem["type"]) == (409, "/problems/too-many-leaving")
    assert "1 of 2" in problem["detail"]
    assert world.role("ben") is Role.LEARNER
    status, answer = script("POST", f"{PATH}/preview", people("ana", mode="mirror"))
    assert (status, answer["needs_confirmation"], answer["leaving"], answer["enrolled"]) == (200, True, 1, 2)
    status, answer = script("PUT", PATH, people("ana", mode="mirror", confirm=True))
    assert status == 200
    assert {one["external_id"]: one["outcome"] for one in answer["people"]} == {"ana": "unchanged", "ben": "left"}


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"people": []}, 422, "source"),
        ({"source": "x"}, 422, "people"),
        ({"source": "x", "people": [{}]}, 422, "people.0.external_id"),
        ({"source": "x", "people": [{"external_id": 7}]}, 422, "people.0.external_id"),
        ({"source": "x", "people": [{"external_id": "7", "colour": "red"}]}, 422, "people.0.colour"),
        ({"source": "x", "people": [], "mode": "replace"}, 422, "mode"),
        ({"source": "x", "people": [], "confirm": 1}, 422, "confirm"),
        ({"source": "x", "people": [], "as_of": "yesterday"}, 422, "as_of"),
        ({"source": "x", "people": [], "as_of": "2026-01-01T00:00:00"}, 422, "as_of"),
        ({"source": "x", "people": [], "as_of": "0001-01-01T00:00:00+23:59"}, 422, "as_of"),
        ({"source": "x", "people": [{"external_id": "7", "groups": "A"}]}, 422, "people.0.groups"),
        ({"source": "x", "people": [{"external_id": "7", "groups": [None]}]}, 422, "people.0.groups.0"),
        ({"source": "x", "people": [{"external_id": "a\0b"}]}, 422, None),
        ({"source": "   ", "people": []}, 422, "source"),
        ({"source": "x" * 81, "people": []}, 422, "source"),
        ({"source": "x", "people": [{"external_id": "7"}] * (MOST_PEOPLE + 1)}, 422, "people"),
        ([], 422, None),
        (b"", 415, None),
        (b"{", 400, None),
        (b'{"source": "x", "people": [{"external_id": "\\ud800"}]}', 400, None),
        (b"\xff\xfe", 400, None),
        (b"[" * 100_000, 422, None),
    ],
)
def test_a_body_that_is_not_understood_is_refused_with_a_sentence(
    script: Script, body: Any, status: int, field: str | None
) -> None:
    for method, path in (("PUT", PATH), ("POST", f"{PATH}/preview")):
        answered, problem = script(method, path, body)
        assert (answered, problem.get("field")) == (status, field), problem
        assert problem["detail"].endswith(".")
    assert not Source.objects.filter(name__startswith="x").exists()


def test_only_json_of_a_size_is_read(script: Script, settings: Any) -> None:
    assert script("PUT", PATH, b"a=b", "application/x-www-form-urlencoded")[0] == 415
    settings.MAX_LIST_BYTES = 100
    assert script("PUT", PATH, people("ana", "ben", "cora"))[0] == 413


def test_ten_thousand_people_of_any_script_fit(script: Script, settings: Any) -> None:
    """More than forms may have, which Django refuses elsewhere."""
    body = people("ana", source="x" * 80)
    body["people"][0]["name"] = "\N{HANGUL SYLLABLE GAG}" * 300
    size = len(json.dumps(body["people"][0]))
    assert settings.DATA_UPLOAD_MAX_MEMORY_SIZE / MOST_PEOPLE < size < settings.MAX_LIST_BYTES
    body["people"] = [{**body["people"][0], "external_id": "7", "email": "not one"}] * 3000
    status, answer = script("PUT", PATH, body)
    assert (status, answer["counts"]["refused"]) == (200, 3000)


def test_the_scope_is_needed(world: World) -> None:
    other = Script(world.olga, "workspaces:write", "enrolments:read")
    assert other("PUT", PATH, people("ana"))[0] == 403
    assert other("POST", f"{PATH}/preview", people("ana"))[0] == 403
    assert other("GET", f"{PATH}/sources")[0] == 200


def test_calls_are_counted_not_people(script: Script, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest, "CALLS", Limit("enrolments", times=2, seconds=36_000))
    for _call in range(2):
        assert script("PUT", PATH, people("ana", "ben", "cora"))[0] == 200
    assert script("PUT", PATH, people("dora"))[0] == 429
    assert world.role("dora") is None


def test_sources_and_runs_are_listed(script: Script, world: World) -> None:
    script("PUT", PATH, people("ana", "ben"))
    script("PUT", PATH, people("ana", "ben"))
    _status, sources = script("GET", f"{PATH}/sources")
    names = {one["name"]: one for one in sources["items"]}
    assert (names["lms"]["enrolled"], names["lms"]["kind"], names["roster"]["enrolled"]) == (2, "rest", 0)
    assert names["roster"]["last_run_at"] is None
    _status, runs = script("GET", f"{PATH}/runs?source={names['lms']['id']}")
    assert [run["counts"] for run in runs["items"]] == [{"unchanged": 2}, {"created": 2}]
    assert runs["items"][0]["by"] == str(world.olga.pk)
    assert script("GET", f"{PATH}/runs?source={world.source.pk}")[1]["items"] == []


def test_a_large_list_is_read_from_those_only_who_may_send_it(world: World, script: Script) -> None:
    def may(raw: str, path: str = PATH) -> bool:
        return lists.may_send(f"Bearer {raw}", path)

    assert may(script.raw)
    assert may(script.raw, PATH + "/preview")
    assert not may(script.raw, PATH.replace("course", "elsewhere"))
    assert not may(script.raw, PATH + "/rules")
    assert not may("nonsense")
    assert not lists.may_send("", PATH)
    assert not may(Script(world.olga, "enrolments:read").raw)
    assert not may(Script(world.otto, "enrolments:write").raw)
    assert not may(Script(world.member("ana"), "enrolments:write").raw)
