"""What anybody may see of a post, as frozen records, and the one statement that reads them.

A page, a thread, what changed since, pins, saved posts: all are `read` with another `WHERE`, so that a first load and
a catch-up cannot differ. Nothing here depends on who looks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import msgspec
from django.urls import reverse

from tertulia.kernel.prepared import fetch
from tertulia.people.models import Person

SHOWN_REACTORS = 200
"""Of each reaction, at most so many people are named by id; the count is always whole."""
NAMED_REACTORS = 10
SHOWN_REPLIERS = 3


class Author(msgspec.Struct, frozen=True):
    """A person beside their words. `role` is theirs in the workspace; None: no longer a member."""

    id: UUID
    handle: str
    name: str
    picture: str
    role: str | None = None

    @property
    def picture_url(self) -> str:
        """Address of their picture or generated face."""
        return _picture_url(self.id, self.picture)

    @property
    def pk(self) -> UUID:
        """As templates' `{% avatar %}` asks for it."""
        return self.id

    def __str__(self) -> str:
        return self.name


class Reacted(msgspec.Struct, frozen=True):
    """One emoji on a post: how many people, the first of them by id, and fewer by name."""

    emoji: str
    count: int
    person_ids: tuple[UUID, ...]
    names: tuple[str, ...]


class Attached(msgspec.Struct, frozen=True):
    """One file of a post."""

    id: UUID
    name: str
    content_type: str
    kind: str
    size: int
    width: int | None
    height: int | None
    alt: str

    @property
    def url(self) -> str:
        """Where its bytes are."""
        return file_url(self.id, self.name)


class PostState(msgspec.Struct, frozen=True):
    """Everything that anybody may see of a post. A deleted one keeps its place and its replies, and nothing else."""

    id: UUID
    channel_id: UUID
    seq: int
    revision: int
    root_id: UUID | None
    kind: str
    author: Author
    body: str
    html: str
    text: str
    created_at: datetime
    edited_at: datetime | None
    deleted_at: datetime | None
    deleted_by_author: bool
    pinned_at: datetime | None
    reply_count: int
    last_reply_at: datetime | None
    repliers: tuple[Author, ...]
    reactions: tuple[Reacted, ...]
    attachments: tuple[Attached, ...]
    workspace_slug: str
    channel_slug: str

    @property
    def deleted(self) -> bool:
        """Whether only its place is left."""
        return self.deleted_at is not None

    @property
    def pinned(self) -> bool:
        """Whether it is kept at hand in its channel."""
        return self.pinned_at is not None

    @property
    def url(self) -> str:
        """Its permalink."""
        return post_url(self.id)

    @property
    def thread_url(self) -> str:
        """The thread it begins."""
        return _thread_url(self.workspace_slug, self.channel_slug, self.id)


# `chosen` is put in the place of {chosen}: a SELECT of whole rows of posts_post, limited. {order} sorts the result.
_READ = f"""
SELECT p.id, p.channel_id, p.seq, p.revision, p.root_id, p.kind, p.body, p.html, p.text, p.created_at, p.edited_at,
       p.deleted_at, p.deleted_by_id IS NOT DISTINCT FROM p.author_id, p.pinned_at, p.reply_count, p.last_reply_at,
       w.slug, c.slug, a.id, a.handle, a.display_name, a.picture, m.role, r.found, f.found, t.found
FROM ({{chosen}}) p
JOIN channels_channel c ON c.id = p.channel_id
JOIN workspaces_workspace w ON w.id = c.workspace_id
JOIN people_person a ON a.id = p.author_id
LEFT JOIN workspaces_membership m ON m.workspace_id = c.workspace_id AND m.person_id = p.author_id
LEFT JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_object('emoji', g.emoji, 'count', g.count, 'person_ids', g.ids, 'names', g.names)
                     ORDER BY g.first)::text AS found
    FROM (
        SELECT x.emoji, count(*) AS count, min(x.id) AS first,
               (array_agg(x.person_id ORDER BY x.id))[:{SHOWN_REACTORS}] AS ids,
               (array_agg(y.display_name ORDER BY x.id))[:{NAMED_REACTORS}] AS names
        FROM posts_reaction x JOIN people_person y ON y.id = x.person_id
        WHERE x.post_id = p.id GROUP BY x.emoji
    ) g
) r ON p.deleted_at IS NULL
LEFT JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_object(
        'id', y.id, 'name', y.name, 'content_type', y.content_type, 'kind', y.kind, 'size', y.size,
        'width', y.width, 'height', y.height, 'alt', x.alt) ORDER BY x.position)::text AS found
    FROM posts_attachment x JOIN posts_file y ON y.id = x.file_id WHERE x.post_id = p.id
) f ON p.deleted_at IS NULL
LEFT JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_object('id', y.id, 'handle', y.handle, 'name', y.display_name, 'picture', y.picture)
                     ORDER BY x.last DESC)::text AS found
    FROM (
        SELECT author_id, max(seq) AS last FROM posts_post
        WHERE root_id = p.id AND deleted_at IS NULL GROUP BY author_id ORDER BY last DESC LIMIT {SHOWN_REPLIERS}
    ) x JOIN people_person y ON y.id = x.author_id
) t ON p.reply_count > 0
ORDER BY {{order}}
"""  # noqa: S608 - only numbers of our own are put in here

_reactions = msgspec.json.Decoder(tuple[Reacted, ...])
_attachments = msgspec.json.Decoder(tuple[Attached, ...])
_people = msgspec.json.Decoder(tuple[Author, ...])


def read(chosen: str, parameters: Mapping[str, Any], *, order: str = "p.seq") -> list[PostState]:
    """The posts that `chosen` (SQL, written by us) selects from `posts_post`, in one query."""
    return [_state(row) for row in fetch(_READ.format(chosen=chosen, order=order), parameters)]


def by_ids(post_ids: Sequence[UUID]) -> list[PostState]:
    """These posts, in the order of the ids; those that do not exist are left out. One query."""
    return read(
        "SELECT * FROM posts_post WHERE id = ANY(%(ids)s)",
        {"ids": list(post_ids)},
        order="array_position(%(ids)s::uuid[], p.id)",
    )


def _state(row: tuple[Any, ...]) -> PostState:
    id_, channel_id, seq, revision, root_id, kind, body, html, text, created_at, edited_at, *rest = row
    deleted_at, deleted_by_author, pinned_at, reply_count, last_reply_at, workspace_slug, channel_slug, *rest = rest
    author_id, handle, name, picture, role, reactions, attachments, repliers = rest
    gone = deleted_at is not None
    return PostState(
        id=id_,
        channel_id=channel_id,
        seq=seq,
        revision=revision,
        root_id=root_id,
        kind=kind,
        author=Author(author_id, handle, name, picture, role),
        body="" if gone else body,
        html="" if gone else html,
        text="" if gone else text,
        created_at=created_at,
        edited_at=None if gone else edited_at,
        deleted_at=deleted_at,
        deleted_by_author=gone and deleted_by_author,
        pinned_at=None if gone else pinned_at,
        reply_count=reply_count,
        last_reply_at=last_reply_at,
        repliers=_people.decode(repliers) if repliers else (),
        reactions=_reactions.decode(reactions) if reactions else (),
        attachments=_attachments.decode(attachments) if attachments else (),
        workspace_slug=workspace_slug,
        channel_slug=channel_slug,
    )


_NOBODY = UUID(int=0)


@lru_cache(maxsize=1)
def _before_id() -> str:
    """A permalink up to the id: asking the resolver for each post would cost more than all else."""
    return reverse("posts:permalink", args=[_NOBODY]).removesuffix(str(_NOBODY))


def post_url(post_id: UUID) -> str:
    """The permalink of a post."""
    return f"{_before_id()}{post_id}"


@lru_cache(maxsize=4096)
def profile_url(handle: str) -> str:
    """The address of a person's profile."""
    return reverse("people:profile", args=[handle])


@lru_cache(maxsize=2048)
def file_url(file_id: UUID, name: str) -> str:
    """The address of a file's bytes."""
    return reverse("posts:file", args=[file_id, name])


def _thread_url(workspace_slug: str, channel_slug: str, post_id: UUID) -> str:
    before, after = _around_thread(workspace_slug, channel_slug)
    return f"{before}{post_id}{after}"


@lru_cache(maxsize=2048)
def _around_thread(workspace_slug: str, channel_slug: str) -> list[str]:
    """What stands before and after the id in the address of a thread."""
    return reverse("posts:thread", args=[workspace_slug, channel_slug, _NOBODY]).split(str(_NOBODY))


@lru_cache(maxsize=4096)
def _picture_url(person_id: UUID, picture: str) -> str:
    return Person(id=person_id, picture=picture).picture_url
