"""Whatever two sources say in whatever order: people are exactly what staff and both of them give together."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tertulia.enrolments.models import Source
from tertulia.enrolments.records import Entry, Mode
from tertulia.kernel.models import AuditEntry
from tertulia.people.models import Person
from tertulia.workspaces import services as workspace_services
from tertulia.workspaces.access import RANK
from tertulia.workspaces.models import Group, Role

from .world import World, entry

PEOPLE = ("ana", "ben", "cora")
GROUPS = ("A", "B")
CHANNELS = ("square", "secret")
ROLES = ("guest", "learner", "mentor", "instructor")


@dataclass(frozen=True)
class Call:
    """One list of one source."""

    source: int
    mode: Mode
    people: tuple[Entry, ...]


entries = st.builds(
    lambda who, role, groups, channels, active: entry(who, role=role, groups=groups, channels=channels, active=active),
    st.sampled_from(PEOPLE),
    st.sampled_from(ROLES),
    st.lists(st.sampled_from(GROUPS), unique=True),
    st.lists(st.sampled_from(CHANNELS), unique=True),
    st.booleans(),
)
lists = st.lists(entries, max_size=3, unique_by=lambda one: one.external_id).map(tuple)
calls = st.lists(st.builds(Call, st.sampled_from([0, 1]), st.sampled_from(Mode), lists), min_size=1, max_size=6)


@pytest.mark.django_db
@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(calls=calls)
def test_people_are_what_staff_and_sources_give(world: World, calls: list[Call]) -> None:
    with transaction.atomic():
        sources = [world.source, Source.objects.create(workspace=world.course, name="other")]
        staffs = _add_by_hand(world)
        said: list[dict[str, Entry]] = [{}, {}]
        for call in calls:
            world.enrol(*call.people, mode=call.mode, source=sources[call.source], confirmed=True)
            if call.mode is Mode.MIRROR:
                said[call.source] = {}
            said[call.source] |= {one.external_id: one for one in call.people}
        _check(world, said, staffs)
        entries_before = AuditEntry.objects.count()
        for number, source in enumerate(sources):
            report = world.enrol(*said[number].values(), mode=Mode.MIRROR, source=source, confirmed=True)
            assert {line.outcome.value for line in report.lines} <= {"unchanged"}
        assert AuditEntry.objects.count() == entries_before
        transaction.set_rollback(True)


def _add_by_hand(world: World) -> Person:
    """Cora was there before, a learner in group A."""
    cora = world.member("cora")
    group = workspace_services.create_group(actor=world.olga, workspace=world.course, name="A")
    workspace_services.add_to_group(actor=world.olga, group=group, person_ids=[cora.pk])
    assert Group.objects.count() == 1
    return cora


def _check(world: World, said: list[dict[str, Entry]], staffs: Person) -> None:
    for who in PEOPLE:
        active = [lines[who] for lines in said if who in lines and lines[who].active]
        roles = [Role(one.role) for one in active]
        groups = {name for one in active for name in one.groups}
        channels = {name for one in active for name in one.channels}
        if staffs.handle == who:
            roles.append(Role.LEARNER)
            groups.add("A")
        role = min(roles, key=RANK.__getitem__, default=None)
        assert world.role(who) == role, who
        assert world.groups(who) == groups, who
        assert world.channels(who) - {"hall"} == channels, who
        if role not in (None, Role.GUEST):
            assert "hall" in world.channels(who)
