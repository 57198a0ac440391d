"""Posts over REST: reading, writing, changing, reactions, pins, reading state, files. One's own is in `rest_own`.

What the fast lane (`live.lane`) answers, too, is encoded by `wire`.
"""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import File as FileField
from ninja import Query, Router, Status
from ninja.files import UploadedFile

from tertulia.channels import access as channels
from tertulia.kernel.errors import Forbidden, Invalid
from tertulia.kernel.paging import Slice
from tertulia.kernel.rest import Page, actor, page, problems, requires
from tertulia.posts import access, queries, rest_own, services, wire
from tertulia.posts.rest_schemas import (
    ChannelPostsQuery,
    EditIn,
    FileOut,
    NewPostIn,
    PostOut,
    PostsQuery,
    ReadIn,
    ReadingOut,
    VersionOut,
    client_uuid,
)

router = Router(tags=["posts"])
router.add_router("", rest_own.router)


@router.get("/channels/{uuid:channel_id}/posts", response={200: Page[PostOut]})
@requires("posts:read")
def list_posts(request: HttpRequest, channel_id: UUID, query: Query[ChannelPostsQuery]) -> HttpResponse:
    """The posts of a channel in the order of their places: the newest, or those before, after or around a place.

    `next` goes on in the direction asked for: to older posts, or with `after` to newer ones.
    """
    seat = channels.channel(actor(request), channel_id)
    found = queries.page(
        seat.channel.pk,
        before=query.before,
        after=query.after,
        around=query.around,
        limit=query.limit,
        with_replies=query.replies,
    )
    return _json(wire.page(found, forward=query.after is not None))


@router.post("/channels/{uuid:channel_id}/posts", response={200: PostOut, 201: PostOut, **problems(409, 413)})
@requires("posts:write")
def create_post(request: HttpRequest, channel_id: UUID, new: NewPostIn) -> HttpResponse:
    """Say something in a channel, or in a thread. A repeated `client_id` answers 200 with the first post."""
    person = actor(request)
    state, created = services.post(
        actor=person,
        seat=channels.channel(person, channel_id),
        body=new.body,
        root_id=new.root_id,
        client_id=client_uuid(new.client_id),
        file_ids=new.attachment_ids,
        alts=new.alts,
    )
    return _json(wire.post(state), status=201 if created else 200)


@router.get("/posts/{uuid:post_id}", response={200: PostOut})
@requires("posts:read")
def get_post(request: HttpRequest, post_id: UUID) -> PostOut:
    """One post; of a deleted one, its place."""
    access.post(actor(request), post_id)
    return PostOut.of(queries.state(post_id))


@router.patch("/posts/{uuid:post_id}", response={200: PostOut, **problems(409)})
@requires("posts:write")
def edit_post(request: HttpRequest, post_id: UUID, changes: EditIn) -> PostOut:
    """Say it otherwise; what it said before is kept."""
    person = actor(request)
    post, seat = access.post(person, post_id)
    return PostOut.of(services.edit(actor=person, post=post, seat=seat, body=changes.body))


@router.delete("/posts/{uuid:post_id}", response={204: None})
@requires("posts:write")
def delete_post(request: HttpRequest, post_id: UUID) -> Status[None]:
    """Delete a post: one's own, or as a moderator another's. For ten minutes it can be brought back."""
    person = actor(request)
    post, seat = access.post(person, post_id)
    services.delete(actor=person, post=post, seat=seat)
    return Status(204, None)


@router.post("/posts/{uuid:post_id}/undelete", response={200: PostOut, **problems(409)})
@requires("posts:write")
def undelete_post(request: HttpRequest, post_id: UUID) -> PostOut:
    """Bring back a post that one has just deleted."""
    person = actor(request)
    post, seat = access.post(person, post_id)
    return PostOut.of(services.undelete(actor=person, post=post, seat=seat))


@router.get("/posts/{uuid:post_id}/replies", response={200: Page[PostOut]})
@requires("posts:read")
def list_replies(request: HttpRequest, post_id: UUID, query: Query[PostsQuery]) -> Page[PostOut]:
    """The replies of a thread in the order of their places; asked for a reply, those of its thread."""
    post, _seat = access.post(actor(request), post_id)
    root_id = post.root_id or post.pk
    found = queries.replies(root_id, before=query.before, after=query.after, around=query.around, limit=query.limit)
    return _page(found, query)


@router.get("/posts/{uuid:post_id}/versions", response={200: Page[VersionOut]})
@requires("posts:read")
def list_versions(request: HttpRequest, post_id: UUID) -> Page[VersionOut]:
    """What a post said before each edit, the latest first: for its author and for moderators."""
    post, seat = access.post(actor(request), post_id)
    if not access.may_see_versions(seat, post):
        raise Forbidden(_("Only its author and moderators can see what a post said before."))
    return page(Slice(queries.versions(post)), VersionOut.of)


@router.put("/posts/{uuid:post_id}/reactions/{emoji}", response={200: PostOut, **problems(409)})
@requires("posts:write")
def add_reaction(request: HttpRequest, post_id: UUID, emoji: str) -> PostOut:
    """React with an emoji: the character itself, or its name as in `:tada:`."""
    person = actor(request)
    post, seat = access.post(person, post_id)
    return PostOut.of(services.react(actor=person, post=post, seat=seat, emoji=emoji))


@router.delete("/posts/{uuid:post_id}/reactions/{emoji}", response={204: None, **problems(409)})
@requires("posts:write")
def remove_reaction(request: HttpRequest, post_id: UUID, emoji: str) -> Status[None]:
    """Take one's reaction back."""
    person = actor(request)
    post, seat = access.post(person, post_id)
    services.unreact(actor=person, post=post, seat=seat, emoji=emoji)
    return Status(204, None)


@router.get("/channels/{uuid:channel_id}/pins", response={200: Page[PostOut]})
@requires("posts:read")
def list_pins(request: HttpRequest, channel_id: UUID) -> Page[PostOut]:
    """The pinned posts of a channel, the latest pin first."""
    seat = channels.channel(actor(request), channel_id)
    return page(Slice(queries.pinned(seat.channel.pk)), PostOut.of)


@router.post("/posts/{uuid:post_id}/pin", response={200: PostOut, **problems(409)})
@requires("posts:write")
def pin_post(request: HttpRequest, post_id: UUID) -> PostOut:
    """Keep a post at hand in its channel: for managers and staff, in direct conversations for both."""
    person = actor(request)
    post, seat = access.post(person, post_id)
    return PostOut.of(services.pin(actor=person, post=post, seat=seat))


@router.delete("/posts/{uuid:post_id}/pin", response={204: None, **problems(409)})
@requires("posts:write")
def unpin_post(request: HttpRequest, post_id: UUID) -> Status[None]:
    """No longer keep it at hand."""
    person = actor(request)
    post, seat = access.post(person, post_id)
    services.unpin(actor=person, post=post, seat=seat)
    return Status(204, None)


@router.post("/channels/{uuid:channel_id}/read", response={200: ReadingOut})
@requires("posts:write")
def mark_channel_read(request: HttpRequest, channel_id: UUID, read: ReadIn) -> HttpResponse:
    """One has read a channel up to a place; never less than before."""
    person = actor(request)
    seat = channels.channel(person, channel_id)
    services.mark_read(actor=person, seat=seat, seq=read.seq)
    return _json(wire.reading(queries.unread(person, channel_id)))


@router.post("/posts/{uuid:post_id}/unread", response={200: ReadingOut, **problems(409)})
@requires("posts:write")
def mark_post_unread(request: HttpRequest, post_id: UUID) -> ReadingOut:
    """From this post on everything is unread again."""
    person = actor(request)
    post, seat = access.post(person, post_id)
    services.mark_unread_from(actor=person, post=post, seat=seat)
    return ReadingOut.of(queries.unread(person, seat.channel.pk))


@router.post("/posts/{uuid:post_id}/replies/read", response={204: None})
@requires("posts:write")
def mark_replies_read(request: HttpRequest, post_id: UUID, read: ReadIn) -> Status[None]:
    """One has read a thread up to a place."""
    person = actor(request)
    post, seat = access.post(person, post_id)
    services.mark_thread_read(actor=person, post=post, seat=seat, seq=read.seq)
    return Status(204, None)


@router.post("/files", response={201: FileOut, **problems(413)})
@requires("files:write")
def upload_file(request: HttpRequest, file: UploadedFile = FileField(...)) -> Status[FileOut]:  # type: ignore[type-arg]  # noqa: B008 - ninja's way to ask for a file
    """Upload a file, as `multipart/form-data` with one part named `file`; attach it to a post within a day."""
    unknown = [*request.POST, *(name for name in request.FILES if name != "file")]
    if unknown:
        raise Invalid(
            _("There is no field of this name: %(name)s. Send one part named file.") % {"name": unknown[0]},
            field=unknown[0],
        )
    if len(request.FILES.getlist("file")) > 1:
        raise Invalid(_("Send one file at a time."), field="file")
    made = services.upload_file(actor=actor(request), name=file.name or "", stream=file)
    return Status(201, FileOut.of(made))


@router.get("/files/{uuid:file_id}", response={200: FileOut})
@requires("posts:read")
def get_file(request: HttpRequest, file_id: UUID) -> FileOut:
    """About a file in a post that one may see, or an upload of one's own."""
    return FileOut.of(access.file(actor(request), file_id))


@router.delete("/files/{uuid:file_id}", response={204: None})
@requires("files:write")
def discard_file(request: HttpRequest, file_id: UUID) -> Status[None]:
    """Throw away an upload of one's own that is in no post yet."""
    person = actor(request)
    services.discard_file(actor=person, file=access.own_file(person, file_id))
    return Status(204, None)


def _json(body: bytes, *, status: int = 200) -> HttpResponse:
    return HttpResponse(body, status=status, content_type="application/json; charset=utf-8")


def _page(found: queries.Page, query: PostsQuery) -> Page[PostOut]:
    older = f"before.{found.posts[0].seq}" if found.posts and found.has_before else None
    newer = f"after.{found.posts[-1].seq}" if found.posts and found.has_after else None
    forward = query.after is not None
    return Page(
        items=[PostOut.of(state) for state in found.posts],
        next=newer if forward else older,
        previous=older if forward else newer,
    )
