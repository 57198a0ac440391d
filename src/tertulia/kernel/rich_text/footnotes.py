"""Numbers footnotes in the order in which they are referred to, and puts them at the end."""

from __future__ import annotations

import re
from html import escape

from django.utils.translation import gettext as _

_MOST_WAYS_BACK = 20
_NOT_FOR_IDS = re.compile(r"[^A-Za-z0-9_-]")


class Footnotes:
    """The footnotes of one post; `prefix` keeps their ids apart from those of other posts on the page."""

    def __init__(self, prefix: str) -> None:
        self._prefix = _NOT_FOR_IDS.sub("", prefix) + "-" if prefix else ""
        self._numbers: dict[str, int] = {}
        self._references: dict[str, int] = {}  # how many there are to each label
        self._texts: dict[str, list[str]] = {}

    def refer(self, label: str) -> str:
        """Return the raised number for a reference to `label`."""
        label = label.lower()
        number = self._numbers.setdefault(label, len(self._numbers) + 1)
        count = self._references[label] = self._references.get(label, 0) + 1
        return (
            f'<sup class="footnote-ref"><a href="#fn-{self._prefix}{number}" '
            f'id="fnref-{self._prefix}{number}-{count}">{number}</a></sup>'
        )

    def define(self, label: str, html: str) -> None:
        """Note what footnote `label` says; a second definition continues the first."""
        self._texts.setdefault(label.lower(), []).append(html)

    def html(self) -> str:
        """Return the list of footnotes, or nothing. Those to which nothing refers stand last: no words are lost."""
        if not self._texts:
            return ""
        for label in self._texts:
            self._numbers.setdefault(label, len(self._numbers) + 1)
        notes = (self._note(number, label) for label, number in self._numbers.items())
        return f'<section class="footnotes"><ol>\n{"".join(notes)}</ol></section>\n'

    def _note(self, number: int, label: str) -> str:
        name = escape(_("Back to the text"))
        ways_back = "".join(
            f' <a class="footnote-back" href="#fnref-{self._prefix}{number}-{count}" aria-label="{name}">↩</a>'
            for count in range(1, min(self._references.get(label, 0), _MOST_WAYS_BACK) + 1)
        )
        text = "".join(self._texts.get(label, [])).rstrip()
        if text.endswith("</p>"):
            text = text.removesuffix("</p>") + ways_back + "</p>"
        else:
            text += ways_back
        return f'<li id="fn-{self._prefix}{number}">{text}</li>\n'
