"""The quick switcher: one search over channels, people and workspaces."""

from __future__ import annotations

import enum
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import F, Q
from django.urls import reverse

from tertulia.channels.models import Channel, ChannelMembership
from tertulia.channels.queries.browsing import joined, people_to_message, visible
from tertulia.channels.queries.conversations import Row, rows_of
from tertulia.channels.queries.reading import rail
from tertulia.people.models import Person
from tertulia.workspaces.access import Place

MOST_ROWS = 12


class Sort(enum.Enum):
    """What a row leads to."""

    CHANNEL = "channel"
    JOIN = "join"
    DIRECT = "direct"
    PERSON = "person"
    WORKSPACE = "workspace"


@dataclass(frozen=True, slots=True)
class Choice:
    """One row. `url` is empty for a person with whom no conversation exists yet: choosing them opens one."""

    sort: Sort
    id: uuid.UUID
    name: str
    url: str = ""
    note: str = ""
    unread: int = 0
    private: bool = False
    people: tuple[Person, ...] = ()


def switcher(place: Place, q: str = "") -> list[Choice]:
    """What somebody may want to go to, best first: their channels and conversations, public channels to join, people,
    other workspaces. Without `q`, where something is unread and where they were last. Six queries.
    """
    q = q.strip().lstrip("#@").casefold()
    mine = ChannelMembership.objects.filter(
        person_id=place.membership.person_id, channel__workspace=place.workspace, channel__archived_at=None
    ).select_related("channel")
    own = rows_of(place, mine.order_by(F("last_read_at").desc(nulls_last=True), "channel_id"))
    if not q:
        # Unread first; sorting is stable, so the rest stay as they were last read.
        return [_own(row) for row in sorted(own, key=lambda row: not row.stands_out)[:MOST_ROWS]]
    talked_to = {row.people[0].pk for row in own if row.is_direct and len(row.people) == 1}
    choices = [_own(row) for row in own]
    choices += [_join(channel) for channel in _joinable(place, q)]
    choices += [_person(person) for person in people_to_message(place, q) if person.pk not in talked_to]
    choices += [
        Choice(Sort.WORKSPACE, row.id, row.name, reverse("channels:home", args=[row.slug]), unread=int(row.unread))
        for row in rail(place.membership.person)
        if row.id != place.workspace.pk
    ]
    return _ranked(choices, q)


def _joinable(place: Place, q: str) -> Iterable[Channel]:
    rows = visible(place).filter(archived_at=None).exclude(joined(place))
    # Words may stand in any order and the search may have a slip (trigrams); the exact order is made in `_ranked`.
    found = rows.filter(Q(name__icontains=q) | Q(slug__icontains=q) | Q(name__trigram_word_similar=q))
    for channel in found.order_by("name", "pk")[: MOST_ROWS * 2]:
        channel.workspace = place.workspace
        yield channel


def _own(row: Row) -> Choice:
    return Choice(
        sort=Sort.DIRECT if row.is_direct else Sort.CHANNEL,
        id=row.channel.pk,
        name=row.name,
        url=row.channel.get_absolute_url(),
        note="" if row.is_direct else row.channel.purpose,
        unread=row.unread if row.stands_out else 0,
        private=row.is_private,
        people=row.people,
    )


def _join(channel: Channel) -> Choice:
    return Choice(Sort.JOIN, channel.pk, channel.name, channel.get_absolute_url(), note=channel.purpose)


def _person(person: Person) -> Choice:
    return Choice(Sort.PERSON, person.pk, str(person), note=f"@{person.handle}", people=(person,))


def _ranked(choices: Iterable[Choice], q: str) -> list[Choice]:
    scored = [(score(choice.name, q), number, choice) for number, choice in enumerate(choices)]
    best = sorted((entry for entry in scored if entry[0] > 0), key=lambda entry: (-entry[0], entry[1]))
    return [choice for _score, _number, choice in best[:MOST_ROWS]]


def score(name: str, q: str) -> float:
    """How well a name answers a search, 0 (not at all) to 4: whole, its beginning, a word's beginning, inside, slips.

    Slips are told by shared trigrams, as pg_trgm counts them (its documentation, F.35.1).
    """
    name = name.casefold()
    if name == q:
        return 4
    if name.startswith(q):
        return 3 + len(q) / len(name) / 2
    words = name.replace("-", " ").replace("_", " ").split()
    asked = q.replace("-", " ").split()
    if asked and all(any(word.startswith(part) for word in words) for part in asked):
        return 2 + len(q) / len(name) / 2
    if q in name:
        return 1
    wanted = _trigrams(q)
    share = max((len(wanted & _trigrams(word)) / len(wanted) for word in words), default=0.0) if wanted else 0.0
    return share if share >= 0.4 else 0  # noqa: PLR2004 - below it, people see no likeness


def _trigrams(word: str) -> set[str]:
    padded = f"  {word} "
    return {padded[i : i + 3] for i in range(len(padded) - 2)}
