"""What this process has just written itself, and tells its tabs without reading it again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tertulia.live import telling
from tertulia.live.queries import Changes, Come, Mark
from tertulia.posts.queries import PostState


@dataclass(frozen=True)
class Fresh:
    """New posts of a channel that this process has just written itself, in their order, and how far the channel came.

    Words that name nobody; whoever knows the channel up to the revision `before` them needs nothing else.
    """

    channel: Come
    states: Sequence[PostState]

    @property
    def before(self) -> int:
        """The channel's revision before them."""
        return self.channel.revision - len(self.states)

    @property
    def seen(self) -> int:
        """Its last place before them."""
        return self.channel.last_seq - len(self.states)


def changes(fresh: Sequence[Fresh]) -> Changes:
    """As `queries.changes` would find it, of posts written one after the other without a gap."""
    channel = fresh[-1].channel
    states = [state for some in fresh for state in some.states]
    return Changes(
        workspace_id=channel.workspace_id,
        mark=Mark(channel.revision, channel.last_seq),
        posts=telling.posts(channel.id, channel.revision, states),
        activity=telling.activity(channel, channel.last_seq, fresh[0].seen, states, []),
    )
