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

from tertulia.kernel import bus
from tertulia.kernel.ids import new_id
from tertulia.people.services import checks

Heard = Callable[[], list[Any]]


@pytest.fixture
def heard(transactional_db: None) -> Iterator[Heard]:
    """What another connection has heard since it was last asked."""
    del transactional_db
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
            bus.notify("posts", channel="c", revision=revision)
        assert heard() == []
    assert [notice["revision"] for notice in heard()] == ["1", "2"]


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
        ("posts", {"channel": "c", "revision": 1, "body": "what people wrote"}),
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
    """PostgreSQL takes less than 8,000 bytes, and says so before anything is lost."""
    states = json.dumps({str(new_id()): "closed" for _ in range(100)})
    bus.notify("presence", states=states)
    longest = "🎉" * checks.LINES["display_name"]
    bus.notify("typing", channel=new_id(), root=new_id(), person=new_id(), name=longest)
    presence, typing = heard()
    assert (presence["states"], typing["name"]) == (states, longest)
    with pytest.raises(DataError):
        bus.notify("presence", states="x" * 8_000)
