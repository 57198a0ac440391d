"""What is stored of what was sent."""

from __future__ import annotations

import pytest

from tertulia.kernel.rich_text import normalise


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("a\r\nb\rc\u2028d", "a\nb\nc\nd"),
        ("a\x00b\x07c\ufeff\ufdd0\ud800", "abc"),
        ("e\u0301", "é"),
        ("\n \n    code\n\n  ", "    code"),
        ("a\tb", "a\tb"),
        ("evil\u202egpj.exe", "evilgpj.exe"),
        ("👩‍💻 a\u200cb \u2067א\u2069", "👩‍💻 a\u200cb \u2067א\u2069"),
        ("a" + "\u0316" * 100 + "b", "a" + "\u0316" * 30 + "b"),
    ],
)
def test_normalise(body: str, expected: str) -> None:
    assert normalise(body) == expected
