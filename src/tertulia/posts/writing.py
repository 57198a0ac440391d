"""The statement that writes posts: a whole batch in one, in two forms.

`write` runs it inside a transaction of Django's. `AT_ONCE` is the same with what would otherwise be trips of their own
- limits, notices, the commit - for whoever speaks with PostgreSQL without Django (`live.postbox`); it fails as a whole,
and nothing is written, where anything is not as it was expected.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec

from tertulia.kernel import bus, limits
from tertulia.kernel.clock import now
from tertulia.kernel.prepared import fetch

_json = msgspec.json.Encoder(enc_hook=str.__str__).encode


@dataclass(slots=True)
class Batch:
    """The rows, by the names of their columns. What is left out is NULL, or as a new post has it.

    channels: `channel_id`, `posts`, `messages` among them, `last_root` (place of the last message that is no reply: 1
    is the batch's first post there, 0: none), `roots` (how many such), `revisions`, `at` (the last's; NULL: now).
    posts: the columns of `posts_post`, but `place` for `seq` and `revision`, and NULL for the times of what is new.
    writers: `channel_id`, `person_id`, and of an unbroken run of theirs the messages `before` and up to it (`roots`),
    both counted from the batch's start, and its last `place`. drafts: `person_id`, `channel_id`, `root_id`.
    """

    channels: list[dict[str, Any]]
    posts: list[dict[str, Any]]
    writers: list[dict[str, Any]]
    drafts: list[dict[str, Any]]


class Bumped(NamedTuple):
    """A channel's counters after a batch, and the moment of the batch there."""

    channel_id: UUID
    last_seq: int
    last_root_seq: int
    root_count: int
    revision: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Written:
    """What `write` did: channels that were archived meanwhile and posts that were there already are left out."""

    channels: dict[UUID, Bumped]
    posts: int
    drafts_of: list[UUID]


def write(batch: Batch, *, archived_too: bool) -> Written:
    """Count a batch on its channels, insert its posts, move their writers' reading pointers, end their drafts.

    One statement, so that channels are locked for as short as may be, in the order of their ids, so that two batches
    never wait for each other. Times are of the database's clock, after the locks, so that they follow places whatever
    host writes. Who had read everything before they posted has read their own posts too.
    """
    rows = {
        "channels": _json(batch.channels).decode(),
        "posts": _json(batch.posts).decode(),
        "writers": _json(batch.writers).decode(),
        "drafts": _json(batch.drafts).decode(),
    }
    found = fetch(_WRITE, {**rows, "archived_too": archived_too})
    return Written(
        channels={row[0]: _bumped(row) for row in found},
        posts=found[0][6] if found else 0,
        drafts_of=(found[0][7] or []) if found else [],
    )


def parameters(batch: Batch, uses: Mapping[tuple[limits.Limit, object], int]) -> list[bytes | None]:
    """The parameters of `AT_ONCE`. `uses`: what the batch takes of limits."""
    told = bus.told_by_database()
    return [
        _json(batch.channels),
        _json(batch.posts),
        _json(batch.writers),
        _json(batch.drafts),
        _json(limits.rows(uses)),
        now().isoformat().encode(),
        told.encode() if told else None,
        b"%d" % len(uses),
        b"%d" % len(batch.channels),
        b"%d" % len(batch.posts),
        bus.ME.encode(),
    ]


def written(rows: Iterable[Sequence[bytes | None]]) -> Written:
    """What `AT_ONCE` did, from its rows as PostgreSQL writes them."""
    channels: dict[UUID, Bumped] = {}
    posts, drafts_of = 0, []
    for row in rows:
        id_, *counters, count, ended, _whole = [value.decode() if value is not None else "" for value in row]
        channels[UUID(id_)] = _bumped((UUID(id_), *map(int, counters)))
        posts = int(count)
        drafts_of = [UUID(person) for person in ended.strip("{}").split(",") if person]
    return Written(channels, posts, drafts_of)


def _bumped(row: Sequence[Any]) -> Bumped:
    id_, last_seq, last_root_seq, root_count, revision, at, *_more = row
    return Bumped(id_, last_seq, last_root_seq, root_count, revision, _EPOCH + timedelta(microseconds=at))


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_PARTS: Final = """
locked AS (
    SELECT c.id FROM channels_channel c
    WHERE c.id IN (SELECT v.channel_id FROM json_to_recordset({channels}::json) AS v(channel_id uuid))
    ORDER BY c.id FOR NO KEY UPDATE
), counted AS (
    UPDATE channels_channel c
    SET last_seq = c.last_seq + v.posts,
        last_root_seq = CASE WHEN v.last_root > 0 THEN c.last_seq + v.last_root ELSE c.last_root_seq END,
        root_count = c.root_count + v.roots,
        revision = c.revision + v.revisions,
        last_post_at = CASE WHEN v.messages > 0 THEN GREATEST(c.last_post_at, coalesce(v.at, clock_timestamp()))
                            ELSE c.last_post_at END
    FROM json_to_recordset({channels}::json) AS v(
        channel_id uuid, posts bigint, messages bigint, last_root bigint, roots bigint, revisions bigint,
        at timestamptz)
    JOIN locked ON locked.id = v.channel_id
    WHERE c.id = v.channel_id AND ({archived_too} OR c.archived_at IS NULL)
    RETURNING c.id, c.last_seq, c.last_root_seq, c.root_count, c.revision, clock_timestamp() AS at,
              c.last_seq - v.posts AS seq_before, c.root_count - v.roots AS roots_before,
              c.revision - v.revisions AS revision_before
), inserted AS (
    INSERT INTO posts_post (id, channel_id, seq, revision, root_id, author_id, kind, body, html, text, client_id,
                            created_at, edited_at, reply_count, last_reply_at, facts)
    SELECT v.id, c.id, c.seq_before + v.place, c.revision_before + v.place, v.root_id, v.author_id, v.kind, v.body,
           v.html, v.text, v.client_id, coalesce(v.created_at, c.at), v.edited_at, coalesce(v.reply_count, 0),
           CASE WHEN v.reply_count > 0 THEN coalesce(v.last_reply_at, c.at) END, v.facts
    FROM json_to_recordset({posts}::json) AS v(
        id uuid, channel_id uuid, place bigint, root_id uuid, author_id uuid, kind text, body text, html text,
        text text, client_id uuid, created_at timestamptz, edited_at timestamptz, reply_count int,
        last_reply_at timestamptz, facts jsonb)
    JOIN counted c ON c.id = v.channel_id
    ON CONFLICT (author_id, client_id) DO NOTHING
    RETURNING 1
), advanced AS (
    UPDATE channels_channelmembership m
    SET last_read_seq = c.seq_before + v.place, read_roots = c.roots_before + v.roots
    FROM json_to_recordset({writers}::json) AS v(
        channel_id uuid, person_id uuid, before bigint, roots bigint, place bigint)
    JOIN counted c ON c.id = v.channel_id
    WHERE m.channel_id = v.channel_id AND m.person_id = v.person_id
      AND m.read_roots >= c.roots_before + v.before AND m.last_read_seq < c.seq_before + v.place
), ended AS (
    DELETE FROM posts_draft d
    USING json_to_recordset({drafts}::json) AS v(person_id uuid, channel_id uuid, root_id uuid)
    WHERE d.person_id = v.person_id AND d.channel_id = v.channel_id AND d.root_id IS NOT DISTINCT FROM v.root_id
    RETURNING d.person_id
)"""
_RESULT: Final = """
SELECT id, last_seq, last_root_seq, root_count, revision, (extract(epoch FROM at) * 1000000)::bigint,
       (SELECT count(*) FROM inserted), (SELECT array_agg(DISTINCT person_id) FROM ended)"""

_WRITE: Final = (
    "WITH"
    + _PARTS.format(
        channels="%(channels)s",
        posts="%(posts)s",
        writers="%(writers)s",
        drafts="%(drafts)s",
        archived_too="%(archived_too)s",
    )
    + _RESULT
    + " FROM counted"
)

_TELL: Final = """, told AS (
    SELECT pg_notify($7, json_build_object(
        'kind', 'posts', 'by', $11::text, 'revisions', json_object_agg(id, revision))::text)
    FROM counted HAVING $7 IS NOT NULL AND count(*) > 0
    UNION ALL
    SELECT pg_notify($7, json_build_object('kind', 'sidebar', 'person', person_id)::text)
    FROM (SELECT DISTINCT person_id FROM ended) AS done WHERE $7 IS NOT NULL
)"""
# Dividing by zero takes everything back, and writes none of a post's words into PostgreSQL's log.
_OR_NOTHING: Final = """, whole
FROM (SELECT 1 / ((SELECT count(*) FROM granted) = $8::bigint AND (SELECT count(*) FROM counted) = $9::bigint
                  AND (SELECT count(*) FROM inserted) = $10::bigint)::int + (SELECT count(*) FROM told) AS whole) AS f
LEFT JOIN counted ON true"""

AT_ONCE: Final = "".join(
    (
        f"WITH granted AS ({limits.TAKE_EACH.format(uses='$5', now='$6')}),",
        _PARTS.format(channels="$1", posts="$2", writers="$3", drafts="$4", archived_too="false"),
        _TELL,
        _RESULT,
        _OR_NOTHING,
    )
)
