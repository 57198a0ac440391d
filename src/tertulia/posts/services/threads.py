"""Who follows a thread once a batch of replies has come in, and how many replies each has read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from tertulia.posts import sql
from tertulia.posts.services.preparing import Ready


@dataclass(slots=True)
class Replies:
    """The replies of a batch to one post, in order."""

    posts: list[Ready] = field(default_factory=list)

    def add(self, ready: Ready) -> None:
        """One more reply."""
        self.posts.append(ready)

    def last_at(self) -> datetime | None:
        """The time of the latest; None: one of them is made now."""
        return latest([ready.new.created_at for ready in self.posts])


def latest(times: Sequence[datetime | None]) -> datetime | None:
    """The latest of some times, of which None stands for now; None, too, where there are none."""
    given = [time for time in times if time is not None]
    return max(given, default=None) if len(given) == len(times) else None


def follow_rows(
    threads: Mapping[UUID, Replies], starts: Mapping[UUID, int], made: Mapping[UUID, Ready], *, silent: bool
) -> tuple[list[sql.Row], list[sql.Row]]:
    """The rows of `sql.follow_threads`: for those who replied, and for those who were answered or called by name.

    `threads`: root -> its new replies; `starts`: root -> its replies before them (roots of this batch have none);
    `made`: the posts of this batch, which may themselves call people.
    """
    writers: list[sql.Row] = []
    others: list[sql.Row] = []
    for root_id, thread in threads.items():
        start = starts.get(root_id, 0)
        total = start + len(thread.posts)
        runs = _runs(thread, start)
        writers.extend(
            (root_id, person_id, before, total if silent else after) for person_id, (before, after) in runs.items()
        )
        seen: dict[UUID, int] = {}
        root = made.get(root_id)
        if root is not None and root.root_id is None and not silent:
            seen.update(dict.fromkeys(root.called.person_ids - {root.new.author_id}, 0))
        for place, ready in enumerate(thread.posts):
            if ready.root_author_id is not None:
                seen.setdefault(ready.root_author_id, total if silent else start + place)
            if not silent:
                for person_id in ready.called.person_ids:
                    seen.setdefault(person_id, start + place)
        others.extend((root_id, person_id, count) for person_id, count in seen.items() if person_id not in runs)
    return writers, others


def _runs(thread: Replies, start: int) -> dict[UUID, tuple[int, int]]:
    """For each author: the replies before their first of the batch, and those up to the end of that unbroken run."""
    runs: dict[UUID, tuple[int, int]] = {}
    for count, ready in enumerate(thread.posts, start + 1):
        author_id = ready.new.author_id
        if author_id not in runs:
            runs[author_id] = (count - 1, count)
        elif runs[author_id][1] == count - 1:
            runs[author_id] = (runs[author_id][0], count)
    return runs
