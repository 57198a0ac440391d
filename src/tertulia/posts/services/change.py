"""Verbs on a post that is there: edit, delete, take back the deletion, react, pin. Each returns the post as it is then.

`post` and `seat` are what `access.post` gave for the actor.
"""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Max
from django.utils.translation import gettext as _

from tertulia.channels.access import Seat
from tertulia.kernel import audit, happenings, limits
from tertulia.kernel.clock import now
from tertulia.kernel.errors import Conflict, Forbidden
from tertulia.kernel.rich_text.emoji import normalise_emoji
from tertulia.people.models import Person
from tertulia.posts import access, queries, sql
from tertulia.posts.happenings import PostDeleted, PostEdited, PostRestored
from tertulia.posts.models import Kind, Mention, Post, PostVersion, Reaction
from tertulia.posts.services import counting
from tertulia.posts.services.changing import Change, change
from tertulia.posts.services.preparing import archived_channel, check_body, rendered
from tertulia.posts.states import PostState

UNDO_SECONDS = 600
MAX_EMOJI = 50
"""Different emoji on one post."""
MAX_PINS = queries.MOST_PINS


def edit(*, actor: Person, post: Post, seat: Seat, body: str) -> PostState:
    """Say it otherwise; what it said before is kept. People named anew are called, `@channel` does not ring again.

    Raises Conflict (deleted, archived), Forbidden (not the author), Invalid, TooMany.
    """
    _check_stands(post, seat)
    if not access.may_edit(seat, post):
        raise Forbidden(_("Only its author can change a post."))
    body = check_body(body, files=post.attachments.count())
    limits.spend(limits.POSTING, actor.pk)
    html, called = rendered(post.pk, seat.channel.workspace_id, body)
    with change(post) as current:
        _check_stands(current.post, seat)
        if current.post.body != body:
            moment = now()
            PostVersion.objects.create(post=post, body=current.post.body, replaced_at=moment, replaced_by=actor)
            current.set(body=body, html=html.html, text=html.text, edited_at=moment)
            people = [(post.pk, person_id) for person_id in called.person_ids]
            groups = [(post.pk, group_id) for group_id in called.group_ids]
            newly = sql.record_mentions(people, groups, []) if people or groups else []
            mentioned = tuple(str(person_id) for _post_id, person_id in newly)
            happenings.emit(PostEdited(str(post.channel_id), str(post.pk), mentioned))
    return queries.state(post.pk)


def delete(*, actor: Person, post: Post, seat: Seat) -> PostState:
    """Take a post away; its place, its author's name and its replies stay. Whoever did it may undo it for a while.

    Deleting twice is the same as once. Raises Forbidden.
    """
    if post.deleted_at is None and not access.may_delete(seat, post):
        raise Forbidden(_("You can delete your own posts only."))
    with change(post) as current:
        if current.post.deleted_at is None:
            current.set(deleted_at=now(), deleted_by=actor)
            counting.count_out(current.post)
            _recount_root(current)
            Mention.objects.filter(post=post).delete()
            if post.author_id != actor.pk:
                _record(actor, "deleted", post, seat)
            happenings.emit(PostDeleted(str(post.channel_id), str(post.pk), str(actor.pk)))
    return queries.state(post.pk)


def undelete(*, actor: Person, post: Post, seat: Seat) -> PostState:
    """Bring a deleted post back, as it was: within UNDO_SECONDS, by whoever deleted it.

    Raises Conflict (too late), Forbidden.
    """
    with change(post) as current:
        deleted_at = current.post.deleted_at
        if deleted_at is not None:
            if current.post.deleted_by_id != actor.pk:
                raise Forbidden(_("Only whoever deleted a post can bring it back."))
            if now() - deleted_at > timedelta(seconds=UNDO_SECONDS):
                raise Conflict(_("It is too late to bring this post back: its words are gone."), type="too-late")
            counting.count_in(current.post)
            current.set(deleted_at=None, deleted_by=None)
            _recount_root(current)
            _call_again(current.post, seat)
            if current.post.author_id != actor.pk:
                _record(actor, "restored", post, seat)
            happenings.emit(PostRestored(str(post.channel_id), str(post.pk), str(actor.pk)))
    return queries.state(post.pk)


def react(*, actor: Person, post: Post, seat: Seat, emoji: str) -> PostState:
    """Put an emoji on a post; twice is the same as once. Raises Conflict (deleted, archived, full), Invalid."""
    emoji = normalise_emoji(emoji)
    _check_stands(post, seat)
    limits.spend(limits.WRITES, actor.pk)
    with change(post) as current:
        _check_stands(current.post, seat)
        there = set(Reaction.objects.filter(post=post).values_list("emoji", flat=True).distinct())
        if emoji not in there and len(there) >= MAX_EMOJI:
            raise Conflict(
                _("There are %(limit)s different reactions on this post already. Join one of them.")
                % {"limit": MAX_EMOJI},
                type="full",
            )
        _reaction, is_new = Reaction.objects.get_or_create(post=post, person=actor, emoji=emoji)
        if is_new:
            current.set()
    return queries.state(post.pk)


def unreact(*, actor: Person, post: Post, seat: Seat, emoji: str) -> PostState:
    """Take one's emoji away again. Raises Conflict (deleted, archived), Invalid (no emoji)."""
    emoji = normalise_emoji(emoji)
    _check_stands(post, seat)
    with change(post) as current:
        if Reaction.objects.filter(post=post, person=actor, emoji=emoji).delete()[0]:
            current.set()
    return queries.state(post.pk)


def pin(*, actor: Person, post: Post, seat: Seat) -> PostState:
    """Keep a post at hand in its channel. Raises Conflict (deleted, archived, too many), Forbidden."""
    _check_stands(post, seat)
    _check_may_pin(seat)
    with change(post) as current:
        _check_stands(current.post, seat)
        if current.post.pinned_at is None:
            pins = Post.objects.filter(channel=seat.channel, pinned_at__isnull=False, deleted_at=None).count()
            if pins >= MAX_PINS:
                raise Conflict(
                    _("%(limit)s posts are pinned here already. Unpin one first.") % {"limit": MAX_PINS}, type="full"
                )
            current.set(pinned_at=now(), pinned_by=actor)
    return queries.state(post.pk)


def unpin(*, actor: Person, post: Post, seat: Seat) -> PostState:
    """No longer keep it at hand. Raises Conflict (archived), Forbidden."""
    del actor  # anybody who may pin may unpin
    _check_stands(post, seat)
    _check_may_pin(seat)
    with change(post) as current:
        if current.post.pinned_at is not None:
            current.set(pinned_at=None, pinned_by=None)
    return queries.state(post.pk)


def _check_stands(post: Post, seat: Seat) -> None:
    """Raises Conflict where nothing can be done to a post any more: it is deleted, or its channel is archived."""
    if seat.is_frozen:
        raise archived_channel()
    if post.deleted_at is not None:
        raise Conflict(_("This post was deleted."), type="deleted")


def _check_may_pin(seat: Seat) -> None:
    if not access.may_pin(seat):
        raise Forbidden(_("Only the channel's managers and the workspace's staff can pin posts here."))


def _recount_root(current: Change) -> None:
    """The thread of a reply that went or came back says so on its first post."""
    reply = current.post
    if reply.root_id is None:
        return
    others = Post.objects.filter(root_id=reply.root_id, deleted_at=None).exclude(pk=reply.pk)
    count, last = others.count(), others.aggregate(last=Max("created_at"))["last"]
    if reply.deleted_at is None:
        count, last = count + 1, max(last or reply.created_at, reply.created_at)
    current.set_other(reply.root_id, reply_count=count, last_reply_at=last)


def _call_again(post: Post, seat: Seat) -> None:
    """The mentions of a post that came back; `@channel` does not ring again."""
    if post.kind != Kind.MESSAGE:
        return
    _html, called = rendered(post.pk, seat.channel.workspace_id, post.body)
    people = [(post.pk, person_id) for person_id in called.person_ids]
    groups = [(post.pk, group_id) for group_id in called.group_ids]
    if people or groups:
        sql.record_mentions(people, groups, [])


def _record(actor: Person, verb: str, post: Post, seat: Seat) -> None:
    audit.record(
        actor=actor,
        verb=verb,
        object_kind="post",
        object_id=post.pk,
        workspace_id=seat.channel.workspace_id,
        before={"author": str(post.author_id), "channel": str(post.channel_id)},
    )
