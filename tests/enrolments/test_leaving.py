"""People leave a source, by its rule; what others gave them stays."""

from __future__ import annotations

import pytest

from tertulia.channels import services as channel_services
from tertulia.enrolments.models import Leaving
from tertulia.enrolments.records import Mode
from tertulia.kernel.errors import Conflict
from tertulia.people.models import Person
from tertulia.workspaces import services as workspace_services
from tertulia.workspaces.models import Group, Role

from .world import World, entry, line, outcomes


def test_leaving_takes_back_what_was_given(world: World) -> None:
    world.enrol(entry("ana", groups=["A"], channels=["secret"]), entry("ben"))
    report = world.enrol(entry("ana", active=False))
    assert outcomes(report) == {"ana": "left"}
    assert (world.role("ana"), world.groups("ana"), world.channels("ana")) == (None, set(), set())
    assert world.role("ben") is Role.LEARNER
    assert outcomes(world.enrol(entry("ana", active=False))) == {"ana": "unchanged"}
    assert outcomes(world.enrol(entry("ana", groups=["A"]))) == {"ana": "added"}


def test_who_was_never_there_cannot_leave(world: World) -> None:
    world.member("ana")
    assert outcomes(world.enrol(entry("ana", active=False))) == {"ana": "unchanged"}
    assert world.role("ana") is Role.LEARNER


def test_leavers_become_guests_where_the_source_says_so(world: World) -> None:
    source = world.open("alumni", Leaving.GUEST)
    world.enrol(entry("ana", role="mentor", groups=["A"], channels=["secret", "square"]), source=source)
    report = world.mirror(source=source)
    assert outcomes(report) == {"ana": "left"}
    assert world.role("ana") is Role.GUEST
    assert world.channels("ana") == {"secret", "square"}
    assert world.groups("ana") == set()
    world.enrol(entry("ana", channels=["secret"]), source=source)
    assert world.role("ana") is Role.LEARNER
    assert world.channels("ana") == {"hall", "secret"}


def test_leavers_stay_where_the_source_says_so(world: World) -> None:
    source = world.open("club", Leaving.KEEP)
    world.enrol(entry("ana", groups=["A"]), entry("ben"), source=source)
    report = world.mirror(source=source, confirmed=False)
    assert set(outcomes(report).values()) == {"kept"}
    assert (world.role("ana"), world.groups("ana")) == (Role.LEARNER, {"A"})


def test_a_member_who_was_there_before_is_not_removed_or_demoted(world: World) -> None:
    ana = world.member("ana", Role.INSTRUCTOR)
    group = workspace_services.create_group(actor=world.olga, workspace=world.course, name="A")
    workspace_services.add_to_group(actor=world.olga, group=group, person_ids=[ana.pk])
    channel_services.add_people(actor=world.olga, channel=world.secret, person_ids=[ana.pk])
    report = world.enrol(entry("ana", groups=["A", "B"], channels=["secret", "square"]))
    assert outcomes(report) == {"ana": "changed"}
    assert world.role("ana") is Role.INSTRUCTOR
    report = world.mirror()
    assert outcomes(report) == {"ana": "kept"}
    assert (world.role("ana"), world.groups("ana")) == (Role.INSTRUCTOR, {"A"})
    assert world.channels("ana") == {"hall", "secret"}


def test_a_higher_role_is_given_and_taken_back(world: World) -> None:
    world.member("ana")
    world.enrol(entry("ana", role="instructor"))
    assert world.role("ana") is Role.INSTRUCTOR
    world.mirror()
    assert world.role("ana") is Role.LEARNER


def test_whom_another_source_has_stays(world: World) -> None:
    other = world.open("other")
    world.enrol(entry("ana", role="mentor", groups=["A", "B"], channels=["secret"]))
    world.enrol(entry("9", email="ana@example.org", groups=["A"], channels=["secret"]), source=other)
    report = world.mirror()
    assert outcomes(report) == {"ana": "kept"}
    assert (world.role("ana"), world.groups("ana")) == (Role.LEARNER, {"A"})
    assert world.channels("ana") == {"hall", "secret"}
    world.mirror(source=other)
    assert world.role("ana") is None


def test_a_role_changed_by_hand_is_staffs_from_then_on(world: World) -> None:
    world.enrol(entry("ana", role="instructor", groups=["A"]))
    ana = Person.objects.get(email="ana@example.org")
    workspace_services.change_role(actor=world.olga, workspace=world.course, person=ana, role=Role.LEARNER)
    report = world.enrol(entry("ana", role="instructor", groups=["A"]))
    assert world.role("ana") is Role.LEARNER
    assert "by hand" in line(report, "ana").detail
    report = world.mirror()
    assert outcomes(report) == {"ana": "kept"}
    assert (world.role("ana"), world.groups("ana")) == (Role.LEARNER, set())


def test_who_was_removed_by_hand_comes_back_with_the_next_list(world: World) -> None:
    world.enrol(entry("ana", channels=["secret"]))
    ana = Person.objects.get(email="ana@example.org")
    workspace_services.remove_member(actor=world.olga, workspace=world.course, person=ana)
    assert outcomes(world.enrol(entry("ana", channels=["secret"]))) == {"ana": "added"}
    assert world.channels("ana") == {"hall", "secret"}


def test_whom_staff_brought_back_is_staffs(world: World) -> None:
    world.enrol(entry("ana"))
    ana = Person.objects.get(email="ana@example.org")
    workspace_services.remove_member(actor=world.olga, workspace=world.course, person=ana)
    workspace_services.add_member(actor=world.olga, workspace=world.course, person=ana)
    assert outcomes(world.mirror()) == {"ana": "kept"}
    assert world.role("ana") is Role.LEARNER


def test_what_staff_gave_again_by_hand_stays(world: World) -> None:
    world.enrol(entry("ana", groups=["A"], channels=["secret"]))
    ana = Person.objects.get(email="ana@example.org")
    group = Group.objects.get(name="A")
    workspace_services.remove_from_group(actor=world.olga, group=group, person_ids=[ana.pk])
    workspace_services.add_to_group(actor=world.olga, group=group, person_ids=[ana.pk])
    channel_services.remove_person(actor=world.olga, channel=world.secret, person_id=ana.pk)
    channel_services.add_people(actor=world.olga, channel=world.secret, person_ids=[ana.pk])
    world.enrol(entry("ana"))
    assert (world.groups("ana"), world.channels("ana")) == ({"A"}, {"hall", "secret"})


def test_a_group_of_the_channel_holds_whom_the_source_lets_go(world: World) -> None:
    world.enrol(entry("ana", groups=["A"], channels=["secret"]), entry("ben", groups=["A"]))
    group = Group.objects.get(name="A")
    channel_services.add_group(actor=world.olga, channel=world.secret, group=group)
    world.enrol(entry("ana", groups=["A"]), entry("ben", groups=["A"], channels=["secret"]))
    assert "secret" in world.channels("ana")
    assert "secret" in world.channels("ben")
    world.enrol(entry("ana"), entry("ben", channels=["secret"]))
    assert "secret" not in world.channels("ana")
    assert "secret" in world.channels("ben")


def test_a_mirror_that_lets_too_many_go_must_be_confirmed(world: World) -> None:
    crowd = [entry(f"p{number}") for number in range(10)]
    world.enrol(*crowd)
    world.member("staffs")
    assert outcomes(world.mirror(*crowd[2:], confirmed=False))["p0"] == "left"
    with pytest.raises(Conflict, match="2 of 8") as refused:
        world.mirror(*crowd[4:], confirmed=False)
    assert refused.value.type == "too-many-leaving"
    assert world.role("p2") is Role.LEARNER
    preview = world.enrol(*crowd[4:], mode=Mode.MIRROR, dry_run=True)
    assert (preview.leaving, preview.enrolled, preview.too_many) == (2, 8, True)
    world.mirror(*crowd[4:], confirmed=True)
    assert world.role("p2") is None
    assert world.role("staffs") is Role.LEARNER


def test_an_empty_whole_list_must_be_confirmed_and_an_empty_merge_is_nothing(world: World) -> None:
    world.enrol(entry("ana"))
    assert world.enrol().lines == []
    with pytest.raises(Conflict, match="1 of 1"):
        world.mirror(confirmed=False)


def test_who_is_refused_in_a_whole_list_does_not_leave(world: World) -> None:
    world.enrol(entry("ana"))
    report = world.mirror(entry("ana", role="king"), confirmed=False)
    assert outcomes(report) == {"ana": "refused"}
    assert world.role("ana") is Role.LEARNER
