"""News of people may come late and in any order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tertulia.enrolments.records import Mode
from tertulia.kernel.errors import Invalid
from tertulia.workspaces.models import Role

from .world import World, entry, outcomes


def test_older_news_of_a_person_is_passed_over(world: World) -> None:
    noon = datetime.now(UTC) - timedelta(hours=1)
    world.enrol(entry("ana"), as_of=noon)
    assert outcomes(world.enrol(entry("ana", active=False), as_of=noon - timedelta(minutes=5))) == {"ana": "unchanged"}
    assert world.role("ana") is Role.LEARNER
    assert outcomes(world.enrol(entry("ana", active=False), as_of=noon + timedelta(minutes=5))) == {"ana": "left"}
    assert outcomes(world.enrol(entry("ana"), as_of=noon + timedelta(minutes=1))) == {"ana": "unchanged"}
    assert world.role("ana") is None


def test_that_somebody_left_may_be_heard_before_that_they_came(world: World) -> None:
    noon = datetime.now(UTC) - timedelta(hours=1)
    world.enrol(entry("ana", active=False), as_of=noon)
    assert outcomes(world.enrol(entry("ana"), as_of=noon - timedelta(minutes=1))) == {"ana": "unchanged"}
    assert world.role("ana") is None
    assert outcomes(world.enrol(entry("ana"), as_of=noon + timedelta(minutes=1))) == {"ana": "created"}


def test_leaving_again_later_is_remembered(world: World) -> None:
    noon = datetime.now(UTC) - timedelta(hours=1)
    world.enrol(entry("ana"), as_of=noon)
    for minutes in (1, 9):
        world.enrol(entry("ana", active=False), as_of=noon + timedelta(minutes=minutes))
    assert outcomes(world.enrol(entry("ana"), as_of=noon + timedelta(minutes=5))) == {"ana": "unchanged"}


def test_a_whole_list_knows_better_than_older_news(world: World) -> None:
    noon = datetime.now(UTC) - timedelta(hours=1)
    world.enrol(entry("ben"), mode=Mode.MIRROR, as_of=noon)
    assert outcomes(world.enrol(entry("ana"), as_of=noon - timedelta(minutes=1))) == {"ana": "unchanged"}
    assert outcomes(world.enrol(entry("ana"), as_of=noon + timedelta(minutes=1))) == {"ana": "created"}
    late = world.enrol(entry("ben"), mode=Mode.MIRROR, as_of=noon, confirmed=True)
    assert outcomes(late) == {"ben": "unchanged", "ana": "unchanged"}
    assert world.role("ana") is Role.LEARNER


@pytest.mark.parametrize("days", [2, -40_000])
def test_a_list_cannot_be_of_another_age(world: World, days: int) -> None:
    with pytest.raises(Invalid, match="as_of"):
        world.enrol(entry("ana"), as_of=datetime.now(UTC) + timedelta(days=days))
