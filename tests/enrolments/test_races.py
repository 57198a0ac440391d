"""Two calls at the same time: one after the other, and nobody twice."""

from __future__ import annotations

import threading
from collections import Counter

import pytest
from django.db import connection

from tertulia.enrolments import services
from tertulia.enrolments.models import Enrolment, Key, Kind, Registration, System
from tertulia.enrolments.records import Registered
from tertulia.people import services as people_services
from tertulia.people.models import Person
from tertulia.people.services import bulk

from .rules_world import RulesWorld
from .world import World, entry, outcomes, person

pytestmark = pytest.mark.django_db(transaction=True)


def test_two_calls_at_once_enrol_everybody_once() -> None:
    world = World()
    people = [entry(f"p{number}", groups=["A"], channels=["secret"]) for number in range(50)]
    results: list[dict[str, str]] = []
    start = threading.Barrier(3)

    def call(source_name: str) -> None:
        try:
            source = world.open(source_name)
            start.wait(10)
            results.append(outcomes(world.enrol(*people, source=source)))
        finally:
            connection.close()

    threads = [threading.Thread(target=call, args=[name]) for name in ("roster", "roster", "other")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(results) == 3
    told = Counter(outcome for result in results for outcome in result.values())
    assert told["created"] == 50
    assert told["unchanged"] == 50
    assert told["changed"] == 50  # the other source has them from now on, too
    assert Person.objects.filter(email__startswith="p").count() == 50
    assert Enrolment.objects.count() == 100
    assert world.channels("p7") == {"hall", "secret"}


def test_two_systems_that_only_together_meet_a_rule() -> None:
    """Neither sees the other's news before it has told its own; whoever is second to the rule sees both."""
    world = RulesWorld()
    directory = world.system("Staff", "https://staff.example", kind=Kind.SCIM)
    people = [f"p{number}" for number in range(10)]
    for who in people:
        person(who)
    world.rule("Both", (Key.RUN, ["baking"]), (Key.GROUP, ["Staff"]), groups=["Both"])
    start = threading.Barrier(2)

    def tell(fact: tuple[Key, str], scope: str, system: System) -> None:
        try:
            start.wait(10)
            for who in people:
                said = Registered(subject=who, scope=scope, facts={fact[0]: [fact[1]]}, email=f"{who}@example.org")
                services.tell(system=system, people=[said])
        finally:
            connection.close()

    threads = [
        threading.Thread(target=tell, args=[(Key.RUN, "baking"), "baking", world.campus]),
        threading.Thread(target=tell, args=[(Key.GROUP, "Staff"), "", directory]),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert world.members() == set(people)


def test_the_same_news_at_once_is_told_once() -> None:
    world = RulesWorld()
    world.rule("Bakers", (Key.RUN, ["baking"]))
    people = [f"p{number}" for number in range(20)]
    start = threading.Barrier(3)
    told: list[int] = []

    def tell() -> None:
        try:
            start.wait(10)
            told.append(world.tell(*people).unchanged)
        finally:
            connection.close()

    threads = [threading.Thread(target=tell) for _number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(told) == 3
    assert world.members() == set(people)
    assert Registration.objects.filter(system=world.campus).count() == 20


def test_an_account_made_at_this_moment_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    look = bulk.create_people
    first = True

    def late(**values: object) -> set[object]:
        nonlocal first
        if first:
            first = False
            people_services.create_person(email="ana@example.org", display_name="Ana", verified=True)
        return look(**values)  # type: ignore[arg-type, return-value]

    monkeypatch.setattr(bulk, "create_people", late)
    assert outcomes(world.enrol(entry("ana"), entry("ben"))) == {"ana": "added", "ben": "added"}
    assert Person.objects.filter(email="ana@example.org").count() == 1


def test_a_handle_taken_at_this_moment_gives_another(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    look = bulk._handles
    first = True

    def late(newcomers: object) -> dict[str, str]:
        nonlocal first
        found = look(newcomers)  # type: ignore[arg-type]
        if first:
            first = False
            people_services.create_person(email="other@example.org", handle="ana", display_name="Other")
        return found

    monkeypatch.setattr(bulk, "_handles", late)
    world.enrol(entry("ana"))
    assert Person.objects.get(email="ana@example.org").handle == "ana2"
