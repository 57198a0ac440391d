"""What happens to channels and who is in them. All ids are strings."""

from __future__ import annotations

from dataclasses import dataclass

from tertulia.kernel.happenings import Happening


@dataclass(frozen=True)
class ChannelCreated(Happening):
    """A channel was made; not told of direct conversations and imported channels."""

    channel_id: str
    workspace_id: str
    actor_id: str


@dataclass(frozen=True)
class ChannelChanged(Happening):
    """One thing about a channel changed.

    `what` is one of `name slug purpose header posting slow_seconds visibility archived is_default`; `before` and
    `after` are its values as text (`header` as Markdown, `archived` and `is_default` as `yes` or `no`).
    """

    channel_id: str
    actor_id: str
    what: str
    before: str
    after: str


@dataclass(frozen=True)
class ChannelMembersChanged(Happening):
    """People came into a channel or left it. Not told of direct conversations, archived channels and imports.

    Where `actor_id` is among them, they came or went by themselves, or by a rule (default channels, a group, leaving
    the workspace); otherwise the actor brought or removed them.
    """

    channel_id: str
    actor_id: str
    joined: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
