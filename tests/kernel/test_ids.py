"""Ids: versions and order as RFC 9562 has them, and never the same twice."""

from __future__ import annotations

import time
import uuid
from concurrent.futures import ThreadPoolExecutor

from tertulia.kernel.ids import new_id


def test_they_are_of_version_7() -> None:
    made = new_id()
    assert type(made) is uuid.UUID
    assert (made.version, made.variant) == (7, uuid.RFC_4122)


def test_they_hold_the_millisecond_in_which_they_were_made() -> None:
    before, made, after = time.time_ns() // 1_000_000, new_id(), time.time_ns() // 1_000_000
    assert before <= made.int >> 80 <= after


def test_they_sort_by_time() -> None:
    made = []
    for _ in range(5):
        made.append(new_id())
        time.sleep(0.002)
    assert made == sorted(made)
    assert [str(one) for one in made] == sorted(str(one) for one in made)


def test_many_threads_make_no_two_alike() -> None:
    with ThreadPoolExecutor(8) as pool:
        made = [one for some in pool.map(lambda _: [new_id() for _ in range(2_000)], range(8)) for one in some]
    assert len(set(made)) == 16_000
