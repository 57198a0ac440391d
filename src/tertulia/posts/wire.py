"""Posts as JSON bytes: what the hot operations of the REST interface answer, by Django and by the fast lane alike.

`rest_schemas.PostOut` describes the same for everybody to read; tests hold the two together.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from tertulia.posts.own import Unread
from tertulia.posts.queries import Page
from tertulia.posts.states import Attached, Author, PostState, Reacted

_encoder = msgspec.json.Encoder(enc_hook=str.__str__)  # safe strings are strings
_encode = _encoder.encode


def post(state: PostState) -> bytes:
    """One post."""
    return _encode(_post(state))


def page(found: Page, *, forward: bool = False) -> bytes:
    """A page of posts; `forward`: asked for what comes after a place, so that `next` goes on to newer ones."""
    older = f"before.{found.posts[0].seq}" if found.posts and found.has_before else None
    newer = f"after.{found.posts[-1].seq}" if found.posts and found.has_after else None
    return _encode(
        {
            "items": [_post(state) for state in found.posts],
            "next": newer if forward else older,
            "previous": older if forward else newer,
        }
    )


def reading(unread: Unread) -> bytes:
    """How far somebody has read a channel."""
    return _encode({"last_read_seq": unread.last_read_seq, "unread": unread.count, "mentions": unread.mentions})


def _post(state: PostState) -> dict[str, object]:
    return {
        "id": state.id,
        "channel_id": state.channel_id,
        "seq": state.seq,
        "revision": state.revision,
        "root_id": state.root_id,
        "kind": state.kind,
        "author": _author(state.author),
        "body": state.body,
        "html": state.html,
        "created_at": _time(state.created_at),
        "edited_at": _time(state.edited_at),
        "deleted_at": _time(state.deleted_at),
        "pinned_at": _time(state.pinned_at),
        "reply_count": state.reply_count,
        "last_reply_at": _time(state.last_reply_at),
        "reactions": [_reaction(reaction) for reaction in state.reactions],
        "attachments": [_attachment(file) for file in state.attachments],
        "url": state.url,
    }


def _author(author: Author) -> dict[str, object]:
    return {
        "id": author.id,
        "handle": author.handle,
        "display_name": author.name,
        "picture_url": author.picture_url,
        "role": author.role,
    }


def _reaction(reaction: Reacted) -> dict[str, object]:
    return {"emoji": reaction.emoji, "count": reaction.count, "person_ids": reaction.person_ids}


def _attachment(file: Attached) -> dict[str, object]:
    return {
        "id": file.id,
        "name": file.name,
        "content_type": file.content_type,
        "kind": file.kind,
        "size": file.size,
        "width": file.width,
        "height": file.height,
        "url": file.url,
        "alt": file.alt,
    }


def _time(moment: datetime | None) -> str | None:
    """ISO 8601 in UTC to the millisecond, as the whole REST interface writes times."""
    if moment is None:
        return None
    text = moment.isoformat()
    if moment.microsecond:
        text = text[:23] + text[26:]
    return text.removesuffix("+00:00") + "Z"
