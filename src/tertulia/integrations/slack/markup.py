"""Slack's markup turned into Markdown: the blocks - code, quotes, lists, plain lines. `slack.inline` does each line.

A line break stays one (our renderer shows it). Lines that Slack shows as they are but that Markdown takes for a
heading, a rule, a table or a list are escaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tertulia.integrations.slack.inline import PRIVATE, Inline, Names

_LINE_END = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_QUOTE = re.compile(r"\s*(?:&gt;|>) ?")
_QUOTE_REST = re.compile(r"\s*(?:&gt;|>){3} ?")
_BULLET = re.compile("(\\s*)([\u2022\u25e6\u25aa\u25ab\u2023\u2043\u2219\u25cf\u25cb\u25a0\u25a1])\ufe0e?\\s*(?=\\S)")
_DEPTHS = {"\u25e6": 1, "\u25cb": 1, "\u25aa": 2, "\u25ab": 2, "\u25a0": 2, "\u25a1": 2}
_DASH = re.compile(r"(\s*)([-*])\s+(?=\S)")
_TIGHT_DASH = re.compile(r"(\s*)(-)(?=\w)")
_NUMBER = re.compile(r"\s*(\d{1,3})([.)])\s+(?=\S)")
# What Markdown would take for a block: a heading, a list, a quote, a definition, a rule, an underline or a table's.
_BLOCK = re.compile(
    r"(?=#{1,6}(?:\s|$)|[-+>]|:\s|=+\s*$|\+{3,}\s*$|\|[\s:|-]+$|:[\s:|-]+$)|(?P<number>\d+)(?=[.)](?:\s|$))"
)
_SAFE_DASH = re.compile(r"[-+](?![\s-]|$)")


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    quoted: bool = False
    code: tuple[str, ...] | None = None


def to_markdown(text: str, names: Names, *, formatting: bool = True) -> str:
    """The Markdown of `text`, which is Slack's. `formatting=False` where Slack shows `*` and the like as they are."""
    text = PRIVATE.sub("", _LINE_END.sub("\n", text)).strip("\n").rstrip()
    doubled = "".join(mark for mark in "~$" if text.count(mark) > 1)
    inline = Inline(names, formatting=formatting, doubled=doubled)
    return "\n".join(_blocks(list(_lines(text, inline)), inline)).strip("\n")


def fence(code: Sequence[str], language: str = "") -> list[str]:
    """The lines of a fenced code block, with a fence longer than any in it."""
    longest = max((len(run) for line in code for run in re.findall("`{3,}", line)), default=2)
    marks = "`" * (longest + 1)
    return [marks + language, *code, marks]


def _lines(text: str, inline: Inline) -> Iterator[_Line]:
    """The lines of a text, a block of code counting as one, each with whether it is quoted."""
    rest_quoted = False
    for piece in _pieces(text, inline):
        if isinstance(piece, tuple):
            yield _Line("", quoted=rest_quoted, code=piece)
        elif rest_quoted:
            yield _Line(piece, quoted=True)
        elif found := _QUOTE_REST.match(piece):
            rest_quoted = True
            if found.end() < len(piece):
                yield _Line(piece[found.end() :], quoted=True)
        elif found := _QUOTE.match(piece):
            yield _Line(piece[found.end() :], quoted=True)
        else:
            yield _Line(piece)


def _pieces(text: str, inline: Inline) -> Iterator[str | tuple[str, ...]]:
    """The lines of a text in order, and each block of code as a tuple of its lines."""
    parts = text.split("```") if inline.formatting else [text]
    if len(parts) % 2 == 0:  # the last fence was not closed: people saw three backticks
        parts[-2:] = ["```".join(parts[-2:])]
    for number, part in enumerate(parts):
        if number % 2:
            code = tuple(inline.plain(part).strip("\n").rstrip().split("\n"))
            if any(code):
                yield code
            continue
        lines = part.split("\n")
        if number and not lines[0].strip():  # nothing stands behind the block of code on its last line
            del lines[0]
        if lines and number + 1 < len(parts) and not lines[-1].strip():  # nor before the next on its first
            del lines[-1]
        yield from lines


def _blocks(lines: Sequence[_Line], inline: Inline) -> Iterator[str]:
    """Lines of Markdown, with an empty one where one kind of block ends and another begins."""
    before = "blank"
    number = 0
    depth = 0
    listed = _dash_lists(lines)
    while number < len(lines):
        line = lines[number]
        if line.quoted:
            end = next((other for other in range(number, len(lines)) if not lines[other].quoted), len(lines))
            inner = [_Line(quoted.text, code=quoted.code) for quoted in lines[number:end]]
            kind, made = "quote", [f"> {text}".rstrip() for text in _blocks(inner, inline)]
            number = end
        else:
            kind, made, depth = _block(
                line, inline, as_list=number in listed, depth=depth if before == "bullet" else -1
            )
            number += 1
        if kind != before and "blank" not in (kind, before):
            yield ""
        yield from made
        before = kind


def _block(line: _Line, inline: Inline, *, as_list: bool, depth: int) -> tuple[str, list[str], int]:
    """The kind of block a line makes, its Markdown, and how deep a bullet is nested (`depth`: the one before it)."""
    text = line.text
    if line.code is not None:
        return "code", fence(line.code), 0
    if not text.strip():
        return "blank", [""], 0
    found = _BULLET.match(text) or (_DASH.match(text) or _TIGHT_DASH.match(text) if as_list else None)
    if found:
        indent = len(found[1].expandtabs(4))
        level = min(indent // 4 if indent else _DEPTHS.get(found[2], 0), depth + 1)
        return "bullet", ["  " * level + "- " + protected(inline.convert(text[found.end() :]))], level
    if found := _NUMBER.match(text):
        return "number", [f"{found[1]}{found[2]} " + protected(inline.convert(text[found.end() :]))], 0
    return "text", [protected(inline.convert(text.strip()))], 0


def _dash_lists(lines: Sequence[_Line]) -> frozenset[int]:
    """The lines that are items of a list made with dashes: two or more together. A single dash is just a dash."""
    found: set[int] = set()
    run: list[int] = []
    for number in range(len(lines) + 1):
        line = lines[number] if number < len(lines) else _Line("")
        if not line.quoted and line.code is None and (_DASH.match(line.text) or _TIGHT_DASH.match(line.text)):
            run.append(number)
            continue
        if len(run) > 1 and any(_DASH.match(lines[item].text) for item in run):
            found.update(run)
        run = []
    return frozenset(found)


def protected(markdown: str) -> str:
    """A line that begins no block: whatever Markdown would take for one is escaped."""
    found = _BLOCK.match(markdown)
    if not found or _SAFE_DASH.match(markdown):
        return markdown
    if found["number"]:
        return f"{found['number']}\\{markdown[found.end() :]}"
    return f"\\{markdown}"
