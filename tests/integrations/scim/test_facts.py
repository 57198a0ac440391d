"""Rules of enrolments hear what groups the directory puts its people into."""

from __future__ import annotations

import pytest
from procrastinate.contrib.django.models import ProcrastinateJob

from enrolments.world import World
from tertulia.enrolments.models import Key, Kind, Registration, System
from tertulia.integrations.scim import jobs

from .directory import Directory


def _hear() -> dict[str, tuple[list[str], bool]]:
    """What is known after the jobs: of each person the groups, and whether they are active."""
    waiting = ProcrastinateJob.objects.filter(task_name="tertulia.integrations.scim.jobs.tell_rules").order_by("id")
    for job in waiting:
        jobs.tell_rules(**job.args)
    rows = Registration.objects.filter(system__kind=Kind.SCIM).select_related("person")
    return {row.person.handle if row.person else "?": (row.facts.get(Key.GROUP, []), row.active) for row in rows}


def test_groups_become_facts_and_go_with_their_people(world: World, directory: Directory) -> None:
    ana, ben = directory.add("ana"), directory.add("ben")
    early = directory.add_group("Early birds", ana, ben)
    directory.add_group("Staff", ana)
    assert _hear() == {"ana": (["Early birds", "Staff"], True), "ben": (["Early birds"], True)}
    assert System.objects.get(kind=Kind.SCIM).workspace == world.course

    directory.patch(f"Groups/{early['id']}", {"op": "remove", "path": f'members[value eq "{ben["id"]}"]'})
    directory.patch(f"Groups/{early['id']}", {"op": "replace", "path": "displayName", "value": "Larks"})
    directory.patch(f"Users/{ben['id']}", {"op": "replace", "path": "active", "value": False})
    assert _hear() == {"ana": (["Larks", "Staff"], True), "ben": ([], False)}

    directory("DELETE", f"Users/{ana['id']}")
    known = _hear()
    assert known["ana"] == ([], False)
    assert _hear() == known, "hearing it again changes nothing"


@pytest.mark.django_db
def test_a_directory_that_is_gone_tells_nothing() -> None:
    jobs.tell_rules("01a20000-0000-7000-8000-000000000000", ["01a20000-0000-7000-8000-000000000001"])
    assert not Registration.objects.exists()
