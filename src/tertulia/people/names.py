"""Handles and names derived from what people choose."""

from __future__ import annotations

import re
import unicodedata

from tertulia.kernel.tidying import tidy

HANDLE_LENGTH = 40

# What mentions and addresses already mean.
RESERVED = frozenset({"all", "channel", "everyone", "here", "me", "new", "settings", "system"})

_NEEDS_HELP = {"ß": "ss", "æ": "ae", "ø": "o", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"}


def handle_from(name: str) -> str:
    """A handle after a name: Inês Carvalho -> ines.carvalho. "" when no Latin letter or digit is in it."""
    plain = "".join(_NEEDS_HELP.get(character, character) for character in name.casefold())
    plain = unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", ".", plain)[: HANDLE_LENGTH - 4].strip(".")


def name_from(email: str) -> str:
    """A name after an address, for accounts made without one: ana.lima@example.org -> Ana Lima."""
    words = re.split(r"[^\w]+|_", email.partition("@")[0].partition("+")[0])
    return tidy(" ".join(word.capitalize() for word in words if word))[:80]
