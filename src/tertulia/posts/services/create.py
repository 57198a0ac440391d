"""The one write path: everything that becomes a post does so here, in batches of one or of many."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from tertulia.kernel import bus, happenings
from tertulia.kernel.errors import Conflict
from tertulia.posts import sql
from tertulia.posts.happenings import PostsCreated
from tertulia.posts.models import Kind
from tertulia.posts.services.preparing import Ready, prepare
from tertulia.posts.services.records import NewPost, Outcome, Said
from tertulia.posts.services.threads import Replies, follow_rows, latest

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
    return item if first is None else dataclasses.replace(first, created=False)


@dataclass(slots=True)
class _InChannel:
    """What a batch holds for one channel."""

    posts: list[Ready] = field(default_factory=list)
    roots: dict[UUID, Replies] = field(default_factory=dict)  # posts already there that are answered

    @property
    def message_places(self) -> list[int]:
        """Which of the posts count as unread for others: messages that are no replies. 1 is the first."""
        return [place for place, ready in enumerate(self.posts, 1) if _counts(ready)]


def _counts(ready: Ready) -> bool:
    return ready.root_id is None and ready.new.kind == Kind.MESSAGE


def _write(batch: Sequence[Ready], *, silent: bool) -> list[Outcome]:
    here: defaultdict[UUID, _InChannel] = defaultdict(_InChannel)
    in_batch = {ready.new.id: Replies() for ready in batch}
    for ready in batch:
        channel = here[ready.new.channel_id]
        channel.posts.append(ready)
        if ready.root_id is not None:
            threads = in_batch if ready.root_id in in_batch else channel.roots
            threads.setdefault(ready.root_id, Replies()).add(ready)
    with transaction.atomic():
        if len(here) > 1:
            sql.lock_channels(list(here))
        written = sql.write_posts(_rows(here, in_batch, silent=silent), archived_too=silent)
        if len(written.channels) < len(here) or written.posts < len(batch):
            raise _Stale
        bumped = written.channels
        outcomes = _outcomes(here, bumped)
        _answer(here, bumped, in_batch, silent=silent)
        _attach(batch)
        if silent:
            _advance(here, bumped)
        else:
            _call(batch)
        ids = tuple(str(outcome.post_id) for outcome in outcomes)
        happenings.emit(PostsCreated(tuple(str(channel_id) for channel_id in here), ids, silent))
        bus.notify_all("sidebar", [{"person": person_id} for person_id in written.drafts_of])
        bus.notify_all("posts", [{"channel": row.channel_id, "revision": row.revision} for row in bumped.values()])
    return outcomes


def _rows(here: dict[UUID, _InChannel], in_batch: dict[UUID, Replies], *, silent: bool) -> sql.Batch:
    rows = sql.Batch([], [], [], [])
    for channel_id, channel in here.items():
        places = channel.message_places
        times = [ready.new.created_at for ready in channel.posts if ready.new.kind == Kind.MESSAGE]
        rows.channels.append(
            {
                "channel_id": channel_id,
                "posts": len(channel.posts),
                "messages": len(times),
                "last_root": places[-1] if places else 0,
                "roots": len(places),
                "revisions": len(channel.posts) + len(channel.roots),
                "at": latest(times),
            }
        )
        for place, ready in enumerate(channel.posts, 1):
            new, thread = ready.new, in_batch[ready.new.id]
            rows.posts.append(
                {
                    "id": new.id,
                    "channel_id": channel_id,
                    "place": place,
                    "root_id": ready.root_id,
                    "author_id": new.author_id,
                    "kind": new.kind.value,
                    "body": ready.body,
                    "html": ready.rendered.html,
                    "text": ready.rendered.text,
                    "client_id": ready.client_id,
                    "created_at": new.created_at,
                    "edited_at": new.edited_at,
                    "reply_count": len(thread.posts),
                    "last_reply_at": thread.last_at(),
                    "facts": new.facts,
                }
            )
            if new.ends_draft:
                draft = {"person_id": new.author_id, "channel_id": channel_id, "root_id": ready.root_id}
                rows.drafts.append(draft)
        if not silent:
            rows.writers.extend(_runs(channel_id, channel))
    return rows


def _outcomes(here: dict[UUID, _InChannel], bumped: dict[UUID, sql.Bumped]) -> list[Outcome]:
    outcomes: list[Outcome] = []
    for channel_id, channel in here.items():
        counters = bumped[channel_id]
        seq = counters.last_seq - len(channel.posts)
        revision = counters.revision - len(channel.posts) - len(channel.roots)
        for place, ready in enumerate(channel.posts, 1):
            created_at = ready.new.created_at or counters.at
            said = Said(ready.body, ready.rendered.html, ready.rendered.text, created_at)
            outcomes.append(
                Outcome(ready.new.id, channel_id, seq + place, revision + place, ready.root_id, created=True, said=said)
            )
    return outcomes


def _answer(
    here: dict[UUID, _InChannel],
    bumped: dict[UUID, sql.Bumped],
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


def _advance(here: dict[UUID, _InChannel], bumped: dict[UUID, sql.Bumped]) -> None:
    """After a silent batch: who had read everything still has."""
    rows: list[sql.Row] = []
    for channel_id, channel in here.items():
        counters = bumped[channel_id]
        if any(ready.new.kind != Kind.SYSTEM for ready in channel.posts):
            before = counters.root_count - len(channel.message_places)
            rows.append((channel_id, before, counters.root_count, counters.last_seq))
    if rows:
        sql.advance_members(rows)


def _runs(channel_id: UUID, channel: _InChannel) -> Iterable[dict[str, Any]]:
    """For each author: the messages before their first post of the batch, those up to the end of that unbroken run of
    theirs, and its last place. What others posted after it in the same batch, they have not seen.
    """
    if all(ready.new.kind == Kind.SYSTEM for ready in channel.posts):
        return []
    runs: dict[UUID, tuple[int, int, int]] = {}
    previous: UUID | None = None
    count = 0
    for place, ready in enumerate(channel.posts, 1):
        author_id = ready.new.author_id
        before, count = count, count + _counts(ready)
        if author_id not in runs:
            runs[author_id] = (before, count, place)
        elif previous == author_id and runs[author_id][2] == place - 1:
            runs[author_id] = (runs[author_id][0], count, place)
        previous = author_id
    return [
        {"channel_id": channel_id, "person_id": person_id, "before": before, "roots": roots, "place": place}
        for person_id, (before, roots, place) in runs.items()
    ]
