"""The dispatcher: who is believed about addresses, what is too large, what is no page."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from django.conf import settings
from django.test import override_settings

from tertulia.config import asgi, lists
from tertulia.config.bridge import Message, Scope
from tertulia.kernel.errors import Busy


def ask(scope: Scope, *incoming: Message) -> list[Message]:
    waiting, sent = list(incoming), []

    async def receive() -> Message:
        return waiting.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(asgi.application(scope, receive, send))
    return sent


def http(path: str, *headers: tuple[bytes, bytes]) -> Scope:
    return {
        "type": "http",
        "method": "POST",
        "path": path,
        "query_string": b"",
        "http_version": "1.1",
        "headers": list(headers),
    }


@pytest.mark.parametrize(
    ("proxies", "forwarded", "client"),
    [
        (0, b"198.51.100.1", "10.0.0.1"),
        (1, b"198.51.100.1", "198.51.100.1"),
        (1, b"6.6.6.6, 198.51.100.1", "198.51.100.1"),
        (2, b"6.6.6.6, 198.51.100.1, 10.0.0.2", "198.51.100.1"),
        (2, b"198.51.100.1", "10.0.0.1"),
        (1, b"", "10.0.0.1"),
    ],
)
def test_only_what_our_own_proxies_say_is_believed(proxies: int, forwarded: bytes, client: str) -> None:
    scope: dict[str, Any] = {"type": "http", "client": ("10.0.0.1", 1), "headers": [(b"x-forwarded-for", forwarded)]}
    asgi._see_through_proxies(scope, proxies)
    assert scope["client"][0] == client


def test_the_scheme_comes_from_the_proxy_only_when_there_is_one() -> None:
    headers = [(b"x-forwarded-proto", b"https")]
    alone: dict[str, Any] = {"type": "http", "scheme": "http", "headers": headers}
    asgi._see_through_proxies(alone, 0)
    assert alone["scheme"] == "http"
    behind: dict[str, Any] = {"type": "websocket", "scheme": "ws", "headers": headers}
    asgi._see_through_proxies(behind, 1)
    assert behind["scheme"] == "wss"


@override_settings(MAX_FORM_BYTES=1024 * 1024)
def test_too_large_a_request_is_a_problem_under_api() -> None:
    sent = ask(http("/api/v1/posts", (b"content-length", b"1048577"), (b"content-type", b"application/json")))
    assert sent[0]["status"] == 413
    problem = json.loads(sent[1]["body"])
    assert problem["type"] == "/problems/too-large"
    assert "1 MiB" in problem["detail"]


@override_settings(MAX_FILE_BYTES=5 * 1024 * 1024)
def test_too_large_a_form_is_a_sentence_elsewhere() -> None:
    length = str(60 * 1024 * 1024).encode()
    sent = ask(http("/w/x", (b"content-length", length), (b"content-type", b"multipart/form-data; boundary=x")))
    assert sent[0]["status"] == 413
    assert b"51 MiB" in sent[1]["body"]


def test_a_websocket_elsewhere_is_turned_away() -> None:
    sent = ask({"type": "websocket", "path": "/elsewhere", "headers": []}, {"type": "websocket.connect"})
    assert sent == [{"type": "websocket.close", "code": 1008}]


class Crossing:
    """Stands where the fast lane and Django's bridge stand, and notes which way requests take."""

    def __init__(self, lane: Any) -> None:
        self.lane = lane
        self.ways: list[str] = []

    async def through_lane(self, _scope: Scope, receive: Any, _send: Any) -> Any:
        self.ways.append("lane")
        if isinstance(self.lane, Exception):
            raise self.lane
        return receive if self.lane == "not mine" else None

    async def through_bridge(self, _scope: Scope, _receive: Any, _send: Any, *, limit: int) -> None:
        assert limit > 0
        self.ways.append("django")


@pytest.mark.parametrize(
    ("setting", "lane", "ways"),
    [
        (True, "mine", ["lane"]),
        (True, "not mine", ["lane", "django"]),
        (False, "mine", ["django"]),
    ],
)
def test_the_fast_lane_is_asked_first_unless_it_is_off(
    monkeypatch: pytest.MonkeyPatch, setting: bool, lane: str, ways: list[str]
) -> None:
    crossing = Crossing(lane)
    monkeypatch.setattr(asgi, "lane", crossing.through_lane)
    monkeypatch.setattr(asgi, "bridge", crossing.through_bridge)
    with override_settings(FAST_LANE=setting):
        ask(http("/api/v1/channels/x/posts"))
    assert crossing.ways == ways


@pytest.mark.parametrize(
    ("failure", "status", "kind"), [(Busy("Wait."), 503, "busy"), (ZeroDivisionError(), 500, "broken")]
)
def test_what_the_fast_lane_cannot_take_is_a_problem(
    monkeypatch: pytest.MonkeyPatch, failure: Exception, status: int, kind: str
) -> None:
    crossing = Crossing(failure)
    monkeypatch.setattr(asgi, "lane", crossing.through_lane)
    monkeypatch.setattr(asgi, "bridge", crossing.through_bridge)
    start, body = ask(http("/api/v1/channels/x/posts"))
    assert crossing.ways == ["lane"]
    assert start["status"] == status
    assert dict(start["headers"])[b"content-type"] == b"application/problem+json"
    assert (b"retry-after" in dict(start["headers"])) == (status == 503)
    assert json.loads(body["body"])["type"] == f"/problems/{kind}"


@pytest.mark.parametrize("allowed", [True, False])
def test_a_large_list_is_not_read_from_those_who_may_not_send_it(
    monkeypatch: pytest.MonkeyPatch, allowed: bool
) -> None:
    bodies: list[bytes] = []

    async def through_bridge(_scope: Scope, receive: Any, _send: Any, *, limit: int) -> None:
        assert limit == settings.MAX_LIST_BYTES
        bodies.append((await receive())["body"])

    monkeypatch.setattr(lists, "may_send", lambda token, path: allowed and token == "Bearer x" and "course" in path)
    monkeypatch.setattr(asgi, "bridge", through_bridge)
    length = str(settings.MAX_FORM_BYTES + 1).encode()
    scope = http("/api/v1/workspaces/course/enrolments", (b"content-length", length), (b"authorization", b"Bearer x"))
    with override_settings(FAST_LANE=False):
        ask(scope, {"type": "http.request", "body": b"ten thousand people"})
    assert bodies == [b"ten thousand people" if allowed else b""]


def test_a_large_list_without_a_token_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    limits: list[int] = []

    async def through_bridge(_scope: Scope, _receive: Any, _send: Any, *, limit: int) -> None:
        limits.append(limit)

    monkeypatch.setattr(asgi, "bridge", through_bridge)
    with override_settings(FAST_LANE=False):
        ask(http("/api/v1/workspaces/course/enrolments", (b"content-length", b"9999999")))
    assert limits == [settings.MAX_FORM_BYTES]
