"""Keyset pages: nothing is skipped or told twice, in either direction, whatever comes between."""

from __future__ import annotations

import base64
import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tertulia.kernel.errors import Invalid
from tertulia.kernel.paging import Slice, keyset
from tertulia.people.models import Person

pytestmark = pytest.mark.django_db

ORDER = ("display_name", "id")


@pytest.fixture(autouse=True)
def _seven_people() -> None:
    for number in range(7):
        Person.objects.create(handle=f"p{number}", display_name=f"Name {number // 2}")  # names in pairs


def page(cursor: str | None = None, *, order: tuple[str, ...] = ORDER, limit: int = 3) -> Slice[Person]:
    return keyset(Person.objects.all(), order=order, cursor=cursor, limit=limit)


def handles(found: Slice[Person]) -> list[str]:
    return [person.handle for person in found.items]


def test_forward_and_back_again() -> None:
    first = page()
    second = page(first.next)
    third = page(second.next)
    assert [handles(first), handles(second), handles(third)] == [["p0", "p1", "p2"], ["p3", "p4", "p5"], ["p6"]]
    assert (first.previous, third.next) == (None, None)
    assert handles(page(third.previous)) == handles(second)
    assert handles(page(second.previous)) == handles(first)


def test_descending() -> None:
    order = ("-display_name", "-id")
    first = page(order=order)
    assert handles(first) == ["p6", "p5", "p4"]
    assert handles(page(first.next, order=order)) == ["p3", "p2", "p1"]


def test_what_comes_between_moves_nothing() -> None:
    first = page()
    Person.objects.create(handle="new", display_name="Name 0")
    Person.objects.filter(handle="p1").delete()
    assert handles(page(first.next)) == ["p3", "p4", "p5"]


def test_an_empty_list_and_an_exact_fit() -> None:
    assert keyset(Person.objects.none(), order=ORDER, cursor=None, limit=3) == Slice([])
    whole = page(limit=7)
    assert (len(whole.items), whole.next, whole.previous) == (7, None, None)


def test_one_query_whatever_the_page() -> None:
    middle = page(page().next)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        page(middle.next)
    assert len(queries) == 1


def made_up(*parts: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "not base64!",
        "é",
        made_up("f"),
        made_up("x", "Name 1", "y"),
        made_up("f", "Name 1", "not-an-id"),
        made_up("f", None, None),
        made_up("f", {"a": 1}, "b"),
        made_up("f", "a\0b", "c"),
        made_up("f", 2**80, "c"),
        made_up("f", "Name 1", "c", "too many"),
        base64.urlsafe_b64encode(b"[" * 300).decode(),
        base64.urlsafe_b64encode(b'["f", NaN, "x"]').decode(),
    ],
)
def test_a_made_up_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(Invalid) as caught:
        page(cursor)
    assert caught.value.field == "cursor"
