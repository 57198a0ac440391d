"""Unread counts when a post goes or comes back. Called with the post's channel locked, before the post is written."""

from __future__ import annotations

from django.db.models import F

from tertulia.channels.models import ChannelMembership
from tertulia.posts.models import Kind, Post, ThreadFollow


def count_out(post: Post) -> None:
    """A post goes: nobody has it unread any more."""
    _shift(post, 1)


def count_in(post: Post) -> None:
    """A post comes back: those who have not read so far have it unread again."""
    _shift(post, -1)


def _shift(post: Post, step: int) -> None:
    if post.root_id is None:
        if post.kind == Kind.MESSAGE:
            # `root_count - read_roots` is the number unread, so to count one as read is to have one unread less.
            ahead = ChannelMembership.objects.filter(channel_id=post.channel_id, last_read_seq__lt=post.seq)
            ahead.update(read_roots=F("read_roots") + step)
        return
    place = Post.objects.filter(root_id=post.root_id, deleted_at=None, seq__lt=post.seq).count() + 1
    read = ThreadFollow.objects.filter(root_id=post.root_id, read_replies__gte=place)
    read.update(read_replies=F("read_replies") - step)
