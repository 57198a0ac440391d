"""The one way to change a post that is there: lock its channel, write, count the change, tell the bus.

Whoever holds the channel's row decides the order of everything in it, so that the revision of a post is the place of
its last change among all of the channel, and a resume can never pass one over.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F

from tertulia.channels.models import Channel
from tertulia.kernel import bus
from tertulia.kernel.errors import NotFound
from tertulia.posts import sql
from tertulia.posts.models import Post


@dataclass(slots=True)
class Change:
    """A post as it is now that its channel is locked, and what is to become of it and of others of its channel."""

    post: Post
    _fields: dict[UUID, dict[str, Any]] = field(default_factory=dict)

    def set(self, **fields: Any) -> None:
        """Give the post these values; without any, tell that something hanging on it changed."""
        self.set_other(self.post.pk, **fields)
        for name, value in fields.items():
            setattr(self.post, name, value)

    def set_other(self, post_id: UUID, **fields: Any) -> None:
        """The same for another post of the channel."""
        self._fields.setdefault(post_id, {}).update(fields)

    def write(self) -> None:
        """Write what was set. Nothing set, nothing told."""
        if not self._fields:
            return
        channel = Channel.objects.filter(pk=self.post.channel_id)
        channel.update(revision=F("revision") + len(self._fields))
        last: int = channel.values_list("revision", flat=True).get()
        for revision, (post_id, fields) in enumerate(self._fields.items(), last - len(self._fields) + 1):
            Post.objects.filter(pk=post_id).update(revision=revision, **fields)
        bus.notify_posts([(self.post.channel_id, last)])


@contextmanager
def change(post: Post) -> Iterator[Change]:
    """One transaction in which a post may be changed; what was set is written at its end. Raises NotFound."""
    with transaction.atomic():
        sql.lock_channels([post.channel_id])
        fresh = Post.objects.filter(pk=post.pk).first()
        if fresh is None:
            raise NotFound
        current = Change(fresh)
        yield current
        current.write()
