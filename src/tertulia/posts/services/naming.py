"""What `@names` and `#slugs` in posts stand for: members, groups and public channels of the post's own workspace.

Private channels stay plain text, so that nobody learns their names from a link.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from django.urls import reverse

from tertulia.kernel.rich_text import NO_NAMES, ChannelName, Mentions, Names, PersonName, scan
from tertulia.posts import sql


@dataclass(frozen=True, slots=True)
class Called:
    """Whom a post calls by name."""

    person_ids: frozenset[UUID] = frozenset()
    group_ids: frozenset[UUID] = frozenset()
    channel: bool = False
    here: bool = False


NOBODY = Called()


@dataclass(frozen=True, slots=True)
class Dictionary:
    """The names of some posts, by workspace."""

    names: dict[UUID, Names] = field(default_factory=dict)
    group_ids: dict[UUID, dict[str, UUID]] = field(default_factory=dict)

    def of(self, workspace_id: UUID) -> Names:
        """The names to render a post of this workspace with."""
        return self.names.get(workspace_id, NO_NAMES)

    def called(self, workspace_id: UUID, mentions: Mentions) -> Called:
        """Whom the mentions of a rendered post mean. A person goes before a group of the same name, as in rendering."""
        people = self.of(workspace_id).people
        groups = self.group_ids.get(workspace_id, {})
        return Called(
            person_ids=frozenset(UUID(people[handle].id) for handle in mentions.handles if handle in people),
            group_ids=frozenset(
                groups[handle] for handle in mentions.handles if handle in groups and handle not in people
            ),
            channel=mentions.channel,
            here=mentions.here,
        )


def look_up(texts: Iterable[tuple[UUID, str]]) -> Dictionary:
    """All names in `texts` (workspace, body). No query where there are none, else at most three for all together."""
    handles: set[tuple[UUID, str]] = set()
    slugs: set[tuple[UUID, str]] = set()
    for workspace_id, body in texts:
        found = scan(body)
        handles.update((workspace_id, handle) for handle in found.handles)
        slugs.update((workspace_id, slug) for slug in found.channel_slugs)
    if not handles and not slugs:
        return Dictionary()
    people: defaultdict[UUID, dict[str, PersonName]] = defaultdict(dict)
    groups: defaultdict[UUID, dict[str, str]] = defaultdict(dict)
    group_ids: defaultdict[UUID, dict[str, UUID]] = defaultdict(dict)
    channels: defaultdict[UUID, dict[str, ChannelName]] = defaultdict(dict)
    if handles:
        wanted = sql.columns(list(handles), 2)
        for workspace_id, person_id, handle, name in sql.fetch(_PEOPLE, wanted):
            people[workspace_id][handle.lower()] = PersonName(str(person_id), handle, name)
        for workspace_id, group_id, slug, name in sql.fetch(_GROUPS, wanted):
            groups[workspace_id][slug.lower()] = name
            group_ids[workspace_id][slug.lower()] = group_id
    if slugs:
        for workspace_id, channel_id, slug, name, workspace_slug in sql.fetch(_CHANNELS, sql.columns(list(slugs), 2)):
            url = reverse("posts:channel", args=[workspace_slug, slug])
            channels[workspace_id][slug.lower()] = ChannelName(str(channel_id), slug, name, url)
    return Dictionary(
        {
            workspace_id: Names(people[workspace_id], groups[workspace_id], channels[workspace_id])
            for workspace_id in {*people, *groups, *channels}
        },
        dict(group_ids),
    )


_PEOPLE = """
SELECT m.workspace_id, p.id, p.handle, p.display_name
FROM unnest(%s::uuid[], %s::text[]) AS v(workspace, name)
JOIN people_person p ON lower(p.handle) = v.name
JOIN workspaces_membership m ON m.workspace_id = v.workspace AND m.person_id = p.id
"""
_GROUPS = """
SELECT g.workspace_id, g.id, g.slug, g.name
FROM unnest(%s::uuid[], %s::text[]) AS v(workspace, name)
JOIN workspaces_group g ON g.workspace_id = v.workspace AND lower(g.slug) = v.name
"""
_CHANNELS = """
SELECT c.workspace_id, c.id, c.slug, c.name, w.slug
FROM unnest(%s::uuid[], %s::text[]) AS v(workspace, name)
JOIN channels_channel c ON c.workspace_id = v.workspace AND lower(c.slug) = v.name AND c.visibility = 'public'
JOIN workspaces_workspace w ON w.id = c.workspace_id
"""
