"""A JSON array, read record by record with the line of each: a broken record is named and the rest is kept."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _

from tertulia.integrations.slack.records import Place, Problem

_BLANK = re.compile(r"[ \t\n\r]*")
# What the `surrogateescape` decoder leaves of a byte that is not UTF-8.
_ESCAPED_BYTE = re.compile("[\udc80-\udcff]")
# PostgreSQL stores neither NUL nor half a surrogate pair.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Located:
    """One object of the array and where it begins."""

    place: Place
    value: dict[str, object]


def read_array(data: bytes, file: str) -> Iterator[Located | Problem]:
    """Every object of the JSON array in `data`, in order, or a Problem in place of one that cannot be used.

    After a broken record reading goes on at the next line that begins like the first record did (exports are
    indented); without such a line the rest of the file is not read, and the Problem says so.
    """
    text = data.decode("utf-8-sig", "surrogateescape")
    lines = _Lines(text)
    start = _skip_blank(text, 0)
    if start == len(text) or text[start] != "[":
        why = _("The file is empty.") if start == len(text) else _("This is not a list of records; it was not read.")
        yield Problem(Place(file, lines.number(start)), why)
        return
    position = _skip_blank(text, start + 1)
    indent = text[text.rfind("\n", 0, position) + 1 : position] if "\n" in text[start:position] else None
    while position < len(text) and text[position] != "]":
        place = Place(file, lines.number(position))
        try:
            value, end, following = _decode(text, position)
        except _BrokenError as error:
            why, at = error.args
            resumed = _next_record(text, position, indent)
            if resumed is None:
                why = _("%(why)s The rest of the file was not read.") % {"why": why}
            yield Problem(Place(file, lines.number(at)), why)
            if resumed is None:
                return
            position = resumed
        else:
            yield _checked(value, text[position:end], place)
            position = following
    if position >= len(text):
        yield Problem(Place(file, lines.number(len(text))), _("The file ends in the middle; it may be cut off."))


def storable(text: str) -> str:
    """`text` without what the database cannot store."""
    return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text.replace("\x00", ""))


class _Lines:
    """Turns rising positions in a text into line numbers without counting from the start each time."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self._line = 1

    def number(self, position: int) -> int:
        if position < self._position:
            return self._line - self._text.count("\n", position, self._position)
        self._line += self._text.count("\n", self._position, position)
        self._position = position
        return self._line


def _skip_blank(text: str, position: int) -> int:
    found = _BLANK.match(text, position)
    return found.end() if found else position


class _BrokenError(Exception):
    """A record that is no JSON: why, and the position in the text where that shows."""


def _decode(text: str, position: int) -> tuple[object, int, int]:
    """The value at `position`, where it ends, and where the next one or the closing bracket stands."""
    try:
        value, end = json.JSONDecoder().raw_decode(text, position)
        following = _after(text, end)
    except RecursionError:
        raise _BrokenError(_("The record is nested too deeply."), position) from None
    except json.JSONDecodeError as error:
        words = error.msg[:1].lower() + error.msg[1:]
        raise _BrokenError(_("The JSON is broken: %(error)s.") % {"error": words}, error.pos) from None
    except ValueError:  # a number of thousands of digits
        raise _BrokenError(_("The record holds a number that cannot be read."), position) from None
    return value, end, following


def _after(text: str, end: int) -> int:
    following = _skip_blank(text, end)
    if following < len(text) and text[following] == ",":
        return _skip_blank(text, following + 1)
    if following < len(text) and text[following] != "]":
        raise json.JSONDecodeError("Expecting ',' delimiter", text, following)
    return following


def _next_record(text: str, broken: int, indent: str | None) -> int | None:
    if indent is None:
        return None
    found = text.find(f"\n{indent}{{", broken)
    return None if found < 0 else found + 1 + len(indent)


def _checked(value: object, source: str, place: Place) -> Located | Problem:
    if not isinstance(value, dict):
        return Problem(place, _("This is not a record with named fields, which it should be."))
    if broken := _ESCAPED_BYTE.search(source):
        place = Place(place.file, (place.line or 1) + source.count("\n", 0, broken.start()))
        return Problem(place, _("The record holds bytes that are not UTF-8 text."))
    return Located(place, value)
