"""What is told of a channel's changes: posts to those who show it, activity to those who belong to it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol
from uuid import UUID

from tertulia.live.frames import encode
from tertulia.posts import fragments
from tertulia.posts.models import Kind
from tertulia.posts.queries import PostState


class Counted(Protocol):
    """What of a channel goes into counts."""

    @property
    def id(self) -> UUID: ...
    @property
    def last_root_seq(self) -> int: ...
    @property
    def root_count(self) -> int: ...


def posts(channel_id: UUID, revision: int, states: Sequence[PostState]) -> bytes:
    """What changed, whole: whoever applies it has what a fresh load would show."""
    return encode("posts", channel=channel_id, revision=revision, posts=[_post(state) for state in states])


def activity(
    channel: Counted, last_seq: int, seen: int, states: Sequence[PostState], mentions: Collection[tuple[UUID, UUID]]
) -> bytes | None:
    """What those who belong to the channel need for their counts; None where nothing of it changes them.

    `seen`: the place up to which they have been told. `mentions`: (post, person) of these posts. `recount` says that
    older posts went or call somebody now: whoever has something unread there had better look.
    """
    new = [state for state in states if state.seq > seen and state.kind == Kind.MESSAGE and not state.deleted]
    calling = {post_id for post_id, _person_id in mentions}
    recount = any(
        state.seq <= seen and (state.deleted or (state.edited_at is not None and state.id in calling))
        for state in states
    )
    if not new and not recount:
        return None
    ids = {state.id for state in new}
    return encode(
        "activity",
        channel=channel.id,
        last_seq=last_seq,
        last_root_seq=channel.last_root_seq,
        root_count=channel.root_count,
        authors=[state.author.id for state in new if state.root_id is None],
        roots=sorted({state.root_id for state in new if state.root_id is not None}),
        mentions=[person_id for post_id, person_id in mentions if post_id in ids],
        recount=recount,
    )


def _post(state: PostState) -> dict[str, object]:
    return {
        "id": state.id,
        "seq": state.seq,
        "revision": state.revision,
        "root_id": state.root_id,
        "author_id": state.author.id,
        "system": state.kind == Kind.SYSTEM,
        "deleted": state.deleted,
        "created_at": state.created_at,
        "html": str(fragments.article(state)),
    }
