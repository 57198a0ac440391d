"""What the gateway asks the database: for many connections, and for many channels, at once; never per subscriber."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple
from uuid import UUID

import structlog
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.utils.crypto import constant_time_compare

from tertulia.channels import access as channel_access
from tertulia.channels.models import Channel, ChannelMembership
from tertulia.kernel.clock import now
from tertulia.kernel.errors import Refusal
from tertulia.kernel.prepared import fetch
from tertulia.live import telling
from tertulia.people.models import Person
from tertulia.posts import queries as post_queries
from tertulia.posts.models import Mention
from tertulia.posts.queries import PostState
from tertulia.workspaces.models import Membership

log = structlog.get_logger()

BEHIND = 500
"""A tab that missed more changes than this loads the page again."""
LARGEST: Final = 1024 * 1024
"""So does one that missed more bytes than this."""
LONGEST_KEY: Final = 40
"""Characters of a session's key, as its table has it."""


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


class Come(NamedTuple):
    """How far a channel has come, with what its members' counts are made of."""

    id: UUID
    workspace_id: UUID
    revision: int
    last_seq: int
    last_root_seq: int
    root_count: int


@dataclass(frozen=True)
class Changes:
    """What happened in a channel, as frames; None where there is nothing to tell.

    `too_many`: more than can be told; whoever shows the channel has to load it again.
    """

    workspace_id: UUID
    mark: Mark
    posts: bytes | None
    activity: bytes | None
    too_many: bool = False


@dataclass(frozen=True)
class Asked:
    """Whose standing is asked for: a person, the sessions of their tabs, the channels that these show."""

    person_id: UUID
    sessions: frozenset[str]
    shown: frozenset[UUID]


def who(session_key: str) -> Somebody | None:
    """The person signed in by this session; None when it has ended or its password has changed since."""
    return everybody([session_key])[session_key]


def everybody(session_keys: Sequence[str]) -> dict[str, Somebody | None]:
    """`who` for many sessions, in two queries."""
    sessions = _sessions(session_keys)
    people = _people({session[SESSION_KEY] for session in sessions.values()})
    found: dict[str, Somebody | None] = dict.fromkeys(session_keys)
    for key, session in sessions.items():
        person = people.get(session[SESSION_KEY])
        if person is not None and _lasts(session, person):
            found[key] = Somebody(person.id, person.display_name)
    return found


def standings(asked: Sequence[Asked]) -> dict[Asked, Standing]:
    """What each of these may hear now: which of their sessions last, what they belong to, which others of the channels.

    Four queries, and two for each channel that somebody shows without belonging to it.
    """
    sessions = _sessions([key for one in asked for key in one.sessions])
    people = _people({str(one.person_id) for one in asked})
    homes = _homes([one.person_id for one in asked])
    found: dict[Asked, Standing] = {}
    for one in asked:
        person = people.get(str(one.person_id))
        if person is None:
            found[one] = Standing("", frozenset(), Home(frozenset(), {}), frozenset())
            continue
        home = homes[one.person_id]
        found[one] = Standing(
            name=person.display_name,
            sessions=frozenset(key for key in one.sessions if key in sessions and _lasts(sessions[key], person)),
            home=home,
            hears=frozenset(
                channel_id
                for channel_id in one.shown
                if channel_id not in home.channels and _seat_mark(person, channel_id) is not None
            ),
        )
    return found


def marks(channel_ids: Collection[UUID]) -> dict[UUID, Mark]:
    """How far these channels have come. One query."""
    rows = Channel.objects.filter(id__in=channel_ids).values_list("id", "revision", "last_seq")
    return {channel_id: Mark(revision, seq) for channel_id, revision, seq in rows}


def hearing(asked: Sequence[tuple[UUID, UUID]]) -> dict[tuple[UUID, UUID], Mark | None]:
    """For each person and channel how far the channel has come, if the person may read it; None otherwise.

    One query for all who belong to the channel they ask for, and a few for each other one.
    """
    found: dict[tuple[UUID, UUID], Mark | None] = dict.fromkeys(asked)
    for person_id, channel_id, revision, last_seq in fetch(_BELONGING, _columns(asked)):
        found[person_id, channel_id] = Mark(revision, last_seq)
    others = [pair for pair, mark in found.items() if mark is None]
    people = _people({str(person_id) for person_id, _channel_id in others})
    for person_id, channel_id in others:
        person = people.get(str(person_id))
        if person is not None:
            found[person_id, channel_id] = _seat_mark(person, channel_id)
    return found


def changes(since: Mapping[UUID, Mark]) -> dict[UUID, Changes]:
    """Everything that changed in each of these channels after its mark; those that are not there are left out.

    Three queries. The posts are read by the same statement as a page of them, so that replay equals reload.
    """
    channels, states = _changed({channel_id: mark.revision for channel_id, mark in since.items()})
    ids = [state.id for several in states.values() for state in several]
    mentions: dict[UUID, list[tuple[UUID, UUID]]] = {}
    for channel_id, post_id, person_id in fetch(_MENTIONS, {"ids": ids}) if ids else ():
        mentions.setdefault(channel_id, []).append((post_id, person_id))
    found: dict[UUID, Changes] = {}
    for channel_id, channel in channels.items():
        here = states.get(channel_id, [])
        if len(here) > BEHIND:
            mark = Mark(channel.revision, channel.last_seq)
            found[channel_id] = Changes(channel.workspace_id, mark, None, None, too_many=True)
            continue
        mark = _reached(channel, here)
        seen = since[channel_id].last_seq
        try:
            found[channel_id] = Changes(
                workspace_id=channel.workspace_id,
                mark=mark,
                posts=telling.posts(channel_id, mark.revision, here) if here else None,
                activity=telling.activity(channel, mark.last_seq, seen, here, mentions.get(channel_id, [])),
            )
        except Exception:  # the other channels must not suffer from it
            log.exception("A channel's changes could not be told", channel=str(channel_id))
    return found


def missed(asked: Sequence[tuple[UUID, int]]) -> dict[tuple[UUID, int], Changes | None]:
    """What a tab missed that knows a channel up to a revision; None where there is no such channel or revision.

    Two queries, whatever the number of channels and revisions.
    """
    oldest: dict[UUID, int] = {}
    for channel_id, revision in asked:
        oldest[channel_id] = min(revision, oldest.get(channel_id, revision))
    channels, states = _changed(oldest)
    found: dict[tuple[UUID, int], Changes | None] = dict.fromkeys(asked)
    for channel_id, revision in asked:
        channel = channels.get(channel_id)
        if channel is None:
            continue
        here = [state for state in states.get(channel_id, []) if state.revision > revision]
        mark = _reached(channel, here)
        if revision > mark.revision:
            continue  # of another life of this database
        too_many = len(here) > BEHIND
        posts = telling.posts(channel_id, mark.revision, here) if here and not too_many else None
        if posts is not None and len(posts) > LARGEST:
            posts, too_many = None, True
        found[channel_id, revision] = Changes(channel.workspace_id, mark, posts, None, too_many=too_many)
    return found


def doors(person_ids: Collection[UUID]) -> dict[UUID, str]:
    """Whether each person's door is open or closed."""
    rows = Person.objects.filter(id__in=person_ids).values_list("id", "door_open")
    return {person_id: "open" if is_open else "closed" for person_id, is_open in rows}


def acquaintances(asked: Sequence[tuple[UUID, frozenset[UUID]]]) -> dict[tuple[UUID, frozenset[UUID]], frozenset[UUID]]:
    """For each person and others: those of the others who share a workspace with the person. One query."""
    pairs = {(person_id, other_id) for person_id, others in asked for other_id in others}
    known = set(fetch(_ACQUAINTED, _columns(pairs))) if pairs else set()
    return {
        (person_id, others): frozenset(other_id for other_id in others if (person_id, other_id) in known)
        for person_id, others in asked
    }


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


_BELONGING = """
SELECT asked.person_id, asked.channel_id, c.revision, c.last_seq
FROM unnest(%(firsts)s::uuid[], %(seconds)s::uuid[]) AS asked (person_id, channel_id)
JOIN channels_channel c ON c.id = asked.channel_id
JOIN channels_channelmembership m ON m.channel_id = c.id AND m.person_id = asked.person_id
JOIN workspaces_membership w ON w.workspace_id = c.workspace_id AND w.person_id = asked.person_id
JOIN people_person p ON p.id = asked.person_id AND p.is_active
"""

_COME = """
SELECT id, workspace_id, revision, last_seq, last_root_seq, root_count FROM channels_channel WHERE id = ANY(%(ids)s)
"""

_MENTIONS = "SELECT channel_id, post_id, person_id FROM posts_mention WHERE post_id = ANY(%(ids)s)"

_ACQUAINTED = """
SELECT asked.person_id, asked.other_id
FROM unnest(%(firsts)s::uuid[], %(seconds)s::uuid[]) AS asked (person_id, other_id)
WHERE EXISTS (
    SELECT FROM workspaces_membership mine JOIN workspaces_membership theirs USING (workspace_id)
    WHERE mine.person_id = asked.person_id AND theirs.person_id = asked.other_id
)
"""


def _columns(pairs: Iterable[tuple[UUID, UUID]]) -> dict[str, list[UUID]]:
    """Pairs as two arrays, which is how PostgreSQL takes a table."""
    several = list(pairs)
    return {"firsts": [first for first, _second in several], "seconds": [second for _first, second in several]}


def _changed(since: Mapping[UUID, int]) -> tuple[dict[UUID, Come], dict[UUID, list[PostState]]]:
    """These channels, and the newest posts of each that changed after its revision, one more than can be told."""
    # The channels first: posts that are committed in between are then sent twice, never missed.
    channels = {row[0]: Come(*row) for row in fetch(_COME, {"ids": list(since)})}
    states: dict[UUID, list[PostState]] = {}
    for state in post_queries.changes_in(since, limit=BEHIND + 1):
        states.setdefault(state.channel_id, []).append(state)
    return channels, states


def _reached(channel: Come, states: Iterable[PostState]) -> Mark:
    """How far a channel has come, by itself or by posts that were read after it."""
    several = list(states)
    return Mark(
        max([channel.revision, *(state.revision for state in several)]),
        max([channel.last_seq, *(state.seq for state in several)]),
    )


def _sessions(keys: Iterable[str]) -> dict[str, dict[str, Any]]:
    """What those of these sessions hold that have not ended and have somebody signed in. One query."""
    sound = {key for key in keys if len(key) <= LONGEST_KEY and key.isascii() and key.isalnum()}
    rows = Session.objects.filter(session_key__in=sound, expire_date__gt=now()) if sound else []
    store = SessionStore()
    found = {row.session_key: store.decode(row.session_data) for row in rows}
    return {key: session for key, session in found.items() if SESSION_KEY in session}


def _people(ids: Collection[str]) -> dict[str, Person]:
    """Active people by their ids as text. One query."""
    rows = Person.objects.filter(id__in=ids, is_active=True).only("id", "display_name", "password") if ids else []
    return {str(person.pk): person for person in rows}


def _homes(person_ids: Collection[UUID]) -> dict[UUID, Home]:
    """These people's workspaces and channels, in two queries."""
    workspaces: dict[UUID, list[UUID]] = {}
    for person_id, workspace_id in Membership.objects.filter(person_id__in=person_ids).values_list(
        "person_id", "workspace_id"
    ):
        workspaces.setdefault(person_id, []).append(workspace_id)
    channels: dict[UUID, dict[UUID, Mark]] = {}
    for person_id, channel_id, revision, last_seq in ChannelMembership.objects.filter(
        person_id__in=person_ids
    ).values_list("person_id", "channel_id", "channel__revision", "channel__last_seq"):
        channels.setdefault(person_id, {})[channel_id] = Mark(revision, last_seq)
    return {
        person_id: Home(frozenset(workspaces.get(person_id, ())), channels.get(person_id, {}))
        for person_id in person_ids
    }


def _seat_mark(person: Person, channel_id: UUID) -> Mark | None:
    try:
        channel = channel_access.channel(person, channel_id).channel
    except Refusal:
        return None
    return Mark(channel.revision, channel.last_seq)


def _lasts(session: Mapping[str, Any], person: Person) -> bool:
    """Whether the session is the person's and still good, as `django.contrib.auth.get_user` sees it."""
    if session.get(SESSION_KEY) != str(person.pk) or not session.get(BACKEND_SESSION_KEY):
        return False
    return constant_time_compare(session.get(HASH_SESSION_KEY, ""), person.get_session_auth_hash())
