"""Writes one parsed text as HTML and as plain text, and notes whom and what it names.

The parser gives a flat stream of events; each `Start` pushes what its `End` will write, so nesting is a list here and
never the stack of the machine, and hostile nesting is cut off at `MAX_DEPTH`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from html import escape
from typing import Any, ClassVar, TypeAlias, cast

from django.utils.translation import gettext as _
from pyromark.event import Event

from tertulia.kernel.rich_text import mathematics
from tertulia.kernel.rich_text.footnotes import Footnotes
from tertulia.kernel.rich_text.highlighting import Highlighter
from tertulia.kernel.rich_text.links import REL, image_source, link_target
from tertulia.kernel.rich_text.names import Names
from tertulia.kernel.rich_text.naming import Naming
from tertulia.kernel.rich_text.tokens import TOKEN, restore_addresses

MAX_DEPTH = 32
"""Of quotations, lists and emphasis in each other; what is deeper is written without them."""

_ITEM = "<li>"
_LINE = "<br>\n"
_TAG = re.compile("(<[^<>]*>)")

# Start -> (what opens it, what closes it, what the plain text gets at its end)
_SIMPLE = {
    "Paragraph": ("<p>", "</p>\n", "\n"),
    "Item": (_ITEM, "</li>\n", "\n"),
    "Emphasis": ("<em>", "</em>", ""),
    "Strong": ("<strong>", "</strong>", ""),
    "Strikethrough": ("<del>", "</del>", ""),
}
_CUT_OFF = {"Emphasis", "Strong", "Strikethrough", "List", "BlockQuote"}
_INLINE = {"Emphasis", "Strong", "Strikethrough", "Link", "Image"}


class Unreasonable(Exception):
    """The text is made to be slow rather than to be read."""


_Closer: TypeAlias = str | Callable[[], None]


class Writer:
    """Takes the events of one text through `write`; `html`, `plain` and `names` are the result."""

    def __init__(self, names: Names, addresses: list[str], prefix: str) -> None:
        self.html: list[str] = []
        self.plain: list[str] = []
        self.names = Naming(names, addresses)
        self._addresses = addresses
        self._closers: list[tuple[_Closer, str]] = []
        self._footnotes = Footnotes(prefix)
        self._above: list[str] = []  # the levels of the headings that the words now stand under
        self._highlighter = Highlighter()
        self._in_link = 0
        self._verbatim: list[str] | None = None  # the text of a code block, HTML block or image while it lasts
        self._images = 0
        self._label_depth: int | None = None  # where the label of a task's checkbox was opened
        self._alignments: tuple[str, ...] = ()
        self._column = 0
        self._cell = "td"
        self._tex_left = mathematics.MAX_FORMULAS_OF_A_POST
        self._last = ""  # the text just before, for the rules about dollar signs
        self._waiting: str | None = None  # a formula whose next character is not known yet

    def write(self, events: Iterable[Event], most: int) -> None:
        """Write all `events`; raises `Unreasonable` when there are more than `most`."""
        left = most
        for event in events:
            left -= 1
            if left < 0:
                raise Unreasonable("expands beyond all measure")
            kind: str
            value: Any
            kind, value = (event, None) if isinstance(event, str) else next(iter(event.items()))
            if self._waiting is not None:
                self._inline_math(followed_by=value[:1] if kind == "Text" else "")
            self._handlers[kind](self, value)
            self._last = value[-1:] if kind == "Text" else ""
        self.html.append(self._footnotes.html())

    # -- what starts and ends

    def _start(self, tag: str | Mapping[str, Any]) -> None:
        name, data = (tag, None) if isinstance(tag, str) else next(iter(tag.items()))
        if name not in _INLINE:
            self._close_label()
        if self._images or (name in _CUT_OFF and len(self._closers) >= MAX_DEPTH):
            self._push("", "" if name in _INLINE else "\n")
        elif name == "Item" and self._closers and self._closers[-1][0] == "":
            # An item of a list that was cut off.
            self._push(_LINE, "\n")
        elif simple := _SIMPLE.get(name):
            self.html.append(simple[0])
            self._push(simple[1], simple[2])
        else:
            self._starts[name](self, data)
        if name == "Image":
            self._images += 1

    def _end(self, tag: object) -> None:
        if self._label_depth == len(self._closers):
            self._close_label()
        closer, gap = self._closers.pop()
        if tag == "Image":
            self._images -= 1
        if isinstance(closer, str):
            self.html.append(closer)
        else:
            closer()
        if gap and self._verbatim is None:
            self.plain.append(gap)

    def _push(self, closer: _Closer, gap: str = "") -> None:
        self._closers.append((closer, gap))

    def _start_heading(self, data: Mapping[str, Any]) -> None:
        # By rank: a page's outline goes down by single steps, whatever level its writer begins with or leaves out.
        while self._above and self._above[-1] >= data["level"]:
            self._above.pop()
        self._above.append(data["level"])
        tag = f"h{min(6, 1 + len(self._above))}"
        self.html.append(f"<{tag}>")
        self._push(f"</{tag}>\n", "\n")

    def _start_list(self, first: int | None) -> None:
        if first is None:
            self.html.append("<ul>\n")
        else:
            self.html.append("<ol>\n" if first == 1 else f'<ol start="{first}">\n')
        self._push("</ul>\n" if first is None else "</ol>\n", "\n")

    def _start_quote(self, kind: str | None) -> None:
        if kind is None:
            self.html.append("<blockquote>\n")
        else:
            titles = {
                "Note": _("Note"),
                "Tip": _("Tip"),
                "Important": _("Important"),
                "Warning": _("Warning"),
                "Caution": _("Caution"),
            }
            self.html.append(
                f'<blockquote class="alert alert-{kind.lower()}">\n<p class="alert-title">{escape(titles[kind])}</p>\n'
            )
        self._push("</blockquote>\n", "\n")

    def _start_code(self, kind: str | Mapping[str, str]) -> None:
        info = "" if isinstance(kind, str) else kind["Fenced"]
        code: list[str] = []
        self._verbatim = code

        def close() -> None:
            self._verbatim = None
            text = restore_addresses("".join(code), self._addresses)
            self.html.append(self._highlighter.block(text, info) + "\n")
            self.plain.append(text)

        self._push(close, "\n")

    def _start_html(self, _data: None) -> None:
        # Raw HTML is not markup here but something that somebody wrote: it is shown.
        source: list[str] = []
        self._verbatim = source

        def close() -> None:
            self._verbatim = None
            self.html.append("<p>")
            for number, line in enumerate("".join(source).strip("\n").split("\n")):
                if number:
                    self._break(None)
                for place, piece in enumerate(_TAG.split(line)):
                    if place % 2:
                        self._inline_html(piece)
                    else:
                        self._text(piece)
            self.html.append("</p>\n")

        self._push(close, "\n")

    def _start_table(self, alignments: tuple[str, ...]) -> None:
        self._alignments = alignments
        self.html.append('<div class="table" tabindex="0"><table>\n')
        self._push("</tbody></table></div>\n", "\n")

    def _start_head(self, _data: None) -> None:
        self._cell, self._column = "th", 0
        self.html.append("<thead><tr>")
        self._push("</tr></thead>\n<tbody>", "\n")

    def _start_row(self, _data: None) -> None:
        self._cell, self._column = "td", 0
        self.html.append("<tr>")
        self._push("</tr>\n", "\n")

    def _start_cell(self, _data: None) -> None:
        alignment = self._alignments[self._column] if self._column < len(self._alignments) else "None"
        self._column += 1
        style = "" if alignment == "None" else f' class="align-{alignment.lower()}"'
        scope = ' scope="col"' if self._cell == "th" else ""
        self.html.append(f"<{self._cell}{scope}{style}>")
        self._push(f"</{self._cell}>", " ")

    def _start_footnote(self, label: str) -> None:
        outside, self.html = self.html, []

        def close() -> None:
            self._footnotes.define(label, "".join(self.html))
            self.html = outside

        self._push(close, "\n")

    def _start_link(self, data: Mapping[str, Any]) -> None:
        address = restore_addresses(data["dest_url"], self._addresses)
        target = link_target("mailto:" + address if data["link_type"] == "Email" else address)
        title = restore_addresses(data["title"], self._addresses)
        hint = f' title="{escape(title)}"' if title else ""
        if target:
            self.html.append(f'<a href="{escape(target)}"{REL}{hint}>')
        inside = len(self.plain)
        self._in_link += 1
        if data["link_type"] in {"Autolink", "Email"}:
            self._verbatim = []

        def close() -> None:
            self._in_link -= 1
            if self._verbatim is not None:
                text, self._verbatim = "".join(self._verbatim), None
                self._append(text)
            elif target and not "".join(self.plain[inside:]).strip():
                self._append(target)  # a link with nothing in it could be neither seen nor clicked
            if target:
                self.html.append("</a>")

        self._push(close)

    def _start_image(self, data: Mapping[str, Any]) -> None:
        alt: list[str] = []
        self._verbatim = alt

        def close() -> None:
            self._verbatim = None
            text = " ".join(restore_addresses("".join(alt), self._addresses).split())
            self._image(restore_addresses(data["dest_url"], self._addresses), text, data["title"])

        self._push(close)

    def _image(self, address: str, text: str, title: str) -> None:
        if source := image_source(address):
            title = restore_addresses(title, self._addresses)
            hint = f' title="{escape(title)}"' if title else ""
            self.html.append(f'<img src="{escape(source)}" alt="{escape(text)}"{hint} loading="lazy">')
            self.plain.append(text)
            return
        # A picture elsewhere would tell its server who reads this and when, so it becomes a link.
        target = link_target(address)
        if target is None or self._in_link:
            self._append(text)
            return
        self.html.append(f'<a href="{escape(target)}"{REL}>')
        self._append(text or target)
        self.html.append("</a>")

    # -- what stands in the text

    def _append(self, text: str) -> None:
        self.html.append(escape(text, quote=False))
        self.plain.append(text)

    def _text(self, text: str) -> None:
        if self._verbatim is not None:
            self._verbatim.append(text)
            return
        start = 0
        for match in TOKEN.finditer(text):
            written = self.names.token(match, linking=not self._in_link)
            if written is None:
                continue
            if match.start() > start:
                self._append(text[start : match.start()])
            self.html.append(written[0])
            self.plain.append(written[1])
            start = match.end()
        if start < len(text):
            self._append(text[start:] if start else text)

    def _code(self, text: str) -> None:
        text = restore_addresses(text, self._addresses)
        if self._verbatim is not None:
            self._verbatim.append(text)
            return
        self.html.append(f"<code>{escape(text, quote=False)}</code>")
        self.plain.append(text)

    def _inline_html(self, text: str) -> None:
        text = restore_addresses(text, self._addresses)
        if self._verbatim is not None:
            self._verbatim.append(text)
        else:
            self._append(text)

    def _formula(self, tex: str, display: str) -> None:
        tex = restore_addresses(tex, self._addresses)
        if self._verbatim is not None:
            self._verbatim.append(tex)
            return
        self._tex_left -= len(tex) + mathematics.FORMULA_ITSELF
        written = mathematics.to_mathml(tex, display) if self._tex_left >= 0 else mathematics.source(tex)
        self.html.append(written)
        self.plain.append(tex.strip())

    def _display_math(self, tex: str) -> None:
        self._formula(tex, "block")

    def _hold_math(self, tex: str) -> None:
        # The parser takes "$5-$10" for a formula; pandoc's rule and ours looks at the characters around the dollars.
        if self._last.isalnum():
            self._text(f"${tex}$")
        else:
            self._waiting = tex

    def _inline_math(self, followed_by: str) -> None:
        tex, self._waiting = cast("str", self._waiting), None
        if followed_by.isalnum():
            self._text(f"${tex}$")
        else:
            self._formula(tex, "inline")

    def _break(self, _value: None) -> None:
        if self._verbatim is not None:
            self._verbatim.append(" ")
            return
        self.html.append(_LINE)
        self.plain.append("\n")

    def _rule(self, _value: None) -> None:
        self._close_label()
        self.html.append("<hr>\n")

    def _footnote_reference(self, label: str) -> None:
        self.html.append(self._footnotes.refer(label))

    def _task(self, done: bool) -> None:
        # The item's own words are the label of its box, so that it needs no translation.
        for place in (-1, -2):
            if len(self.html) >= -place and self.html[place] == _ITEM:
                self.html[place] = '<li class="task">'
                break
        self.html.append(f'<label><input type="checkbox" disabled{" checked" if done else ""}> ')
        self._label_depth = len(self._closers)

    def _close_label(self) -> None:
        if self._label_depth is not None:
            self._label_depth = None
            self.html.append("</label>")

    _starts: ClassVar[dict[str, Callable[[Writer, Any], None]]] = {
        "Heading": _start_heading,
        "List": _start_list,
        "BlockQuote": _start_quote,
        "CodeBlock": _start_code,
        "HtmlBlock": _start_html,
        "Table": _start_table,
        "TableHead": _start_head,
        "TableRow": _start_row,
        "TableCell": _start_cell,
        "FootnoteDefinition": _start_footnote,
        "Link": _start_link,
        "Image": _start_image,
    }
    _handlers: ClassVar[dict[str, Callable[[Writer, Any], None]]] = {
        "Start": _start,
        "End": _end,
        "Text": _text,
        "Code": _code,
        "Html": _text,
        "InlineHtml": _inline_html,
        "InlineMath": _hold_math,
        "DisplayMath": _display_math,
        "SoftBreak": _break,
        "HardBreak": _break,
        "Rule": _rule,
        "FootnoteReference": _footnote_reference,
        "TaskListMarker": _task,
    }
