"""The bus: notices of known kinds with their ids, told at commit, never of what was taken back."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from django.db import DataError, connection, transaction
from valkey import Valkey

from tertulia.kernel import bus, carrier
from tertulia.kernel.ids import new_id
from tertulia.people.services import checks
from valkey_server import ValkeyServer, carrying

Heard = Callable[[], list[Any]]


@pytest.fixture(params=["postgresql", "valkey"])
def heard(transactional_db: None, request: pytest.FixtureRequest) -> Iterator[Heard]:
    """What somebody else has heard since they were last asked, by each of the carriers."""
    del transactional_db
    if request.param == "postgresql":
        yield from _by_postgresql()
        return
    with ValkeyServer() as server, carrying(server.url):
        yield from _by_valkey(server)


def _by_valkey(server: ValkeyServer) -> Iterator[Heard]:
    with Valkey.from_url(server.url) as client, client.pubsub(ignore_subscribe_messages=True) as listener:
        listener.subscribe(carrier.channel())
        listener.get_message(timeout=5)

        def heard() -> list[Any]:
            carrier._here().end()
            messages = iter(lambda: listener.get_message(timeout=0.1), None)
            return [json.loads(line) for message in messages for line in message["data"].splitlines()]

        yield heard


def _by_postgresql() -> Iterator[Heard]:
    url = urlsplit(os.environ["TERTULIA_DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
    with psycopg.connect(url, autocommit=True) as listener:
        listener.execute(f"LISTEN {bus.CHANNEL}")
        yield lambda: [json.loads(notice.payload) for notice in listener.notifies(timeout=0.2)]


def sample(kind: str) -> dict[str, str]:
    return {name: str(new_id()) for name in bus.KINDS[kind]}


@pytest.mark.parametrize("kind", bus.KINDS)
def test_each_kind_arrives_as_it_was_told(heard: Heard, kind: str) -> None:
    ids = sample(kind)
    bus.notify(kind, **ids)
    assert heard() == [{"kind": kind, **ids}]


def test_it_is_told_at_commit_and_in_order(heard: Heard) -> None:
    with transaction.atomic():
        for revision in (1, 2):
            bus.notify("read", channel="c", person=revision)
        assert heard() == []
    assert [notice["person"] for notice in heard()] == ["1", "2"]


def test_many_channels_are_told_in_few_notices_and_all_of_them(heard: Heard) -> None:
    revisions = {new_id(): 2**62 + number for number in range(bus.CHANNELS * 2 + 1)}
    bus.notify_posts(revisions.items())
    notices = heard()
    assert len(notices) == 3
    told = {channel: revision for notice in notices for channel, revision in notice["revisions"].items()}
    assert told == {str(channel): revision for channel, revision in revisions.items()}


def test_what_is_taken_back_is_not_told(heard: Heard) -> None:
    with transaction.atomic():
        bus.notify("channel", channel="stays")
        with transaction.atomic():
            bus.notify("channel", channel="goes")
            transaction.set_rollback(True)
    assert [notice["channel"] for notice in heard()] == ["stays"]


def test_ids_become_words_and_none_stays(heard: Heard) -> None:
    person = new_id()
    bus.notify("typing", channel=person, root=None, person=person, name="Ána “B”")
    assert heard() == [
        {"kind": "typing", "channel": str(person), "root": None, "person": str(person), "name": "Ána “B”"}
    ]


@pytest.mark.parametrize(
    ("kind", "ids"),
    [
        ("posts", {"channel": "c"}),
        ("posts", {"revisions": {"c": 1}, "by": None, "body": "what people wrote"}),
        ("read", {"channel": "c", "post": "p"}),
        ("channel", {}),
    ],
)
def test_other_ids_than_its_own_are_an_error(kind: str, ids: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=kind):
        bus.notify(kind, **ids)


def test_an_unknown_kind_is_an_error() -> None:
    with pytest.raises(KeyError):
        bus.notify("shout", person="p")


def test_the_largest_notices_fit(heard: Heard) -> None:
    """PostgreSQL takes less than 8,000 bytes."""
    states = json.dumps({str(new_id()): "closed" for _ in range(100)})
    bus.notify("presence", states=states)
    longest = "🎉" * checks.LINES["display_name"]
    bus.notify("typing", channel=new_id(), root=new_id(), person=new_id(), name=longest)
    presence, typing = heard()
    assert (presence["states"], typing["name"]) == (states, longest)


def test_what_postgresql_cannot_carry_is_an_error_at_once(transactional_db: None) -> None:
    del transactional_db
    with pytest.raises(DataError):
        bus.notify("presence", states="x" * 8_000)
