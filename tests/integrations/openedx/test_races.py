"""The same at the same time: webhooks that overtake each other, jobs that were deferred twice."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection as database

from tertulia.integrations.openedx import jobs
from tertulia.integrations.openedx.models import Event, Fetch, State
from tertulia.integrations.openedx.services import rosters
from tertulia.kernel.clock import now

from .fake_platform import FakePlatform
from .world import World, posted

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*calls: Callable[[], object]) -> list[object]:
    """What calls return that start together; a call that fails returns its error."""
    found: list[object] = []
    start = threading.Barrier(len(calls))

    def run(call: Callable[[], object]) -> None:
        try:
            start.wait(10)
            found.append(call())
        except Exception as error:  # noqa: BLE001 - shown by the test
            found.append(error)
        finally:
            database.close()

    threads = [threading.Thread(target=run, args=[call]) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return found


def test_events_of_one_person_at_once(world: World, platform: FakePlatform) -> None:
    platform.subscribe(f"{world.hook()}/{world.secret()}")
    happened = [platform.enrol("ana"), platform.unenrol("ana"), platform.enrol("ana", mode="verified")]
    for number, event in enumerate(happened):
        event.at = now() - timedelta(minutes=5 - number)
    calls = [lambda event=event: platform.send([event], post=posted) for event in happened * 3]
    answers = at_once(*calls)
    assert all(answer in ([200], [202]) for answer in answers), answers
    world.work(wait=True)
    assert world.active() == {"ana"}
    assert world.registration("ana").facts["track"] == ["verified"]
    assert sorted(Event.objects.values_list("times", flat=True)) == [3, 3, 3]


def test_one_fetch_by_four_jobs(world: World, platform: FakePlatform) -> None:
    platform.enrol_class(450)
    began = at_once(*[lambda: rosters.start(course=world.course).pk] * 3)
    assert len(set(began)) == 1, began
    fetch = Fetch.objects.get(state=State.GOING)
    answers = at_once(*[lambda: jobs.fetch_roster(str(fetch.pk))] * 4)
    assert answers == [None] * 4
    world.work(wait=True)
    fetch.refresh_from_db()
    assert fetch.state == State.DONE
    assert fetch.people == 450, "no page is counted twice"
    assert len(world.active()) == 450
