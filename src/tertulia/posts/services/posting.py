"""What a person does to say something: `create_posts` with everything that a person must respect."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from uuid import UUID

import msgspec
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tertulia.channels.access import Seat
from tertulia.channels.models import ChannelMembership
from tertulia.kernel import limits
from tertulia.kernel.errors import Conflict, Forbidden, Refusal, TooMany
from tertulia.people.models import Person
from tertulia.posts import queries, sql
from tertulia.posts.models import Kind
from tertulia.posts.services.create import create_posts
from tertulia.posts.services.preparing import archived_channel
from tertulia.posts.services.records import NewPost, Outcome, Said
from tertulia.posts.states import Author, PostState
from tertulia.workspaces.access import Permission, may

SMALL_CHANNEL = 20
"""In a channel of up to so many members everybody may call everybody."""


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants to say in a channel, or in the thread of `root_id`; `alts` describe the files in order."""

    actor: Person
    seat: Seat
    body: str
    root_id: UUID | None = None
    client_id: UUID | None = None
    file_ids: Sequence[UUID] = ()
    alts: Sequence[str] = ()


class Posted(msgspec.Struct, frozen=True):
    """What became of a letter; `created` is False where an earlier send of it had made the post."""

    state: PostState
    created: bool


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
    letter = Letter(
        actor=actor, seat=seat, body=body, root_id=root_id, client_id=client_id, file_ids=file_ids, alts=alts
    )
    [answer] = post_all([letter])
    if isinstance(answer, Refusal):
        raise answer
    return answer.state, answer.created


def post_all(letters: Sequence[Letter], *, counted: bool = False) -> list[Posted | Refusal]:
    """What several people say at the same time, as one batch: each letter gets its post, or its refusal.

    A refused letter leaves its neighbours alone. Refusals are those that `post` raises. `counted`: the caller has
    counted them against `limits.POSTING`.
    """
    answers: dict[int, Outcome] = {}
    for place, letter in enumerate(letters):
        try:
            check_may_post(letter.seat)
        except Refusal as refusal:
            answers[place] = Outcome(refusal=refusal)
    if not counted:
        answers.update(_too_fast(letters, [place for place in range(len(letters)) if place not in answers]))
    ready = [place for place in range(len(letters)) if place not in answers]
    slow = [place for place in ready if turn_seconds(letters[place].seat)]
    for place in slow:
        answers[place] = _post_in_turn(letters[place])
    quick = [place for place in ready if place not in slow] if slow else ready
    if quick:
        outcomes = create_posts([_new(letters[place]) for place in quick], hopeful=True)
        answers.update(zip(quick, outcomes, strict=True))
    outcomes = _repeated(letters, [answers[place] for place in range(len(letters))])
    return _posted(letters, outcomes)


def _repeated(letters: Sequence[Letter], outcomes: Sequence[Outcome]) -> list[Outcome]:
    """The same, but what was sent before is answered with the first post, whatever forbids it now."""
    refused = [place for place, outcome in enumerate(outcomes) if outcome.refusal and letters[place].client_id]
    firsts = _firsts([letters[place] for place in refused]) if refused else {}
    found: list[Outcome] = []
    for letter, outcome in zip(letters, outcomes, strict=True):
        first = firsts.get((letter.actor.pk, letter.client_id)) if outcome.refusal and letter.client_id else None
        it = Outcome(*first) if first else outcome
        elsewhere = it.refusal is None and not it.created and it.channel_id != letter.seat.channel.pk
        found.append(Outcome(refusal=_used_elsewhere()) if elsewhere else it)
    return found


def _used_elsewhere() -> Refusal:
    return Conflict(
        _("This client_id belongs to a post of yours in another channel. Make a new one for each post."),
        type="client-id-used",
    )


def _posted(letters: Sequence[Letter], outcomes: Sequence[Outcome]) -> list[Posted | Refusal]:
    """The posts as everybody sees them; those that hold more than the words said just now have to be read."""
    posted: dict[int, Posted | Refusal] = {}
    to_read: dict[int, UUID] = {}
    for place, (letter, outcome) in enumerate(zip(letters, outcomes, strict=True)):
        if outcome.refusal is not None:
            posted[place] = outcome.refusal
        elif outcome.said is not None and not letter.file_ids:
            posted[place] = Posted(state_of(letter, outcome, outcome.said), outcome.created)
        else:
            assert outcome.post_id is not None
            to_read[place] = outcome.post_id
    states = {state.id: state for state in queries.states(list(to_read.values()))} if to_read else {}
    posted.update({place: Posted(states[id_], outcomes[place].created) for place, id_ in to_read.items()})
    return [posted[place] for place in range(len(letters))]


def state_of(letter: Letter, outcome: Outcome, said: Said) -> PostState:
    """What `queries.state` would read of a post that was made this moment and holds nothing but words."""
    author, seat = letter.actor, letter.seat
    assert outcome.post_id is not None
    return PostState(
        id=outcome.post_id,
        channel_id=seat.channel.pk,
        seq=outcome.seq,
        revision=outcome.revision,
        root_id=outcome.root_id,
        kind=Kind.MESSAGE.value,
        author=Author(author.pk, author.handle, author.display_name, author.picture, seat.place.role.value),
        body=said.body,
        html=said.html,
        text=said.text,
        created_at=said.created_at,
        edited_at=None,
        deleted_at=None,
        deleted_by_author=False,
        pinned_at=None,
        reply_count=0,
        last_reply_at=None,
        repliers=(),
        reactions=(),
        attachments=(),
        workspace_slug=seat.place.workspace.slug,
        channel_slug=seat.channel.slug,
    )


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


def _new(letter: Letter) -> NewPost:
    return NewPost(
        channel_id=letter.seat.channel.pk,
        author_id=letter.actor.pk,
        body=letter.body,
        root_id=letter.root_id,
        client_id=letter.client_id,
        file_ids=tuple(letter.file_ids),
        alts=tuple(letter.alts),
        everyone=may_call_everyone(letter.seat, letter.body),
        ends_draft=True,
        workspace_id=letter.seat.place.workspace.pk,
    )


def _firsts(letters: Sequence[Letter]) -> dict[tuple[UUID, UUID], tuple[UUID, UUID]]:
    """(author, client id) -> the post that an earlier send made, and its channel."""
    keys = [(letter.actor.pk, letter.client_id) for letter in letters if letter.client_id]
    return {(author, client): (post_id, channel) for author, client, post_id, channel in sql.posts_sent(keys)}


def _too_fast(letters: Sequence[Letter], waiting: Sequence[int]) -> dict[int, Outcome]:
    """The letters of people who have posted too much of late."""
    uses = Counter[tuple[limits.Limit, object]]((limits.POSTING, letters[place].actor.pk) for place in waiting)
    too_much = limits.spend_each(uses) if uses else set()
    refused: dict[int, Outcome] = {}
    for place in waiting:
        who = letters[place].actor.pk
        if (limits.POSTING, who) in too_much:  # all of theirs together; one by one some may pass
            try:
                limits.spend(limits.POSTING, who)
            except TooMany as refusal:
                refused[place] = Outcome(refusal=refusal)
    return refused


def turn_seconds(seat: Seat) -> int:
    """In slow mode: the seconds in which this person may post once; 0 where they need not wait."""
    return 0 if seat.may_moderate else seat.channel.slow_seconds


def _post_in_turn(letter: Letter) -> Outcome:
    try:
        with transaction.atomic():
            _spend_turn(letter.seat)  # in the transaction, so that a refused post does not cost the turn
            [outcome] = create_posts([_new(letter)], hopeful=True)
            if outcome.refusal is not None:
                raise outcome.refusal
    except Refusal as refusal:
        return Outcome(refusal=refusal)
    return outcome


def _spend_turn(seat: Seat) -> None:
    """In slow mode: one post of each person in so many seconds."""
    turn = limits.Limit("slow-mode", times=1, seconds=turn_seconds(seat), fixed=True)
    try:
        limits.spend(turn, f"{seat.channel.pk}:{seat.person_id}")
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
