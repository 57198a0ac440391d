"""Rate limits: exactly as many pass as may, also when all come at once; then waiting as told is enough."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings as django_settings
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tertulia.kernel import jobs, limits
from tertulia.kernel.errors import TooMany
from tertulia.kernel.limits import Limit, forget_old, spend

START = datetime(2027, 3, 1, 9, tzinfo=UTC)


class Clock:
    """A clock that tests turn."""

    def __init__(self) -> None:
        self.moment = START

    def __call__(self) -> datetime:
        return self.moment

    def on(self, seconds: float) -> None:
        """Turn it on by so much."""
        self.moment += timedelta(seconds=seconds)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(limits, "now", made)
    return made


def passes(limit: Limit, who: object = "ana") -> bool:
    try:
        spend(limit, who)
    except TooMany:
        return False
    return True


def rows() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT key FROM kernel_limit")
        return {key for (key,) in cursor.fetchall()}


@pytest.mark.django_db
def test_all_may_come_at_once_and_no_more(clock: Clock) -> None:
    limit = Limit("test", times=3, seconds=30)
    assert [passes(limit) for _ in range(5)] == [True, True, True, False, False]
    clock.on(9.9)
    assert not passes(limit)
    clock.on(0.1)
    assert [passes(limit), passes(limit)] == [True, False]
    clock.on(30)
    assert [passes(limit) for _ in range(4)] == [True, True, True, False]


@pytest.mark.django_db
@pytest.mark.parametrize(("times", "seconds"), [(1, 1), (3, 10), (60, 60), (7, 3600)])
def test_waiting_as_told_is_enough_and_not_too_long(clock: Clock, times: int, seconds: int) -> None:
    limit = Limit("test", times=times, seconds=seconds)
    for _ in range(times):
        spend(limit, "ana")
    clock.on(0.25)
    with pytest.raises(TooMany) as caught:
        spend(limit, "ana")
    wait = caught.value.retry_after
    assert 1 <= wait <= max(1, -(-seconds // times))
    assert str(wait) in caught.value.detail
    if wait > 1:
        clock.on(wait - 1)
        assert not passes(limit)
        clock.on(1)
    else:
        clock.on(wait)
    assert passes(limit)


@pytest.mark.django_db
def test_each_limit_and_each_person_is_counted_apart(clock: Clock) -> None:
    del clock
    one, other = Limit("one", times=1, seconds=60), Limit("other", times=1, seconds=60)
    assert [passes(one, "ana"), passes(one, "ben"), passes(other, "ana"), passes(one, "ana")] == [
        True,
        True,
        True,
        False,
    ]


@pytest.mark.django_db
def test_a_refused_try_costs_nothing(clock: Clock) -> None:
    limit = Limit("test", times=2, seconds=20)
    assert [passes(limit) for _ in range(50)].count(True) == 2
    clock.on(10)
    assert passes(limit)


@pytest.mark.django_db
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30, derandomize=True)
@given(pauses=st.lists(st.integers(0, 40), min_size=1, max_size=40))
def test_never_more_than_the_burst_and_the_rate(clock: Clock, pauses: list[int]) -> None:
    """From any moment on, in t seconds pass at most `times` and one more for each step (ITU-T I.371)."""
    limit = Limit("test", times=4, seconds=40)
    with transaction.atomic():
        passed = []
        for pause in pauses:
            clock.on(pause)
            if passes(limit):
                passed.append(clock.moment)
        for first, since in enumerate(passed):
            for last, until in enumerate(passed[first:], 1):
                assert last <= limit.times + (until - since).total_seconds() // 10
        transaction.set_rollback(True)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("times", [1, 7, 25])
def test_many_at_once_exactly_so_many_pass(times: int) -> None:
    limit = Limit("test", times=times, seconds=3600)
    start = threading.Barrier(10)
    passed: list[bool] = []

    def knock() -> None:
        try:
            start.wait(timeout=20)
            passed.extend([passes(limit) for _ in range(5)])
        finally:
            connection.close()

    threads = [threading.Thread(target=knock) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert (len(passed), passed.count(True)) == (50, times)


@pytest.mark.django_db(transaction=True)
def test_what_fails_afterwards_still_counts() -> None:
    limit = Limit("test", times=1, seconds=60)
    spend(limit, "ana")
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        raise ZeroDivisionError
    assert not passes(limit)


@pytest.mark.django_db
def test_what_is_whole_again_is_forgotten(clock: Clock) -> None:
    short, long = Limit("short", times=2, seconds=10), Limit("long", times=1, seconds=1000)
    spend(short, "ana")
    spend(long, "ana")
    assert forget_old() == 0
    clock.on(6)
    jobs.sweep_limits(timestamp=0)
    assert rows() == {"long:ana"}
    assert not passes(long)


@pytest.mark.django_db
def test_a_long_name_fits() -> None:
    limit = Limit("test", times=1, seconds=60)
    assert [passes(limit, "a" * 5_000), passes(limit, "a" * 5_000)] == [True, False]


@pytest.mark.django_db
def test_several_uses_are_counted_in_one_statement_all_or_none(clock: Clock) -> None:
    limit, other = Limit("some", times=4, seconds=60), Limit("others", times=2, seconds=60)
    uses: dict[tuple[Limit, object], int] = {(limit, "ana"): 3, (limit, "ben"): 5, (other, "ana"): 2}
    with CaptureQueriesContext(connection) as captured:
        assert limits.spend_each(uses) == {(limit, "ben")}
    assert len(captured) == 1
    assert limits.spend_each({(limit, "ana"): 2, (other, "ana"): 1}) == {(limit, "ana"), (other, "ana")}
    assert limits.spend_each({(limit, "ana"): 1, (limit, "ben"): 4}) == set()
    clock.on(15)  # a fourth of the minute: one more of four
    assert limits.spend_each({(limit, "ana"): 1}) == set()
    with pytest.raises(TooMany):
        limits.spend(limit, "ana")
    assert limits.spend_each({}) == set()


@pytest.mark.django_db
def test_an_installation_may_widen_limits_but_not_those_that_guard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(django_settings, "LIMITS", 2.0)
    wide, fixed = Limit("wide", times=3, seconds=60), Limit("guard", times=3, seconds=60, fixed=True)
    for limit, times in ((wide, 6), (fixed, 3)):
        for _time in range(times):
            limits.spend(limit, "ana")
        with pytest.raises(TooMany):
            limits.spend(limit, "ana")
    monkeypatch.setattr(django_settings, "LIMITS", 0.001)
    narrow = Limit("narrow", times=3, seconds=60)
    limits.spend(narrow, "ana")  # once is always allowed
    with pytest.raises(TooMany):
        limits.spend(narrow, "ana")
