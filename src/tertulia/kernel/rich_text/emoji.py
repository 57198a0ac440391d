"""Emoji: one written form for each, names for all, suggestions and the picker."""

from __future__ import annotations

from functools import cache, lru_cache

from django.utils.translation import gettext as _
from emoji import EMOJI_DATA, STATUS

from tertulia.kernel.errors import Invalid
from tertulia.kernel.rich_text.emoji_data import CATEGORIES, POPULAR

_NEWEST_SHOWN = 15  # Unicode version; fonts lag behind by years
_TONES = {f"skin-tone-{number}": chr(0x1F3F9 + number) for number in range(2, 7)}
_SELECTORS = str.maketrans("", "", "\ufe0e\ufe0f")
_LONGEST = 10  # code points: two people kissing, each with a skin tone


@cache
def _canonical() -> dict[str, str]:
    """Every emoji without its variation selectors -> as Unicode says it is to be written ("fully qualified")."""
    return {
        char.translate(_SELECTORS): char
        for char, data in EMOJI_DATA.items()
        if data["status"] == STATUS["fully_qualified"]
    }


@cache
def _names() -> dict[str, str]:
    """Every name, lower-cased and without colons -> the emoji.

    Aliases go before Unicode's names, because other chats know them: `:sunglasses:` is a smiling face there.
    """
    names: dict[str, str] = {}
    for key in ("alias", "en"):
        for char in _canonical().values():
            given = EMOJI_DATA[char].get(key, [])
            for name in [given] if isinstance(given, str) else given:
                names.setdefault(name.strip(":").lower(), char)
    # Two that other chats write differently.
    names.setdefault("simple_smile", "🙂")
    names.setdefault("thumbs-up", "👍")
    return names


def _canonical_or_none(text: str) -> str | None:
    return _canonical().get(text.translate(_SELECTORS)) if len(text) <= 2 * _LONGEST else None


def with_tone(char: str, tone: str) -> str | None:
    """Return `char` in the skin tone named `skin-tone-2` to `skin-tone-6`, or None where that does not exist."""
    modifier = _TONES.get(tone)
    bare = char.translate(_SELECTORS)
    return _canonical().get(bare[0] + modifier + bare[1:]) if modifier and bare else None


@lru_cache(maxsize=4096)
def from_name(name: str) -> str | None:
    """Return the emoji of a name such as `tada`, `+1` or `woman-shrugging`, without colons, or None."""
    name = name.lower()
    names = _names()
    return names.get(name) or names.get(name.replace("-", "_")) or (_TONES.get(name) if name in _TONES else None)


def is_emoji(text: str) -> bool:
    """Say whether `text` is exactly one emoji, with or without variation selectors."""
    return _canonical_or_none(text) is not None


def normalise_emoji(text: str) -> str:
    """Return the one form in which an emoji is stored.

    Takes the character itself, or a name with or without colons, also with a skin tone (`:wave::skin-tone-4:`).
    Raises `Invalid` for everything else.
    """
    text = text.strip()
    if found := _canonical_or_none(text):
        return found
    name, _colons, tone = text.strip(":").partition("::")
    char = from_name(name) if name not in _TONES else None
    if char and tone:
        char = with_tone(char, tone)
    if char is None:
        shown = text if len(text) <= 40 else text[:40] + "…"  # noqa: PLR2004 - enough to recognise it
        raise Invalid(
            _("“%(text)s” is not an emoji that we know. Choose one from the list, or write its name, like :tada:.")
            % {"text": shown},
            type="unknown-emoji",
            field="emoji",
        )
    return char


def count_emoji(text: str, most: int) -> int:
    """Return how many emoji `text` consists of, spaces aside; 0 if it holds anything else or more than `most`."""
    canonical = _canonical()
    bare = "".join(text.translate(_SELECTORS).split())
    count = start = 0
    while start < len(bare):
        for end in range(min(start + _LONGEST, len(bare)), start, -1):
            if bare[start:end] in canonical:
                break
        else:
            return 0
        start, count = end, count + 1
        if count > most:
            return 0
    return count


@cache
def _suggestible() -> list[tuple[str, str]]:
    """(name, emoji) in the order of preference: the popular, then short names before long."""
    tones = set(_TONES.values())
    popularity = {char: place for place, char in enumerate(POPULAR.split())}
    pairs = [
        (name, char)
        for name, char in _names().items()
        if EMOJI_DATA[char]["E"] <= _NEWEST_SHOWN and tones.isdisjoint(char)
    ]
    return sorted(pairs, key=lambda pair: (popularity.get(pair[1], len(popularity)), len(pair[0])))


def suggest(prefix: str, limit: int = 8) -> list[tuple[str, str]]:
    """Return up to `limit` (emoji, name) for what someone began to write: exact names, then beginnings, then parts."""
    wanted = prefix.strip().strip(":").lower().replace(" ", "_")
    ranked: list[dict[str, str]] = [{}, {}, {}]
    for name, char in _suggestible():
        if name == wanted:
            rank = 0
        elif name.startswith(wanted):
            rank = 1
        elif wanted in name:
            rank = 2
        else:
            continue
        ranked[rank].setdefault(char, name)
    best: dict[str, str] = {}
    for found in ranked:
        for char, name in found.items():
            best.setdefault(char, name)
    return list(best.items())[:limit]


def _picker() -> dict[str, list[tuple[str, str]]]:
    shortest: dict[str, str] = {}
    for name, char in _suggestible():
        shortest.setdefault(char, name)
    return {key: [(char, shortest[char]) for char in chars.split()] for key, (_label, chars) in CATEGORIES.items()}


PICKER = _picker()
"""Category -> (emoji, name), in the order to show."""

PICKER_LABELS = {key: label for key, (label, _chars) in CATEGORIES.items()}
"""Category -> its translated name."""
