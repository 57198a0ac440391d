"""What was said: times, order, threads, reactions, pins, and what cannot be taken."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tertulia.channels.models import Channel
from tertulia.integrations.slack import importer
from tertulia.people.models import Person
from tertulia.posts.models import Kind, Mention, Post, Reaction

from .slack_export import channel, small, user, write
from .slack_world import FIRST, World, posts, problems, said, take

pytestmark = pytest.mark.django_db


def test_messages_keep_their_time_order_author_and_words(world: World, tmp_path: Path) -> None:
    path = small(
        tmp_path / "e.zip",
        d2024_05_02=[said(90000, "U1", "later")],
        d2024_05_01=[
            said(10, "U2", "<@U1> *see* <#C1|x>"),
            said(0, "U1", "hello", edited={"user": "U1", "ts": "1714550460.000000"}),
        ],
    )
    report = take(world, path)
    found = posts()
    assert [(post.author.handle, post.body, post.created_at - FIRST) for post in found] == [
        ("ana", "hello", timedelta()),
        ("ben", "@ana **see** #chatter", timedelta(seconds=10)),
        ("ana", "later", timedelta(seconds=90000)),
    ]
    assert [post.seq for post in found] == [1, 2, 3]
    assert found[0].edited_at == datetime(2024, 5, 1, 8, 1, tzinfo=UTC)
    assert f'data-person="{found[0].author_id}"' in found[1].html
    assert Mention.objects.count() == 0
    assert (report.counts["messages"], report.counts["posts"], report.counts["edited"]) == (3, 3, 1)
    assert next(report.lines()) == "Done."


def test_joins_and_leaves_are_quiet_lines(world: World, tmp_path: Path) -> None:
    lines = [said(0, subtype="channel_join"), said(1), said(2, "U2", subtype="channel_leave")]
    report = take(world, small(tmp_path / "e.zip", d2024_05_01=lines))
    assert [(post.kind, post.body) for post in posts()] == [
        (Kind.SYSTEM, "Ana joined."),
        (Kind.MESSAGE, "m1"),
        (Kind.SYSTEM, "Ben left."),
    ]
    assert Channel.objects.get(slug="chatter").root_count == 1
    assert (report.counts["lines"], report.counts["posts"]) == (2, 1)


def test_threads(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = "1714550400.000100"
    lines = [
        said(0, thread_ts=root),
        said(1, "U2", "", subtype="tombstone", thread_ts="1714550401.000100"),
        said(2, "U2", thread_ts=root),
        said(3, "U1", thread_ts="1714550401.000100"),
        said(4, "U1", thread_ts="1714550399.000100"),
        said(5, "U2", thread_ts=root, subtype="thread_broadcast"),
        said(6, "U1", " ", thread_ts="1714550406.000100"),
        said(7, "U2", thread_ts="1714550406.000100"),
    ]
    path = small(tmp_path / "e.zip", d2024_05_01=lines)
    for size in (3, 500):  # threads within a batch and across batches
        monkeypatch.setattr(importer, "BATCH", size)
        report = take(world, path)
        if size == 3:
            first = report
    answers = {post.body: post.root.body if post.root else None for post in posts()}
    assert answers == {
        "m0": None,
        "*A message was deleted.*": None,
        "m2": "m0",
        "m3": "*A message was deleted.*",
        "m4": None,
        "m5": "m0",
        "m7": None,
    }
    assert Post.objects.get(body="m0").reply_count == 2
    assert [problem.why for problem in first.problems] == [
        "What it answers is not in the export; it stands by itself.",
        "There is nothing in this post yet. Write something or add a file.",
        "What it answers was not taken; it stands by itself.",
    ]
    assert (first.counts["replies"], first.counts["broadcasts"], first.counts["refused"]) == (3, 1, 1)
    assert (report.counts["known"], report.counts["posts"]) == (7, 0)


def test_reactions_and_pins(world: World, tmp_path: Path) -> None:
    reactions = [
        {"name": "+1", "users": ["U1", "U2"], "count": 2},
        {"name": "thumbsup", "users": ["U1"], "count": 1},
        {"name": "clap::skin-tone-3", "users": ["U2"], "count": 3},
        {"name": "party_parrot", "users": ["U2"], "count": 1},
    ]
    parts = {
        "users.json": [user("U1", "ana"), user("U2", "ben")],
        "channels.json": [
            channel(
                "C1", "chatter", ["U1", "U2"], pins=[{"id": "1714550401.000100", "user": "U2", "created": 1714550500}]
            )
        ],
        "chatter/2024-05-01.json": [said(0, reactions=reactions, pinned_to=["C1"]), said(1), said(2, pinned_to=["C2"])],
    }
    report = take(world, write(tmp_path / "e.zip", parts))
    given = Reaction.objects.order_by("pk").values_list("emoji", "person__handle")
    assert list(given) == [("👍", "ana"), ("👍", "ben"), ("👏🏼", "ben")]
    first, second, third = posts()
    assert (first.pinned_at, first.pinned_by) == (FIRST, None)
    assert (second.pinned_at, second.pinned_by) == (
        datetime(2024, 5, 1, 8, 1, 40, tzinfo=UTC),
        Person.objects.get(handle="ben"),
    )
    assert third.pinned_at is None
    assert [problem.why for problem in report.problems] == [
        "Of the reaction :clap::skin-tone-3: 1 of 3 people are known; theirs was taken.",
        "The reaction :party_parrot: is an emoji of their own making; it was not taken.",
    ]
    assert report.counts["pins"] == 2


def test_a_broken_part_is_named_and_the_rest_taken(world: World, tmp_path: Path) -> None:
    parts = {
        "users.json": [user("U1", "ana")],
        "channels.json": [channel("C1", "chatter", ["U1"]), {"id": "C2"}],
        "chatter/2024-05-01.json": '[\n {"ts": "1714550400.000100", "user": "U1", "text": "ok"},\n {"ts": oops}\n]',
        "chatter/2024-05-02.json": [said(90000)],
    }
    report = take(world, write(tmp_path / "e.zip", parts))
    assert [post.body for post in posts()] == ["ok", "m90000"]
    assert problems(report) == [
        "channels.json:19: The channel C2 has no name.",
        "chatter/2024-05-01.json:3: The JSON is broken: expecting value. The rest of the file was not read.",
    ]
    assert [line for line in report.lines() if "oops" in line or "C2" in line] == [
        "  channels.json:19: The channel C2 has no name."
    ]


def test_too_long_a_message_is_named(world: World, tmp_path: Path) -> None:
    report = take(world, small(tmp_path / "e.zip", d2024_05_01=[said(0, "U1", "x" * 50_000), said(1)]))
    assert [post.body for post in posts()] == ["m1"]
    assert problems(report)[0].startswith(
        "chatter/2024-05-01.json:2: A post has at most 40,000 characters; this one has 50,000."
    )
