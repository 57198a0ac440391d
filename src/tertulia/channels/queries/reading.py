"""How far somebody has read, and where to begin."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import F
from django.db.models.functions import Lower

from tertulia.channels.models import Channel, ChannelMembership
from tertulia.kernel.prepared import fetch
from tertulia.people.models import Person
from tertulia.workspaces.access import Place

# Mentions and drafts belong to `posts`, which lies above: their tables are read here by name, so that a sidebar needs
# one query for them and `posts` no second count.
_WAITING = """
SELECT m.channel_id,
       (SELECT count(*) FROM posts_mention x
         WHERE x.person_id = m.person_id AND x.channel_id = m.channel_id AND x.seq > m.last_read_seq),
       EXISTS (SELECT 1 FROM posts_draft d
                WHERE d.person_id = m.person_id AND d.channel_id = m.channel_id AND d.body <> '')
  FROM channels_channelmembership m
 WHERE m.person_id = %s AND m.channel_id = ANY(%s)
"""

_RAIL = """
SELECT w.id, w.slug, w.name, COALESCE(sum(c.mentions), 0)::bigint, COALESCE(bool_or(c.unread), false)
  FROM workspaces_membership wm
  JOIN workspaces_workspace w ON w.id = wm.workspace_id AND w.archived_at IS NULL
  LEFT JOIN LATERAL (
       SELECT ch.root_count > m.read_roots AND NOT m.muted AS unread,
              (SELECT count(*) FROM posts_mention x
                WHERE x.person_id = m.person_id AND x.channel_id = ch.id AND x.seq > m.last_read_seq) AS mentions
         FROM channels_channelmembership m
         JOIN channels_channel ch ON ch.id = m.channel_id AND ch.archived_at IS NULL
        WHERE m.person_id = wm.person_id AND ch.workspace_id = w.id) c ON true
 WHERE wm.person_id = %s
 GROUP BY w.id
 ORDER BY lower(w.name), w.id
"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits for a member in a channel: unread mentions, and whether something is half written."""

    mentions: int = 0
    draft: bool = False


class RailRow(NamedTuple):
    """One of somebody's workspaces; nothing of its channels but that something is unread."""

    id: uuid.UUID
    slug: str
    name: str
    mentions: int
    unread: bool


def waiting(person_id: uuid.UUID, channel_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Waiting]:
    """What waits for a person in these channels; those they are not in are left out. One query."""
    rows = fetch(_WAITING, [person_id, list(channel_ids)])
    return {channel_id: Waiting(mentions, draft) for channel_id, mentions, draft in rows}


def rail(person: Person) -> list[RailRow]:
    """The person's workspaces by name, with what is unread in each. One query."""
    return [RailRow(*row) for row in fetch(_RAIL, [person.pk])]


def unread(channel: Channel, membership: ChannelMembership | None) -> int:
    """How many posts (without replies) a member has not read; 0 for others. No query."""
    return max(0, channel.root_count - membership.read_roots) if membership else 0


def home(place: Place) -> Channel | None:
    """Where somebody goes on: the channel last read, else the first that new members are put into. One query."""
    mine = ChannelMembership.objects.filter(
        person_id=place.membership.person_id, channel__workspace=place.workspace, channel__archived_at=None
    ).select_related("channel")
    recent = mine.order_by(
        F("last_read_at").desc(nulls_last=True),
        F("channel__is_default").desc(),
        F("channel__kind").asc(),
        "channel__created_at",
        "channel_id",
    ).first()
    if recent is None:
        return None
    recent.channel.workspace = place.workspace
    return recent.channel


def member_ids(channel_id: uuid.UUID) -> set[uuid.UUID]:
    """Who is in a channel. One query."""
    return set(ChannelMembership.objects.filter(channel_id=channel_id).values_list("person_id", flat=True))


def free_slug(workspace_id: uuid.UUID, slug: str, *, besides: uuid.UUID | None = None) -> str:
    """`slug` itself, or with the smallest number that makes it free in the workspace. One query.

    Channels that the asker cannot see count too: addresses are unique. It says nothing more of them than that.
    """
    stem = slug[:58].rstrip("-_")
    rows = Channel.objects.filter(workspace_id=workspace_id).alias(lower=Lower("slug")).filter(lower__startswith=stem)
    if besides is not None:
        rows = rows.exclude(pk=besides)
    taken = set(rows.values_list(Lower("slug"), flat=True))
    if slug not in taken:
        return slug
    return next(free for number in range(2, len(taken) + 3) if (free := f"{stem}-{number}") not in taken)
