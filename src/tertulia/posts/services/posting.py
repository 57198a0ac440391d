"""What a person does to say something: `create_posts` with everything that a person must respect."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tertulia.channels.access import Seat
from tertulia.channels.models import ChannelMembership
from tertulia.kernel import bus, limits
from tertulia.kernel.errors import Conflict, Forbidden, TooMany
from tertulia.people.models import Person
from tertulia.posts import queries
from tertulia.posts.models import Draft, Post
from tertulia.posts.services.create import create_posts
from tertulia.posts.services.preparing import archived_channel
from tertulia.posts.services.records import NewPost
from tertulia.posts.states import PostState
from tertulia.workspaces.access import Permission, may

SMALL_CHANNEL = 20
"""In a channel of up to so many members everybody may call everybody."""


def post(
    *,
    actor: Person,
    seat: Seat,
    body: str,
    root_id: UUID | None = None,
    client_id: UUID | None = None,
    file_ids: Sequence[UUID] = (),
    alts: Sequence[str] = (),
) -> tuple[PostState, bool]:
    """Say something in a channel, or in the thread of `root_id`; the draft there is done with.

    Returns the post, and whether it is new: a repeated `client_id` gives the first one, whatever else is sent with it.
    Raises Conflict (archived channel, vanished parent, used file), Forbidden (may not post), Invalid, TooLarge,
    TooMany (slow mode, too fast).
    """
    first = _first(actor, seat, client_id)
    if first is not None:
        return queries.state(first), False
    check_may_post(seat)
    limits.spend(limits.POSTING, actor.pk)
    new = NewPost(
        channel_id=seat.channel.pk,
        author_id=actor.pk,
        body=body,
        root_id=root_id,
        client_id=client_id,
        file_ids=tuple(file_ids),
        alts=tuple(alts),
        everyone=may_call_everyone(seat, body),
    )
    with transaction.atomic():
        _spend_turn(seat)  # in the transaction, so that a refused post does not cost the turn
        [outcome] = create_posts([new])
        if outcome.refusal is not None:
            raise outcome.refusal
        root = root_id and outcome.root_id
        if Draft.objects.filter(person=actor, channel=seat.channel, root_id=root).delete()[0]:
            bus.notify("sidebar", person=actor.pk)
    assert outcome.post_id is not None
    return queries.state(outcome.post_id), outcome.created


def check_may_post(seat: Seat) -> None:
    """Raises Conflict where the channel is archived, Forbidden where this person may not post in it."""
    if seat.is_frozen:
        raise Conflict(seat.why_not_post or archived_channel().detail, type="archived")
    if not seat.may_post:
        raise Forbidden(seat.why_not_post)


def may_call_everyone(seat: Seat, body: str) -> bool:
    """Whether `@channel` and `@here` in this body call people: in large channels only with the permission."""
    if "@channel" not in body.lower() and "@here" not in body.lower():
        return False
    if seat.is_direct or may(seat.place, Permission.MENTION_ALL):
        return True
    return ChannelMembership.objects.filter(channel=seat.channel)[: SMALL_CHANNEL + 1].count() <= SMALL_CHANNEL


def _first(actor: Person, seat: Seat, client_id: UUID | None) -> UUID | None:
    if client_id is None:
        return None
    first = Post.objects.filter(author=actor, client_id=client_id).only("channel_id").first()
    if first is None:
        return None
    if first.channel_id != seat.channel.pk:
        raise Conflict(
            _("This client_id belongs to a post of yours in another channel. Make a new one for each post."),
            type="client-id-used",
        )
    return first.pk


def _spend_turn(seat: Seat) -> None:
    """In slow mode: one post of each person in so many seconds."""
    seconds = seat.channel.slow_seconds
    if not seconds or seat.may_moderate:
        return
    try:
        limits.spend(limits.Limit("slow-mode", times=1, seconds=seconds), f"{seat.channel.pk}:{seat.person_id}")
    except TooMany as refusal:
        wait = refusal.retry_after
        raise TooMany(
            ngettext(
                "This channel is in slow mode. You can post again in %(wait)s second; your words are kept.",
                "This channel is in slow mode. You can post again in %(wait)s seconds; your words are kept.",
                wait,
            )
            % {"wait": wait},
            retry_after=wait,
        ) from None
