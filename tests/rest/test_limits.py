"""Each limit answers 429, says in `Retry-After` how long to wait, and is each person's own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from tertulia.channels import services as channels
from tertulia.kernel import limits
from tertulia.kernel.limits import Limit
from tertulia.people import throttles

from .world import Answer, Script, World

pytestmark = pytest.mark.django_db


def post(script: Script, world: World) -> Answer:
    return script("POST", f"/channels/{world.chatter.pk}/posts", {"body": "x"})


def upload(script: Script, world: World) -> Answer:
    del world
    return script.upload("a.txt", b"words")


def invite(script: Script, world: World) -> Answer:
    del world
    return script("POST", "/workspaces/course/invitations", {"role": "learner"})


def invite_by_adding(script: Script, world: World) -> Answer:
    del world
    return script("POST", "/workspaces/course/members", {"email": "nobody@example.org"})


def react(script: Script, world: World) -> Answer:
    post_id = script("GET", f"/channels/{world.chatter.pk}/posts").json["items"][-1]["id"]
    return script("PUT", f"/posts/{post_id}/reactions/👍")


DEEDS: dict[str, list[Callable[[Script, World], Answer]]] = {
    "POSTING": [post],
    "FILES": [upload],
    "INVITATIONS": [invite, invite_by_adding],
    "WRITES": [react],
}


@pytest.mark.parametrize(("name", "deed"), [(name, deed) for name, deeds in DEEDS.items() for deed in deeds])
def test_too_many(
    world: World, monkeypatch: pytest.MonkeyPatch, name: str, deed: Callable[[Script, World], Answer]
) -> None:
    world.say(world.ana, "Hello")
    world.add(world.otto, "operations")
    channels.add_people(actor=world.ana, channel=world.chatter, person_ids=[world.otto.pk])
    monkeypatch.setattr(limits, name, Limit(f"test-{name}", times=2, seconds=600))
    ana, otto = world.script(world.ana), world.script(world.otto)
    assert [deed(ana, world).status < 400 for _ in range(2)] == [True, True]
    answer = deed(ana, world)
    assert (answer.status, answer.json["type"]) == (429, "/problems/too-many")
    assert 295 <= int(answer.headers["Retry-After"]) <= 300  # half of the time gives half of the allowance back
    assert answer.headers["Retry-After"] in answer.json["detail"]
    assert deed(otto, world).status < 400


def test_waiting_as_told_is_enough(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    moment = datetime(2027, 3, 1, 9, tzinfo=UTC)
    monkeypatch.setattr(limits, "now", lambda: moment)
    monkeypatch.setattr(limits, "POSTING", Limit("test", times=3, seconds=100))
    ana = world.script(world.ana)
    assert [post(ana, world).status for _ in range(4)] == [201, 201, 201, 429]
    wait = int(post(ana, world).headers["Retry-After"])
    moment += timedelta(seconds=wait - 1)
    assert post(ana, world).status == 429
    moment += timedelta(seconds=1)
    assert [post(ana, world).status for _ in range(2)] == [201, 429]


def test_slow_mode(world: World) -> None:
    ana, ben = world.script(world.ana), world.script(world.ben)
    assert ana("PATCH", f"/channels/{world.chatter.pk}", {"slow_seconds": 30}).status == 200
    assert post(ben, world).status == 201
    answer = post(ben, world)
    assert (answer.status, answer.json["type"]) == (429, "/problems/too-many")
    assert 29 <= int(answer.headers["Retry-After"]) <= 30


def test_signing_in(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttles, "PASSWORD", Limit("test", times=2, seconds=600))

    def knock(email: str) -> int:
        response = Client().post("/accounts/login/", {"login": email, "password": "wrong"})
        if response.status_code == 429:
            assert 295 <= int(response["Retry-After"]) <= 300
        return response.status_code

    assert [knock("ana@example.org") for _ in range(3)] == [200, 200, 429]
    assert knock("ben@example.org") == 200
    assert world.ana.is_active
    monkeypatch.setattr(throttles, "FROM", Limit("test-from", times=1, seconds=300))
    assert [knock(f"{name}@example.org") for name in ("cleo", "dora")] == [200, 429]
