"""What goes into the write path and what comes out of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tertulia.kernel.errors import Refusal
from tertulia.kernel.ids import new_id
from tertulia.posts.models import Kind

MAX_BODY = 40_000
"""Characters of one post."""
MAX_FILES = 10
MAX_ALT = 500


class NewPost(msgspec.Struct, frozen=True, kw_only=True):
    """A post to be made.

    `root_id` may name a reply (the post joins its thread) or a post that comes earlier in the same batch, by its `id`.
    `body` is Markdown; that of a system line is plain text. `alts` are the words for the files, in their order.
    `everyone` says whether `@channel` and `@here` call people. `ends_draft`: what its author had begun to write there
    is done with. `facts` belong to system lines. `workspace_id`: the channel's, from a caller who has just seen that
    the channel lives.
    """

    channel_id: UUID
    author_id: UUID
    body: str
    root_id: UUID | None = None
    client_id: UUID | None = None
    file_ids: Sequence[UUID] = ()
    alts: Sequence[str] = ()
    kind: Kind = Kind.MESSAGE
    created_at: datetime | None = None
    edited_at: datetime | None = None
    everyone: bool = True
    ends_draft: bool = False
    workspace_id: UUID | None = None
    facts: Mapping[str, Any] | None = None
    id: UUID = msgspec.field(default_factory=new_id)


class Said(msgspec.Struct, frozen=True):
    """What a post made in this moment says, as it is stored."""

    body: str
    html: str
    text: str
    created_at: datetime


class Outcome(msgspec.Struct, frozen=True):
    """What became of one `NewPost`: a post (`created` is False where an earlier send had made it) or a refusal."""

    post_id: UUID | None = None
    channel_id: UUID | None = None
    seq: int = 0
    revision: int = 0
    root_id: UUID | None = None
    created: bool = False
    refusal: Refusal | None = None
    said: Said | None = None
    """Of a post that was made now."""
