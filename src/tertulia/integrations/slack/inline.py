"""Slack's inline markup - mentions, links, emoji, bold and so on - turned into Markdown, within one line.

Slack's rules are those of https://api.slack.com/reference/surfaces/formatting: control characters `&`, `<` and `>` are
escaped, whatever is special stands in angle brackets, and `*bold*`, `_italic_`, `~strike~` need a word boundary on the
outer side and no space on the inner one. Everything else people saw as they typed it, so it is escaped here where
Markdown would see more in it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tertulia.integrations.slack.emoji import character

_CODE = re.compile(r"(?<![\w`])`([^`\n]*[^`\s][^`\n]*)`(?![\w`])")
_TAG = re.compile(r"<([^<>\n]+)>")
_URL = re.compile(r"https?://[^\s<>|`]+")
_EMOJI = re.compile(r":([\w+'-]+(?:::skin-tone-[2-6])?):")
_SPANS = re.compile(
    r"(?<![^\W_])(?<!\*)\*(?![\s*])(?P<bold>[^*\n]*[^*\s])\*(?![^\W_]|\*)"
    r"|(?<!\w)_(?![\s_])(?P<italic>[^\n]*?[^_\s])_(?!\w)"
    r"|(?<![\w~])~(?![\s~])(?P<strike>[^~\n]*[^~\s])~(?![\w~])"
)
_MARKS = {"bold": "**", "italic": "*", "strike": "~~"}
_SPECIAL = re.compile(r"[\\`*\[]|(?<![^\W_])_|_(?![^\W_])|<(?=[A-Za-z/!?])|&(?=#?\w+;)")
_ENTITIES = {"&lt;": "<", "&gt;": ">", "&amp;": "&"}
_ENTITY = re.compile("&(?:lt|gt|amp);")
_TRAILING = ".,;:!?'\")"
# Characters of Unicode's private use stand for finished pieces of Markdown while the rest is worked on.
_FIRST = 0xF0000
PRIVATE = re.compile("[\U000f0000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Names:
    """What the people, channels and groups of the export are called here: Slack's id -> handle or slug."""

    people: Mapping[str, str] = field(default_factory=dict)
    channels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Inline:
    """Turns one line after another into Markdown.

    `formatting`: whether `*`, `_`, `~` and backticks mean anything. `doubled`: the characters that need escaping only
    because the whole text holds them more than once (`$` and `~` mean nothing alone).
    """

    names: Names
    formatting: bool = True
    doubled: str = ""

    def convert(self, line: str) -> str:
        """The Markdown of `line`."""
        pieces: list[str] = []

        def keep(markdown: str) -> str:
            pieces.append(markdown)
            return chr(_FIRST + len(pieces) - 1)

        if self.formatting:
            line = _CODE.sub(lambda found: keep(f"`{self.plain(found[1])}`"), line)
        line = _TAG.sub(lambda found: keep(self._tag(found[1])), line)
        line = _URL.sub(lambda found: _bare_link(found[0], keep), line)
        line = _EMOJI.sub(lambda found: _picture(found, keep), line)
        line = decode(line)
        if self.formatting:
            line = _spans(line, keep)
        return _restored(self.escape(line), pieces)

    def plain(self, text: str) -> str:
        """`text` as people read it, without any markup: for code."""
        return decode(_TAG.sub(lambda found: self._shown(found[1]), text))

    def escape(self, text: str) -> str:
        """`text` with a backslash before whatever Markdown would take for markup inside a line."""
        text = _SPECIAL.sub(r"\\\g<0>", text)
        for mark in self.doubled:
            text = text.replace(mark, f"\\{mark}")
        return text

    def _tag(self, content: str) -> str:
        target, _bar, label = content.partition("|")
        if target.startswith(("@", "#", "!")):
            return self._special(target, label)
        url = decode(target)
        if not re.match(r"(?:https?://|mailto:)\S", url):
            return self.escape(self._shown(content))
        if label and decode(label) not in (url, url.removeprefix("mailto:")):
            return link(url, Inline(self.names, formatting=False, doubled=self.doubled).escape(decode(label)))
        return f"<{url.removeprefix('mailto:').replace(' ', '%20')}>"

    def _special(self, target: str, label: str) -> str:
        identity = target[1:]
        if target[0] == "@" and identity in self.names.people:
            return f"@{self.names.people[identity]}"
        if target[0] == "#" and identity in self.names.channels:
            return f"#{self.names.channels[identity]}"
        shown = self.escape(self._shown(f"{target}|{label}"))
        parts = target.split("^")
        linked = parts[0] == "!date" and len(parts) > 3 and parts[3].startswith(("https://", "http://"))  # noqa: PLR2004 - !date^time^format^link
        return link(decode(parts[3]), shown) if linked else shown

    def _shown(self, content: str) -> str:
        target, _bar, label = content.partition("|")
        label = decode(label)
        if target.startswith("@"):
            return "@" + (self.names.people.get(target[1:]) or label.removeprefix("@") or target[1:])
        if target.startswith("#"):
            return "#" + (self.names.channels.get(target[1:]) or label.removeprefix("#") or target[1:])
        if target.startswith("!"):
            return _command(target[1:], label)
        return label or decode(target).removeprefix("mailto:")


def decode(text: str) -> str:
    """`text` with the three entities of Slack as the characters that they stand for."""
    return _ENTITY.sub(lambda found: _ENTITIES[found[0]], text)


def link(url: str, label: str) -> str:
    """A Markdown link; `label` is Markdown already."""
    label = re.sub(r"(?<!\\)\]", r"\\]", " ".join(label.split()))
    url = url.replace("\\", "%5C").replace(" ", "%20")
    url = re.sub(r"&(?=#?\w+;)", "&amp;", url)
    return f"[{label}](<{url}>)" if re.search(r"[()]", url) else f"[{label}]({url})"


def _restored(text: str, pieces: list[str]) -> str:
    # A piece may hold earlier ones: code within a link.
    return PRIVATE.sub(lambda found: _restored(pieces[ord(found[0]) - _FIRST], pieces), text)


def _command(command: str, label: str) -> str:
    name, *parts = command.split("^")
    if name == "everyone":
        return "@channel"
    if name in ("channel", "here", "group"):
        return f"@{name}"
    if name == "date" and not label and parts and parts[0].isdecimal() and len(parts[0]) < 12:  # noqa: PLR2004 - seconds
        return f"{datetime.fromtimestamp(int(parts[0]), UTC):%Y-%m-%d %H:%M} UTC"
    return label or f"@{name}"


def _bare_link(url: str, keep: Callable[[str], str]) -> str:
    kept = url.rstrip(_TRAILING)
    return keep(f"<{decode(kept)}>") + url[len(kept) :]


def _picture(found: re.Match[str], keep: Callable[[str], str]) -> str:
    picture = character(found[1])
    return keep(picture) if picture else found[0]


def _spans(text: str, keep: Callable[[str], str]) -> str:
    def marked(found: re.Match[str]) -> str:
        name = str(found.lastgroup)
        return keep(_MARKS[name]) + _spans(found[name], keep) + keep(_MARKS[name])

    return _SPANS.sub(marked, text)
