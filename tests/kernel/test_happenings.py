"""Happenings: who reacts inside shares the cause's fate; who reacts after does so if and only if it is committed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.transaction import TransactionManagementError
from django.utils.module_loading import import_string
from procrastinate.contrib.django.models import ProcrastinateJob

from tertulia.config.subscriptions import SUBSCRIPTIONS as OURS
from tertulia.kernel import happenings, jobs
from tertulia.kernel.happenings import Happening, Reactions, emit
from tertulia.people.models import Person

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass(frozen=True)
class BreadBaked(Happening):
    """Bread was baked."""

    loaves: int
    bakers: tuple[str, ...] = ()


@dataclass(frozen=True)
class NobodyCares(Happening):
    """Something that nobody subscribed to."""


HERE = __name__
SUBSCRIPTIONS = {
    BreadBaked: Reactions(
        inside=[f"{HERE}.write_down", f"{HERE}.grumble"], after=[f"{HERE}.tell_later", f"{HERE}.tell_others_later"]
    )
}
told: list[tuple[str, Happening]] = []


def write_down(happening: BreadBaked) -> None:
    told.append(("inside", happening))
    Person.objects.create(handle=f"loaf-{happening.loaves}", display_name="Loaf")


def grumble(happening: BreadBaked) -> None:
    if happening.loaves < 0:
        raise ArithmeticError("less than no bread")


def tell_later(happening: BreadBaked) -> None:
    told.append(("after", happening))


def tell_others_later(happening: BreadBaked) -> None:
    told.append(("others", happening))


@pytest.fixture(autouse=True)
def _subscribed(settings: Any, transactional_db: None) -> Iterator[None]:
    del transactional_db
    settings.SUBSCRIPTIONS = f"{HERE}.SUBSCRIPTIONS"
    happenings._subscriptions.cache_clear()
    told.clear()
    with connection.cursor() as cursor:  # whose tables Django does not empty between tests
        cursor.execute("TRUNCATE procrastinate_jobs CASCADE")
    yield
    happenings._subscriptions.cache_clear()


def waiting() -> list[ProcrastinateJob]:
    return list(ProcrastinateJob.objects.filter(queue_name="reactions").order_by("pk"))


def bake(number: int) -> None:
    """A service, as others are: the cause and its happening in one transaction."""
    with transaction.atomic():
        Person.objects.create(handle=f"cause-{number}", display_name="Loaf")
        emit(BreadBaked(number))


def loaves() -> list[str]:
    return list(Person.objects.filter(display_name="Loaf").values_list("handle", flat=True))


def test_outside_a_transaction_it_is_an_error() -> None:
    with pytest.raises(TransactionManagementError, match="BreadBaked"):
        emit(BreadBaked(1))
    assert (told, waiting()) == ([], [])


def test_inside_happens_at_once() -> None:
    baked = BreadBaked(2, ("ana", "ben"))
    with transaction.atomic():
        emit(baked)
        assert told == [("inside", baked)]
        assert loaves() == ["loaf-2"]


def test_an_inside_handler_that_fails_takes_everything_back() -> None:
    with pytest.raises(ArithmeticError):
        bake(-1)
    assert (loaves(), waiting()) == ([], [])


def test_after_is_a_job_for_each_handler_once_committed() -> None:
    with transaction.atomic():
        emit(BreadBaked(3, ("ana",)))
    assert [job.args for job in waiting()] == [
        {
            "handler": f"{HERE}.{name}",
            "kind": f"{HERE}.BreadBaked",
            "data": {"loaves": 3, "bakers": ["ana"]},
        }
        for name in ("tell_later", "tell_others_later")
    ]
    assert [when for when, _happening in told] == ["inside"]


def test_no_job_for_what_was_taken_back() -> None:
    with transaction.atomic():
        emit(BreadBaked(4))
        assert waiting()
        transaction.set_rollback(True)
    assert waiting() == []


def test_the_job_gives_the_handler_the_happening() -> None:
    with transaction.atomic():
        emit(BreadBaked(5, ("ana", "ben")))
    for job in waiting():
        jobs.react(**job.args)
    [(_, inside), (first, later), (second, _)] = told
    assert (first, second) == ("after", "others")
    assert isinstance(later, BreadBaked)
    assert (later.loaves, list(later.bakers)) == (5, ["ana", "ben"])
    assert inside == BreadBaked(5, ("ana", "ben"))


def test_a_job_that_fails_is_tried_again() -> None:
    assert jobs.react.retry_strategy is not None
    with pytest.raises(ArithmeticError):
        jobs.react(handler=f"{HERE}.grumble", kind=f"{HERE}.BreadBaked", data={"loaves": -1})


def test_nobody_has_to_care() -> None:
    with transaction.atomic():
        emit(NobodyCares())
    assert (told, waiting()) == ([], [])


def test_the_house_subscribes_handlers_that_exist_to_happenings_that_survive_json() -> None:
    for kind, reactions in OURS.items():
        assert issubclass(kind, Happening)
        for path in (*reactions.inside, *reactions.after):
            assert callable(import_string(path))
        blank = dict.fromkeys(kind.__dataclass_fields__, "x")
        assert kind(**json.loads(json.dumps(blank))) == kind(**blank)


def test_these_tests_commit() -> None:
    assert not connection.in_atomic_block
