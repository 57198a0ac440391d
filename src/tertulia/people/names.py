"""Names that people choose: made tidy, and handles derived from them."""

from __future__ import annotations

import re
import unicodedata

HANDLE_LENGTH = 40
MARKS = 3  # combining marks on one letter; more is not a name in any script but ink spilt over neighbouring lines

# What mentions and addresses already mean.
RESERVED = frozenset({"all", "channel", "everyone", "here", "me", "new", "settings", "system"})

_JOINERS = "\u200c\u200d"  # needed inside words of Persian and Indic scripts, and in emoji
_NEEDS_HELP = {"ß": "ss", "æ": "ae", "ø": "o", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"}


def tidy(text: str) -> str:
    """One line, in NFC, single blanks, without controls: nothing in it can turn the text around it or hide.

    Line breaks and tabs become blanks; bidirectional overrides, isolates and marks, zero-width blanks and other
    invisible characters go (joiners between letters stay). "" when nothing visible is left.
    """
    text = unicodedata.normalize("NFC", " ".join(text.split()))
    kept: list[str] = []
    marks = 0
    for character in text:
        category = unicodedata.category(character)
        if category[0] == "C" and character not in _JOINERS:
            continue
        marks = marks + 1 if category in ("Mn", "Me") else 0
        if marks <= MARKS:
            kept.append(character)
    text = " ".join("".join(kept).split()).strip(_JOINERS)
    return text if any(unicodedata.category(c)[0] in "LNPS" and c not in "\u2800\u3164\uffa0" for c in text) else ""


def tidy_text(text: str) -> str:
    """The same for several lines: line breaks and tabs stay."""
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    kept = (c for c in text if unicodedata.category(c)[0] != "C" or c in _JOINERS or c in "\n\t")
    return "".join(kept).strip()


def handle_from(name: str) -> str:
    """A handle after a name: Inês Carvalho -> ines.carvalho. "" when no Latin letter or digit is in it."""
    plain = "".join(_NEEDS_HELP.get(character, character) for character in name.casefold())
    plain = unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", ".", plain)[: HANDLE_LENGTH - 4].strip(".")


def name_from(email: str) -> str:
    """A name after an address, for accounts made without one: ana.lima@example.org -> Ana Lima."""
    words = re.split(r"[^\w]+|_", email.partition("@")[0].partition("+")[0])
    return tidy(" ".join(word.capitalize() for word in words if word))[:80]
