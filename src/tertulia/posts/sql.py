"""The statements of the write path: each takes a whole batch as arrays, so that many posts cost as few trips as one.

Only `services` call these, inside their transactions, while they hold the row locks of the channels concerned.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from tertulia.kernel.prepared import Row, fetch, run

__all__ = ["Row", "fetch", "run"]


def columns(rows: Sequence[Row], width: int) -> list[list[Any]]:
    """Rows turned into as many columns, as `unnest` wants them."""
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]


def lock_channels(channel_ids: Sequence[UUID]) -> None:
    """Lock channels in the order of their ids, so that two batches never wait for each other."""
    run("SELECT 1 FROM channels_channel WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", [list(channel_ids)])


def count_replies(rows: Sequence[Row]) -> dict[UUID, int]:
    """Count new replies on the posts they answer; returns the counts. Deleted posts are left out.

    A row: root, new replies, time of the last, the root's new revision.
    """
    found = fetch(
        """
        UPDATE posts_post p
        SET reply_count = p.reply_count + v.replies, last_reply_at = GREATEST(p.last_reply_at, v.at),
            revision = v.revision
        FROM unnest(%s::uuid[], %s::int[], %s::timestamptz[], %s::bigint[]) AS v(id, replies, at, revision)
        WHERE p.id = v.id AND p.deleted_at IS NULL
        RETURNING p.id, p.reply_count
        """,
        columns(rows, 4),
    )
    return dict(found)


def follow_threads(writers: Sequence[Row], others: Sequence[Row]) -> None:
    """People who replied follow a thread (again) and have read up to their reply if they had read all before it;
    people called or answered follow it unless they had decided.

    A writer's row: root, person, replies before theirs, replies up to theirs. Another's: root, person, replies read.
    """
    run(
        """
        WITH others AS (
            INSERT INTO posts_threadfollow (root_id, person_id, following, read_replies)
            SELECT v.root, v.person, true, v.seen
            FROM unnest(%s::uuid[], %s::uuid[], %s::int[]) AS v(root, person, seen)
            ON CONFLICT (root_id, person_id) DO NOTHING
        ), writers AS (
            SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::int[], %s::int[]) AS v(root, person, before, after)
        )
        INSERT INTO posts_threadfollow AS f (root_id, person_id, following, read_replies)
        SELECT root, person, true, after FROM writers
        ON CONFLICT (root_id, person_id) DO UPDATE SET following = true, read_replies = (
            SELECT CASE WHEN f.read_replies >= w.before THEN w.after ELSE f.read_replies END
            FROM writers w WHERE w.root = f.root_id AND w.person = f.person_id)
        """,
        [*columns(others, 3), *columns(writers, 4)],
    )


def advance_followers(rows: Sequence[Row]) -> None:
    """After a silent batch: whoever had read a whole thread still has. A row: root, replies before, replies after."""
    run(
        """
        UPDATE posts_threadfollow f SET read_replies = v.after
        FROM unnest(%s::uuid[], %s::int[], %s::int[]) AS v(root, before, after)
        WHERE f.root_id = v.root AND f.read_replies >= v.before
        """,
        columns(rows, 3),
    )


def record_mentions(people: Sequence[Row], groups: Sequence[Row], everyone: Sequence[Row]) -> list[tuple[UUID, UUID]]:
    """Write down whom posts call; returns (post, person) of those newly called.

    Called are only people who may see the channel, never the author, nobody who blocked the author. A row of `people`:
    post, person; of `groups`: post, group (its members in the channel are called); of `everyone`: post, whether only
    those with an open door (all members of the channel are called).
    """
    found = fetch(
        """
        WITH called AS (
            SELECT v.post, v.person FROM unnest(%s::uuid[], %s::uuid[]) AS v(post, person)
            UNION
            SELECT v.post, g.person_id FROM unnest(%s::uuid[], %s::uuid[]) AS v(post, "group")
            JOIN workspaces_groupmembership g ON g.group_id = v."group"
            JOIN posts_post p ON p.id = v.post
            JOIN channels_channelmembership m ON m.channel_id = p.channel_id AND m.person_id = g.person_id
            UNION
            SELECT v.post, m.person_id FROM unnest(%s::uuid[], %s::bool[]) AS v(post, here)
            JOIN posts_post p ON p.id = v.post
            JOIN channels_channelmembership m ON m.channel_id = p.channel_id
            JOIN people_person a ON a.id = m.person_id AND (a.door_open OR NOT v.here)
        )
        INSERT INTO posts_mention (post_id, person_id, channel_id, seq)
        SELECT p.id, x.person, p.channel_id, p.seq
        FROM called x
        JOIN posts_post p ON p.id = x.post
        JOIN channels_channel c ON c.id = p.channel_id
        WHERE x.person <> p.author_id
          AND NOT EXISTS (SELECT 1 FROM people_block b WHERE b.person_id = x.person AND b.blocked_id = p.author_id)
          AND (EXISTS (SELECT 1 FROM channels_channelmembership m
                       WHERE m.channel_id = p.channel_id AND m.person_id = x.person)
               OR (c.visibility = 'public' AND EXISTS (
                       SELECT 1 FROM workspaces_membership w
                       WHERE w.workspace_id = c.workspace_id AND w.person_id = x.person AND w.role <> 'guest')))
        ON CONFLICT (post_id, person_id) DO NOTHING
        RETURNING post_id, person_id
        """,
        [*columns(people, 2), *columns(groups, 2), *columns(everyone, 2)],
    )
    return [(post, person) for post, person in found]


def attach_files(rows: Sequence[Row]) -> int:
    """Attach files to posts; those gone or taken meanwhile are left out. A row: post, file, position, words."""
    return run(
        """
        INSERT INTO posts_attachment (post_id, file_id, position, alt)
        SELECT v.post, f.id, v.position, v.alt
        FROM unnest(%s::uuid[], %s::uuid[], %s::smallint[], %s::text[]) AS v(post, file, position, alt)
        JOIN posts_file f ON f.id = v.file
        FOR KEY SHARE OF f
        ON CONFLICT (file_id) DO NOTHING
        """,
        columns(rows, 4),
    )


def advance_members(rows: Sequence[Row]) -> None:
    """After a silent batch: who had read everything still has. A row: channel, messages before, after, last place."""
    run(
        """
        UPDATE channels_channelmembership m SET last_read_seq = v.seq, read_roots = v.after
        FROM unnest(%s::uuid[], %s::bigint[], %s::bigint[], %s::bigint[]) AS v(channel, before, after, seq)
        WHERE m.channel_id = v.channel AND m.read_roots >= v.before AND m.last_read_seq < v.seq
        """,
        columns(rows, 4),
    )


def posts_sent(keys: Sequence[Row]) -> list[Row]:
    """The posts that earlier sends made: author, client id, post, channel. A key: author, client id."""
    if not keys:
        return []
    return fetch(
        "SELECT p.author_id, p.client_id, p.id, p.channel_id FROM posts_post p"
        " JOIN unnest(%s::uuid[], %s::uuid[]) AS v(author, client)"
        " ON p.author_id = v.author AND p.client_id = v.client",
        columns(keys, 2),
    )
