"""The one write path: everything that becomes a post does so here, in batches of one or of many."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

import msgspec
from django.db import transaction
from django.utils.translation import gettext as _

from tertulia.kernel import bus, happenings
from tertulia.kernel.errors import Conflict
from tertulia.posts import sql, writing
from tertulia.posts.happenings import PostsCreated
from tertulia.posts.models import Kind
from tertulia.posts.services.batch import InChannel, outcomes_of, rows_of, sort
from tertulia.posts.services.preparing import Ready, prepare
from tertulia.posts.services.records import NewPost, Outcome
from tertulia.posts.services.threads import Replies, follow_rows

TRIES = 5


class _Stale(Exception):
    """Something that `prepare` had found changed before the channel was locked: prepare again."""


def create_posts(batch: Sequence[NewPost], *, silent: bool = False, hopeful: bool = False) -> list[Outcome]:
    """Make posts, in the batch's order; the only code that does. Trusts its caller about who may.

    One transaction: places in the channels without gaps in the order of commits, reply counts, followed threads,
    mentions, files, reading pointers, one happening, one notice per channel. A repeated (author, client id) gives the
    first post; a post that cannot be made is refused in its outcome and leaves its neighbours alone.

    `silent`, for imports and system lines: nobody is called or told, archived channels take it, and members who had
    read everything still have. System lines make no channel unread. `hopeful`: expect that nothing was
    sent before, and look only when that proves wrong.
    """
    for attempt in range(TRIES):
        prepared = prepare(batch, silent=silent, hopeful=hopeful and attempt == 0)
        ready = [item for item in prepared if isinstance(item, Ready)]
        try:
            made = {outcome.post_id: outcome for outcome in _write(ready, silent=silent)} if ready else {}
        except _Stale:
            continue
        return [_outcome(item, made) for item in prepared]
    raise Conflict(_("Too much is happening here at once. Try again in a moment; nothing is lost."), type="busy")


def _outcome(item: Ready | Outcome, made: dict[UUID | None, Outcome]) -> Outcome:
    if isinstance(item, Ready):
        return made[item.new.id]
    first = made.get(item.post_id) if item.refusal is None else None  # the same client id twice in this batch
    return item if first is None else msgspec.structs.replace(first, created=False)


def _write(batch: Sequence[Ready], *, silent: bool) -> list[Outcome]:
    here, in_batch = sort(batch)
    with transaction.atomic():
        written = writing.write(rows_of(here, in_batch, silent=silent), archived_too=silent)
        if len(written.channels) < len(here) or written.posts < len(batch):
            raise _Stale
        bumped = written.channels
        outcomes = outcomes_of(here, bumped)
        _answer(here, bumped, in_batch, silent=silent)
        _attach(batch)
        if silent:
            _advance(here, bumped)
        else:
            _call(batch)
        ids = tuple(str(outcome.post_id) for outcome in outcomes)
        happenings.emit(PostsCreated(tuple(str(channel_id) for channel_id in here), ids, silent))
        bus.notify_all("sidebar", [{"person": person_id} for person_id in written.drafts_of])
        bus.notify_posts((row.channel_id, row.revision) for row in bumped.values())
    return outcomes


def _answer(
    here: dict[UUID, InChannel],
    bumped: dict[UUID, writing.Bumped],
    in_batch: dict[UUID, Replies],
    *,
    silent: bool,
) -> None:
    """Count replies on the posts they answer, and let people follow the threads they are part of."""
    rows: list[sql.Row] = []
    for channel_id, channel in here.items():
        counters = bumped[channel_id]
        revision = counters.revision - len(channel.roots)
        rows.extend(
            (root_id, len(thread.posts), thread.last_at() or counters.at, revision + place)
            for place, (root_id, thread) in enumerate(channel.roots.items(), 1)
        )
    counts = sql.count_replies(rows) if rows else {}
    if len(counts) < len(rows):
        raise _Stale
    threads = {root_id: thread for channel in here.values() for root_id, thread in channel.roots.items()}
    starts = {root_id: count - len(threads[root_id].posts) for root_id, count in counts.items()}
    authors = {ready.new.id: ready for channel in here.values() for ready in channel.posts}
    if silent and starts:
        sql.advance_followers([(root_id, start, counts[root_id]) for root_id, start in starts.items()])
    writers, others = follow_rows({**in_batch, **threads}, starts, authors, silent=silent)
    if writers or others:
        sql.follow_threads(writers, others)


def _attach(batch: Iterable[Ready]) -> None:
    rows = [
        (ready.new.id, file_id, place, ready.new.alts[place].strip() if place < len(ready.new.alts) else "")
        for ready in batch
        for place, file_id in enumerate(ready.new.file_ids)
    ]
    if rows and sql.attach_files(rows) < len(rows):
        raise _Stale


def _call(batch: Iterable[Ready]) -> None:
    people = [(ready.new.id, person_id) for ready in batch for person_id in ready.called.person_ids]
    groups = [(ready.new.id, group_id) for ready in batch for group_id in ready.called.group_ids]
    everyone = [
        (ready.new.id, not ready.called.channel)
        for ready in batch
        if ready.new.everyone and (ready.called.channel or ready.called.here)
    ]
    if people or groups or everyone:
        sql.record_mentions(people, groups, everyone)


def _advance(here: dict[UUID, InChannel], bumped: dict[UUID, writing.Bumped]) -> None:
    """After a silent batch: who had read everything still has."""
    rows: list[sql.Row] = []
    for channel_id, channel in here.items():
        counters = bumped[channel_id]
        if any(ready.new.kind != Kind.SYSTEM for ready in channel.posts):
            before = counters.root_count - len(channel.message_places)
            rows.append((channel_id, before, counters.root_count, counters.last_seq))
    if rows:
        sql.advance_members(rows)
