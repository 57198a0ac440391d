"""A batch sorted by channels, the rows that it becomes, and what becomes of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from tertulia.posts import writing
from tertulia.posts.models import Kind
from tertulia.posts.services.preparing import Ready
from tertulia.posts.services.records import Outcome, Said
from tertulia.posts.services.threads import Replies, latest


@dataclass(slots=True)
class InChannel:
    """What a batch holds for one channel."""

    posts: list[Ready] = field(default_factory=list)
    roots: dict[UUID, Replies] = field(default_factory=dict)  # posts already there that are answered

    @property
    def message_places(self) -> list[int]:
        """Which of the posts count as unread for others: messages that are no replies. 1 is the first."""
        return [place for place, ready in enumerate(self.posts, 1) if _counts(ready)]


def _counts(ready: Ready) -> bool:
    return ready.root_id is None and ready.new.kind == Kind.MESSAGE


def sort(batch: Sequence[Ready]) -> tuple[dict[UUID, InChannel], dict[UUID, Replies]]:
    """What a batch holds for each channel, and the replies to each of its own posts."""
    here: defaultdict[UUID, InChannel] = defaultdict(InChannel)
    in_batch = {ready.new.id: Replies() for ready in batch}
    for ready in batch:
        channel = here[ready.new.channel_id]
        channel.posts.append(ready)
        if ready.root_id is not None:
            threads = in_batch if ready.root_id in in_batch else channel.roots
            threads.setdefault(ready.root_id, Replies()).add(ready)
    return here, in_batch


def rows_of(here: dict[UUID, InChannel], in_batch: dict[UUID, Replies], *, silent: bool) -> writing.Batch:
    rows = writing.Batch([], [], [], [])
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


def outcomes_of(here: dict[UUID, InChannel], bumped: dict[UUID, writing.Bumped]) -> list[Outcome]:
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


def _runs(channel_id: UUID, channel: InChannel) -> Iterable[dict[str, Any]]:
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
