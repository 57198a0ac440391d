"""Reads: each in a fixed number of queries. They trust that the caller may see the channel; `access` says who may.

What is a person's own (saved posts, threads, drafts, reading state) is in `own`, offered here too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tertulia.kernel.errors import NotFound
from tertulia.posts.models import Post, PostVersion
from tertulia.posts.own import (
    OwnMarks,
    ThreadReading,
    ThreadState,
    Unread,
    draft,
    drafts,
    followed_threads,
    own_marks,
    saved,
    scheduled,
    thread_reading,
    unread,
    unread_threads,
)
from tertulia.posts.states import Attached, Author, PostState, Reacted, read
from tertulia.posts.states import by_ids as states

__all__ = [
    "Attached",
    "Author",
    "OwnMarks",
    "Page",
    "PostState",
    "Reacted",
    "ThreadReading",
    "ThreadState",
    "Unread",
    "changes",
    "changes_in",
    "draft",
    "drafts",
    "followed_threads",
    "own_marks",
    "page",
    "pinned",
    "replies",
    "saved",
    "scheduled",
    "seq_at",
    "state",
    "states",
    "thread_reading",
    "unread",
    "unread_threads",
    "versions",
]

MOST_PINS = 100
_END = 2**63 - 1  # a place beyond every post


@dataclass(frozen=True, slots=True)
class Page:
    """Posts in order of their places, and whether there are others on either side."""

    posts: list[PostState]
    has_before: bool
    has_after: bool


def state(post_id: UUID) -> PostState:
    """One post, deleted or not. Raises NotFound."""
    found = states([post_id])
    if not found:
        raise NotFound
    return found[0]


def page(
    channel_id: UUID,
    *,
    before: int | None = None,
    after: int | None = None,
    around: int | None = None,
    limit: int = 50,
    with_replies: bool = False,
) -> Page:
    """Some posts of a channel: the newest, those before or after a place, or those around one. One query.

    Replies are left to their threads unless asked for. System lines are among the posts.
    """
    which = "channel_id = %(of)s" if with_replies else "channel_id = %(of)s AND root_id IS NULL"
    return _slice(which, channel_id, before=before, after=after, around=around, limit=limit)


def replies(
    root_id: UUID,
    *,
    before: int | None = None,
    after: int | None = None,
    around: int | None = None,
    limit: int = 50,
) -> Page:
    """Some replies of a thread by their places; without a place, the newest. One query."""
    return _slice("root_id = %(of)s", root_id, before=before, after=after, around=around, limit=limit)


def changes(channel_id: UUID, *, since_revision: int, limit: int = 500) -> list[PostState]:
    """Every post of a channel, replies too, that changed after `since_revision`, in order of change. One query."""
    return read(
        "SELECT * FROM posts_post WHERE channel_id = %(of)s AND revision > %(since)s ORDER BY revision LIMIT %(limit)s",
        {"of": channel_id, "since": since_revision, "limit": limit},
        order="p.revision",
    )


def changes_in(since: Mapping[UUID, int], *, limit: int) -> list[PostState]:
    """The newest so many posts of each channel, replies too, that changed after its revision, in order of change.

    One query, whatever the number of channels.
    """
    return read(
        "SELECT p.* FROM unnest(%(channels)s::uuid[], %(revisions)s::bigint[]) AS w (channel_id, revision)"
        " CROSS JOIN LATERAL (SELECT * FROM posts_post x WHERE x.channel_id = w.channel_id AND x.revision > w.revision"
        " ORDER BY x.revision DESC LIMIT %(limit)s) p",
        {"channels": list(since), "revisions": list(since.values()), "limit": limit},
        order="p.revision",
    )


def pinned(channel_id: UUID) -> list[PostState]:
    """The pinned posts of a channel, the newest pin first. One query."""
    return read(
        "SELECT * FROM posts_post WHERE channel_id = %(of)s AND pinned_at IS NOT NULL AND deleted_at IS NULL"
        " ORDER BY pinned_at DESC LIMIT %(limit)s",
        {"of": channel_id, "limit": MOST_PINS},
        order="p.pinned_at DESC",
    )


def seq_at(channel_id: UUID, moment: datetime) -> int | None:
    """The place of the first post (not a reply) at or after `moment`; None if there is none."""
    return (
        Post.objects.filter(channel_id=channel_id, root=None, created_at__gte=moment)
        .order_by("created_at", "seq")
        .values_list("seq", flat=True)
        .first()
    )


def versions(post: Post) -> list[PostVersion]:
    """What a post said before each edit, the newest first."""
    return list(post.versions.select_related("replaced_by").order_by("-replaced_at", "-id"))


def _slice(which: str, of: UUID, *, before: int | None, after: int | None, around: int | None, limit: int) -> Page:
    """Posts on both sides of an edge: so many at or before it, so many after it."""
    if around is not None:
        edge, older, newer = around, limit // 2 + 1, limit - limit // 2 - 1
    elif after is not None:
        edge, older, newer = after, 0, limit
    else:
        edge, older, newer = _END if before is None else before - 1, limit, 0
    # One more on each side than wanted tells whether there are more.
    found = read(
        f"(SELECT * FROM posts_post WHERE {which} AND seq <= %(edge)s ORDER BY seq DESC LIMIT %(older)s) UNION ALL"  # noqa: S608 - `which` is ours
        f" (SELECT * FROM posts_post WHERE {which} AND seq > %(edge)s ORDER BY seq LIMIT %(newer)s)",
        {"of": of, "edge": edge, "older": older + 1, "newer": newer + 1},
    )
    split = sum(post.seq <= edge for post in found)
    before_edge, after_edge = found[:split], found[split:]
    return Page(
        posts=before_edge[max(0, split - older) :] + after_edge[:newer],
        has_before=split > older,
        has_after=len(after_edge) > newer,
    )
