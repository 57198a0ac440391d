"""The statements of the write path: each takes a whole batch as arrays, so that many posts cost as few trips as one.

Only `services` call these, inside their transactions, while they hold the row locks of the channels concerned.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from tertulia.kernel.prepared import Row, fetch, run

__all__ = ["Row", "fetch", "run"]

_json = msgspec.json.Encoder(enc_hook=str.__str__).encode


def columns(rows: Sequence[Row], width: int) -> list[list[Any]]:
    """Rows turned into as many columns, as `unnest` wants them."""
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]


def lock_channels(channel_ids: Sequence[UUID]) -> None:
    """Lock channels in the order of their ids, so that two batches never wait for each other."""
    run("SELECT 1 FROM channels_channel WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", [list(channel_ids)])


class Bumped(NamedTuple):
    """A channel's counters after a batch, and the moment of the batch there."""

    channel_id: UUID
    last_seq: int
    root_count: int
    revision: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Written:
    """What `write_posts` did: channels that were archived meanwhile and posts that were there already are left out."""

    channels: dict[UUID, Bumped]
    posts: int
    drafts_of: list[UUID]


@dataclass(slots=True)
class Batch:
    """The rows of `write_posts`, by the names of its columns.

    channels: `channel_id`, `posts`, `messages` among them, `last_root` (place of the last message that is no reply: 1
    is the batch's first post there, 0: none), `roots` (how many such), `revisions`, `at` (the last's; None: now).
    posts: the columns of `posts_post`, but `place` for `seq` and `revision`, and None for the times of what is new.
    writers: `channel_id`, `person_id`, and of an unbroken run of theirs the messages `before` and up to it (`roots`),
    both counted from the batch's start, and its last `place`. drafts: `person_id`, `channel_id`, `root_id`.
    """

    channels: list[dict[str, Any]]
    posts: list[dict[str, Any]]
    writers: list[dict[str, Any]]
    drafts: list[dict[str, Any]]


def write_posts(batch: Batch, *, archived_too: bool) -> Written:
    """Count a batch on its channels, insert its posts, move their writers' reading pointers, end their drafts.

    One statement, so that channels are locked for as short as may be: everything in it waits for `counted`, which locks
    them. Times are of the database's clock, after the locks, so that they follow places whatever host writes. Who had
    read everything before they posted has read their own posts too.
    """
    rows = {
        "channels": _json(batch.channels).decode(),
        "posts": _json(batch.posts).decode(),
        "writers": _json(batch.writers).decode(),
        "drafts": _json(batch.drafts).decode(),
    }
    found = fetch(_WRITE_POSTS, {**rows, "archived_too": archived_too})
    return Written(
        channels={row[0]: Bumped(*row[:5]) for row in found},
        posts=found[0][5] if found else 0,
        drafts_of=(found[0][6] or []) if found else [],
    )


_WRITE_POSTS = """
WITH counted AS (
    UPDATE channels_channel c
    SET last_seq = c.last_seq + v.posts,
        last_root_seq = CASE WHEN v.last_root > 0 THEN c.last_seq + v.last_root ELSE c.last_root_seq END,
        root_count = c.root_count + v.roots,
        revision = c.revision + v.revisions,
        last_post_at = CASE WHEN v.messages > 0 THEN GREATEST(c.last_post_at, coalesce(v.at, clock_timestamp()))
                            ELSE c.last_post_at END
    FROM json_to_recordset(%(channels)s::json) AS v(
        channel_id uuid, posts bigint, messages bigint, last_root bigint, roots bigint, revisions bigint,
        at timestamptz)
    WHERE c.id = v.channel_id AND (%(archived_too)s OR c.archived_at IS NULL)
    RETURNING c.id, c.last_seq, c.root_count, c.revision, clock_timestamp() AS at, c.last_seq - v.posts AS seq_before,
              c.root_count - v.roots AS roots_before, c.revision - v.revisions AS revision_before
), inserted AS (
    INSERT INTO posts_post (id, channel_id, seq, revision, root_id, author_id, kind, body, html, text, client_id,
                            created_at, edited_at, reply_count, last_reply_at, facts)
    SELECT v.id, c.id, c.seq_before + v.place, c.revision_before + v.place, v.root_id, v.author_id, v.kind, v.body,
           v.html, v.text, v.client_id, coalesce(v.created_at, c.at), v.edited_at, v.reply_count,
           CASE WHEN v.reply_count > 0 THEN coalesce(v.last_reply_at, c.at) END, v.facts
    FROM json_to_recordset(%(posts)s::json) AS v(
        id uuid, channel_id uuid, place bigint, root_id uuid, author_id uuid, kind text, body text, html text,
        text text, client_id uuid, created_at timestamptz, edited_at timestamptz, reply_count int,
        last_reply_at timestamptz, facts jsonb)
    JOIN counted c ON c.id = v.channel_id
    ON CONFLICT (author_id, client_id) DO NOTHING
    RETURNING 1
), advanced AS (
    UPDATE channels_channelmembership m
    SET last_read_seq = c.seq_before + v.place, read_roots = c.roots_before + v.roots
    FROM json_to_recordset(%(writers)s::json) AS v(
        channel_id uuid, person_id uuid, before bigint, roots bigint, place bigint)
    JOIN counted c ON c.id = v.channel_id
    WHERE m.channel_id = v.channel_id AND m.person_id = v.person_id
      AND m.read_roots >= c.roots_before + v.before AND m.last_read_seq < c.seq_before + v.place
), ended AS (
    DELETE FROM posts_draft d
    USING json_to_recordset(%(drafts)s::json) AS v(person_id uuid, channel_id uuid, root_id uuid)
    WHERE d.person_id = v.person_id AND d.channel_id = v.channel_id AND d.root_id IS NOT DISTINCT FROM v.root_id
    RETURNING d.person_id
)
SELECT id, last_seq, root_count, revision, at, (SELECT count(*) FROM inserted),
       (SELECT array_agg(DISTINCT person_id) FROM ended)
FROM counted
"""


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
