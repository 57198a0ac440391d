"""One form for each emoji, names for all, and what the picker offers."""

from __future__ import annotations

import pytest
from emoji import EMOJI_DATA
from hypothesis import given
from hypothesis import strategies as st

from tertulia.kernel.errors import Invalid
from tertulia.kernel.rich_text.emoji import (
    PICKER,
    PICKER_LABELS,
    count_emoji,
    from_name,
    is_emoji,
    normalise_emoji,
    suggest,
    with_tone,
)


@pytest.mark.parametrize("text", ["👍", "👍🏽", "❤️", "❤", "👩‍💻", "🏳️‍🌈", "🇪🇸", "#️⃣", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "❤︎"])
def test_one_emoji_is_an_emoji(text: str) -> None:
    assert is_emoji(text)


@pytest.mark.parametrize("text", ["", "a", "1", "👍👍", "👍 ", ":tada:", "🏽", "\ufe0f", "👍" * 5_000])
def test_everything_else_is_not(text: str) -> None:
    assert not is_emoji(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("👍", "👍"),
        (" 👍 ", "👍"),
        ("❤", "❤️"),
        ("👁‍🗨", "👁️‍🗨️"),
        (":tada:", "🎉"),
        ("tada", "🎉"),
        ("+1", "👍"),
        (":Thumbs_Up:", "👍"),
        ("clap::skin-tone-3", "👏🏼"),
        (":wave::skin-tone-6:", "👋🏿"),
        (":woman_technologist::skin-tone-4:", "👩🏽‍💻"),
        ("woman-shrugging", "🤷‍♀️"),
        ("simple_smile", "🙂"),
        ("heart", "❤️"),
        ("sunglasses", "😎"),
    ],
)
def test_every_way_to_write_it_becomes_one(text: str, expected: str) -> None:
    assert normalise_emoji(text) == expected
    assert normalise_emoji(expected) == expected


@pytest.mark.parametrize(
    "text", ["", "q", "nosuch", ":nosuch:", "👍👍", "tada::skin-tone-3", "clap::skin-tone-9", "skin-tone-3", "<b>" * 50]
)
def test_what_is_no_emoji_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(Invalid) as refusal:
        normalise_emoji(text)
    assert refusal.value.type == "unknown-emoji"
    assert refusal.value.field == "emoji"
    assert "Choose one from the list" in refusal.value.detail
    assert len(refusal.value.detail) < 160


@given(st.sampled_from(sorted(EMOJI_DATA)))
def test_normalising_twice_changes_nothing(char: str) -> None:
    if is_emoji(char):
        assert normalise_emoji(normalise_emoji(char)) == normalise_emoji(char)
    else:
        assert EMOJI_DATA[char]["status"] == 1  # a part of others, such as a skin tone


def test_tones() -> None:
    assert from_name("skin-tone-4") == "🏽"
    assert with_tone("🎉", "skin-tone-4") is None
    assert with_tone("", "skin-tone-4") is None
    assert with_tone("☝️", "skin-tone-2") == "☝🏻"


@pytest.mark.parametrize(
    ("text", "count"),
    [("🎉", 1), ("🎉🎉 👍🏽", 3), ("🎉🎉🎉🎉", 0), ("🎉a", 0), ("", 0), ("👩‍💻❤", 2), ("🇪🇸🇫🇷", 2)],
)
def test_counting(text: str, count: int) -> None:
    assert count_emoji(text, 3) == count


def test_suggestions_are_exact_then_beginnings_then_parts_and_the_popular_first() -> None:
    assert suggest("heart")[0] == ("❤️", "heart")
    assert suggest("tad")[0] == ("🎉", "tada")
    assert suggest(":thumbs up:")[0] == ("👍", "thumbs_up")
    found = suggest("th")
    assert [char for char, _name in found[:2]] == ["👍", "🤔"]
    assert len(found) == 8
    assert len(suggest("a", limit=3)) == 3
    assert suggest("party_p") == [("🎉", "party_popper")]
    assert ("🥳", "partying_face") in suggest("ying_face")
    assert suggest("nosuchemoji") == []
    assert suggest("")[0][0] == "👍"


def test_suggestions_name_each_emoji_once_and_by_a_name_that_works() -> None:
    found = suggest("s", limit=2_000)
    assert len({char for char, _name in found}) == len(found)
    for char, name in found:
        assert from_name(name) == char
        assert EMOJI_DATA[char]["E"] <= 15


def test_the_picker_has_eight_categories_of_emoji_that_fonts_know() -> None:
    assert len(PICKER) == 8
    assert list(PICKER) == list(PICKER_LABELS)
    everything = [pair for pairs in PICKER.values() for pair in pairs]
    assert len({char for char, _name in everything}) == len(everything) > 500
    for char, name in everything:
        assert normalise_emoji(char) == char
        assert normalise_emoji(name) == char
        assert EMOJI_DATA[char]["E"] <= 15
    assert str(PICKER_LABELS["smileys"]) == "Smileys"
