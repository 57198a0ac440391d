"""What must hold at the end, whatever fell in between."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any
from uuid import UUID

from tertulia.channels.models import Channel
from waiting import until

from .screens import Post, Screen, View
from .town import Town
from .writers import Writer


def check(town: Town, channels: Sequence[Channel], writers: Sequence[Writer], screens: Sequence[Screen]) -> None:
    """Everything acknowledged is there once and in order, and every screen is like one that was just loaded."""
    for channel in channels:
        revision = town.revision(channel)
        for screen in screens:
            until(partial(screen.knows, channel, revision), f"{screen.name} knows revision {revision}", screen)
    there = {channel.pk: _posts(town, channel) for channel in channels}
    for writer in writers:
        check_writer(writer, there)
    for screen in screens:
        check_screen(screen, there)


Rows = dict[UUID, dict[str, Any]]


def _posts(town: Town, channel: Channel) -> Rows:
    rows = town.rows(
        "SELECT id, seq, revision, root_id, kind, client_id, body FROM posts_post WHERE channel_id = %s ORDER BY seq",
        channel.pk,
    )
    last = town.rows("SELECT last_seq FROM channels_channel WHERE id = %s", channel.pk)[0]["last_seq"]
    assert [row["seq"] for row in rows] == list(range(1, last + 1))
    return {row["id"]: row for row in rows}


def check_writer(writer: Writer, there: dict[UUID, Rows]) -> None:
    """Nothing was refused, and what was acknowledged is there as it was acknowledged, once, in its order."""
    assert writer.refused == []
    for post in writer.acknowledged:
        row = there[post.channel].get(post.post_id)
        assert row is not None, f"acknowledged and lost: {post}"
        assert (row["seq"], row["client_id"]) == (post.seq, post.client_id)
        assert row["body"] == writer.edited.get(post.post_id, post.body)
    mine = [
        row["client_id"]
        for rows in there.values()
        for row in rows.values()
        if str(row["body"]).startswith(f"{writer.who.handle} ")
    ]
    assert len(mine) == len(set(mine))
    assert set(mine) - {post.client_id for post in writer.acknowledged} <= writer.given_up
    for channel in there:
        places = [post.seq for post in writer.acknowledged if post.channel == channel]
        assert places == sorted(places)


def check_screen(screen: Screen, there: dict[UUID, Rows]) -> None:
    """It shows what a page that is loaded now shows, and never showed what was not to be."""
    assert screen.trouble == []
    everything = {post_id: row["seq"] for rows in there.values() for post_id, row in rows.items()}
    assert screen.seen.items() <= everything.items()
    for view in screen.views.values():
        rows = there[view.channel.pk]
        loaded = screen.fresh(view.channel)
        both = max(view.first, loaded.first)
        shown, expected = _roots(view, rows, both), _roots(loaded, rows, both)
        others = [rows[post_id] for post_id in shown.keys() ^ expected.keys()]
        assert not others, f"{screen}, from {both} on, or a fresh page lacks {others}"
        for post_id, post in shown.items():
            other = expected[post_id]
            assert post == other, f"{screen} shows {_difference(post, other)}"
        for post_id, (seq, revision, _looks) in view.posts.items():
            assert (seq, revision) == (rows[post_id]["seq"], rows[post_id]["revision"])
        said = {post_id for post_id, row in rows.items() if row["root_id"] is None and row["seq"] >= view.first}
        assert said <= view.posts.keys()


def _roots(view: View, rows: Rows, first: int) -> dict[UUID, Post]:
    """What is in the conversation; replies stand beside it."""
    return {
        post_id: post for post_id, post in view.posts.items() if post[0] >= first and rows[post_id]["root_id"] is None
    }


def _difference(post: Post, other: Post) -> str:
    """Where two looks part."""
    same = next((place for place, (one, two) in enumerate(zip(post[2], other[2], strict=False)) if one != two), 0)
    start = max(0, same - 40)
    return (
        f"{post[:2]} …{post[2][start : start + 120]}…, and a fresh page {other[:2]} …{other[2][start : start + 120]}…"
    )
