"""The way from the ASGI server to WSGI: bodies, files, limits, headers, clients that leave."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from tertulia.config.bridge import Bridge, FileAnswer, Message, Scope, TooMuch

Start = Callable[[str, list[tuple[str, str]]], Any]


class Client:
    """Sends one request through the bridge and keeps what came back."""

    def __init__(self, application: Callable[[dict[str, Any], Start], Iterable[bytes]]) -> None:
        self.bridge = Bridge(application, threads=2)
        self.sent: list[Message] = []

    def ask(self, *pieces: bytes, limit: int = 1000, leaves: bool = False, **scope: Any) -> None:
        incoming: list[Message] = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
        incoming.append({"type": "http.disconnect"} if leaves else {"type": "http.request", "body": b""})

        async def receive() -> Message:
            if incoming:
                return incoming.pop(0)
            return await asyncio.Future()

        async def send(message: Message) -> None:
            self.sent.append(message)

        whole: Scope = {
            "type": "http",
            "method": "POST",
            "path": "/",
            "query_string": b"",
            "http_version": "1.1",
            "headers": [],
            **scope,
        }
        try:
            asyncio.run(self.bridge(whole, receive, send, limit=limit))
        finally:
            self.bridge.close()

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent)


def echo(environ: dict[str, Any], start: Start) -> Iterable[bytes]:
    start("200 OK", [("Content-Type", "text/plain")])
    return [environ["wsgi.input"].read()]


def tell(*names: str) -> Callable[[dict[str, Any], Start], Iterable[bytes]]:
    def application(environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        start("200 OK", [])
        return [repr([environ.get(name) for name in names]).encode()]

    return application


def test_a_body_in_pieces_arrives_whole() -> None:
    client = Client(echo)
    client.ask(b"one ", b"two")
    assert client.body == b"one two"
    assert client.sent[0] == {
        "type": "http.response.start",
        "status": 200,
        "headers": [(b"content-type", b"text/plain")],
    }


def test_a_body_of_unknown_length_gets_one() -> None:
    client = Client(tell("CONTENT_LENGTH"))
    client.ask(b"12345", headers=[(b"transfer-encoding", b"chunked")])
    assert client.body == b"['5']"


def test_too_long_a_body_is_refused_before_it_is_read() -> None:
    client = Client(echo)
    with pytest.raises(TooMuch):
        client.ask(limit=10, headers=[(b"content-length", b"11")])
    assert client.sent == []


def test_too_long_a_body_is_refused_while_it_comes() -> None:
    client = Client(echo)
    with pytest.raises(TooMuch):
        client.ask(b"123456", b"123456", limit=10)
    assert client.sent == []


def test_a_client_that_leaves_while_sending_reaches_nobody() -> None:
    asked = []

    def application(environ: dict[str, Any], _start: Start) -> Iterable[bytes]:
        asked.append(environ)
        return []

    Client(application).ask(b"half", leaves=True)
    assert asked == []


def test_a_file_is_sent_and_closed() -> None:
    file = io.BytesIO(b"x" * 600_000)

    def application(environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        start("200 OK", [])
        answer: Iterable[bytes] = environ["wsgi.file_wrapper"](file)
        assert isinstance(answer, FileAnswer)
        return answer

    client = Client(application)
    client.ask(method="GET")
    assert len(client.body) == 600_000
    assert file.closed


def test_head_sends_no_file() -> None:
    def application(environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        start("200 OK", [("Content-Length", "3")])
        answer: Iterable[bytes] = environ["wsgi.file_wrapper"](io.BytesIO(b"abc"))
        return answer

    client = Client(application)
    client.ask(method="HEAD")
    assert client.body == b""
    assert client.sent[0]["headers"] == [(b"content-length", b"3")]


def test_the_answer_is_closed_in_the_thread_that_made_it() -> None:
    import threading

    threads = []

    class Answer(list[bytes]):
        def close(self) -> None:
            threads.append(threading.current_thread())

    def application(_environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        threads.append(threading.current_thread())
        start("200 OK", [])
        return Answer([b"done"])

    Client(application).ask()
    assert len(threads) == 2
    assert threads[0] is threads[1]
    assert threads[0].name.startswith("page")


def test_headers_and_addresses() -> None:
    client = Client(tell("HTTP_X_ONE", "HTTP_COOKIE", "CONTENT_TYPE", "REMOTE_ADDR", "PATH_INFO", "QUERY_STRING"))
    client.ask(
        path="/caf\u00e9",
        query_string=b"q=%C3%A9",
        client=("192.0.2.7", 1),
        headers=[
            (b"x-one", b"1"),
            (b"x-one", b"2"),
            (b"x_one", b"smuggled"),
            (b"cookie", b"a=1"),
            (b"cookie", b"b=2"),
            (b"content-type", b"text/plain"),
        ],
    )
    assert client.body.decode() == repr(["1,2", "a=1; b=2", "text/plain", "192.0.2.7", "/caf\u00c3\u00a9", "q=%C3%A9"])


def test_a_streaming_answer_is_sent_while_it_is_made() -> None:
    class Streaming(list[bytes]):
        streaming = True

    def application(_environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        start("200 OK", [])
        return Streaming([b"one ", b"two"])

    client = Client(application)
    client.ask()
    assert client.body == b"one two"
    assert [message.get("more_body") for message in client.sent[1:]] == [True, True, None]
