"""Words and nothing else - no answer, no file, nobody named: most of what is said, and what has to be quick.

One statement writes a batch of such letters, limits, notices and commit included (`posts.writing.AT_ONCE`), for whoever
speaks with PostgreSQL without Django. Its rows are those of `create_posts`; whatever does not go well is left to that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from tertulia.kernel import bus, happenings, limits
from tertulia.kernel.errors import Refusal
from tertulia.kernel.rich_text import NO_NAMES, Scan, render, scan
from tertulia.posts import writing
from tertulia.posts.happenings import PostsCreated
from tertulia.posts.services.batch import outcomes_of, rows_of, sort
from tertulia.posts.services.naming import NOBODY
from tertulia.posts.services.posting import Letter, Posted, check_may_post, state_of, turn_seconds
from tertulia.posts.services.preparing import Ready, check_body, prefix
from tertulia.posts.services.records import NewPost

LONGEST: Final = 2_000
"""Characters; what is longer, or holds code or formulas, takes long to render."""
_SLOW: Final = ("```", "~~~", "$")
_NAMES_NOBODY: Final = Scan()


class Words(msgspec.Struct, frozen=True):
    """A letter that is only words, ready to be written. `address`: where it comes from."""

    letter: Letter
    address: str
    ready: Ready


def is_possible() -> bool:
    """Whether nobody reacts to new posts inside Django's transaction, or needs a job from it."""
    return not happenings.is_heard(PostsCreated)


def words(letter: Letter, address: str) -> Words | None:
    """The letter, ready; None where it holds more than words, takes long, or will be refused."""
    body = letter.body
    if letter.file_ids or letter.alts or letter.root_id or letter.client_id is None or len(body) > LONGEST:
        return None
    if any(mark in body for mark in _SLOW) or turn_seconds(letter.seat):
        return None
    try:
        check_may_post(letter.seat)
        body = check_body(body, files=0)
    except Refusal:
        return None
    if scan(body) != _NAMES_NOBODY:
        return None
    new = NewPost(
        channel_id=letter.seat.channel.pk,
        author_id=letter.actor.pk,
        body=body,
        client_id=letter.client_id,
        everyone=False,
        ends_draft=True,
    )
    looks = render(body, NO_NAMES, prefix=prefix(new.id))
    return Words(letter, address, Ready(new, letter.client_id, None, None, body, looks, NOBODY))


class Done(msgspec.Struct, frozen=True):
    """What became of a batch: each letter's post, and how far the channels came by it."""

    posted: Sequence[Posted]
    channels: Sequence[writing.Bumped]


class Batch:
    """Letters on their way: `parameters` for `writing.AT_ONCE`, whose rows `posted` wants."""

    def __init__(self, letters: Sequence[Words]) -> None:
        self._letters = letters
        uses = Counter[tuple[limits.Limit, object]]()
        for one in letters:
            uses[limits.ADDRESS, one.address] += 1
            uses[limits.POSTING, one.letter.actor.pk] += 1
        self._here, in_batch = sort([one.ready for one in letters])
        self.parameters = writing.parameters(rows_of(self._here, in_batch, silent=False), uses)

    def posted(self, rows: Iterable[Sequence[bytes | None]]) -> Done:
        """What became of it, once the statement is committed; tells of it where PostgreSQL did not."""
        done = writing.written(rows)
        if bus.told_by_database() is None:
            revisions = {row.channel_id: row.revision for row in done.channels.values()}
            bus.tell("posts", [{"revisions": revisions, "by": bus.ME}])
            bus.tell("sidebar", [{"person": person_id} for person_id in done.drafts_of])
        outcomes = {outcome.post_id: outcome for outcome in outcomes_of(self._here, done.channels)}
        posted: list[Posted] = []
        for one in self._letters:
            outcome = outcomes[one.ready.new.id]
            assert outcome.said is not None
            posted.append(Posted(state_of(one.letter, outcome, outcome.said), created=True))
        return Done(posted, list(done.channels.values()))
