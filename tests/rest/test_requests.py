"""What holds for every request: who asks, how it is sent, and what is wrong with it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from tertulia.kernel.clock import now
from tertulia.people import services as people
from tertulia.people.models import AccessToken

from .world import Answer, Script, World

pytestmark = pytest.mark.django_db


def ask(method: str = "GET", path: str = "/me", **headers: str) -> Answer:
    """One request with these headers and nothing else."""
    return Answer.of(Client().generic(method, f"/api/v1{path}", headers=headers))


def problem(answer: Answer, status: int, kind: str) -> Any:
    """The problem, as the standard has it."""
    assert (answer.status, answer.json["type"], answer.json["status"]) == (status, f"/problems/{kind}", status)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json["detail"].endswith(".")
    return answer.json


def test_no_token(world: World) -> None:
    for headers in ({}, {"Authorization": ""}, {"Authorization": "Basic YTpi"}, {"Authorization": "Bearer"}):
        answer = ask(**headers)
        assert answer.status == 401, headers
        problem(answer, 401, answer.json["type"].removeprefix("/problems/"))
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert world.ana.is_active


def test_wrong_expired_and_revoked_tokens(world: World) -> None:
    problem(ask(Authorization="Bearer tert_wrong"), 401, "bad-token")
    made, raw = people.create_token(actor=world.ana, name="a", scopes=["profile:read"], expires_at=None)
    assert ask(Authorization=f"Bearer {raw}").status == 200
    assert ask(Authorization=f"bearer {raw}").status == 200  # RFC 9110, section 11.1: in any case
    AccessToken.objects.filter(pk=made.pk).update(expires_at=now() - timedelta(seconds=1))
    problem(ask(Authorization=f"Bearer {raw}"), 401, "bad-token")
    AccessToken.objects.filter(pk=made.pk).update(expires_at=now() + timedelta(days=1))
    assert ask(Authorization=f"Bearer {raw}").status == 200
    people.revoke_token(actor=world.ana, token_id=made.pk)
    problem(ask(Authorization=f"Bearer {raw}"), 401, "bad-token")


def test_the_token_of_somebody_shut_out(world: World) -> None:
    script = world.script(world.ben)
    world.ben.is_active = False
    world.ben.save(update_fields=["is_active"])
    problem(script("GET", "/me"), 401, "bad-token")


def test_a_token_without_the_scope(world: World) -> None:
    script = world.script(world.ana, "posts:read")
    assert (
        "posts:write"
        in problem(script("POST", f"/channels/{world.chatter.pk}/posts", {"body": "x"}), 403, "missing-scope")["detail"]
    )
    assert script("GET", f"/channels/{world.chatter.pk}/posts").status == 200


def test_head_is_get_without_the_body(world: World) -> None:
    script = world.script(world.ana)
    got = script("GET", "/me")
    head = script("HEAD", "/me")
    assert (head.status, head.json) == (200, None)
    assert head.headers["Content-Length"] == got.headers["Content-Length"]
    assert script("HEAD", "/workspaces/nothing").status == 404
    assert script("HEAD", f"/channels/{world.chatter.pk}/read").status == 405


def test_methods_that_are_not_there(world: World) -> None:
    script = world.script(world.ana)
    for method in ("PUT", "DELETE", "OPTIONS", "TRACE", "QUERY"):
        answer = script(method, "/workspaces")
        problem(answer, 405, "method-not-allowed")
        assert {"GET", "POST"} <= set(answer.headers["Allow"].split(", "))


def test_addresses_that_are_not_there(world: World) -> None:
    script = world.script(world.ana)
    for path in ("/nothing", "/channels/1", "/channels/x/posts", "/workspaces/course/", "/me/", "/posts/"):
        problem(script("GET", path), 404, "not-found")


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        ("{not json", 400, "malformed"),
        ("", 422, "invalid"),
        ("null", 422, "invalid"),
        ("[]", 422, "invalid"),
        ('"body"', 422, "invalid"),
        ("1e999", 422, "invalid"),
        ('{"body": "x", "body": NaN}', 400, "malformed"),
        ('{"body": {"a": 1}}', 422, "invalid"),
        ('{"body": null}', 422, "invalid"),
        ('{"body": 1}', 422, "invalid"),
        ('{"body": true}', 422, "invalid"),
        ('{"body": "a\\u0000b"}', 422, "invalid"),
        ('{"body": "\\ud800"}', 422, "invalid"),
        ('{"a\\u0000b": 1}', 422, "invalid"),
        (b'{"body": "\xff"}', 400, "malformed"),
        ("[" * 200_000 + "]" * 200_000, 400, "malformed"),
        ('{"body": ' * 50_000 + "1" + "}" * 50_000, 400, "malformed"),
        ('{"body": ' + "[" * 100 + "]" * 100 + "}", 422, "invalid"),
        ('{"body": ' + "9" * 5_000 + "}", 400, "malformed"),
        ('{"body": "x", "root_id": 7}', 422, "invalid"),
        ('{"body": "x", "root_id": "x"}', 422, "invalid"),
        ('{"body": "x", "attachment_ids": "x"}', 422, "invalid"),
        ('{"body": "x", "attachment_ids": [["x"]]}', 422, "invalid"),
    ],
)
def test_bad_bodies_get_a_sentence(world: World, body: str | bytes, status: int, kind: str) -> None:
    script = world.script(world.ana)
    problem(script.send("POST", f"/channels/{world.chatter.pk}/posts", body), status, kind)


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data", ""]
)
def test_bodies_of_another_kind(world: World, kind: str) -> None:
    script = world.script(world.ana)
    problem(
        script.send("POST", f"/channels/{world.chatter.pk}/posts", b'{"body": "x"}', kind),
        415,
        "unsupported-media-type",
    )


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "APPLICATION/JSON"])
def test_ways_to_say_json(world: World, kind: str) -> None:
    script = world.script(world.ana)
    assert script.send("POST", f"/channels/{world.chatter.pk}/posts", b'{"body": "x"}', kind).status == 201


def test_ten_megabytes_are_too_much(world: World) -> None:
    script = world.script(world.ana)
    body = json.dumps({"body": "a" * 10_000_000})
    problem(script.send("POST", f"/channels/{world.chatter.pk}/posts", body), 413, "too-large")


def test_a_file_may_be_of_ten_megabytes_but_not_of_more_than_allowed(world: World, settings: Any) -> None:
    script = world.script(world.ana)
    assert script.upload("a.bin", bytes(10_000_000)).status == 201
    settings.MAX_FILE_BYTES = 1_000_000
    problem(script.upload("a.bin", bytes(1_000_001)), 413, "file-too-large")


@pytest.mark.parametrize("path", ["/channels/a%00b", "/workspaces/course%00/members", "/workspaces?cursor=%00"])
def test_nul_in_addresses(world: World, path: str) -> None:
    problem(world.script(world.ana)("GET", path), 400, "malformed")


@pytest.mark.parametrize("path", ["/workspaces/%F0%9F%8E%89", "/workspaces/course/groups/%FF", "/posts/%2E%2E"])
def test_odd_addresses(world: World, path: str) -> None:
    problem(world.script(world.ana)("GET", path), 404, "not-found")


def test_a_multipart_body_that_breaks_off(world: World) -> None:
    script: Script = world.script(world.ana)
    whole = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nwords\r\n--x--\r\n'
    kind = "multipart/form-data; boundary=x"
    assert script.send("POST", "/files", whole, kind).status == 201
    for body in (b"", whole[:30], b"--x--\r\n", b"words"):
        problem(script.send("POST", "/files", body, kind), 422, "invalid")
    problem(script.send("POST", "/files", whole, "multipart/form-data"), 400, "malformed")
