"""Handles and names derived."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertulia.kernel.errors import Invalid
from tertulia.people import names
from tertulia.people.models import HANDLE
from tertulia.people.services import checks


@pytest.mark.parametrize(
    ("name", "handle"),
    [
        ("Inês Carvalho", "ines.carvalho"),
        ("Elif Yıldız", "elif.yildiz"),
        ("Łukasz  Øster-Straße", "lukasz.oster.strasse"),
        ("李雷", ""),
        ("🎉🎉", ""),
        ("  --  ", ""),
        ("x" * 100, "x" * 36),
    ],
)
def test_a_handle_is_derived_from_a_name(name: str, handle: str) -> None:
    assert names.handle_from(name) == handle


@given(st.text(max_size=120))
def test_every_derived_handle_is_a_handle(name: str) -> None:
    handle = names.handle_from(name)
    assert len(handle) <= names.HANDLE_LENGTH - 4
    if handle:
        HANDLE(handle)


@pytest.mark.parametrize(
    "handle", ["", "émile", "🎉", "a b", ".ana", "ana-", "a/b", "a\u202eb", "x" * 41, "channel", "HERE"]
)
def test_what_cannot_be_a_handle_is_refused_with_a_sentence(handle: str) -> None:
    with pytest.raises(Invalid) as refusal:
        checks.handle(handle)
    assert refusal.value.field == "handle"
    assert refusal.value.detail.endswith(".")


def test_a_handle_is_kept_in_small_letters_without_its_sign() -> None:
    assert checks.handle(" @Ana.Lima ") == "ana.lima"


def test_interests_are_told_apart_without_regard_to_case() -> None:
    assert checks.interests(["Data", "data", " #choir ", "", "\u200b"]) == ["Data", "choir"]


def test_too_much_is_refused_with_the_limit_and_the_length() -> None:
    with pytest.raises(Invalid, match=r"At most 80 characters, please; this has 5000\."):
        checks.display_name("n" * 5000)
    with pytest.raises(Invalid, match=r"At most 4000 characters, please; this has 4001\."):
        checks.about("a" * 4001)
    with pytest.raises(Invalid, match=r"At most 20 interests, please; these are 21\."):
        checks.interests([f"interest {number}" for number in range(21)])


def test_a_name_is_made_from_an_address() -> None:
    assert names.name_from("ana.lima+lists@example.org") == "Ana Lima"
