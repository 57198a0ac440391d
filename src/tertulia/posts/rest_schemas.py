"""What goes into and comes out of the REST interface of posts."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated
from uuid import UUID

from django.utils.translation import gettext as _
from pydantic import Field, model_validator

from tertulia.kernel.errors import Invalid
from tertulia.kernel.rest import ListQuery, Out, Seq, Strict
from tertulia.posts.models import Draft, File, PostVersion, ScheduledPost
from tertulia.posts.own import ThreadState, Unread
from tertulia.posts.states import Attached, Author, PostState, Reacted, file_url

_CLIENT_IDS = uuid.UUID("6f0c5a52-6c1d-4c1e-9a53-0b6a3a1f6d0e")
Ids = Annotated[list[UUID], Field(max_length=100)]  # the limit of files is said by the service, in a sentence
ClientId = Annotated[
    str,
    Field(
        min_length=1,
        max_length=100,
        description="Made by the client, one for each post, best a UUID. Sent again, it gives 200 and the first post.",
    ),
]


def client_uuid(text: str | None) -> UUID | None:
    """A client id as it is stored: a UUID as it is, other text as the UUID that is always made of it (version 5)."""
    if text is None:
        return None
    try:
        return UUID(text)
    except ValueError:
        return uuid.uuid5(_CLIENT_IDS, text)


class AuthorOut(Out):
    """Who said it."""

    id: UUID
    handle: str
    display_name: str
    picture_url: str
    role: str | None = Field(description="Their role in the workspace; null: no longer a member.")

    @classmethod
    def of(cls, author: Author) -> AuthorOut:
        """As the post's state has it."""
        return cls(
            id=author.id,
            handle=author.handle,
            display_name=author.name,
            picture_url=author.picture_url,
            role=author.role,
        )


class ReactionOut(Out):
    """One emoji on a post."""

    emoji: str
    count: int
    person_ids: list[UUID] = Field(description="The first 200 of them.")

    @classmethod
    def of(cls, reaction: Reacted) -> ReactionOut:
        """As the post's state has it."""
        return cls(emoji=reaction.emoji, count=reaction.count, person_ids=list(reaction.person_ids))


class FileOut(Out):
    """A file."""

    id: UUID
    name: str
    content_type: str
    kind: str = Field(description="`image`, `audio`, `video` or `file`.")
    size: int = Field(description="Bytes.")
    width: int | None = Field(description="Pixels, of pictures.")
    height: int | None
    url: str = Field(description="Where its bytes are; asks for the same token.")

    @classmethod
    def of(cls, file: File) -> FileOut:
        """An upload."""
        return cls(
            id=file.pk,
            name=file.name,
            content_type=file.content_type,
            kind=file.kind,
            size=file.size,
            width=file.width,
            height=file.height,
            url=file_url(file.pk, file.name),
        )


class AttachmentOut(FileOut):
    """A file of a post."""

    alt: str = Field(description="Its description, for people who cannot see it.")

    @classmethod
    def of_attached(cls, file: Attached) -> AttachmentOut:
        """As the post's state has it."""
        return cls.model_validate(file)


class PostOut(Out):
    """A post. Of a deleted one only its place, its author and its replies are left."""

    id: UUID
    channel_id: UUID
    seq: int = Field(description="Its place in the channel; without gaps, replies included.")
    revision: int = Field(description="The channel's revision at its last change.")
    root_id: UUID | None = Field(description="The post it answers; null for what is no reply.")
    kind: str = Field(description="`message`, or `system` for a line in which the channel tells of itself.")
    author: AuthorOut
    body: str = Field(description="Markdown.")
    html: str = Field(description="The body, rendered and safe.")
    created_at: datetime
    edited_at: datetime | None
    deleted_at: datetime | None
    pinned_at: datetime | None
    reply_count: int
    last_reply_at: datetime | None
    reactions: list[ReactionOut]
    attachments: list[AttachmentOut]
    url: str = Field(description="Its permalink.")

    @classmethod
    def of(cls, state: PostState) -> PostOut:
        """What anybody may see of it."""
        return cls(
            id=state.id,
            channel_id=state.channel_id,
            seq=state.seq,
            revision=state.revision,
            root_id=state.root_id,
            kind=state.kind,
            author=AuthorOut.of(state.author),
            body=state.body,
            html=state.html,
            created_at=state.created_at,
            edited_at=state.edited_at,
            deleted_at=state.deleted_at,
            pinned_at=state.pinned_at,
            reply_count=state.reply_count,
            last_reply_at=state.last_reply_at,
            reactions=[ReactionOut.of(reaction) for reaction in state.reactions],
            attachments=[AttachmentOut.of_attached(file) for file in state.attachments],
            url=state.url,
        )


class PostsQuery(ListQuery):
    """Which posts: the newest, or those before, after or around a place."""

    before: Seq | None = Field(None, description="Posts before this place, the nearest ones.")
    after: Seq | None = Field(None, description="Posts after this place, the nearest ones.")
    around: Seq | None = Field(None, description="Posts on both sides of this place.")

    @model_validator(mode="after")
    def _take_cursor(self) -> PostsQuery:
        given = [name for name in ("before", "after", "around", "cursor") if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError("Send only one of before, after, around and cursor.")
        if self.cursor is not None:
            side, _dot, place = self.cursor.partition(".")
            if side not in {"before", "after"} or not place.isascii() or not place.isdigit() or len(place) > 18:  # noqa: PLR2004 - fits bigint
                raise ValueError("This place in the list is not known. Start again from its first page.")
            setattr(self, side, int(place))
        return self


class ChannelPostsQuery(PostsQuery):
    """Which posts of a channel."""

    replies: bool = Field(False, description="Also replies, for programs that keep a copy of everything.")


class NewPostIn(Strict):
    """A post to be made."""

    body: str = Field(description="Markdown, at most 40,000 characters.")
    root_id: UUID | None = Field(None, description="The post to answer; a reply's id joins its thread.")
    client_id: ClientId | None = None
    attachment_ids: Ids = Field([], description="Files of your own, from `POST /files`; at most 10.")
    alts: Annotated[list[str], Field(max_length=100)] = Field(
        [], description="Descriptions of the files, in their order."
    )


class EditIn(Strict):
    """What a post says from now on."""

    body: str


class VersionOut(Out):
    """What a post said before an edit."""

    body: str
    replaced_at: datetime

    @classmethod
    def of(cls, version: PostVersion) -> VersionOut:
        """One row."""
        return cls(body=version.body, replaced_at=version.replaced_at)


class ReadIn(Strict):
    """Up to where one has read."""

    seq: Seq


class ReadingOut(Out):
    """How far one has read a channel."""

    last_read_seq: int
    unread: int = Field(description="Posts (without replies) that are unread.")
    mentions: int = Field(description="Unread posts that call one.")

    @classmethod
    def of(cls, unread: Unread) -> ReadingOut:
        """The state of one's membership."""
        return cls(last_read_seq=unread.last_read_seq, unread=unread.count, mentions=unread.mentions)


class ThreadOut(Out):
    """A thread that one follows."""

    root: PostOut
    unread: int = Field(description="Replies that are unread.")

    @classmethod
    def of(cls, thread: ThreadState) -> ThreadOut:
        """As one's list of threads has it."""
        return cls(root=PostOut.of(thread.root), unread=thread.unread)


class DraftIn(Strict):
    """What one has begun to write."""

    body: str = Field(description="Empty: there is no draft any more.")
    root_id: UUID | None = Field(None, description="In the thread of this post.")


class DraftOut(Out):
    """What one has begun to write in a channel or thread."""

    id: int
    channel_id: UUID
    root_id: UUID | None
    body: str
    updated_at: datetime

    @classmethod
    def of(cls, draft: Draft) -> DraftOut:
        """One row."""
        return cls.model_validate(draft)


class ScheduleIn(Strict):
    """A post to be sent later."""

    body: str
    send_at: datetime
    root_id: UUID | None = None
    attachment_ids: Ids = []
    alts: Annotated[list[str], Field(max_length=100)] = []


class RescheduleIn(Strict):
    """What changes; what is left out stays."""

    body: str | None = None
    send_at: datetime | None = None


class ScheduledOut(Out):
    """A post that waits to be sent."""

    id: UUID
    channel_id: UUID
    root_id: UUID | None
    body: str
    attachment_ids: list[UUID]
    send_at: datetime
    failed: str = Field(description="Why it could not be sent; empty while it waits.")

    @classmethod
    def of(cls, row: ScheduledPost) -> ScheduledOut:
        """One row."""
        return cls(
            id=row.pk,
            channel_id=row.channel_id,
            root_id=row.root_id,
            body=row.body,
            attachment_ids=row.file_ids,
            send_at=row.send_at,
            failed=row.failed,
        )


def with_zone(moment: datetime) -> datetime:
    """A time that says its zone. Raises Invalid."""
    if moment.utcoffset() is None:
        raise Invalid(_("Say the time with its zone, like 2027-03-01T09:00:00Z."), field="send_at")
    return moment
