"""Sources are renamed and deleted, and their logs stay readable."""

from __future__ import annotations

import pytest

from tertulia.enrolments import services
from tertulia.enrolments.models import Key, Kind, Leaving, Run, Source
from tertulia.kernel.errors import Conflict, Forbidden
from tertulia.workspaces.models import Role

from .rules_world import RulesWorld
from .test_rule_pages import browser
from .world import entry


@pytest.fixture
def world(db: None) -> RulesWorld:
    """Course and Campus."""
    del db
    return RulesWorld()


def rename(world: RulesWorld, name: str) -> Source:
    """Olga calls the roster otherwise."""
    return services.change_source(
        actor=world.olga, source=world.source, leaving=Leaving.REMOVE, largest_share=20, welcome=False, name=name
    )


def test_a_source_is_renamed(world: RulesWorld) -> None:
    world.enrol(entry("ana"))
    assert rename(world, "Registrar").name == "Registrar"
    world.open("other")
    with pytest.raises(Conflict):
        rename(world, "OTHER")
    assert world.members() == {"ana"}


@pytest.mark.parametrize("keep", [True, False])
def test_when_a_source_is_deleted_people_stay_or_leave(world: RulesWorld, keep: bool) -> None:
    world.member("ben")
    other = world.open("other")
    world.enrol(entry("ana", groups=["A"]), entry("ben", groups=["A"]), entry("cora", role="mentor"))
    world.enrol(entry("cora"), source=other)
    services.delete_source(actor=world.olga, source=world.source, keep_people=keep)
    assert world.members() == ({"ana", "ben", "cora"} if keep else {"ben", "cora"})
    assert world.role("cora") is (Role.MENTOR if keep else Role.LEARNER)
    assert world.groups("ben") == ({"A"} if keep else set())
    world.enrol(entry("cora", active=False), source=other)
    assert ("cora" in world.members()) is keep


def test_only_who_may_enrol_deletes(world: RulesWorld) -> None:
    with pytest.raises(Forbidden):
        services.delete_source(actor=world.member("ana"), source=world.source, keep_people=True)


def test_a_rule_is_not_changed_or_deleted_by_its_source(world: RulesWorld) -> None:
    rule = world.rule("Bakers", (Key.RUN, ["baking"]))
    source = world.source_of(rule)
    with pytest.raises(Conflict):
        services.delete_source(actor=world.olga, source=source, keep_people=True)
    page = browser(world.olga).get(f"/w/course/enrolments/{source.pk}").content.decode()
    assert f"/w/course/enrolments/rules/{rule.pk}" in page


def test_the_page_asks_what_becomes_of_people(world: RulesWorld) -> None:
    world.enrol(entry("ana"))
    olga, address = browser(world.olga), f"/w/course/enrolments/{world.source.pk}/delete"
    assert "1 person who is here by it" in olga.get(address).content.decode()
    assert olga.post(address).status_code == 422
    assert olga.post(address, {"people": "leave"}).status_code == 302
    assert world.members() == set()


def test_two_hundred_calls_of_a_directory_are_one_run(world: RulesWorld) -> None:
    directory = services.open_source(actor=world.olga, workspace=world.course, name="Staff", kind=Kind.SCIM)
    for who in ("ana", "ben", "cora"):
        world.enrol(entry(who), source=directory)
    world.enrol(entry("ana", active=False), source=directory)
    (run,) = Run.objects.filter(source=directory)
    assert run.counts == {"created": 3, "left": 1}
    assert [line[0] for line in run.lines] == ["ana", "ben", "cora", "ana"]
    page = browser(world.olga).get(f"/w/course/enrolments/{directory.pk}").content.decode()
    assert "3 new accounts, 1 left" in page
    people = [entry(f"p{number}") for number in range(6)]
    world.enrol(*people, source=directory)
    assert Run.objects.filter(source=directory).count() == 2
