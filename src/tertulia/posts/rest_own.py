"""One's own over REST: saved posts, followed threads, drafts, posts to be sent later."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Status

from tertulia.channels import access as channels
from tertulia.kernel.paging import Slice
from tertulia.kernel.rest import ListQuery, Page, actor, page, problems, requires
from tertulia.posts import access, queries, services
from tertulia.posts.rest_schemas import (
    DraftIn,
    DraftOut,
    PostOut,
    RescheduleIn,
    ScheduledOut,
    ScheduleIn,
    ThreadOut,
    with_zone,
)
from tertulia.workspaces import access as workspaces

router = Router(tags=["posts"])


@router.get("/workspaces/{slug}/saved", response={200: Page[PostOut]})
@requires("posts:read")
def list_saved(request: HttpRequest, slug: str, query: Query[ListQuery]) -> Page[PostOut]:
    """The posts that one has saved, the latest saved first."""
    place = workspaces.workspace(actor(request), slug)
    return page(queries.saved(place, cursor=query.cursor, limit=query.limit), PostOut.of)


@router.put("/posts/{uuid:post_id}/save", response={204: None, **problems(409)})
@requires("posts:write")
def save_post(request: HttpRequest, post_id: UUID) -> Status[None]:
    """Keep a post for later."""
    person = actor(request)
    post, _seat = access.post(person, post_id)
    services.save(actor=person, post=post)
    return Status(204, None)


@router.delete("/posts/{uuid:post_id}/save", response={204: None})
@requires("posts:write")
def unsave_post(request: HttpRequest, post_id: UUID) -> Status[None]:
    """No longer keep it."""
    person = actor(request)
    post, _seat = access.post(person, post_id)
    services.unsave(actor=person, post=post)
    return Status(204, None)


@router.get("/workspaces/{slug}/threads", response={200: Page[ThreadOut]})
@requires("posts:read")
def list_threads(request: HttpRequest, slug: str, query: Query[ListQuery]) -> Page[ThreadOut]:
    """The threads that one follows, the latest reply first."""
    place = workspaces.workspace(actor(request), slug)
    return page(queries.followed_threads(place, cursor=query.cursor, limit=query.limit), ThreadOut.of)


@router.put("/posts/{uuid:post_id}/follow", response={204: None})
@requires("posts:write")
def follow_thread(request: HttpRequest, post_id: UUID) -> Status[None]:
    """Follow the thread of a post."""
    person = actor(request)
    post, seat = access.post(person, post_id)
    services.follow_thread(actor=person, post=post, seat=seat)
    return Status(204, None)


@router.delete("/posts/{uuid:post_id}/follow", response={204: None})
@requires("posts:write")
def unfollow_thread(request: HttpRequest, post_id: UUID) -> Status[None]:
    """No longer follow it, even if one wrote in it."""
    person = actor(request)
    post, seat = access.post(person, post_id)
    services.follow_thread(actor=person, post=post, seat=seat, following=False)
    return Status(204, None)


@router.get("/workspaces/{slug}/drafts", response={200: Page[DraftOut]})
@requires("posts:read")
def list_drafts(request: HttpRequest, slug: str) -> Page[DraftOut]:
    """What one has begun to write, the latest first."""
    place = workspaces.workspace(actor(request), slug)
    return page(Slice(queries.drafts(place)), DraftOut.of)


@router.put("/channels/{uuid:channel_id}/draft", response={200: DraftOut, 204: None})
@requires("posts:write")
def save_draft(request: HttpRequest, channel_id: UUID, draft: DraftIn) -> Status[DraftOut] | Status[None]:
    """Keep what one has begun to write in a channel or thread; there is one draft in each."""
    person = actor(request)
    seat = channels.channel(person, channel_id)
    saved = services.save_draft(actor=person, seat=seat, body=draft.body, root_id=draft.root_id)
    return Status(204, None) if saved is None else Status(200, DraftOut.of(saved))


@router.get("/workspaces/{slug}/scheduled", response={200: Page[ScheduledOut]})
@requires("posts:read")
def list_scheduled(request: HttpRequest, slug: str) -> Page[ScheduledOut]:
    """One's posts that wait to be sent, the next first, and those that could not be."""
    place = workspaces.workspace(actor(request), slug)
    return page(Slice(queries.scheduled(place)), ScheduledOut.of)


@router.post("/channels/{uuid:channel_id}/scheduled", response={201: ScheduledOut, **problems(409)})
@requires("posts:write")
def schedule_post(request: HttpRequest, channel_id: UUID, new: ScheduleIn) -> Status[ScheduledOut]:
    """Have a post sent later, within a year."""
    person = actor(request)
    row = services.schedule(
        actor=person,
        seat=channels.channel(person, channel_id),
        body=new.body,
        send_at=with_zone(new.send_at),
        root_id=new.root_id,
        file_ids=new.attachment_ids,
        alts=new.alts,
    )
    return Status(201, ScheduledOut.of(row))


@router.patch("/scheduled/{uuid:scheduled_id}", response={200: ScheduledOut})
@requires("posts:write")
def reschedule_post(request: HttpRequest, scheduled_id: UUID, changes: RescheduleIn) -> ScheduledOut:
    """Change what a waiting post says or when it goes."""
    person = actor(request)
    row = services.reschedule(
        actor=person,
        scheduled=access.scheduled(person, scheduled_id),
        body=changes.body,
        send_at=with_zone(changes.send_at) if changes.send_at else None,
    )
    return ScheduledOut.of(row)


@router.delete("/scheduled/{uuid:scheduled_id}", response={204: None})
@requires("posts:write")
def unschedule_post(request: HttpRequest, scheduled_id: UUID) -> Status[None]:
    """Do not send it."""
    person = actor(request)
    services.unschedule(actor=person, scheduled=access.scheduled(person, scheduled_id))
    return Status(204, None)


@router.post("/scheduled/{uuid:scheduled_id}/send", response={200: PostOut, **problems(409, 413)})
@requires("posts:write")
def send_scheduled_post(request: HttpRequest, scheduled_id: UUID) -> PostOut:
    """Send it at once."""
    person = actor(request)
    return PostOut.of(services.send_now(actor=person, scheduled=access.scheduled(person, scheduled_id)))
