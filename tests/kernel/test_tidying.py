"""What people type, made tidy."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertulia.kernel import tidying
from tertulia.kernel.errors import Invalid


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("  Ana \t Lima\n", "Ana Lima"),
        ("Ana\u202egnp.exe", "Anagnp.exe"),
        ("\u2066Ana\u2069\u200f", "Ana"),
        ("A\u200bna\ufeff\u00ad", "Ana"),
        ("Cafe\u0301", "Café"),
        ("Z" + "\u0335" * 40, "Z" + "\u0335" * tidying.MARKS),
        ("نیم\u200cفاصله", "نیم\u200cفاصله"),
        ("👩\u200d🚀", "👩\u200d🚀"),
        ("ليلى منصور", "ليلى منصور"),
        ("\u200d\u200c", ""),
        ("\u3164", ""),
        ("\x07\x1b[31m", "[31m"),
    ],
)
def test_tidy_keeps_what_is_seen(written: str, kept: str) -> None:
    assert tidying.tidy(written) == kept


@given(st.text(max_size=200))
def test_tidy_is_one_visible_line_and_stays_so(text: str) -> None:
    tidied = tidying.tidy(text)
    assert tidying.tidy(tidied) == tidied
    assert "\n" not in tidied
    assert not any(unicodedata.bidirectional(c) in {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI"} for c in tidied)
    assert tidied == tidied.strip()


def test_a_line_says_what_is_wrong_with_it() -> None:
    assert tidying.line(" a\tb ", field="name", label="name", longest=3) == "a b"
    with pytest.raises(Invalid, match=r"Please fill in the name\."):
        tidying.line("\u200b", field="name", label="name", longest=3, required=True)
    with pytest.raises(Invalid, match=r"The name has 4 characters; 3 is the most\."):
        tidying.line("abcd", field="name", label="name", longest=3)
