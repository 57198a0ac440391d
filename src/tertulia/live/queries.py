"""What the gateway asks the database: once per connection, once per change of a channel, never per subscriber."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.utils.crypto import constant_time_compare

from tertulia.channels import access as channel_access
from tertulia.channels.models import Channel, ChannelMembership
from tertulia.kernel.errors import Refusal
from tertulia.live import telling
from tertulia.people.models import Person
from tertulia.posts import queries as post_queries
from tertulia.posts.models import Mention
from tertulia.workspaces.models import Membership

BEHIND = 500
"""A tab that missed more changes than this loads the page again."""


@dataclass(frozen=True)
class Somebody:
    """Whose session a socket belongs to."""

    person_id: UUID
    name: str


@dataclass(frozen=True)
class Mark:
    """How far a channel had come when it was read."""

    revision: int
    last_seq: int


@dataclass(frozen=True)
class Home:
    """What a person belongs to: workspaces, and channels with how far each had come."""

    workspaces: frozenset[UUID]
    channels: dict[UUID, Mark]


@dataclass(frozen=True)
class Standing:
    """Everything that one person's tabs may hear, freshly read.

    `sessions`: those asked about that have not ended. `hears`: the channels asked about that the person may see without
    belonging to them.
    """

    name: str
    sessions: frozenset[str]
    home: Home
    hears: frozenset[UUID]


@dataclass(frozen=True)
class Changes:
    """What happened in a channel, as frames; None where there is nothing to tell.

    `too_many`: more than can be told; whoever shows the channel has to load it again.
    """

    workspace_id: UUID
    mark: Mark
    posts: str | None
    activity: str | None
    too_many: bool = False


def who(session_key: str) -> Somebody | None:
    """The person signed in by this session; None when it has ended or its password has changed since."""
    session = SessionStore(session_key)
    person_id = session.get(SESSION_KEY)
    person = Person.objects.filter(id=person_id, is_active=True).first() if person_id else None
    if person is None or not _lasts(session, person):
        return None
    return Somebody(person.id, person.display_name)


def standing(person_id: UUID, session_keys: Collection[str], channel_ids: Iterable[UUID]) -> Standing:
    """What a person may hear now: which of their sessions last, what they belong to, which others of these channels."""
    person = Person.objects.filter(id=person_id, is_active=True).first()
    if person is None:
        return Standing("", frozenset(), Home(frozenset(), {}), frozenset())
    mine = home(person_id)
    others = {channel_id for channel_id in channel_ids if channel_id not in mine.channels}
    return Standing(
        name=person.display_name,
        sessions=frozenset(key for key in session_keys if _lasts(SessionStore(key), person)),
        home=mine,
        hears=frozenset(channel_id for channel_id in others if _seat_mark(person, channel_id) is not None),
    )


def home(person_id: UUID) -> Home:
    """The person's workspaces and channels, in two queries."""
    workspaces = Membership.objects.filter(person_id=person_id).values_list("workspace_id", flat=True)
    channels = ChannelMembership.objects.filter(person_id=person_id).values_list(
        "channel_id", "channel__revision", "channel__last_seq"
    )
    return Home(frozenset(workspaces), {channel: Mark(revision, seq) for channel, revision, seq in channels})


def marks(channel_ids: Collection[UUID]) -> dict[UUID, Mark]:
    """How far these channels have come. One query."""
    rows = Channel.objects.filter(id__in=channel_ids).values_list("id", "revision", "last_seq")
    return {channel_id: Mark(revision, seq) for channel_id, revision, seq in rows}


def may_hear(person_id: UUID, channel_id: UUID) -> Mark | None:
    """How far the channel has come, if the person may read it; None otherwise."""
    person = Person.objects.filter(id=person_id, is_active=True).first()
    return _seat_mark(person, channel_id) if person else None


def changes(channel_id: UUID, since: Mark) -> Changes | None:
    """Everything that changed in a channel after `since`; None if there is no such channel.

    The posts are read by the same query as a page of them, so that replay equals reload.
    """
    # The channel first: posts that are committed in between are then sent twice, never missed.
    channel = Channel.objects.filter(id=channel_id).first()
    if channel is None:
        return None
    states = post_queries.changes(channel_id, since_revision=since.revision, limit=BEHIND + 1)
    if len(states) > BEHIND:
        return Changes(channel.workspace_id, Mark(channel.revision, channel.last_seq), None, None, too_many=True)
    mark = Mark(
        max([channel.revision, *(state.revision for state in states)]),
        max([channel.last_seq, *(state.seq for state in states)]),
    )
    mentions = Mention.objects.filter(post_id__in=[state.id for state in states]).values_list("post_id", "person_id")
    return Changes(
        workspace_id=channel.workspace_id,
        mark=mark,
        posts=telling.posts(channel_id, mark.revision, states) if states else None,
        activity=telling.activity(channel, mark.last_seq, since.last_seq, states, list(mentions)),
    )


def doors(person_ids: Collection[UUID]) -> dict[UUID, str]:
    """Whether each person's door is open or closed."""
    rows = Person.objects.filter(id__in=person_ids).values_list("id", "door_open")
    return {person_id: "open" if is_open else "closed" for person_id, is_open in rows}


def acquaintances(person_id: UUID, others: Iterable[UUID]) -> set[UUID]:
    """Those of `others` who share a workspace with the person."""
    return set(
        Membership.objects.filter(person_id__in=list(others), workspace__memberships__person_id=person_id).values_list(
            "person_id", flat=True
        )
    )


def reading(person_id: UUID, channel_id: UUID) -> dict[str, int] | None:
    """Where a person has read to in a channel, what is left, and what that was counted of; None if not a member."""
    row = (
        ChannelMembership.objects.filter(person_id=person_id, channel_id=channel_id)
        .values_list("last_read_seq", "read_roots", "channel__root_count", "channel__last_seq")
        .first()
    )
    if row is None:
        return None
    last_read_seq, read_roots, root_count, last_seq = row
    mentions = Mention.objects.filter(
        person_id=person_id, channel_id=channel_id, seq__gt=last_read_seq, post__deleted_at=None
    ).count()
    return {
        "last_read_seq": last_read_seq,
        "unread": max(0, root_count - read_roots),
        "mentions": mentions,
        "root_count": root_count,
        "last_seq": last_seq,
    }


def _seat_mark(person: Person, channel_id: UUID) -> Mark | None:
    try:
        channel = channel_access.channel(person, channel_id).channel
    except Refusal:
        return None
    return Mark(channel.revision, channel.last_seq)


def _lasts(session: SessionStore, person: Person) -> bool:
    """Whether the session is the person's and still good, as `django.contrib.auth.get_user` sees it."""
    if session.get(SESSION_KEY) != str(person.pk) or not session.get(BACKEND_SESSION_KEY):
        return False
    return constant_time_compare(session.get(HASH_SESSION_KEY, ""), person.get_session_auth_hash())
