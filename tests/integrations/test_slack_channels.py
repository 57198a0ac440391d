"""Channels of an export: as they were, with those who were in them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tertulia.channels.models import Channel, ChannelMembership
from tertulia.channels.services import create_channel
from tertulia.integrations.models import ImportedItem
from tertulia.posts.models import Post

from .slack_export import channel, message, small, user, write
from .slack_world import World, posts, problems, said, take

pytestmark = pytest.mark.django_db


def test_channels_are_made_as_they_were(world: World, tmp_path: Path) -> None:
    channels = [
        channel(
            "C1",
            "chatter",
            ["U2", "U1"],
            purpose="Talk &amp; <@U2>",
            topic="*Read* <https://x.test|this>",
            is_general=True,
        ),
        channel("C2", "old", [], is_archived=True, creator="U1"),
    ]
    users = [user("U1", "ana"), user("U2", "ben")]
    archived = message("1714550400.000100", "U1", "…", subtype="channel_archive", members=["U2", "U9"])
    parts = {"users.json": users, "channels.json": channels, "old/2024-05-01.json": [archived]}
    report = take(world, write(tmp_path / "e.zip", parts))
    chatter, old = Channel.objects.get(slug="chatter"), Channel.objects.get(slug="old")
    assert (chatter.purpose, chatter.header) == ("Talk & @ben", "**Read** [this](https://x.test)")
    assert chatter.created_at == datetime(2020, 9, 13, 12, 26, 40, tzinfo=UTC)
    assert (chatter.visibility, chatter.is_default, chatter.archived_at) == ("public", True, None)
    assert old.archived_at is not None
    seats = ChannelMembership.objects.order_by("person__handle").values_list(
        "channel__slug", "person__handle", "is_manager"
    )
    assert set(seats.filter(channel__in=[chatter, old])) == {
        ("chatter", "ana", False),
        ("chatter", "ben", True),
        ("old", "ana", True),
        ("old", "ben", False),
    }
    assert report.counts["channels"] == 2


def test_private_and_direct_conversations_stay_so(world: World, tmp_path: Path) -> None:
    parts = {
        "users.json": [user(f"U{n}", f"p{n}") for n in range(1, 11)],
        "groups.json": [channel("G1", "secret", ["U2", "U1"], creator="U3"), channel("G2", "lost", ["U99"])],
        "dms.json": [{"id": "D1", "created": 1600000000, "members": ["U1", "U2"]}],
        "mpims.json": [
            channel("G3", "mpdm-few", ["U1", "U2", "U3"]),
            channel("G4", "mpdm-many", [f"U{n}" for n in range(1, 10)]),
        ],
        "secret/2024-05-01.json": [said(1, "U1", "hidden")],
        "D1/2024-05-01.json": [said(1, "U1", "psst"), said(2, "U2", "yes?")],
        "mpdm-few/2024-05-01.json": [said(1, "U3", "we three")],
    }
    report = take(world, write(tmp_path / "e.zip", parts))

    def people(slug: str) -> set[str]:
        return set(ChannelMembership.objects.filter(channel__slug=slug).values_list("person__handle", flat=True))

    assert Channel.objects.get(slug="secret").visibility == "private"
    assert people("secret") == {"p1", "p2", "olga"}  # no creator who had left; the importer, who looks after it
    assert people("lost") == {"olga"}
    direct = {post.body: post.channel for post in Post.objects.select_related("channel").filter(channel__kind="direct")}
    assert direct["psst"] == direct["yes?"]
    assert people(direct["psst"].slug) == {"p1", "p2"}
    assert people(direct["we three"].slug) == {"p1", "p2", "p3"}
    many = Channel.objects.get(name__startswith="P1, P2, P3")
    assert (many.visibility, len(people(many.slug))) == ("private", 10)
    assert report.counts["private"] == 3
    assert problems(report) == []


def test_a_name_that_is_taken_gets_another_address(world: World, tmp_path: Path) -> None:
    mine = create_channel(actor=world.owner, workspace=world.workspace, name="chatter")
    path = small(tmp_path / "e.zip", d2024_05_01=[said(1)])
    report = take(world, path)
    assert not Post.objects.filter(channel=mine).exists()
    assert [post.body for post in posts("chatter-2")] == ["m1"]
    assert problems(report) == ["channels.json:2: There is another channel at “chatter”; this one is at “chatter-2”."]
    assert problems(take(world, path)) == []


def test_a_channel_that_cannot_be_made_is_named(world: World, tmp_path: Path) -> None:
    parts = {
        "users.json": [user("U1", "ana")],
        "channels.json": [channel("C1", "chatter"), channel("C2", "d-0123456789abcdef01234567"), channel("C3", "#")],
        "chatter/2024-05-01.json": [said(0)],
    }
    report = take(world, write(tmp_path / "e.zip", parts))
    assert [post.body for post in posts()] == ["m0"]
    assert problems(report) == [
        "channels.json:17: URLs of this shape belong to direct conversations. Choose another.",
        "channels.json:32: Please fill in the name.",
    ]


def test_long_words_of_a_channel_are_cut(world: World, tmp_path: Path) -> None:
    parts = {"users.json": [], "channels.json": [channel("C1", "chatter", purpose="p" * 400, topic="t" * 2000)]}
    report = take(world, write(tmp_path / "e.zip", parts))
    made = Channel.objects.get(slug="chatter")
    assert (made.purpose, made.header) == ("p" * 300, "t" * 1024)
    assert [problem.why for problem in report.problems] == [
        "The purpose or topic of chatter has 400 characters; the first 300 were taken.",
        "The purpose or topic of chatter has 2000 characters; the first 1024 were taken.",
    ]


def test_members_that_cannot_be_added_are_named(world: World, tmp_path: Path) -> None:
    # Somebody else's private channel: its only manager is gone, so nobody can bring its members in.
    parts = {
        "users.json": [user("U1", "ana"), user("U2", "ben")],
        "groups.json": [channel("G1", "secret", ["U1", "U2"])],
    }
    take(world, write(tmp_path / "e.zip", parts))
    ImportedItem.objects.filter(kind="seats").delete()
    ChannelMembership.objects.filter(channel__slug="secret").delete()
    report = take(world, write(tmp_path / "e.zip", parts))
    assert not ChannelMembership.objects.filter(channel__slug="secret").exists()
    assert problems(report) == ["groups.json:2: There is nothing here, or it is not yours to see."]


def test_history_counts_as_read(world: World, tmp_path: Path) -> None:
    take(world, small(tmp_path / "e.zip", d2024_05_01=[said(1), said(2)]))
    row = Channel.objects.get(slug="chatter")
    seats = list(ChannelMembership.objects.filter(channel=row))
    assert len(seats) == 2
    assert {(seat.last_read_seq, seat.read_roots) for seat in seats} == {(row.last_seq, row.root_count)}
    assert row.root_count == 2
