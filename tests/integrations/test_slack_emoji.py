"""Slack's names of emoji."""

from __future__ import annotations

import pytest

from tertulia.integrations.slack.emoji import character


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("+1", "👍"),
        ("clap::skin-tone-3", "👏🏼"),
        ("point_up::skin-tone-4", "☝🏽"),
        ("tada::skin-tone-4", "🎉"),
        ("dog", "🐶"),
        ("flag-es", "🇪🇸"),
        ("flag-zz", None),
        ("female-technologist", "👩\u200d💻"),
        ("man-girl", "👨\u200d👧"),
        ("skin-tone-6", "🏿"),
        ("knife_fork_plate", "🍽️"),
        ("party_parrot", None),
        ("clap::skin-tone-9", None),
        ("egg", "🥚"),
        ("turkey", "🦃"),
        ("sunglasses", "😎"),
    ],
)
def test_names(name: str, expected: str | None) -> None:
    assert character(name) == expected
