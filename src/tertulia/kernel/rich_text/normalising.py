"""The form in which a body is stored: one Unicode form, one kind of line end, nothing invisible that deceives."""

from __future__ import annotations

import re
import unicodedata

_LINE_ENDS = re.compile("\r\n|[\r\u2028\u2029]")

# Control characters, the two overrides that show text backwards (RIGHT-TO-LEFT text needs neither), byte order marks,
# halves of surrogate pairs, and the non-characters, of which `tokens` uses two as its own marks.
_UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202d\u202e\ufeff\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f]")
_BLANK = frozenset(" \t\n")
_LEADING_BLANK_LINES = re.compile(r"\A(?:[ \t]*\n)+")

# Anything but letters, digits, spaces and ASCII: among these the marks that stand above and below letters.
_RUN_OF_MARKS = re.compile(r"[^\w\s\x00-\x7f]{31,}")
_MOST_MARKS = 30  # on one letter: the Stream-Safe Text Format of Unicode Standard Annex 15, section 13


def _cut_marks(match: re.Match[str]) -> str:
    kept = []
    run = 0
    for char in match[0]:
        run = run + 1 if unicodedata.combining(char) else 0
        if run <= _MOST_MARKS:
            kept.append(char)
    return "".join(kept)


def normalise(body: str) -> str:
    """Return `body` as it is stored: NFC, LF line ends, no control characters, no blank lines around it.

    Normalising twice changes nothing.
    """
    if body.isascii() and not _CONTROLS.search(body):  # most of what is said in most places: nothing else can apply
        return _LEADING_BLANK_LINES.sub("", body).rstrip() if body[:1] in _BLANK else body.rstrip()
    body = _LINE_ENDS.sub("\n", body)
    body = _UNWANTED.sub("", body)
    # Sorting the marks of one letter takes quadratic time, so that there may not be thousands of them; and composing
    # can write one mark as two, so that they are counted again.
    body = _RUN_OF_MARKS.sub(_cut_marks, body)
    body = unicodedata.normalize("NFC", body)
    body = _RUN_OF_MARKS.sub(_cut_marks, body)
    return _LEADING_BLANK_LINES.sub("", body).rstrip()
