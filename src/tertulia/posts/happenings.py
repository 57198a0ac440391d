"""What happens to posts, for the packages above. Ids are strings."""

from __future__ import annotations

from dataclasses import dataclass

from tertulia.kernel.happenings import Happening


@dataclass(frozen=True)
class PostsCreated(Happening):
    """Posts were made, in one batch. `silent`: imported or system lines, nobody is to be told."""

    channel_ids: tuple[str, ...]
    post_ids: tuple[str, ...]
    silent: bool = False


@dataclass(frozen=True)
class PostEdited(Happening):
    """A post says something else now. `mentioned`: people whom it calls since this edit."""

    channel_id: str
    post_id: str
    mentioned: tuple[str, ...] = ()


@dataclass(frozen=True)
class PostDeleted(Happening):
    """A post was deleted; it may come back while the time to undo runs."""

    channel_id: str
    post_id: str
    actor_id: str


@dataclass(frozen=True)
class PostRestored(Happening):
    """A deleted post came back."""

    channel_id: str
    post_id: str
    actor_id: str
