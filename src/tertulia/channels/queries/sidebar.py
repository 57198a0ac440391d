"""The sidebar: favourites, channels, direct conversations, and the rail of workspaces."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

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

# The rows of this workspace's channels, then one for each workspace, its place in the rail in the last column. Mentions
# and drafts belong to `posts`, which lies above; see `reading`.
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
SELECT c.id, c.slug, c.name, c.mentions, c.kind, c.visibility, c.root_count, c.last_seq,
       extract(epoch FROM c.last_at)::float8 AS last_at, greatest(0, c.root_count - c.read_roots) AS unread,
       c.muted, c.favourite,
       EXISTS (SELECT 1 FROM posts_draft d
                WHERE d.person_id = %(me)s AND d.channel_id = c.id AND d.body <> '') AS draft,
       CASE WHEN c.kind = 'direct' THEN
         (SELECT jsonb_agg(jsonb_build_array(p.id, p.display_name, p.picture) ORDER BY p.id)::text
            FROM people_person p WHERE p.id = ANY (c.direct_people)) END AS people,
       NULL::bigint AS place
  FROM mine c
 WHERE c.workspace_id = %(workspace)s AND (NOT c.hidden OR c.root_count > c.read_roots OR c.id = %(current)s)
UNION ALL
SELECT w.id, w.slug, w.name, coalesce(sum(c.mentions), 0)::bigint, '', '', 0, 0,
       0, coalesce(bool_or(c.root_count > c.read_roots AND NOT c.muted), false)::int, false, false,
       false, NULL, row_number() OVER (ORDER BY lower(w.name), w.id)
  FROM workspaces_membership wm
  JOIN workspaces_workspace w ON w.id = wm.workspace_id AND w.archived_at IS NULL
  LEFT JOIN mine c ON c.workspace_id = w.id
 WHERE wm.person_id = %(me)s
 GROUP BY w.id
"""

SIDEBAR = f"(SELECT json_agg(s)::text FROM ({_ROWS}) s)"  # noqa: S608 - it is ours
"""What `sidebar_of` reads, as one column of a statement that knows `me`, the `workspace` and the `current` channel."""


class _Found(msgspec.Struct, gc=False):
    """A row of `_ROWS`. `place`: in the rail, where it is a workspace's."""

    id: str
    slug: str
    name: str
    mentions: int
    kind: str
    visibility: str
    root_count: int
    last_seq: int
    last_at: float
    unread: int
    muted: bool
    favourite: bool
    draft: bool
    people: str | None
    place: int | None


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
    shown = current.pk if current else None
    parameters = {"me": place.membership.person_id, "workspace": place.workspace.pk, "current": shown}
    return sidebar_of(place, fetch(f"SELECT {SIDEBAR}", parameters)[0][0], current=shown)


def sidebar_of(place: Place, found: str | None, *, current: uuid.UUID | None) -> Sidebar:
    """The same, from what `SIDEBAR` has found. No query."""
    me, slug = str(place.membership.person_id), place.workspace.slug
    everything = _rows(found or "[]")
    rows = [_row(slug, me, one) for one in everything if one.place is None]
    named = sorted((row for row in rows if not row.is_direct), key=lambda row: (row.name.casefold(), row.id))
    direct = sorted((row for row in rows if row.is_direct), key=lambda row: (row.last_at, row.id), reverse=True)
    rail = sorted((one for one in everything if one.place is not None), key=lambda one: one.place or 0)
    return Sidebar(
        place=place,
        favourites=[row for row in named + direct if row.favourite],
        channels=[row for row in named if not row.favourite],
        direct=_shortened(row for row in direct if not row.favourite),
        rail=[RailRow(uuid.UUID(one.id), one.slug, one.name, one.mentions, unread=bool(one.unread)) for one in rail],
        current=current,
    )


_rows = msgspec.json.Decoder(list[_Found]).decode


def _row(workspace_slug: str, me: str, found: _Found) -> Row:
    name, face = found.name, None
    if found.kind == Kind.DIRECT:
        name, face = _partners(found.people or "[]", me, get_language())
    return Row(
        id=found.id,
        url=channel_url(workspace_slug, found.slug),
        kind=found.kind,
        is_private=found.visibility == Visibility.PRIVATE,
        name=name,
        root_count=found.root_count,
        last_seq=found.last_seq,
        unread=found.unread,
        mentions=found.mentions,
        draft=found.draft,
        muted=found.muted,
        favourite=found.favourite,
        last_at=found.last_at,
        face=face,
    )


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
