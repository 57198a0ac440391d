"""Reads of what is one person's own: how far they have read, saved posts, followed threads, drafts, scheduled posts.

Offered to others through `queries`. Lists leave out channels that the person may no longer see.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Greatest

from tertulia.channels.access import Seat
from tertulia.channels.models import ChannelMembership, Visibility
from tertulia.channels.queries import SIDEBAR, Sidebar, sidebar_of
from tertulia.kernel.errors import NotFound
from tertulia.kernel.paging import Slice, keyset
from tertulia.kernel.prepared import fetch
from tertulia.people.models import Person
from tertulia.posts.models import Draft, Post, SavedPost, ScheduledPost, ThreadFollow
from tertulia.posts.states import PostState, by_ids
from tertulia.workspaces.access import Permission, Place, may


@dataclass(frozen=True, slots=True)
class Unread:
    """How much of a channel a person has not read. `first_seq` is the place of the first of it: the unread line."""

    count: int = 0
    mentions: int = 0
    last_read_seq: int = 0
    first_seq: int | None = None


@dataclass(frozen=True, slots=True)
class ThreadReading:
    """A person and a thread: whether they follow it, and how many of its replies they have not read."""

    following: bool = False
    unread: int = 0
    first_seq: int | None = None


@dataclass(frozen=True, slots=True)
class ThreadState:
    """A followed thread: its first post, and how many replies the reader has not read."""

    root: PostState
    unread: int


@dataclass(frozen=True, slots=True)
class OwnMarks:
    """Which of some posts a person has saved, and which threads they follow."""

    saved: frozenset[UUID] = frozenset()
    followed: frozenset[UUID] = frozenset()


_UNREAD = """
SELECT c.root_count - m.read_roots,
       (SELECT count(*) FROM posts_mention x JOIN posts_post p ON p.id = x.post_id
        WHERE x.person_id = m.person_id AND x.channel_id = c.id AND x.seq > m.last_read_seq AND p.deleted_at IS NULL),
       m.last_read_seq,
       (SELECT seq FROM posts_post p WHERE p.channel_id = c.id AND p.root_id IS NULL AND p.seq > m.last_read_seq
          AND p.kind = 'message' AND p.deleted_at IS NULL ORDER BY seq LIMIT 1)
FROM channels_channelmembership m JOIN channels_channel c ON c.id = m.channel_id
WHERE m.person_id = %s AND m.channel_id = %s
"""


def unread(person: Person, channel_id: UUID) -> Unread:
    """How much of a channel is unread; nothing where the person has not joined it. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_UNREAD, [person.pk, channel_id])
        row = cursor.fetchone()
    return Unread() if row is None else Unread(max(0, row[0]), row[1], row[2], row[3])


@dataclass(frozen=True, slots=True)
class Reading:
    """What a channel's page shows besides the channel and its posts, most of it the reader's own.

    `people`: the `signs` of those whom the page is to be checked against.
    """

    unread: Unread
    draft: str
    member_count: int
    blocked: tuple[str, ...]
    people: str
    sidebar: Sidebar


SIGNS = """
(SELECT json_agg(json_build_array(a.id, a.handle, a.display_name, a.picture, r.role) ORDER BY a.id)::text
   FROM people_person a
   LEFT JOIN workspaces_membership r ON r.workspace_id = %(workspace)s AND r.person_id = a.id
  WHERE a.id = ANY (%(people)s::uuid[]))
"""
"""What posts show of people, as one text: equal where nothing of it changed."""

_READING = f"""
SELECT greatest(0, c.root_count - m.read_roots), m.last_read_seq,
       (SELECT seq FROM posts_post p WHERE p.channel_id = c.id AND p.root_id IS NULL AND p.seq > m.last_read_seq
          AND p.kind = 'message' AND p.deleted_at IS NULL ORDER BY seq LIMIT 1),
       (SELECT body FROM posts_draft WHERE person_id = %(me)s AND channel_id = c.id AND root_id IS NULL),
       (SELECT count(*) FROM channels_channelmembership WHERE channel_id = c.id),
       (SELECT string_agg(blocked_id::text, ' ' ORDER BY blocked_id) FROM people_block WHERE person_id = %(me)s),
       {SIGNS}, {SIDEBAR}
FROM channels_channel c
LEFT JOIN channels_channelmembership m ON m.channel_id = c.id AND m.person_id = %(me)s
WHERE c.id = %(channel)s
"""  # noqa: S608 - these are ours


def reading(seat: Seat, people: str = "{}") -> Reading:
    """What the page of a channel shows its reader besides. `people`: ids as PostgreSQL writes an array. One query."""
    rows = fetch(
        _READING,
        {
            "me": seat.person_id,
            "channel": seat.channel.pk,
            "current": seat.channel.pk,
            "workspace": seat.channel.workspace_id,
            "people": people,
        },
    )
    if not rows:
        raise NotFound
    count, last_read_seq, first_seq, draft, member_count, blocked, signs, sidebar = rows[0]
    return Reading(
        unread=Unread(count or 0, 0, last_read_seq or 0, first_seq),
        draft=draft or "",
        member_count=member_count,
        blocked=tuple(blocked.split()) if blocked else (),
        people=signs or "",
        sidebar=sidebar_of(seat.place, sidebar, current=seat.channel.pk),
    )


_THREAD = """
SELECT f.following, p.reply_count - f.read_replies,
       (SELECT seq FROM posts_post r WHERE r.root_id = p.id AND r.deleted_at IS NULL
        ORDER BY seq OFFSET f.read_replies LIMIT 1)
FROM posts_threadfollow f JOIN posts_post p ON p.id = f.root_id
WHERE f.person_id = %s AND f.root_id = %s
"""


def thread_reading(person: Person, root_id: UUID) -> ThreadReading:
    """Whether the person follows a thread, and what of it is unread. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_THREAD, [person.pk, root_id])
        row = cursor.fetchone()
    return ThreadReading() if row is None else ThreadReading(row[0], max(0, row[1]), row[2])


def saved(place: Place, *, cursor: str | None = None, limit: int = 50) -> Slice[PostState]:
    """The posts that a member saved in this workspace, the latest saved first. Two queries."""
    rows = keyset(
        SavedPost.objects.filter(
            visible_channel(place, "post__channel"), person_id=place.membership.person_id, post__deleted_at=None
        ),
        order=("-created_at", "id"),
        cursor=cursor,
        limit=limit,
    )
    return Slice(by_ids([row.post_id for row in rows.items]), rows.next, rows.previous)


def followed_threads(place: Place, *, cursor: str | None = None, limit: int = 50) -> Slice[ThreadState]:
    """The threads with replies that a member follows in this workspace, the latest reply first. Two queries."""
    rows: Slice[Any] = keyset(
        _followed(place),
        order=("-last_reply_at", "id"),
        cursor=cursor,
        limit=limit,
    )
    left: dict[UUID, int] = {row.pk: row.left for row in rows.items}
    return Slice([ThreadState(root, left[root.id]) for root in by_ids(list(left))], rows.next, rows.previous)


def unread_threads(place: Place) -> int:
    """In how many followed threads of this workspace there are replies that the member has not read. One query."""
    return _followed(place).filter(left__gt=0).count()


def own_marks(person: Person, post_ids: Sequence[UUID]) -> OwnMarks:
    """Which of these posts the person has saved or follows. Two queries."""
    kept = SavedPost.objects.filter(person=person, post__in=post_ids).values_list("post_id", flat=True)
    followed = ThreadFollow.objects.filter(person=person, root__in=post_ids, following=True)
    return OwnMarks(frozenset(kept), frozenset(followed.values_list("root_id", flat=True)))


def draft(person: Person, channel_id: UUID, root_id: UUID | None = None) -> Draft | None:
    """What the person has begun to write there. One query."""
    return Draft.objects.filter(person=person, channel_id=channel_id, root_id=root_id).first()


def drafts(place: Place) -> list[Draft]:
    """A member's drafts in this workspace with their channels, the latest first. One query."""
    found = Draft.objects.filter(visible_channel(place, "channel"), person_id=place.membership.person_id)
    return list(found.select_related("channel", "channel__workspace").order_by("-updated_at"))


def scheduled(place: Place) -> list[ScheduledPost]:
    """What a member has scheduled in this workspace, with its channels, the next first; failed ones too. One query."""
    found = ScheduledPost.objects.filter(author_id=place.membership.person_id, channel__workspace=place.workspace)
    return list(found.select_related("channel", "channel__workspace").order_by("send_at"))


def visible_channel(place: Place, path: str) -> Q:
    """A condition: the channel at `path` is one of this workspace that its member may see."""
    mine = ChannelMembership.objects.filter(person_id=place.membership.person_id, channel=OuterRef(path))
    visible = Q(Exists(mine))
    if may(place, Permission.BROWSE_CHANNELS):
        visible |= Q(**{f"{path}__visibility": Visibility.PUBLIC})
    return Q(**{f"{path}__workspace": place.workspace}) & visible


def _followed(place: Place) -> QuerySet[Any]:
    """The first posts of the threads, with `left`: how many replies are unread."""
    found = Post.objects.filter(
        visible_channel(place, "channel"),
        follows__person_id=place.membership.person_id,
        follows__following=True,
        reply_count__gt=0,
        deleted_at=None,
    )
    return found.annotate(left=Greatest(F("reply_count") - F("follows__read_replies"), 0))
