"""Which addresses a post may point at."""

from __future__ import annotations

import re

REL = ' rel="nofollow noopener ugc"'

# Anything else - javascript:, data:, a path relative to whichever page shows the post - is not linked.
_ELSEWHERE = re.compile(r"(?:https?://|mailto:)[^\s\x00-\x1f\x7f]+", re.IGNORECASE)
_HERE = re.compile(r"/(?![/\\])[^\s\\\x00-\x1f\x7f]*")
_FILE = re.compile(r"/files/[\w./~+,@()=?&%-]+")
_UPWARDS = re.compile(r"(?:\.|%2e){2}|%2f|%5c", re.IGNORECASE)


def link_target(address: str) -> str | None:
    """Return the address to link to, or None if it may not be linked."""
    address = address.strip()
    if address[:4].lower() == "www.":
        address = "http://" + address
    return address if _ELSEWHERE.fullmatch(address) or _HERE.fullmatch(address) else None


def image_source(address: str) -> str | None:
    """Return the address of a picture that this site itself serves to those who may see it, or None."""
    return address if _FILE.fullmatch(address) and not _UPWARDS.search(address) else None
