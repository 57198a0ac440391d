"""Everybody tries every door: those who may come in do, everybody else is turned away, and no door is left out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.urls import URLPattern, URLResolver, get_resolver, resolve
from pytest_django.plugin import DjangoDbBlocker

from tertulia.config.api import api

from .table import PAGES, REST, Door
from .world import EVERYBODY, OUTSIDER, VISITOR, World

pytestmark = pytest.mark.django_db

OUTSIDE = {
    "healthz",  # for machines, tells no more than ok
    "people/<str:handle>/unblock",  # in the table by its neighbour's rule
}
PAGE_PREFIXES_OF_LIBRARIES = ("accounts/", "api/", "scim/")  # scim: tests/integrations/scim/test_doors.py
# Uploads are multipart: tried by hand below.
REST_BY_HAND = {("POST", "api/v1/files")}
PAGES_BY_HAND = {"settings/picture"}


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    """One house for all rows; what each knock changes is taken back."""
    del django_db_setup
    with django_db_blocker.unblock(), transaction.atomic():
        yield World()
        transaction.set_rollback(True)


def knock(world: World, door: Door, name: str) -> int:
    """The status that somebody gets at a door. Leaves everything as it was."""
    url = door.url.format(**world.ids)
    data = json.loads(_filled(json.dumps(door.data), world))
    with transaction.atomic():
        if door in REST:
            headers = {} if name == VISITOR else {"Authorization": f"Bearer {world.tokens[name]}"}
            body = json.dumps(data) if data or door.method in {"POST", "PATCH"} else ""
            response = world.clients[VISITOR].generic(door.method, url, body, "application/json", headers=headers)
        else:
            client = world.clients[name]
            response = client.get(url) if door.method == "GET" else client.post(url, data)
        transaction.set_rollback(True)
    return int(response.status_code)


def _filled(text: str, world: World) -> str:
    for word, value in world.ids.items():
        text = text.replace("{" + word + "}", str(value))
    return text


def expected(door: Door, name: str) -> int | None:
    """The status by the table's rule; None: anything below 400."""
    if name in door.special:
        return door.special[name]
    if name in door.who:
        return None
    if name == VISITOR:
        return 401 if door in REST else 302
    if name == OUTSIDER and door.who <= frozenset(EVERYBODY) - {OUTSIDER} and door.denied == 403:
        return 404
    return door.denied


@pytest.mark.parametrize("door", [*PAGES, *REST], ids=str)
def test_everybody_tries_every_door(world: World, door: Door) -> None:
    wrong = {}
    for name in EVERYBODY:
        status, wanted = knock(world, door, name), expected(door, name)
        if not (status < 400 if wanted is None else status == wanted):
            wrong[name] = f"{status} instead of {wanted or 'welcome'}"
    assert not wrong


@pytest.mark.parametrize("door", REST, ids=str)
def test_a_token_without_scopes_opens_nothing(world: World, door: Door) -> None:
    url = door.url.format(**world.ids)
    data = json.loads(_filled(json.dumps(door.data), world))
    with transaction.atomic():
        response = world.clients[VISITOR].generic(
            door.method,
            url,
            json.dumps(data),
            "application/json",
            headers={"Authorization": f"Bearer {world.bare_token}"},
        )
        transaction.set_rollback(True)
    assert response.status_code == 403
    assert response["Content-Type"] == "application/problem+json"


def test_no_page_is_left_out() -> None:
    tried = {str(resolve(_path(door)).route) for door in PAGES}
    known = {
        route
        for route in _routes(get_resolver())
        if not route.startswith(PAGE_PREFIXES_OF_LIBRARIES) and route not in OUTSIDE
    }
    assert known - tried - PAGES_BY_HAND == set()


def test_no_operation_is_left_out() -> None:
    tried = {(door.method, _operation(door)) for door in REST}
    known = {
        (method.upper(), path.strip("/"))
        for path, operations in api.get_openapi_schema()["paths"].items()
        for method in operations
    }
    assert known - tried - REST_BY_HAND == set()


def test_a_stranger_cannot_upload(world: World) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    statuses: dict[str, int] = {}
    for name in (VISITOR, OUTSIDER):
        headers = {} if name == VISITOR else {"Authorization": f"Bearer {world.tokens[name]}"}
        with transaction.atomic():
            upload: dict[str, Any] = {"file": SimpleUploadedFile("a.txt", b"words")}
            statuses[name] = world.clients[VISITOR].post("/api/v1/files", upload, headers=headers).status_code
            transaction.set_rollback(True)
    assert statuses == {VISITOR: 401, OUTSIDER: 201}  # a file of one's own, which nobody else sees


def _path(door: Door) -> str:
    return _sample(door).partition("?")[0]


def _operation(door: Door) -> str:
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", str(resolve(_path(door)).route))


class _Anything(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "1" if key == "draft" else "00000000-0000-0000-0000-000000000000"


def _sample(door: Door) -> str:
    return door.url.format_map(_Anything(invitation_secret="secret", direct_slug="d-1"))


def _routes(resolver: URLResolver, prefix: str = "") -> Iterator[str]:
    for pattern in resolver.url_patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield route
        else:
            yield from _routes(pattern, route)
