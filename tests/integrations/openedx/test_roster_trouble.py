"""Rosters through kills, expired tokens, throttles, outages, lists that break off, and two jobs at once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tertulia.integrations.openedx import asking, jobs, reading
from tertulia.integrations.openedx.models import Connection, Fetch, Piece, State
from tertulia.integrations.openedx.services import planning
from tertulia.kernel.clock import now

from .fake_platform import RUN, FakePlatform, Trouble
from .world import World, log

ENROLMENTS = "/api/enrollment/v1/enrollments"


@pytest.mark.parametrize("stage", [ENROLMENTS, "/cohorts/1/users", "/accounts"])
def test_a_killed_worker_loses_nothing(world: World, platform: FakePlatform, stage: str) -> None:
    """A new process finds in the database how far the last one got, and asks for no page twice."""
    platform.enrol_class(230)
    for name in platform.enrolments[RUN]:
        platform.cohort(name, "All", quiet=True)
    begun = world.begin()

    asked = iter(range(1000))
    honest = asking.get

    def get(connection: Connection, path: str, **query: str) -> Any:
        if stage in path and next(asked) == 1:
            raise KeyboardInterrupt  # as when the process is told to go
        return honest(connection, path, **query)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asking, "get", get)
        with pytest.raises(KeyboardInterrupt):
            jobs.fetch_roster(str(begun.pk))
    begun.refresh_from_db()
    assert begun.state == State.GOING
    assert world.told() == {}, "nothing is told of a part"
    before = platform.asked.count(ENROLMENTS)
    jobs.fetch_roster(str(begun.pk))
    assert world.active() == set(platform.enrolments[RUN])
    assert "Goes on where it stopped" in log(begun)
    assert platform.asked.count(ENROLMENTS) == (before + 2 if stage == ENROLMENTS else before)


def test_a_lost_job_is_found_again(world: World, platform: FakePlatform) -> None:
    platform.enrol("ana")
    begun = world.begin()
    world.work(most=0)
    Fetch.objects.update(beat_at=now() - timedelta(hours=1))
    world.platform.fail_next("broken")
    planning.take_up_again()
    assert world.waiting_jobs() == ["fetch_roster", "fetch_roster"]
    world.work(wait=True)
    assert Fetch.objects.get(pk=begun.pk).state == State.DONE
    assert world.active() == {"ana"}


def test_after_hours_it_starts_anew(world: World, platform: FakePlatform) -> None:
    platform.enrol_class(150)
    platform.fail_next("broken", ENROLMENTS, after=1)
    begun = world.begin()
    world.work()
    platform.unenrol("learner0149")
    Fetch.objects.update(beat_at=now() - timedelta(hours=7))
    world.work(wait=True)
    assert "starts anew" in log(begun)
    assert len(world.active()) == 149
    assert "149 people are in the course (requests: 2)" in log(begun)


def test_a_token_that_expires_in_the_middle(world: World, platform: FakePlatform) -> None:
    platform.enrol_class(250)
    begun = world.begin()
    platform.fail_next("expired", ENROLMENTS, after=1)
    world.work()
    assert Fetch.objects.get(pk=begun.pk).state == State.DONE
    assert platform.asked.count("/oauth2/access_token") == 2
    assert len(world.active()) == 250


def test_tokens_that_never_count_are_given_up(world: World, platform: FakePlatform) -> None:
    platform.enrol("ana")
    platform.fail_next("expired", ENROLMENTS, times=50)
    fetch = world.fetch()
    assert fetch.state == State.FAILED
    assert "does not take the token that it gave" in log(fetch)


@pytest.mark.parametrize(
    ("trouble", "retry_after", "least", "most"),
    [
        ("throttled", "47", 45, 48),
        ("throttled-in-words", "47", 45, 48),
        ("away", "Wed, 21 Oct 2015 07:28:00 GMT", 0, 2),
        ("away", "90", 88, 91),
        ("throttled", "999999999999", 21500, 21601),
        ("throttled", "soon", 58, 61),
    ],
)
def test_a_throttle_is_obeyed_without_holding_a_worker(
    world: World, platform: FakePlatform, trouble: Trouble, retry_after: str, least: int, most: int
) -> None:
    platform.enrol_class(250)
    begun = world.begin()
    platform.fail_next(trouble, ENROLMENTS, after=1, retry_after=retry_after)
    jobs.fetch_roster(str(begun.pk))
    waiting = Fetch.objects.get(pk=begun.pk)
    assert waiting.state == State.WAITING
    assert waiting.next_at is not None
    assert least <= (waiting.next_at - now()).total_seconds() <= most
    assert world.waiting_jobs() == ["fetch_roster", "fetch_roster"], "the one that was not taken, and the next"
    asked = len(platform.asked)
    if least > 2:
        jobs.fetch_roster(str(begun.pk))
        assert len(platform.asked) == asked, "nobody asks before the time"
    assert Connection.objects.get().pace < 60
    world.work(wait=True)
    assert Fetch.objects.get(pk=begun.pk).state == State.DONE
    assert len(world.active()) == 250
    assert "asked for a pause" in log(begun)


def test_we_restrain_ourselves(world: World, platform: FakePlatform) -> None:
    platform.page_size = 1
    platform.enrol_class(80)
    begun = world.begin()
    jobs.fetch_roster(str(begun.pk))
    waiting = Fetch.objects.get(pk=begun.pk)
    assert waiting.state == State.WAITING
    assert waiting.waits == 0
    assert platform.asked.count(ENROLMENTS) < 70
    world.work(wait=True)
    assert len(world.active()) == 80


@pytest.mark.parametrize("trouble", ["broken", "garbage", "cut", "missing", "forbidden"])
@pytest.mark.parametrize("after", [0, 1, 2])
def test_a_list_that_is_not_whole_removes_nobody(
    world: World, platform: FakePlatform, trouble: Trouble, after: int
) -> None:
    names = platform.enrol_class(250)
    world.fetch()
    for name in names[:20]:
        platform.unenrol(name)
    platform.fail_next(trouble, ENROLMENTS, after=after, times=50)
    fetch = world.fetch()
    assert fetch.state == State.FAILED
    assert "Nobody was added or removed" in log(fetch)
    assert len(world.active()) == 250
    assert not Piece.objects.exists()
    platform.failures.clear()
    assert world.fetch().state == State.DONE
    assert len(world.active()) == 230


def test_a_platform_that_recovers_is_waited_for(world: World, platform: FakePlatform) -> None:
    platform.enrol_class(250)
    platform.fail_next("broken", ENROLMENTS, after=1, times=4)
    fetch = world.fetch()
    assert fetch.state == State.DONE
    assert "tried again in 30 seconds" in log(fetch)
    assert len(world.active()) == 250


def test_two_fetches_at_once_are_one(world: World, platform: FakePlatform) -> None:
    platform.enrol_class(250)
    begun = world.begin()
    assert world.begin() == begun
    assert Fetch.objects.count() == 2  # with the one that began when the course was followed

    honest, is_first = reading.enrolments, iter([True])

    def enrolments(*args: Any) -> Any:
        """While one job waits for its page, another one goes on with the same fetch."""
        if next(is_first, False):
            jobs.fetch_roster(str(begun.pk))
            return [], ""
        return honest(*args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "enrolments", enrolments)
        jobs.fetch_roster(str(begun.pk))
    begun.refresh_from_db()
    assert begun.state == State.DONE
    assert len(world.active()) == 250, "the slower one's page was thrown away"
