"""What people keep for themselves: saved posts, drafts, and posts to be sent later."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from tertulia.channels import access as channels
from tertulia.channels.access import Seat
from tertulia.kernel import bus
from tertulia.kernel.clock import now
from tertulia.kernel.errors import Conflict, Invalid, NotFound, Refusal, TooMany
from tertulia.people.models import Person
from tertulia.posts import access
from tertulia.posts.models import Draft, File, Post, SavedPost, ScheduledPost
from tertulia.posts.services.posting import check_may_post, post
from tertulia.posts.services.preparing import check_body
from tertulia.posts.services.records import MAX_ALT, MAX_BODY, MAX_FILES
from tertulia.posts.states import PostState

MAX_SCHEDULED = 100
FURTHEST = timedelta(days=366)
SEND_AGAIN = timedelta(hours=1)
"""A scheduled post that could not be sent for being too fast is tried again for so long."""


def save(*, actor: Person, post: Post) -> None:
    """Keep a post for later. Twice is the same as once. Raises Conflict (deleted)."""
    if post.deleted_at is not None:
        raise Conflict(_("This post was deleted."), type="deleted")
    SavedPost.objects.get_or_create(person=actor, post=post)


def unsave(*, actor: Person, post: Post) -> None:
    """No longer keep it."""
    SavedPost.objects.filter(person=actor, post=post).delete()


def save_draft(*, actor: Person, seat: Seat, body: str, root_id: UUID | None = None) -> Draft | None:
    """Keep what the actor has begun to write in a channel or thread; nothing written, nothing kept (None).

    Raises Invalid (too long), NotFound (no such thread here).
    """
    if len(body) > MAX_BODY:
        body = check_body(body, files=0)
    root = access.root(actor, seat, root_id) if root_id else None
    with transaction.atomic():
        if not body.strip():
            if Draft.objects.filter(person=actor, channel=seat.channel, root=root).delete()[0]:
                bus.notify("sidebar", person=actor.pk)
            return None
        draft, is_new = Draft.objects.update_or_create(
            person=actor,
            channel=seat.channel,
            root=root,
            defaults={"body": body.replace("\0", ""), "updated_at": now()},
        )
        if is_new:
            bus.notify("sidebar", person=actor.pk)
    return draft


def discard_draft(*, actor: Person, draft: Draft) -> None:
    """Throw a draft away."""
    with transaction.atomic():
        draft.delete()
        bus.notify("sidebar", person=actor.pk)


def schedule(
    *,
    actor: Person,
    seat: Seat,
    body: str,
    send_at: datetime,
    root_id: UUID | None = None,
    file_ids: Sequence[UUID] = (),
    alts: Sequence[str] = (),
) -> ScheduledPost:
    """Have a post sent at a time to come; the draft there is done with.

    Raises Conflict (archived, too many), Forbidden (may not post), Invalid (nothing written, a time gone by), NotFound.
    """
    check_may_post(seat)
    body = check_body(body, files=len(file_ids))
    _check_time(send_at)
    _check_files(actor, file_ids, alts)
    root = access.root(actor, seat, root_id) if root_id else None
    with transaction.atomic():
        Person.objects.select_for_update(no_key=True).get(pk=actor.pk)  # so that two at once are counted
        if ScheduledPost.objects.filter(author=actor, failed="").count() >= MAX_SCHEDULED:
            raise Conflict(
                _("You have %(limit)s posts waiting to be sent. Send or delete one first.") % {"limit": MAX_SCHEDULED},
                type="full",
            )
        made = ScheduledPost.objects.create(
            author=actor,
            channel=seat.channel,
            root=root,
            body=body,
            file_ids=list(file_ids),
            alts=list(alts),
            send_at=send_at,
        )
        Draft.objects.filter(person=actor, channel=seat.channel, root=root).delete()
        bus.notify("sidebar", person=actor.pk)
    return made


def reschedule(
    *, actor: Person, scheduled: ScheduledPost, body: str | None = None, send_at: datetime | None = None
) -> ScheduledPost:
    """Change what a waiting (or failed) post says or when it goes. Raises Invalid, NotFound (it went meanwhile)."""
    with transaction.atomic():
        row = _lock(scheduled.pk)
        if body is not None:
            row.body = check_body(body, files=len(row.file_ids))
        if send_at is not None:
            _check_time(send_at)
            row.send_at = send_at
        elif row.failed:
            raise Invalid(_("Say when it should be sent."), field="send_at")
        row.failed = ""
        row.save(update_fields=["body", "send_at", "failed"])
        bus.notify("sidebar", person=actor.pk)
    return row


def unschedule(*, actor: Person, scheduled: ScheduledPost, keep_draft: bool = False) -> None:
    """Do not send it. With `keep_draft` its words become the draft of its channel, unless there is one."""
    with transaction.atomic():
        row = _lock(scheduled.pk)
        if keep_draft and row.body:
            Draft.objects.get_or_create(
                person=actor, channel_id=row.channel_id, root_id=row.root_id, defaults={"body": row.body}
            )
        row.delete()
        bus.notify("sidebar", person=actor.pk)


def send_now(*, actor: Person, scheduled: ScheduledPost) -> PostState:
    """Send a waiting (or failed) post at once. Raises what `post` does, and keeps it then."""
    with transaction.atomic():
        row = _lock(scheduled.pk)
        state = _send(actor, row)
        bus.notify("sidebar", person=actor.pk)
    return state


def send_due() -> int:
    """Send every scheduled post whose time has come; returns how many were sent. For the job that runs each minute.

    Each in a transaction of its own, so that several workers send it once; one that cannot be sent says why.
    """
    sent = 0
    skipped: list[UUID] = []
    while True:
        with transaction.atomic():
            due = ScheduledPost.objects.select_for_update(skip_locked=True, of=("self",)).select_related("author")
            row = due.filter(failed="", send_at__lte=now()).exclude(pk__in=skipped).order_by("send_at").first()
            if row is None:
                return sent
            if _send_or_say_why(row):
                sent += 1
            else:
                skipped.append(row.pk)


def _send_or_say_why(row: ScheduledPost) -> bool:
    author = row.author
    with translation.override(author.language or None):
        try:
            with transaction.atomic():
                if not author.is_active:
                    raise NotFound  # noqa: TRY301 - handled like any other reason
                _send(author, row)
        except TooMany as refusal:
            if now() - row.send_at < SEND_AGAIN:
                return False
            row.failed = refusal.detail[:300]
        except NotFound:
            row.failed = _("You are no longer in this channel.")
        except Refusal as refusal:
            row.failed = refusal.detail[:300]
    if row.failed:
        row.save(update_fields=["failed"])
    bus.notify("sidebar", person=author.pk)
    return not row.failed


def _send(author: Person, row: ScheduledPost) -> PostState:
    state, _is_new = post(
        actor=author,
        seat=channels.channel(author, row.channel_id),
        body=row.body,
        root_id=row.root_id,
        client_id=row.pk,
        file_ids=row.file_ids,
        alts=row.alts,
    )
    ScheduledPost.objects.filter(pk=row.pk).delete()
    return state


def _lock(scheduled_id: UUID) -> ScheduledPost:
    row = ScheduledPost.objects.select_for_update().filter(pk=scheduled_id).first()
    if row is None:
        raise NotFound(_("This post has been sent or deleted meanwhile."))
    return row


def _check_time(send_at: datetime) -> None:
    if send_at <= now():
        raise Invalid(_("Choose a time in the future."), field="send_at")
    if send_at > now() + FURTHEST:
        raise Invalid(_("Choose a time within a year."), field="send_at")


def _check_files(actor: Person, file_ids: Sequence[UUID], alts: Sequence[str]) -> None:
    if len(file_ids) > MAX_FILES or len(set(file_ids)) < len(file_ids):
        raise Invalid(
            _("A post holds at most %(limit)s files, each once.") % {"limit": MAX_FILES}, field="attachment_ids"
        )
    if any(len(alt) > MAX_ALT for alt in alts):
        raise Invalid(
            _("The description of a file has at most %(limit)s characters.") % {"limit": MAX_ALT}, field="alts"
        )
    if File.objects.filter(pk__in=file_ids, uploader=actor, attachment=None).count() < len(file_ids):
        raise Invalid(_("One of the files is not there (any more). Upload it again."), field="attachment_ids")
