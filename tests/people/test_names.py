"""Names made tidy, and handles derived."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertulia.kernel.errors import Invalid
from tertulia.people import names
from tertulia.people.models import HANDLE
from tertulia.people.services import checks


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("  Ana \t Lima\n", "Ana Lima"),
        ("Ana\u202egnp.exe", "Anagnp.exe"),
        ("\u2066Ana\u2069\u200f", "Ana"),
        ("A\u200bna\ufeff\u00ad", "Ana"),
        ("Cafe\u0301", "Café"),
        ("Z" + "\u0335" * 40, "Z" + "\u0335" * names.MARKS),
        ("نیم\u200cفاصله", "نیم\u200cفاصله"),
        ("👩\u200d🚀", "👩\u200d🚀"),
        ("ليلى منصور", "ليلى منصور"),
        ("\u200d\u200c", ""),
        ("\u3164", ""),
        ("\x07\x1b[31m", "[31m"),
    ],
)
def test_tidy_keeps_what_is_seen(written: str, kept: str) -> None:
    assert names.tidy(written) == kept


@given(st.text(max_size=200))
def test_tidy_is_one_visible_line_and_stays_so(text: str) -> None:
    tidied = names.tidy(text)
    assert names.tidy(tidied) == tidied
    assert "\n" not in tidied
    assert not any(unicodedata.bidirectional(c) in {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI"} for c in tidied)
    assert tidied == tidied.strip()


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
