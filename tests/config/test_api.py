"""What all of REST has in common: who asks, how it says no, what it describes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Annotated, Any

import pytest
from django.db import OperationalError
from django.http import Http404, HttpRequest
from django.test import Client, override_settings
from django.urls import path
from ninja import Query, Router
from pydantic import Field

from tertulia.config import api as rest
from tertulia.kernel.errors import Conflict, TooMany
from tertulia.kernel.rest import ListQuery, Strict, actor, requires
from tertulia.people import services
from tertulia.people.models import Person
from tertulia.people.scopes import SCOPES

router = Router(tags=["test"])


class Thing(Strict):
    name: Annotated[str, Field(max_length=5)]
    size: int = 1


@router.post("/things")
@requires("posts:write")
def create_thing(request: HttpRequest, thing: Thing) -> dict[str, Any]:
    """Make a thing."""
    return {"name": thing.name, "by": str(actor(request).pk)}


@router.get("/things")
@requires("posts:read")
def list_things(request: HttpRequest, query: Query[ListQuery]) -> dict[str, Any]:
    del request
    return {"limit": query.limit, "cursor": query.cursor}


@router.get("/fails/{how}")
def fail(request: HttpRequest, how: str) -> None:
    del request
    failures = {
        "conflict": Conflict("It clashes.", field="name"),
        "busy": TooMany("Wait.", retry_after=7),
        "missing": Http404("internal words"),
    }
    raise failures[how]


@pytest.fixture(scope="module")
def urlconf() -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rest, "ROUTERS", [router])
        made = rest._make()
    made.urls_namespace = "test-api"
    globals()["urlpatterns"] = [path("api/v1/", made.urls)]
    globals()["api"] = made
    with override_settings(ROOT_URLCONF=__name__):
        yield __name__


@pytest.fixture
def person(db: None) -> Person:
    del db
    return services.create_person(email="ana@example.org", display_name="Ana", verified=True)


@pytest.fixture
def client(urlconf: str) -> Client:
    del urlconf
    return Client(enforce_csrf_checks=True)


def bearer(person: Person, *scopes: str) -> dict[str, str]:
    _token, raw = services.create_token(actor=person, name="test", scopes=scopes, expires_at=None)
    return {"authorization": f"Bearer {raw}"}


def post(client: Client, body: object, **headers: str) -> Any:
    text = body if isinstance(body, str) else json.dumps(body)
    return client.post("/api/v1/things", text, content_type="application/json", headers=headers)


def test_a_token_acts_as_its_person(client: Client, person: Person) -> None:
    answer = post(client, {"name": "cup"}, **bearer(person, "posts:write"))
    assert (answer.status_code, answer.json()) == (200, {"name": "cup", "by": str(person.pk)})


def test_nobody_is_told_to_sign_in(client: Client, person: Person) -> None:
    del person
    answer = post(client, {"name": "cup"})
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert answer.json()["type"] == "/problems/not-signed-in"


def test_a_wrong_token_is_not_helped_by_a_session(client: Client, person: Person) -> None:
    client.force_login(person)
    answer = client.get("/api/v1/things", headers={"authorization": "Bearer tert_wrong"})
    assert (answer.status_code, answer.json()["type"]) == (401, "/problems/bad-token")


def test_a_token_without_the_scope_is_told_which(client: Client, person: Person) -> None:
    answer = post(client, {"name": "cup"}, **bearer(person, "posts:read"))
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/missing-scope")
    assert "posts:write" in answer.json()["detail"]


def test_who_may_write_may_read(client: Client, person: Person) -> None:
    assert client.get("/api/v1/things", headers=bearer(person, "posts:write")).status_code == 200


def test_a_session_reads_and_writes_only_with_the_form_token(client: Client, person: Person) -> None:
    client.force_login(person)
    assert client.get("/api/v1/things").status_code == 200
    assert post(client, {"name": "cup"}).status_code == 403
    client.cookies["tertulia_csrf"] = "a" * 32
    assert post(client, {"name": "cup"}, **{"x-csrftoken": "a" * 32}).status_code == 200


@pytest.mark.parametrize(
    ("body", "status", "kind", "field"),
    [
        ({"name": "cup", "colour": "red"}, 422, "invalid", "colour"),
        ({"name": "much too long"}, 422, "invalid", "name"),
        ({}, 422, "invalid", "name"),
        ({"name": "a\0b"}, 422, "invalid", None),
        ('{"name": "\\ud800"}', 422, "invalid", None),
        ({"name": 3}, 422, "invalid", "name"),
        ("{not json", 400, "malformed", None),
        ('{"name": NaN}', 400, "malformed", None),
        ("[" * 100_000, 400, "malformed", None),
        ("", 422, "invalid", None),
    ],
)
def test_bad_input_gets_a_sentence(
    client: Client, person: Person, body: object, status: int, kind: str, field: str | None
) -> None:
    answer = post(client, body, **bearer(person, "posts:write"))
    problem = answer.json()
    assert answer["Content-Type"] == "application/problem+json"
    assert (answer.status_code, problem["type"]) == (status, f"/problems/{kind}")
    assert problem["detail"].endswith(".")
    if field:
        assert problem["errors"][0]["field"] == field


def test_another_media_type_is_refused(client: Client, person: Person) -> None:
    answer = client.post("/api/v1/things", "name=cup", content_type="text/plain", headers=bearer(person, "posts:write"))
    assert (answer.status_code, answer.json()["type"]) == (415, "/problems/unsupported-media-type")


@override_settings(DATA_UPLOAD_MAX_MEMORY_SIZE=10)
def test_too_much_is_refused(client: Client, person: Person) -> None:
    answer = post(client, {"name": "cup", "size": 1}, **bearer(person, "posts:write"))
    assert (answer.status_code, answer.json()["type"]) == (413, "/problems/too-large")


@pytest.mark.parametrize(
    ("how", "status", "kind"), [("conflict", 409, "conflict"), ("busy", 429, "too-many"), ("missing", 404, "not-found")]
)
def test_refusals_become_problems(client: Client, person: Person, how: str, status: int, kind: str) -> None:
    answer = client.get(f"/api/v1/fails/{how}", headers=bearer(person, "posts:read"))
    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{kind}")
    assert "internal words" not in answer.content.decode()
    assert answer.headers.get("Retry-After") == ("7" if how == "busy" else None)


def test_addresses_and_methods_that_are_not_there(client: Client, person: Person) -> None:
    del person
    missing = client.get("/api/v1/nothing")
    assert (missing.status_code, missing.json()["type"]) == (404, "/problems/not-found")
    wrong = client.put("/api/v1/things")
    assert (wrong.status_code, wrong.json()["type"]) == (405, "/problems/method-not-allowed")
    assert set(wrong["Allow"].split(", ")) == {"GET", "POST"}


@pytest.mark.parametrize("address", ["/api/v1/fails/a%00b", "/api/v1/things?cursor=%00"])
def test_nul_is_refused_before_anything_sees_it(client: Client, db: None, address: str) -> None:
    del db
    answer = client.get(address)
    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/malformed")


def test_a_database_that_is_away_is_a_sentence_and_when_to_come_again(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_token: str) -> None:
        raise OperationalError("the connection is lost")

    monkeypatch.setattr(rest, "person_for_token", away)
    answer = client.get("/api/v1/things", headers={"Authorization": "Bearer tert_x"})
    assert (answer.status_code, answer.json()["type"], answer["Retry-After"]) == (503, "/problems/busy", "1")
    assert "database" in answer.json()["detail"]


def test_the_description_tells_every_answer(client: Client, db: None) -> None:
    del db
    schema = client.get("/api/v1/openapi.json").json()
    assert schema["openapi"].startswith("3.1")
    operation = schema["paths"]["/api/v1/things"]["post"]
    assert operation["operationId"] == "create_thing"
    always = {"400", "401", "403", "404", "422", "429", "503"}
    assert set(operation["responses"]) == {"200", *always, "409", "413", "415"}
    assert list(operation["responses"]["422"]["content"]) == ["application/problem+json"]
    assert "posts:write" in operation["description"]
    assert "409" not in schema["paths"]["/api/v1/things"]["get"]["responses"]


def test_the_reference_shows_every_operation_and_shape(db: None) -> None:
    del db
    with override_settings(ROOT_URLCONF="tertulia.config.urls"):
        answer = Client().get("/api/v1/docs")
        schema = rest.api.get_openapi_schema()
    assert answer.status_code == 200
    page = answer.content.decode()
    assert [path for path in schema["paths"] if f'data-path="{path}"' not in page] == []
    assert [name for name in schema["components"]["schemas"] if f'id="shape-{name}"' not in page] == []
    shapes = {found for found in re.findall(r'href="#(shape-[^"]+)"', page) if f'id="{found}"' not in page}
    assert shapes == set()
    assert "posts:write" in page


def test_every_operation_of_ours_asks_for_a_scope_that_exists_and_says_what_it_does() -> None:
    operations = [
        operation
        for bound in rest.api._get_bound_routers()
        for view in bound.path_operations.values()
        for operation in view.operations
    ]
    assert len(operations) > 50
    without = [one.view_func.__name__ for one in operations if getattr(one.view_func, "scope", None) not in SCOPES]
    silent = [one.view_func.__name__ for one in operations if not one.description]
    names = [one.view_func.__name__ for one in operations]
    assert (without, silent) == ([], [])
    assert len(set(names)) == len(names), "the names of functions are the operation ids, and each is one's own"
