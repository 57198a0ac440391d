"""Faces for people without a picture: friendly nobodies, drawn from a seed.

They have the colours of a paint box and no hair, clothes or skin tones, so that no real person is shown as somebody
whom they are not. The same seed always gives the same face; changing anything below changes everybody's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from typing import TypeVar

T = TypeVar("T")

# Background, head, line and cheek: told apart in grey too (the line on the head has a contrast over 4.5).
PALETTES = (
    ("#f7b267", "#fff1d6", "#4a2c17", "#f4845f"),
    ("#2a9d8f", "#c9f2e7", "#123b38", "#f4a261"),
    ("#e76f51", "#ffe0d3", "#4f1f14", "#e76f51"),
    ("#577590", "#dbe9f6", "#1c2f3f", "#f28482"),
    ("#90be6d", "#f1fbe4", "#2b421c", "#f3a683"),
    ("#b388eb", "#f1e6ff", "#3a2060", "#f78fb3"),
    ("#f6bd60", "#5c4d7d", "#fff6e0", "#e07a5f"),
    ("#f28482", "#fff0ee", "#5a1e28", "#f28482"),
    ("#43658b", "#ffe27a", "#1b2c41", "#ed6663"),
    ("#84a59d", "#fdf6ec", "#2f3e3a", "#f28482"),
    ("#3d405b", "#f4e285", "#3d3a1f", "#e07a5f"),
    ("#ffb5a7", "#7a4069", "#ffeef2", "#ff9b8e"),
    ("#5390d9", "#e0fbfc", "#14305c", "#ff8fa3"),
    ("#c9ada7", "#4a4e69", "#f8f3ee", "#e5989b"),
)

HEADS = (
    '<circle cx="40" cy="44" r="26"/>',
    '<rect x="15" y="18" width="50" height="52" rx="22"/>',
    '<path d="M40 17c19 0 27 13 27 28S57 72 40 72 13 60 13 45s8-28 27-28z"/>',
    '<path d="M40 16c14 0 24 12 26 29 2 18-9 27-26 27S12 63 14 45c2-17 12-29 26-29z"/>',
    '<path d="M17 40c0-15 10-22 23-22s23 7 23 22v14c0 11-10 18-23 18s-23-7-23-18z"/>',
)

# Behind the head, in the head's colour.
TOPS = (
    "",
    '<circle cx="20" cy="24" r="8"/><circle cx="60" cy="24" r="8"/>',
    '<path d="M16 34 19 10l17 11zM64 34 61 10 44 21z"/>',
    '<path d="M27 24c-9-4-11-13-6-21 6 4 12 9 13 17zM53 24c9-4 11-13 6-21-6 4-12 9-13 17z"/>',
    '<circle cx="13" cy="46" r="6"/><circle cx="67" cy="46" r="6"/>',
    '<path d="M31 20c-1-8 3-13 9-15-2 5 0 8 3 10 2-3 5-4 8-4-3 3-3 6-3 9z"/>',
    '<path d="M26 22 24 9l9 8 7-11 7 11 9-8-2 13z"/>',
)

# Drawn in lines over the top of the head.
TUFTS = (
    "",
    '<path d="M40 18V8M40 8c3-4 8-4 11-2-1 5-6 6-11 2z"/>',
    '<path d="M34 18c-2-4-2-7 0-10M40 17V6M46 18c2-4 2-7 0-10"/>',
    '<path d="M40 18c-6-5 0-12 5-9 3 2 1 6-2 5"/>',
    '<path d="M30 20c4 5 16 5 20 0"/>',
    '<path d="M32 18l-3-9M48 18l3-9"/><circle cx="29" cy="8" r="2.4"/><circle cx="51" cy="8" r="2.4"/>',
)

EYES = (
    '<circle cx="30" cy="43" r="3"/><circle cx="50" cy="43" r="3"/>',
    '<ellipse cx="30" cy="42" rx="2.6" ry="4"/><ellipse cx="50" cy="42" rx="2.6" ry="4"/>',
    '<path class="l" d="M25.5 44c2-4 7-4 9 0M45.5 44c2-4 7-4 9 0"/>',
    '<circle cx="31" cy="43" r="3"/><path class="l" d="M46 43.5c2-3 6-3 8 0"/>',
    (
        '<circle cx="30" cy="42" r="3.8"/><circle cx="50" cy="42" r="3.8"/>'
        '<g class="h"><circle cx="31.3" cy="40.6" r="1.2"/><circle cx="51.3" cy="40.6" r="1.2"/></g>'
    ),
)

MOUTHS = (
    '<path class="l" d="M33 56c3 4 11 4 14 0"/>',
    '<path d="M32 54h16c0 5-3 8.5-8 8.5S32 59 32 54z"/>',
    '<path class="l" d="M35 57c4 2.5 8 1.5 11-2"/>',
    '<ellipse cx="40" cy="57" rx="3" ry="3.5"/>',
    '<path class="l" d="M34 55c1.5 3 4.5 3 6 0 1.5 3 4.5 3 6 0"/>',
)

_CHEEKS = '<g class="c"><circle cx="23" cy="52" r="4"/><circle cx="57" cy="52" r="4"/></g>'
_ROUND_GLASSES = (
    '<g class="l"><circle cx="30" cy="43" r="7.5"/><circle cx="50" cy="43" r="7.5"/>'
    '<path d="M37.5 42c1.5-1.5 3.5-1.5 5 0"/></g>'
)
_SQUARE_GLASSES = (
    '<g class="l"><rect x="22" y="37" width="15" height="12" rx="3.5"/>'
    '<rect x="43" y="37" width="15" height="12" rx="3.5"/><path d="M37 42h6"/></g>'
)
_FRECKLES = (
    '<circle cx="24" cy="50" r="1"/><circle cx="27.5" cy="52" r="1"/><circle cx="23" cy="54" r="1"/>'
    '<circle cx="56" cy="50" r="1"/><circle cx="52.5" cy="52" r="1"/><circle cx="57" cy="54" r="1"/>'
)

EXTRAS = ("", "", _CHEEKS, _CHEEKS, _ROUND_GLASSES, _SQUARE_GLASSES, _FRECKLES)


@lru_cache(maxsize=2048)
def face(seed: str) -> str:
    """The face of this seed as an SVG of about 1 KB, square, without scripts or anything from elsewhere."""
    bits = int.from_bytes(hashlib.sha256(seed.encode()).digest(), "big")

    def choose(choices: Sequence[T]) -> T:
        nonlocal bits
        bits, index = divmod(bits, len(choices))
        return choices[index]

    ground, head, line, cheek = choose(PALETTES)
    shape, top, tuft, extra = choose(HEADS), choose(TOPS), choose(TUFTS), choose(EXTRAS)
    eyes, mouth = choose(EYES), choose(MOUTHS)
    lean, shift, lift = choose((-9, -6, -3, 0, 3, 6, 9)), choose((-2, 0, 2)), choose((0, 1, 2))
    if top:
        tuft = ""
    style = (
        f".h{{fill:{head}}}.c{{fill:{cheek};opacity:.55}}"
        f".l{{fill:none;stroke:{line};stroke-width:2.6;stroke-linecap:round;stroke-linejoin:round}}"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 80 80" width="512" height="512"><style>{style}</style>'
        f'<path fill="{ground}" d="M0 0h80v80H0z"/><g transform="translate({shift} {lift}) rotate({lean} 40 46)">'
        f'<g fill="{head}">{top}{shape}</g><g class="l">{tuft}</g><g fill="{line}">{eyes}{mouth}{extra}</g></g></svg>'
    )
