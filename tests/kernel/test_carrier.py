"""Notices on their way to a Valkey server: kept while it is away, together where many wait, and never in the way."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.test.utils import override_settings
from pydantic import SecretStr
from structlog.testing import capture_logs
from valkey import Valkey

from tertulia.kernel import carrier
from valkey_server import ValkeyServer, carrying


@pytest.fixture
def server() -> Iterator[ValkeyServer]:
    """A server that a test may kill, and a carrier that has not sent anything."""
    with ValkeyServer(password="s3cret") as server, carrying(server.url):
        yield server


@contextmanager
def listening(server: ValkeyServer) -> Iterator[Any]:
    """Somebody who listens from here on."""
    client: Any
    with Valkey.from_url(server.url) as client, client.pubsub() as listener:
        listener.subscribe(carrier.channel())
        assert listener.get_message(timeout=10)["type"] == "subscribe"
        yield listener


def told(listener: Any, last: str) -> list[list[str]]:
    """All messages up to the one that ends with this notice."""
    messages: list[list[str]] = []
    while not messages or messages[-1][-1] != last:
        message = listener.get_message(timeout=10)
        assert message is not None, messages
        messages.append(message["data"].decode().split("\n"))
    return messages


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """The server is away until this is set."""
    opened = threading.Event()
    publish = carrier.Carrier._publish

    def unreliable(self: carrier.Carrier, batch: list[str]) -> None:
        if not opened.is_set():
            raise ConnectionError("away")
        publish(self, batch)

    monkeypatch.setattr(carrier.Carrier, "_publish", unreliable)
    return opened


def test_what_waits_goes_together_in_its_order_once_the_server_is_there(
    server: ValkeyServer, gate: threading.Event
) -> None:
    numbers = [str(number) for number in range(carrier.TOGETHER + 3)]
    with listening(server) as listener:
        for number in numbers:
            carrier.send([number])
        carrier.send(["last"])
        gate.set()
        messages = told(listener, "last")
    assert [notice for message in messages for notice in message] == [*numbers, "last"]
    assert len(messages) == 2


def test_more_than_can_be_kept_becomes_one_word(
    server: ValkeyServer, gate: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carrier, "KEPT", 10)
    with listening(server) as listener:
        carrier.send(["first"])
        carrier.send(str(number) for number in range(100))
        gate.set()
        everything = [notice for message in told(listener, carrier.MISSED) for notice in message]
    assert everything in ([carrier.MISSED], ["first", carrier.MISSED])


def test_a_server_that_is_away_is_named_without_its_password(server: ValkeyServer) -> None:
    server.kill()
    with capture_logs() as logs:
        carrier.send(["lost"])
        carrier._here().end()
    assert "refused" in logs[0]["error"]
    assert "s3cret" not in str(logs)


def test_the_end_of_a_process_waits_for_its_last_words(server: ValkeyServer) -> None:
    with listening(server) as listener:
        carrier.send(["last"])
        carrier._here().end()
        assert told(listener, "last") == [["last"]]


@pytest.mark.parametrize("scheme", ["valkeys", "rediss"])
def test_tls_looks_at_whose_certificate_it_is(scheme: str) -> None:
    with override_settings(BUS_URL=SecretStr(f"{scheme}://user:s3cret@host:6380/3")):
        assert carrier.options()["ssl_check_hostname"] is True
        assert carrier.channel() == "tertulia/3"
