"""Two calls at the same time: one after the other, and nobody twice."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any

import pytest
from django.db import connection

from enrolments.world import World
from tertulia.integrations.scim.models import DirectoryUser

from .directory import PATCH, Directory, user_of

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(directory: Directory, *calls: tuple[str, str, Any]) -> list[int]:
    """The statuses of calls that start together."""
    statuses: list[int] = []
    start = threading.Barrier(len(calls))

    def call(method: str, path: str, body: Any) -> None:
        try:
            start.wait(10)
            statuses.append(directory(method, path, body)[0])
        finally:
            connection.close()

    threads = [threading.Thread(target=call, args=one) for one in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return statuses


def test_the_same_user_sent_twice_at_once_is_made_once() -> None:
    world = World()
    directory = Directory(world.olga, "enrolments:write")
    statuses = at_once(directory, *[("POST", "Users", user_of("ana"))] * 3)
    assert Counter(statuses) == {201: 1, 409: 2}
    assert DirectoryUser.objects.count() == 1


def test_members_added_at_once_are_all_there() -> None:
    world = World()
    directory = Directory(world.olga, "enrolments:write")
    people = [directory.add(name) for name in ("ana", "ben", "cora")]
    group = directory.add_group("Cohort A")
    bodies = [
        {"schemas": [PATCH], "Operations": [{"op": "add", "path": "members", "value": [{"value": one["id"]}]}]}
        for one in people
    ]
    assert at_once(directory, *(("PATCH", f"Groups/{group['id']}", body) for body in bodies)) == [200] * 3
    assert all(world.groups(name) == {"Cohort A"} for name in ("ana", "ben", "cora"))
