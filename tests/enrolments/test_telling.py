"""What systems tell of people."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tertulia.enrolments import services
from tertulia.enrolments.models import Key, Kind, KnownValue, Registration, System
from tertulia.enrolments.records import Registered
from tertulia.kernel.errors import Conflict, Invalid

from .world import World

NOON = datetime.now(UTC) - timedelta(hours=2)


@pytest.fixture
def lms(world: World) -> System:
    """A platform that has proved nobody's address."""
    del world
    return services.open_system(kind=Kind.OPENEDX, name="Campus", issuer="https://lms.example")


def learner(who: str, **fields: object) -> Registered:
    """Somebody in a run."""
    values = {"subject": who, "scope": "run-1", "facts": {Key.RUN: ["run-1"]}, **fields}
    return Registered(**values)  # type: ignore[arg-type]


def row(who: str, scope: str = "run-1") -> Registration:
    """What is known of somebody."""
    return Registration.objects.get(subject=who, scope=scope)


def test_a_system_is_opened_once_and_follows_its_name(lms: System) -> None:
    again = services.open_system(kind=Kind.OPENEDX, name="Campus 2", issuer="https://lms.example", mail_verified=True)
    assert (again.pk, again.name, again.mail_verified) == (lms.pk, "Campus 2", True)
    assert not again.is_open


def test_each_workspace_has_its_own_directory(world: World) -> None:
    own = services.open_system(kind=Kind.SCIM, name="Staff", workspace=world.course)
    assert own.pk == services.open_system(kind=Kind.SCIM, name="Staff", workspace=world.course).pk
    assert own.pk != services.open_system(kind=Kind.SCIM, name="Staff").pk


def test_news_is_kept_and_said_again_changes_nothing(lms: System) -> None:
    told = services.tell(system=lms, people=[learner("ana"), learner("ben")], as_of=NOON)
    assert (told.new, told.waiting) == (2, 2)
    assert row("ana").facts == {"platform": ["https://lms.example"], "run": ["run-1"]}
    again = services.tell(system=lms, people=[learner("ana"), learner("ben")], as_of=NOON + timedelta(minutes=1))
    assert (again.new, again.changed, again.unchanged) == (0, 0, 2)
    assert KnownValue.objects.get(system=lms, key=Key.PLATFORM).title == "Campus"


def test_keys_that_are_named_replace_and_others_stay(lms: System) -> None:
    services.tell(system=lms, people=[learner("ana", facts={Key.TRACK: ["audit"], Key.COHORT: ["A"]})], as_of=NOON)
    later = NOON + timedelta(minutes=5)
    services.tell(system=lms, people=[learner("ana", facts={Key.TRACK: ["verified"]})], as_of=later)
    services.tell(system=lms, people=[learner("ana", facts={Key.COHORT: []})], as_of=later)
    facts = {"platform": ["https://lms.example"], "track": ["verified"]}
    assert row("ana").facts == facts
    old = learner("ana", facts={Key.TRACK: ["old"], Key.COHORT: ["old"]}, active=False)
    services.tell(system=lms, people=[old], as_of=NOON - timedelta(minutes=5))
    assert row("ana").facts == facts
    assert not row("ana").active  # nobody had said anything newer about that


def test_a_whole_list_lets_go_whom_it_leaves_out_unless_newer_news_says_otherwise(lms: System) -> None:
    people = [learner(f"p{number}") for number in range(10)]
    services.tell(system=lms, people=[*people, learner("ana")], as_of=NOON)
    services.tell(system=lms, people=[learner("ana", active=True)], as_of=NOON + timedelta(minutes=9))
    told = services.tell_whole(system=lms, scope="run-1", people=people[:9], as_of=NOON + timedelta(minutes=5))
    assert told.gone == 1
    assert not row("p9").active
    assert row("ana").active


def test_older_news_of_somebody_whom_a_whole_list_did_not_have_is_passed_over(lms: System) -> None:
    services.tell_whole(system=lms, scope="run-1", people=[learner("ben")], as_of=NOON)
    services.tell(system=lms, people=[learner("ana", active=True)], as_of=NOON - timedelta(minutes=5))
    assert not row("ana").active
    services.tell(system=lms, people=[learner("ana", active=True)], as_of=NOON + timedelta(minutes=5))
    assert row("ana").active


def test_a_whole_list_that_would_let_too_many_go_changes_nothing(lms: System) -> None:
    services.tell(system=lms, people=[learner(f"p{number}") for number in range(10)], as_of=NOON)
    few = [learner(f"p{number}") for number in range(7)]
    with pytest.raises(Conflict) as caught:
        services.tell_whole(system=lms, scope="run-1", people=few, as_of=NOON)
    assert caught.value.type == "too-many-leaving"
    assert Registration.objects.filter(system=lms, active=True).count() == 10
    told = services.tell_whole(system=lms, scope="run-1", people=few, as_of=NOON, confirmed=True)
    assert told.gone == 3


def test_an_empty_list_is_a_mistake(lms: System) -> None:
    with pytest.raises(Invalid):
        services.tell_whole(system=lms, scope="run-1", people=[], as_of=NOON)


def test_an_older_whole_list_is_passed_over(lms: System) -> None:
    services.tell_whole(system=lms, scope="run-1", people=[learner("ana"), learner("ben")], as_of=NOON)
    services.tell_whole(
        system=lms, scope="run-1", people=[learner("cora")], as_of=NOON - timedelta(hours=1), confirmed=True
    )
    assert row("ana").active
    assert not Registration.objects.filter(subject="cora").exists()


def test_what_cannot_be_used_fails_nobody_else(lms: System) -> None:
    told = services.tell(system=lms, people=[learner(""), learner("x" * 300), learner("a\0b"), learner("ana")])
    assert (told.new, told.refused) == (1, 3)


def test_people_are_known_by_their_identity(lms: System, world: World) -> None:
    from tertulia.people.services import identities

    services.tell(system=lms, people=[learner("olga-at-lms")])
    assert row("olga-at-lms").person_id is None
    identities.link(actor=world.olga, issuer="https://lms.example", subject="olga-at-lms", email="")
    told = services.tell(system=lms, people=[learner("olga-at-lms", active=True)])
    assert row("olga-at-lms").person_id == world.olga.pk
    assert told.waiting == 0


@pytest.mark.parametrize("verified", [True, False])
def test_an_address_says_who_it_is_only_if_the_system_proves_it(world: World, verified: bool) -> None:
    system = services.open_system(kind=Kind.SCIM, name="Staff", issuer="https://scim.example", mail_verified=verified)
    services.tell(system=system, people=[Registered(subject="1", email="OLGA@example.org")])
    assert row("1", "").person_id == (world.olga.pk if verified else None)
