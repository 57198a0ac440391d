"""Running an import twice, stopping it, breaking it off, and who may."""

from __future__ import annotations

import itertools
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tertulia.channels.models import Channel, ChannelMembership
from tertulia.channels.services import leave
from tertulia.integrations.models import ImportedItem
from tertulia.integrations.slack import importer
from tertulia.integrations.slack.batches import Taker
from tertulia.integrations.slack.importer import import_slack
from tertulia.integrations.slack.progress import Quiet
from tertulia.kernel.errors import Conflict, Forbidden, NotFound
from tertulia.kernel.models import AuditEntry
from tertulia.people.models import Person
from tertulia.posts.models import Post, Reaction

from .slack_export import small
from .slack_world import World, posts, problems, said, take

pytestmark = pytest.mark.django_db


def test_twice_doubles_nothing(world: World, tmp_path: Path) -> None:
    path = small(
        tmp_path / "e.zip",
        d2024_05_01=[said(n, reactions=[{"name": "+1", "users": ["U1"], "count": 1}]) for n in range(5)],
    )
    take(world, path)
    before = [model.objects.count() for model in (Person, Channel, ChannelMembership, Post, Reaction, ImportedItem)]
    report = take(world, path)
    assert [
        model.objects.count() for model in (Person, Channel, ChannelMembership, Post, Reaction, ImportedItem)
    ] == before
    assert (report.counts["known"], report.counts["posts"], report.counts["channels_known"]) == (5, 0, 1)


def test_what_people_changed_here_stays(world: World, tmp_path: Path) -> None:
    path = small(tmp_path / "e.zip", d2024_05_01=[said(0), said(1)])
    take(world, path)
    row = Channel.objects.get(slug="chatter")
    leave(actor=Person.objects.get(handle="ben"), channel=row)
    Post.objects.get(body="m0").delete()
    take(world, path)
    assert not ChannelMembership.objects.filter(channel=row, person__handle="ben").exists()
    assert [post.body for post in posts()] == ["m1"]
    row.delete()
    assert problems(take(world, path)) == ["channels.json:2: chatter was deleted here; it was not taken again."]


def test_stopped_half_way_it_goes_on(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = small(tmp_path / "e.zip", d2024_05_01=[said(n) for n in range(10)])
    monkeypatch.setattr(importer, "BATCH", 3)
    before = signal.getsignal(signal.SIGINT)

    class Impatient:
        """Presses Ctrl-C after the second batch."""

        def __init__(self) -> None:
            self.batches = itertools.count(1)

        def begin(self, total: int) -> None:
            assert total > 0

        def at(self, name: str) -> None:
            assert name in {"People", "chatter"}

        def advance(self, amount: int) -> None:
            assert amount >= 0
            if next(self.batches) == 2:
                os.kill(os.getpid(), signal.SIGINT)

    report = import_slack(actor=world.owner, workspace=world.workspace, path=path, progress=Impatient())
    assert report.stopped
    assert next(report.lines()) == "Stopped. What is in stays in; run the same command again to go on."
    assert [post.body for post in posts()] == [f"m{n}" for n in range(6)]
    assert signal.getsignal(signal.SIGINT) is before
    report = take(world, path)
    assert not report.stopped
    assert [post.body for post in posts()] == [f"m{n}" for n in range(10)]
    assert (report.counts["known"], report.counts["posts"]) == (6, 4)


def test_stopped_among_the_people_it_goes_on(world: World, tmp_path: Path) -> None:
    path = small(tmp_path / "e.zip", d2024_05_01=[said(0)])

    class AtOnce(Quiet):
        """Presses Ctrl-C before anything is done."""

        def at(self, name: str) -> None:
            assert name == "People"
            os.kill(os.getpid(), signal.SIGINT)

    report = import_slack(actor=world.owner, workspace=world.workspace, path=path, progress=AtOnce())
    assert report.stopped
    assert not Person.objects.filter(is_placeholder=True).exists()
    assert not Channel.objects.filter(slug="chatter").exists()
    assert take(world, path).counts["posts"] == 1


def test_broken_off_in_a_batch_it_leaves_nothing_of_it(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = small(tmp_path / "e.zip", d2024_05_01=[said(n) for n in range(4)])
    monkeypatch.setattr(importer, "BATCH", 2)
    seen: Iterator[int] = itertools.count(1)
    pin = Taker._pin

    def failing(self: Any, item: Any) -> Any:
        if next(seen) == 4:  # the last message of the second batch
            raise KeyboardInterrupt
        return pin(self, item)

    monkeypatch.setattr(Taker, "_pin", failing)
    with pytest.raises(KeyboardInterrupt):
        take(world, path)
    assert [post.body for post in posts()] == ["m0", "m1"]
    assert ImportedItem.objects.filter(kind="message").count() == 2
    monkeypatch.setattr(Taker, "_pin", pin)
    take(world, path)
    assert [(post.body, post.seq) for post in posts()] == [(f"m{n}", n + 1) for n in range(4)]


def test_only_those_who_may(world: World, tmp_path: Path) -> None:
    path = small(tmp_path / "e.zip", d2024_05_01=[said(0)])
    with pytest.raises(Forbidden):
        import_slack(actor=world.member, workspace=world.workspace, path=path)
    with pytest.raises(NotFound):
        import_slack(actor=world.outsider, workspace=world.workspace, path=path)
    assert posts() == []


def test_one_import_at_a_time(world: World, tmp_path: Path) -> None:
    # Locks of one connection do not exclude each other, so another one holds it.
    from django.db import connections  # a connection of its own for this test

    other = connections.create_connection("default")
    key = importer._key(world.workspace)
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [key])
        with pytest.raises(Conflict, match="is running"):
            take(world, small(tmp_path / "e.zip"))
    finally:
        other.close()
    assert take(world, small(tmp_path / "e.zip")).counts["channels"] == 1


def test_the_log_says_who_imported(world: World, tmp_path: Path) -> None:
    take(world, small(tmp_path / "e.zip", d2024_05_01=[said(0)]))
    entry = AuditEntry.objects.get(verb="imported from Slack")
    assert (entry.actor, entry.workspace_id, entry.after["posts"]) == (world.owner, world.workspace.pk, 1)
