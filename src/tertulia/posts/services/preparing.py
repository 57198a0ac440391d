"""Before the transaction: which posts of a batch can be made, and what they will say.

Everything slow (looking names up, rendering) and everything that may be refused is here, so that one bad post cannot
hold up or fail its neighbours. What may change until the channel is locked is checked again there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import msgspec
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tertulia.kernel.errors import Conflict, Invalid, NotFound, Refusal, TooLarge
from tertulia.kernel.ids import new_id
from tertulia.kernel.rich_text import Rendered, normalise, render
from tertulia.posts import sql
from tertulia.posts.models import Kind
from tertulia.posts.services.naming import NOBODY, Called, Dictionary, look_up
from tertulia.posts.services.records import MAX_ALT, MAX_BODY, MAX_FILES, NewPost, Outcome
from tertulia.workspaces.access import Place


class Ready(msgspec.Struct, frozen=True):
    """A post that can be made: `new` with its final root, its stored body, what it looks like and whom it calls."""

    new: NewPost
    client_id: UUID
    root_id: UUID | None
    root_author_id: UUID | None
    body: str
    rendered: Rendered
    called: Called


@dataclass(frozen=True, slots=True)
class _Parent:
    channel_id: UUID
    root_id: UUID
    root_author_id: UUID | None
    deleted: bool


def prepare(batch: Sequence[NewPost], *, silent: bool, hopeful: bool = False) -> list[Ready | Outcome]:
    """Each post made ready, or its refusal, or the post that an earlier send of it made; in the batch's order.

    `hopeful`: take it that none was sent before and that channels are as the caller has just seen them; writing finds
    out where it was not so.
    """
    channels = _channels(batch, hopeful=hopeful)
    earlier = {} if hopeful else _earlier(batch)
    parents = _parents(batch)
    files = _files(batch)
    names = look_up([(channels[new.channel_id][0], new.body) for new in batch if new.channel_id in channels])
    taken: set[UUID] = set()
    results: list[Ready | Outcome] = []
    for new in batch:
        before = earlier.get((new.author_id, new.client_id)) if new.client_id else None
        if before is not None:
            root_author = new.author_id if before.root_id is None else None
            parents.setdefault(
                new.id, _Parent(new.channel_id, before.root_id or before.post_id or new.id, root_author, deleted=False)
            )
            results.append(before)
            continue
        try:
            if new.channel_id not in channels:
                raise NotFound
            workspace_id, archived = channels[new.channel_id]
            if archived and not silent:
                raise archived_channel()
            parent = _parent(new, parents)
            body = check_body(new.body, files=len(new.file_ids))
            _check_files(new, files, taken)
            ready = _ready(new, body, parent, names, workspace_id)
        except Refusal as refusal:
            results.append(Outcome(channel_id=new.channel_id, refusal=refusal))
            continue
        taken.update(new.file_ids)
        root_id, root_author_id = ready.root_id, ready.root_author_id
        root_author = new.author_id if root_id is None else root_author_id
        parents[new.id] = _Parent(new.channel_id, root_id or new.id, root_author, deleted=False)
        if new.client_id:
            earlier[new.author_id, new.client_id] = Outcome(new.id, new.channel_id, root_id=root_id)
        results.append(ready)
    return results


def archived_channel() -> Conflict:
    """The refusal of whatever would change an archived channel."""
    return Conflict(_("This channel is archived. Everything can be read, and nothing can be added."), type="archived")


def check_body(body: str, *, files: int) -> str:
    """The body as it is stored. Raises Invalid or TooLarge with a sentence that helps."""
    body = normalise(body)
    if not body.strip() and not files:
        raise Invalid(
            _("There is nothing in this post yet. Write something or add a file."), type="empty", field="body"
        )
    if len(body) > MAX_BODY:
        raise Invalid(
            _("A post has at most %(limit)s characters; this one has %(length)s. Split it, or attach it as a file.")
            % {"limit": f"{MAX_BODY:,}", "length": f"{len(body):,}"},
            type="too-long",
            field="body",
        )
    return body


def rendered(post_id: UUID, workspace_id: UUID, body: str) -> tuple[Rendered, Called]:
    """One body as everybody reads it, and whom it calls."""
    names = look_up([(workspace_id, body)])
    result = render(body, names.of(workspace_id), prefix=prefix(post_id))
    return result, names.called(workspace_id, result.mentions)


def preview(*, place: Place, body: str) -> SafeString:
    """What a body would look like as a post in this workspace. Nobody is called."""
    names = look_up([(place.workspace.pk, body[:MAX_BODY])])
    return mark_safe(render(body[:MAX_BODY], names.of(place.workspace.pk), prefix="preview").html)  # noqa: S308 - sanitised


def prefix(post_id: UUID) -> str:
    """What keeps the ids inside a post apart from those of others."""
    return f"p{post_id.hex}"


def _ready(new: NewPost, body: str, parent: _Parent | None, names: Dictionary, workspace_id: UUID) -> Ready:
    if new.kind == Kind.SYSTEM:
        looks, called = Rendered(escape(body), body), NOBODY
    else:
        looks = render(body, names.of(workspace_id), prefix=prefix(new.id))
        called = names.called(workspace_id, looks.mentions)
    return Ready(
        new=new,
        client_id=new.client_id or new_id(),
        root_id=parent.root_id if parent else None,
        root_author_id=parent.root_author_id if parent else None,
        body=body,
        rendered=looks,
        called=called,
    )


def _parent(new: NewPost, parents: dict[UUID, _Parent]) -> _Parent | None:
    if new.root_id is None:
        return None
    parent = parents.get(new.root_id)
    if parent is None or parent.channel_id != new.channel_id:
        raise Conflict(
            _("The post you answer is not in this channel (any more). Your words are kept: post them to the channel."),
            type="parent-missing",  # also for a post elsewhere: nothing is told of other channels
        )
    if parent.deleted:
        raise Conflict(
            _("The post you answer was deleted. Your words are kept: post them to the channel."),
            type="parent-deleted",
        )
    return parent


def _check_files(new: NewPost, files: dict[UUID, tuple[UUID, bool]], taken: set[UUID]) -> None:
    if len(new.file_ids) > MAX_FILES:
        raise TooLarge(
            ngettext(
                "A post holds at most %(limit)s files; this one has %(count)s file.",
                "A post holds at most %(limit)s files; this one has %(count)s files.",
                len(new.file_ids),
            )
            % {"limit": MAX_FILES, "count": len(new.file_ids)},
            type="too-many-files",
        )
    if len(set(new.file_ids)) < len(new.file_ids):
        raise Invalid(_("The same file is named twice. Name each file once."), field="attachment_ids")
    if any(len(alt) > MAX_ALT for alt in new.alts):
        raise Invalid(
            _("The description of a file has at most %(limit)s characters.") % {"limit": MAX_ALT}, field="alts"
        )
    for file_id in new.file_ids:
        uploader_id, used = files.get(file_id, (None, False))
        if uploader_id != new.author_id:
            raise Invalid(
                _("One of the files is not there (any more). Upload it again."),
                type="file-missing",
                field="attachment_ids",
            )
        if used or file_id in taken:
            raise Conflict(_("One of the files is already in another post. Upload it again."), type="file-used")


def _channels(batch: Sequence[NewPost], *, hopeful: bool) -> dict[UUID, tuple[UUID, bool]]:
    """Channel -> its workspace, and whether it is archived."""
    found = {new.channel_id: (new.workspace_id, False) for new in batch if hopeful and new.workspace_id}
    ids = list({new.channel_id for new in batch if new.channel_id not in found})
    if ids:
        rows = sql.fetch(
            "SELECT id, workspace_id, archived_at IS NOT NULL FROM channels_channel WHERE id = ANY(%s)", [ids]
        )
        found.update({row[0]: (row[1], row[2]) for row in rows})
    return found


def _earlier(batch: Sequence[NewPost]) -> dict[tuple[UUID, UUID], Outcome]:
    """The posts that earlier sends made, by author and client id."""
    keys = [(new.author_id, new.client_id) for new in batch if new.client_id]
    if not keys:
        return {}
    rows = sql.fetch(
        "SELECT p.author_id, p.client_id, p.id, p.channel_id, p.seq, p.revision, p.root_id FROM posts_post p"
        " JOIN unnest(%s::uuid[], %s::uuid[]) AS v(author, client)"
        " ON p.author_id = v.author AND p.client_id = v.client",
        sql.columns(keys, 2),
    )
    return {(row[0], row[1]): Outcome(*row[2:]) for row in rows}


def _parents(batch: Sequence[NewPost]) -> dict[UUID, _Parent]:
    ids = [new.root_id for new in batch if new.root_id]
    if not ids:
        return {}
    rows = sql.fetch(
        "SELECT p.id, p.channel_id, coalesce(r.id, p.id), coalesce(r.author_id, p.author_id),"
        " p.deleted_at IS NOT NULL OR r.deleted_at IS NOT NULL"
        " FROM posts_post p LEFT JOIN posts_post r ON r.id = p.root_id WHERE p.id = ANY(%s)",
        [ids],
    )
    return {row[0]: _Parent(*row[1:]) for row in rows}


def _files(batch: Sequence[NewPost]) -> dict[UUID, tuple[UUID, bool]]:
    """File -> who uploaded it, and whether it is in a post."""
    ids = [file_id for new in batch for file_id in new.file_ids]
    if not ids:
        return {}
    rows = sql.fetch(
        "SELECT f.id, f.uploader_id, a.id IS NOT NULL FROM posts_file f"
        " LEFT JOIN posts_attachment a ON a.file_id = f.id WHERE f.id = ANY(%s)",
        [ids],
    )
    return {row[0]: (row[1], row[2]) for row in rows}
