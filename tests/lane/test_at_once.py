"""Words and nothing else, written by one statement: the same as `create_posts` writes, or nothing at all."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from django.db import connection

from live.world import World, say, seat
from tertulia.channels.models import Channel, ChannelMembership
from tertulia.kernel import bus
from tertulia.kernel.clock import now
from tertulia.kernel.ids import new_id
from tertulia.live.statement import Refused, Statement
from tertulia.people.models import Person
from tertulia.posts import services, writing
from tertulia.posts.models import Draft, Post
from tertulia.posts.services import Letter, NewPost, at_once, create_posts

from .conftest import Ask, Lanes

pytestmark = pytest.mark.django_db(transaction=True)

Token = Callable[..., str]
BODIES = [
    "Hello",
    "**Well** then",
    "a\nb\n\n- one\n- two",
    "  spaces  \n",
    "https://example.org",
    "é\u0301 🎉 :tada:",
    "`c`",
]


def posting(channel: Channel, raw: str, body: str, client_id: str | None = None) -> Ask:
    said = json.dumps({"body": body, "client_id": client_id or body}).encode()
    return Ask("POST", f"/api/v1/channels/{channel.pk}/posts", said, who=raw)


def letter(who: Person, channel: Channel, body: str = "Hello", **more: Any) -> Letter:
    return Letter(actor=who, seat=seat(who, channel), body=body, client_id=more.pop("client_id", None), **more)


def state_of(channel: Channel) -> dict[str, Any]:
    """Everything that saying something changes, but ids and times."""
    fresh = Channel.objects.get(pk=channel.pk)
    return {
        "counters": (fresh.last_seq, fresh.last_root_seq, fresh.root_count, fresh.revision, fresh.last_post_at is None),
        "posts": list(
            Post.objects.filter(channel=channel)
            .order_by("seq")
            .values_list("seq", "revision", "author__handle", "kind", "body", "html", "text", "reply_count")
        ),
        "read": sorted(
            ChannelMembership.objects.filter(channel=channel).values_list(
                "person__handle", "last_read_seq", "read_roots"
            )
        ),
        "drafts": sorted(Draft.objects.filter(channel=channel).values_list("person__handle", "body")),
    }


def test_it_writes_what_create_posts_writes(world: World, lanes: Lanes, token: Token) -> None:
    tokens = {who.pk: token(who) for who in (world.mia, world.ina)}
    for channel in (world.secret, world.chatter):
        world.add(channel, world.ina)
        world.add(channel, world.mia)
        Post.objects.filter(channel=channel).delete()
        ChannelMembership.objects.filter(channel=channel).update(last_read_seq=0, read_roots=0)
        Channel.objects.filter(pk=channel.pk).update(last_seq=0, last_root_seq=0, root_count=0, revision=0)
        for who in (world.mia, world.ina):
            services.save_draft(actor=who, seat=seat(who, channel), body="Hel", root_id=None)
    lines = list(zip([world.mia, world.ina] * len(BODIES), BODIES, strict=False))
    for who, body in lines:
        answer = lanes.fast(posting(world.secret, tokens[who.pk], body))
        assert (answer.status, answer.fast) == (201, True)
        services.post(actor=who, seat=seat(who, world.chatter), body=body)
    found, expected = state_of(world.secret), state_of(world.chatter)
    assert found == expected
    assert found["drafts"] == []
    assert len(found["posts"]) == len(BODIES)


def test_what_holds_more_than_words_is_left_to_others(world: World) -> None:
    root = say(world.ina, world.secret)
    more = [
        letter(world.mia, world.secret, client_id=root.id, root_id=root.id),
        letter(world.mia, world.secret, client_id=root.id, file_ids=[root.id]),
        *(
            letter(world.mia, world.secret, body, client_id=root.id)
            for body in (
                "Hi @ina",
                "@channel",
                "&commat;ina",
                "see #general",
                "",
                " ",
                "```\nx\n```",
                "$x$",
                "x" * 2001,
            )
        ),
    ]
    assert [at_once.words(one, "here") for one in more] == [None] * len(more)
    assert at_once.words(letter(world.mia, world.secret, "Hi", client_id=root.id), "here") is not None


def test_a_repeated_send_counts_once(world: World, lanes: Lanes, token: Token) -> None:
    raw = token(world.mia)
    first = lanes.fast(posting(world.secret, raw, "once"))
    before = state_of(world.secret)
    again, twice = (
        lanes.fast(posting(world.secret, raw, "once")),
        lanes.together([posting(world.secret, raw, "new")] * 2),
    )
    assert (first.status, again.status, again.json["id"]) == (201, 200, first.json["id"])
    assert sorted(answer.status for answer in twice) == [200, 201]
    after = state_of(world.secret)
    assert [post[4] for post in after["posts"]][len(before["posts"]) :] == ["new"]
    assert after["counters"][0] == before["counters"][0] + 1


def test_a_channel_archived_meanwhile_takes_nothing_and_its_neighbours_suffer_nothing(
    world: World, lanes: Lanes, token: Token
) -> None:
    raw = token(world.mia)
    world.add(world.chatter, world.mia)
    for channel in (world.secret, world.chatter):
        assert lanes.fast(posting(channel, raw, f"first {channel.slug}")).fast
    Channel.objects.filter(pk=world.secret.pk).update(archived_at=now())  # by hand, so that no notice tells the lane
    before = state_of(world.secret)
    refused, fine = lanes.together([posting(world.secret, raw, "late"), posting(world.chatter, raw, "fine")])
    assert (refused.status, refused.fast, fine.status) == (409, False, 201)
    assert state_of(world.secret) == before


def test_what_fails_takes_nothing_of_an_allowance(world: World) -> None:
    ready = at_once.words(letter(world.mia, world.secret, client_id=world.mia.pk), "here")
    assert ready is not None
    batch = at_once.Batch([ready])
    Channel.objects.filter(pk=world.secret.pk).update(archived_at=now())

    async def fail() -> None:
        statement = Statement(writing.AT_ONCE)
        with pytest.raises(Refused, match="22012"):
            await statement.run(batch.parameters)
        await statement.close()

    asyncio.run(fail())
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM kernel_limit WHERE key LIKE %s", [f"%{world.mia.pk}%"])
        assert cursor.fetchone() == (0,)


def test_notices_are_told_with_the_commit(world: World, lanes: Lanes, token: Token) -> None:
    raw = token(world.mia)
    lanes.fast(posting(world.secret, raw, "before"))
    services.save_draft(actor=world.mia, seat=seat(world.mia, world.secret), body="Hel", root_id=None)
    url = connection.get_connection_params()
    with psycopg.connect(
        host=url["host"], port=url["port"], dbname=url["dbname"], user=url["user"], autocommit=True
    ) as ear:
        ear.execute(f"LISTEN {bus.CHANNEL}")
        revision = lanes.fast(posting(world.secret, raw, "now")).json["revision"]
        notices = [json.loads(notice.payload) for notice in ear.notifies(timeout=0.5)]
    assert {"kind": "posts", "by": bus.ME, "revisions": {str(world.secret.pk): revision}} in notices
    assert {"kind": "sidebar", "person": str(world.mia.pk)} in notices


def test_a_whole_batch_of_long_letters_arrives(world: World, lanes: Lanes, token: Token) -> None:
    raw = token(world.mia)
    bodies = [f"{number} " + "long words " * 180 for number in range(50)]
    answers = lanes.together([posting(world.secret, raw, body, f"c{number}") for number, body in enumerate(bodies)])
    assert {answer.status for answer in answers} == {201}
    assert len({answer.json["seq"] for answer in answers}) == len(bodies)
    said = Post.objects.filter(channel=world.secret, kind="message").values_list("body", flat=True)
    assert sorted(said) == sorted(body.rstrip() for body in bodies)


def test_batches_over_several_channels_never_wait_for_each_other(world: World, settings: Any) -> None:
    """Four writers, half of them by Django, each batch over all channels in another order."""
    settings.LIMITS = 1_000
    channels = [world.secret, world.chatter, world.general]
    for channel in channels:
        world.add(channel, world.mia)
    start = {channel.pk: Channel.objects.get(pk=channel.pk).last_seq for channel in channels}
    rounds = 25

    def by_statement(seed: int) -> None:
        chance = random.Random(seed)  # noqa: S311 - no secrets
        batches: list[at_once.Batch] = []
        for _round in range(rounds):
            some = chance.sample(channels, len(channels))
            words = [at_once.words(letter(world.mia, channel, client_id=new_id()), f"a{seed}") for channel in some]
            batches.append(at_once.Batch([one for one in words if one is not None]))

        async def run() -> None:
            statement = Statement(writing.AT_ONCE)
            for batch in batches:
                assert len(await statement.run(batch.parameters)) == len(channels)
            await statement.close()

        asyncio.run(run())
        connection.close()

    def by_django(seed: int) -> None:
        chance = random.Random(seed)  # noqa: S311 - no secrets
        for _round in range(rounds):
            some = chance.sample(channels, len(channels))
            batch = [NewPost(channel_id=channel.pk, author_id=world.ina.pk, body="Hello") for channel in some]
            assert all(outcome.created for outcome in create_posts(batch))
        connection.close()

    with ThreadPoolExecutor(4) as threads:
        running = [threads.submit(work, seed) for seed in range(2) for work in (by_statement, by_django)]
        for one in running:
            one.result(60)
    for channel in channels:
        seqs = list(
            Post.objects.filter(channel=channel, seq__gt=start[channel.pk])
            .order_by("seq")
            .values_list("seq", flat=True)
        )
        assert seqs == list(range(start[channel.pk] + 1, start[channel.pk] + 1 + 4 * rounds))
