"""Whatever systems tell in whatever order, and whoever arrives meanwhile: the end is the same.

That is so for rules by which people leave. One that keeps them, or makes them guests, remembers who has been in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tertulia.enrolments import services
from tertulia.enrolments.models import Key
from tertulia.enrolments.records import Registered
from tertulia.people.models import Identity, Person
from tertulia.people.services import identities

from .rules_world import ISSUER, RulesWorld
from .world import person

SUBJECTS = ("ana", "ben", "cora")
NOON = datetime.now(UTC) - timedelta(days=1)


@dataclass(frozen=True)
class News:
    """What is told of one person."""

    who: str
    scope: str
    active: bool | None
    track: str | None
    cohorts: tuple[str, ...] | None


@dataclass(frozen=True)
class Whole:
    """A whole list of a run: who is on it, with their tracks."""

    scope: str
    people: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Arrival:
    """Somebody comes in by the platform's sign-in."""

    who: str


Event = News | Whole | Arrival
tracks = st.sampled_from(("audit", "verified"))
scopes = st.sampled_from(("r1", "r2", ""))
news = st.builds(
    News,
    st.sampled_from(SUBJECTS),
    scopes,
    st.sampled_from((True, False, None)),
    st.none() | tracks,
    st.none() | st.lists(st.sampled_from(("A", "B")), unique=True, max_size=2).map(tuple),
)
wholes = st.builds(
    Whole,
    st.sampled_from(("r1", "r2")),
    st.lists(st.tuples(st.sampled_from(SUBJECTS), tracks), min_size=1, unique_by=lambda one: one[0]).map(tuple),
)
arrivals = st.builds(Arrival, st.sampled_from(SUBJECTS))


@pytest.fixture
def world(db: None) -> RulesWorld:
    """Course, with two rules about a platform that proves no address, and three people who have not come yet."""
    del db
    made = RulesWorld()
    made.campus.mail_verified = False
    made.campus.save()
    for handle in SUBJECTS:
        person(handle)
    made.rule("Verified", (Key.RUN, ["r1"]), (Key.TRACK, ["verified"]), groups=["V"], channels=["secret"])
    made.rule("Cohort", (Key.RUN, ["r*"]), (Key.COHORT, ["A"]), role="mentor", groups=["A"])
    return made


@pytest.mark.django_db
@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(events=st.lists(news | wholes | arrivals, min_size=1, max_size=7), data=st.data())
def test_any_order_of_the_same_news_gives_the_same_end(
    world: RulesWorld, events: list[Event], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(list(enumerate(events))))
    ends = [_end(world, order) for order in (list(enumerate(events)), shuffled, [*shuffled, *shuffled])]
    assert ends[0] == ends[1]
    assert ends[0] == ends[2]


def _end(world: RulesWorld, events: Sequence[tuple[int, Event]]) -> object:
    """What it all comes to, and then takes it back."""
    with transaction.atomic():
        for number, event in events:
            _tell(world, event, NOON + timedelta(minutes=number))
        end = _picture(world)
        services.apply_all()
        assert _picture(world) == end  # nothing was left for the night
        transaction.set_rollback(True)
    return end


def _tell(world: RulesWorld, event: Event, moment: datetime) -> None:
    match event:
        case Arrival(who):
            if not Identity.objects.filter(subject=who).exists():
                identities.link(actor=Person.objects.get(handle=who), issuer=ISSUER, subject=who, email="")
        case Whole(scope, people):
            said = [
                Registered(subject=who, scope=scope, facts={Key.TRACK: [track], Key.RUN: [scope]})
                for who, track in people
            ]
            services.tell_whole(system=world.campus, scope=scope, people=said, as_of=moment, confirmed=True)
        case News(who, scope, active, track, cohorts):
            facts: dict[Key, Sequence[str]] = {Key.RUN: [scope]} if scope else {}
            if track is not None:
                facts[Key.TRACK] = [track]
            if cohorts is not None:
                facts[Key.COHORT] = cohorts
            services.tell(
                system=world.campus,
                people=[Registered(subject=who, scope=scope, facts=facts, active=active)],
                as_of=moment,
            )


def _picture(world: RulesWorld) -> object:
    known = world.campus.registrations.filter(active=True).values_list("subject", "scope", "facts")
    return (
        {who: (world.role(who), world.groups(who), world.channels(who)) for who in SUBJECTS},
        sorted(
            (who, scope, sorted((key, tuple(texts)) for key, texts in facts.items())) for who, scope, facts in known
        ),
    )
