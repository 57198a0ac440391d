"""The sidebar: favourites, channels, direct conversations, and the rail of workspaces."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from tertulia.channels.models import Channel, Kind, Visibility, channel_url
from tertulia.channels.queries.conversations import badge, stands_out
from tertulia.channels.queries.reading import RailRow
from tertulia.kernel.prepared import fetch
from tertulia.people.models import Person
from tertulia.workspaces.access import Permission, Place, may

MOST_DIRECT = 30
"""Quiet conversations shown; unread ones always are. The page of direct messages has them all."""

# The rows of this workspace's channels, then one for each workspace, its place in the rail in the last column. Ids are
# text and times are numbers, because a page has dozens of these rows. Mentions and drafts belong to `posts`, which lies
# above; see `reading`.
_ROWS = """
WITH mine AS MATERIALIZED (
  SELECT c.workspace_id, c.id, c.slug, c.kind, c.visibility, c.name, c.root_count, c.last_seq, c.direct_people,
         coalesce(c.last_post_at, c.created_at) AS last_at, m.read_roots, m.muted, m.favourite, m.hidden,
         (SELECT count(*) FROM posts_mention x
           WHERE x.person_id = m.person_id AND x.channel_id = m.channel_id AND x.seq > m.last_read_seq) AS mentions
    FROM channels_channelmembership m
    JOIN channels_channel c ON c.id = m.channel_id
   WHERE m.person_id = %(me)s AND c.archived_at IS NULL
)
SELECT c.id::text, c.slug, c.name, c.mentions, c.kind, c.visibility, c.root_count, c.last_seq,
       extract(epoch FROM c.last_at)::float8, greatest(0, c.root_count - c.read_roots), c.muted, c.favourite,
       EXISTS (SELECT 1 FROM posts_draft d WHERE d.person_id = %(me)s AND d.channel_id = c.id AND d.body <> ''),
       CASE WHEN c.kind = 'direct' THEN
         (SELECT jsonb_agg(jsonb_build_array(p.id, p.display_name, p.picture) ORDER BY p.id)::text
            FROM people_person p WHERE p.id = ANY (c.direct_people)) END,
       NULL::bigint
  FROM mine c
 WHERE c.workspace_id = %(workspace)s AND (NOT c.hidden OR c.root_count > c.read_roots OR c.id = %(current)s)
UNION ALL
SELECT w.id::text, w.slug, w.name, coalesce(sum(c.mentions), 0)::bigint, '', '', 0, 0,
       0, 0, coalesce(bool_or(c.root_count > c.read_roots AND NOT c.muted), false), false,
       false, NULL, row_number() OVER (ORDER BY lower(w.name), w.id)
  FROM workspaces_membership wm
  JOIN workspaces_workspace w ON w.id = wm.workspace_id AND w.archived_at IS NULL
  LEFT JOIN mine c ON c.workspace_id = w.id
 WHERE wm.person_id = %(me)s
 GROUP BY w.id
"""


class Face(NamedTuple):
    """Somebody in a direct conversation, as far as a row shows them."""

    pk: str
    name: str
    picture_url: str


class Row(NamedTuple):
    """One channel in the sidebar. `face`: of the first of the others in a direct conversation, or one's own."""

    id: str
    url: str
    kind: str
    is_private: bool
    name: str
    root_count: int
    last_seq: int
    unread: int
    mentions: int
    draft: bool
    muted: bool
    favourite: bool
    last_at: float
    face: Face | None = None

    @property
    def is_direct(self) -> bool:
        return self.kind == Kind.DIRECT

    @property
    def stands_out(self) -> bool:
        return stands_out(unread=self.unread, mentions=self.mentions, muted=self.muted)

    @property
    def badge(self) -> int:
        return badge(unread=self.unread, mentions=self.mentions, muted=self.muted, direct=self.is_direct)


@dataclass(frozen=True, slots=True)
class Sidebar:
    """What one member sees beside the conversation."""

    place: Place
    favourites: list[Row]
    channels: list[Row]
    direct: list[Row]
    rail: list[RailRow]
    current: uuid.UUID | None = None
    """The channel that is shown beside it."""

    @property
    def may_browse(self) -> bool:
        return may(self.place, Permission.BROWSE_CHANNELS)

    @property
    def may_create(self) -> bool:
        return may(self.place, Permission.CREATE_CHANNEL) and not self.place.is_archived

    @property
    def others_unread(self) -> bool:
        """Whether something waits in another workspace."""
        return any((row.unread or row.mentions) and row.id != self.place.workspace.pk for row in self.rail)


def sidebar(place: Place, *, current: Channel | None = None) -> Sidebar:
    """The member's sidebar, beside the channel `current`, which is shown even if closed. One query, however many
    channels there are.
    """
    me, workspace, shown = place.membership.person_id, place.workspace, current.pk if current else None
    found = fetch(_ROWS, {"me": me, "workspace": workspace.pk, "current": shown})
    rows = [_row(workspace.slug, str(me), row) for row in found if row[-1] is None]
    named = sorted((row for row in rows if not row.is_direct), key=lambda row: (row.name.casefold(), row.id))
    direct = sorted((row for row in rows if row.is_direct), key=lambda row: (row.last_at, row.id), reverse=True)
    rail = sorted((row for row in found if row[-1] is not None), key=lambda row: int(row[-1]))
    return Sidebar(
        place=place,
        favourites=[row for row in named + direct if row.favourite],
        channels=[row for row in named if not row.favourite],
        direct=_shortened(row for row in direct if not row.favourite),
        rail=[_rail_row(row) for row in rail],
        current=shown,
    )


def _row(workspace_slug: str, me: str, found: tuple[Any, ...]) -> Row:
    id_, slug, name, mentions, kind, visibility, root_count, last_seq, last_at, *rest = found
    unread, muted, favourite, draft, people, _place = rest
    face = None
    if kind == Kind.DIRECT:
        name, face = _partners(people or "[]", me, get_language())
    private = visibility == Visibility.PRIVATE
    return Row(
        *(id_, channel_url(workspace_slug, slug), kind, private, name, root_count, last_seq),
        *(unread, mentions, draft, muted, favourite, last_at, face),
    )


def _rail_row(found: tuple[Any, ...]) -> RailRow:
    id_, slug, name, mentions, *rest = found
    return RailRow(uuid.UUID(id_), slug, name, mentions, unread=rest[6])


@lru_cache(maxsize=4096)
def _partners(people: str, me: str, language: str | None) -> tuple[str, Face]:
    """What a direct conversation is called by one of those it is between, and the face beside it."""
    del language  # notes to oneself have another name in each
    found = [Person(id=uuid.UUID(id_), display_name=name, picture=picture) for id_, name, picture in _json(people)]
    others = [person for person in found if str(person.pk) != me]
    others.sort(key=lambda person: (person.display_name.casefold(), person.pk))
    first = (others or found)[0]
    name = ", ".join(map(str, others)) or _("Notes to yourself")
    return name, Face(str(first.pk), first.display_name, first.picture_url)


_json = msgspec.json.Decoder(list[tuple[str, str, str]]).decode


def _shortened(rows: Iterable[Row]) -> list[Row]:
    return [row for number, row in enumerate(rows) if number < MOST_DIRECT or row.stands_out]
