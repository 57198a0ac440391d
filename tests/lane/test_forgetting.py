"""What the fast lane remembers, it forgets at the notice that makes it wrong; answers are never of yesterday."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from live.world import World, at, say, sign_in
from tertulia.channels import services as channels
from tertulia.channels.models import Channel
from tertulia.kernel import bus
from tertulia.live.gateway import Gateway
from tertulia.live.lane import pages
from tertulia.live.lane.memory import Memory
from tertulia.people import services as people
from tertulia.posts import services
from tertulia.workspaces import services as workspaces
from tertulia.workspaces.models import Role

from .conftest import Ask, Lanes

pytestmark = pytest.mark.django_db(transaction=True)

Token = Callable[..., str]
Settle = Callable[[], None]


class Marker:
    """Hears until a notice comes that it sent itself: then all before it have been heard."""

    def __init__(self) -> None:
        self.awaited = ""
        self.came = asyncio.Event()

    def heard(self, notice: dict[str, Any]) -> None:
        """Look for the mark."""
        if notice.get("states") == self.awaited:
            self.came.set()

    def missed(self) -> None:
        """Nothing to forget."""


@pytest.fixture
def settle(lanes: Lanes) -> Iterator[Settle]:
    """Waits until the lane has heard everything that was said so far."""
    gateway, marker = Gateway(), Marker()
    lanes.run(gateway.startup(lanes.lane, marker))

    def settled() -> None:
        marker.awaited = f'{{"{uuid.uuid4()}": "open"}}'
        marker.came.clear()
        bus.notify("presence", states=marker.awaited)
        lanes.run(asyncio.wait_for(marker.came.wait(), 10))

    yield settled
    lanes.run(gateway.shutdown())


def posting(channel: Channel, raw: str) -> Ask:
    return Ask("POST", f"/api/v1/channels/{channel.pk}/posts", b'{"body":"Hello"}', who=raw)


def reading(channel: Channel, raw: str) -> Ask:
    return Ask("GET", f"/api/v1/channels/{channel.pk}/posts", who=raw)


def test_whatever_takes_a_right_away(world: World, lanes: Lanes, token: Token, settle: Settle) -> None:
    mia, ina = token(world.mia), token(world.ina)
    [mias] = people_tokens(world)
    steps: list[tuple[Callable[[], object], int]] = [
        (lambda: channels.update_channel(actor=world.ina, channel=world.chatter, posting="staff"), 403),
        (lambda: channels.update_channel(actor=world.ina, channel=world.chatter, posting="everyone"), 201),
        (lambda: channels.archive_channel(actor=world.ina, channel=world.chatter), 409),
        (lambda: channels.restore_channel(actor=world.ina, channel=world.chatter), 201),
        (lambda: workspaces.archive_workspace(actor=world.olga, workspace=world.course), 409),
        (lambda: workspaces.restore_workspace(actor=world.olga, workspace=world.course), 201),
        (lambda: channels.leave(actor=world.mia, channel=world.chatter), 403),
        (lambda: world.add(world.chatter, world.mia), 201),
        (lambda: channels.change_visibility(actor=world.ina, channel=world.chatter, visibility="private"), 201),
        (lambda: channels.remove_person(actor=world.ina, channel=world.chatter, person_id=world.mia.pk), 404),
        (lambda: world.add(world.chatter, world.mia), 201),
        (lambda: people.revoke_token(actor=world.mia, token_id=mias), 401),
    ]
    for take, status in steps:
        take()
        settle()
        answer = lanes.fast(posting(world.chatter, mia))
        assert (answer.status, answer.fast) == (status, status == 201)
    assert lanes.fast(posting(world.chatter, ina)).status == 201
    workspaces.ban(actor=world.olga, workspace=world.course, person=world.ina, reason="")
    settle()
    assert lanes.fast(posting(world.chatter, ina)).status == 404
    assert lanes.fast(reading(world.chatter, ina)).status == 404


def people_tokens(world: World) -> list[uuid.UUID]:
    return list(world.mia.access_tokens.values_list("pk", flat=True))


def test_a_page_is_never_of_yesterday(world: World, lanes: Lanes, token: Token, settle: Settle) -> None:
    raw = token(world.ina)
    session = sign_in(world.ina)
    first = say(world.mia, world.chatter, "First")
    changes: list[Callable[[], object]] = [
        lambda: say(world.mia, world.chatter, "Second"),
        lambda: say(world.mia, world.chatter, "A reply", first.id),
        lambda: services.edit(actor=world.mia, body="Edited", **at(world.mia, first.id)),
        lambda: services.react(actor=world.ina, emoji="🎉", **at(world.ina, first.id)),
        lambda: services.unreact(actor=world.ina, emoji="🎉", **at(world.ina, first.id)),
        lambda: services.pin(actor=world.ina, **at(world.ina, first.id)),
        lambda: people.update_profile(actor=world.mia, display_name="Mia the Second"),
        lambda: workspaces.change_role(actor=world.olga, workspace=world.course, person=world.mia, role=Role.MENTOR),
        lambda: services.delete(actor=world.mia, **at(world.mia, first.id)),
        lambda: lanes.fast(posting(world.chatter, token(world.mia))),
    ]
    for change in changes:
        asks = [reading(world.chatter, raw), Ask("GET", f"/w/course/c/{world.chatter.slug}/posts", session=session)]
        before = [lanes.fast(ask).body for ask in asks]
        change()
        settle()
        after = [lanes.fast(ask) for ask in asks]
        assert all(answer.fast for answer in after)
        assert [answer.body for answer in after] == [lanes.plain(ask).body for ask in asks]
        assert all(answer.body != old for answer, old in zip(after, before, strict=True))


def test_ones_own_post_is_on_the_next_page_without_any_notice(world: World, lanes: Lanes, token: Token) -> None:
    raw = token(world.mia)
    assert lanes.fast(reading(world.chatter, raw)).fast
    made = lanes.fast(posting(world.chatter, raw)).json
    assert lanes.fast(reading(world.chatter, raw)).json["items"][-1] == made


def test_a_missed_notice_is_found_out(
    world: World, lanes: Lanes, token: Token, monkeypatch: pytest.MonkeyPatch
) -> None:

    raw = token(world.mia)
    lanes.fast(reading(world.chatter, raw))
    made = say(world.ina, world.chatter, "Nobody tells the lane of this")
    monkeypatch.setattr(pages, "UNCHECKED", 0.0)
    monkeypatch.setattr(pages, "DOUBTFUL", 0.0)
    assert lanes.fast(reading(world.chatter, raw)).json["items"][-1]["id"] == str(made.id)


def test_what_was_being_read_when_something_changed_is_not_kept() -> None:
    async def scene() -> None:
        memory: Memory[str, int] = Memory(2, 60.0)
        gate, reads = asyncio.Event(), 0

        async def read() -> int:
            nonlocal reads
            reads += 1
            mine = reads
            await gate.wait()
            return mine

        def tags(_value: int) -> list[str]:
            return ["tag"]

        asked = [asyncio.ensure_future(memory.fetch("a", read, tags)) for _ in range(3)]
        await asyncio.sleep(0)
        memory.forget("anything")
        later = asyncio.ensure_future(memory.fetch("a", read, tags))
        await asyncio.sleep(0)
        gate.set()
        assert [await one for one in asked] == [1, 1, 1]  # together, one read
        assert await later == 2
        assert memory.get("a") == 2
        memory.forget("tag")
        assert memory.get("a") is None
        for key in "abc":
            await memory.fetch(key, read, tags)
        assert [memory.get(key) for key in "abc"] == [None, 4, 5]  # the oldest goes
        memory.forget_key("b")
        assert [memory.get(key) for key in "bc"] == [None, 5]
        memory.forget_all()
        assert memory.get("c") is None

        async def fail() -> int:
            raise LookupError("not today")

        with pytest.raises(LookupError, match="not today"):
            await memory.fetch("d", fail, tags)
        assert await memory.fetch("d", read, tags) == 6

    asyncio.run(scene())
