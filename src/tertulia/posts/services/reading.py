"""How far people have read: channels, threads, and marking something unread again."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from tertulia.channels.access import Seat
from tertulia.kernel import bus
from tertulia.kernel.errors import Conflict
from tertulia.people.models import Person
from tertulia.posts import sql
from tertulia.posts.models import Post, ThreadFollow

_READ_ALL = """
UPDATE channels_channelmembership m
SET last_read_seq = LEAST(%(seq)s, c.last_seq), read_roots = c.root_count, last_read_at = now()
FROM channels_channel c
WHERE m.channel_id = %(channel)s AND m.person_id = %(person)s AND c.id = m.channel_id
  AND c.last_root_seq <= %(seq)s AND m.last_read_seq < LEAST(%(seq)s, c.last_seq)
"""
_READ_SOME = """
UPDATE channels_channelmembership m
SET last_read_seq = %(seq)s, last_read_at = now(), read_roots = c.root_count - (
        SELECT count(*) FROM posts_post p
        WHERE p.channel_id = c.id AND p.root_id IS NULL AND p.seq > %(seq)s
          AND p.kind = 'message' AND p.deleted_at IS NULL)
FROM channels_channel c
WHERE m.channel_id = %(channel)s AND m.person_id = %(person)s AND c.id = m.channel_id
  AND c.last_root_seq > %(seq)s AND (%(back)s OR m.last_read_seq < %(seq)s)
"""
_READ_TO_LAST = """
UPDATE channels_channelmembership m SET last_read_seq = LEAST(%(seq)s, c.last_seq), read_roots = c.root_count
FROM channels_channel c WHERE m.channel_id = %(channel)s AND m.person_id = %(person)s AND c.id = m.channel_id
"""
_BEHIND = """
SELECT 1 FROM channels_channelmembership
WHERE channel_id = %(channel)s AND person_id = %(person)s AND last_read_seq < %(seq)s
"""


def mark_read(*, actor: Person, seat: Seat, seq: int) -> None:
    """The actor has read a channel up to a place; never less than before. One statement where all is read.

    Nothing happens where the actor has not joined the channel.
    """
    where = {"seq": max(0, seq), "channel": seat.channel.pk, "person": actor.pk, "back": False}
    with transaction.atomic():
        moved = bool(sql.run(_READ_ALL, where))
        if not moved and sql.fetch(_BEHIND, where):
            # Counting what is left must not cross a deletion that counts on this row: the channel's lock orders them.
            sql.fetch("SELECT 1 FROM channels_channel WHERE id = %s FOR SHARE", [seat.channel.pk])
            moved = bool(sql.run(_READ_SOME, where))
        if moved:
            bus.notify("read", channel=seat.channel.pk, person=actor.pk)


def mark_unread_from(*, actor: Person, post: Post, seat: Seat) -> None:
    """From this post on everything is unread again; from a reply on, in its thread. Raises Conflict: not joined."""
    if not seat.is_member:
        raise Conflict(_("Join the channel to keep track of what you have read."), type="not-joined")
    with transaction.atomic():
        sql.lock_channels([seat.channel.pk])
        if post.root_id is None:
            where = {"seq": post.seq - 1, "channel": seat.channel.pk, "person": actor.pk, "back": True}
            if not sql.run(_READ_SOME, where):
                sql.run(_READ_TO_LAST, where)
        else:
            read = Post.objects.filter(root_id=post.root_id, deleted_at=None, seq__lt=post.seq).count()
            ThreadFollow.objects.update_or_create(
                root_id=post.root_id, person=actor, defaults={"read_replies": read, "following": True}
            )
        bus.notify("read", channel=seat.channel.pk, person=actor.pk)


def mark_thread_read(*, actor: Person, post: Post, seat: Seat, seq: int | None = None) -> None:
    """The actor has read a thread (of which `post` is any) up to a place, or all of it; never less than before.

    Nothing happens where they do not follow it.
    """
    root_id = post.root_id or post.pk
    with transaction.atomic():
        moved = sql.run(
            """
            UPDATE posts_threadfollow f SET read_replies = v.read
            FROM (SELECT count(*) AS read FROM posts_post WHERE root_id = %s AND deleted_at IS NULL AND seq <= %s) v
            WHERE f.root_id = %s AND f.person_id = %s AND f.read_replies < v.read
            """,
            [root_id, 2**63 - 1 if seq is None else seq, root_id, actor.pk],
        )
        if moved:
            bus.notify("read", channel=seat.channel.pk, person=actor.pk)


def follow_thread(*, actor: Person, post: Post, seat: Seat, following: bool = True) -> None:
    """Follow the thread of a post, or no longer. What is there now counts as read for a new follower."""
    root = post.root if post.root is not None else post
    with transaction.atomic():
        follow, is_new = ThreadFollow.objects.get_or_create(
            root=root, person=actor, defaults={"following": following, "read_replies": root.reply_count}
        )
        if not is_new and follow.following != following:
            ThreadFollow.objects.filter(pk=follow.pk).update(following=following)
        bus.notify("read", channel=seat.channel.pk, person=actor.pk)
