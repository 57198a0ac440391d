"""Turns the marks of running text into what they stand for, and notes all names on the way."""

from __future__ import annotations

import re
from html import escape

from tertulia.kernel.rich_text import emoji
from tertulia.kernel.rich_text.links import REL, link_target
from tertulia.kernel.rich_text.names import Names


class Naming:
    """The names of one text: `handles` and `channel_slugs` are those found, known or not, lower-cased."""

    def __init__(self, names: Names, addresses: list[str]) -> None:
        self.handles: set[str] = set()
        self.channel_slugs: set[str] = set()
        self._names = names
        self._addresses = addresses

    def token(self, match: re.Match[str], *, linking: bool) -> tuple[str, str] | None:
        """Return (HTML, plain text) of an address, a name or an emoji, or None if it means nothing.

        `match` is of `tokens.TOKEN`. Within a link (not `linking`) nothing else is a link, and nobody is called.
        """
        kind = match.lastgroup
        value = match[kind] if kind else ""
        if kind == "emoji":
            char = emoji.from_name(value)
            return (char, char) if char else None
        if kind == "address":
            return self._address(self._addresses[int(value)], linking)
        if not linking:
            return None
        return self._mention(value) if kind == "name" else self._channel(value.lower())

    @staticmethod
    def _address(address: str, linking: bool) -> tuple[str, str]:
        shown = address.replace("&amp;", "&")
        target = link_target(shown)
        if not linking or target is None:
            return escape(shown, quote=False), shown
        return f'<a href="{escape(target)}"{REL}>{escape(shown, quote=False)}</a>', shown

    def _mention(self, name: str) -> tuple[str, str] | None:
        handle = name.lower()
        self.handles.add(handle)
        if handle in {"channel", "here"}:
            return f'<span class="mention mention-all">@{handle}</span>', f"@{handle}"
        if person := self._names.people.get(handle):
            shown = f"@{person.display_name}"
            return (
                f'<a class="mention" data-person="{escape(person.id)}" href="/people/{escape(person.handle)}">'
                f"{escape(shown, quote=False)}</a>"
            ), shown
        if group := self._names.groups.get(handle):
            shown = f"@{group}"
            html = f'<span class="mention" data-group="{escape(handle)}">{escape(shown, quote=False)}</span>'
            return html, shown
        return None

    def _channel(self, slug: str) -> tuple[str, str] | None:
        self.channel_slugs.add(slug)
        channel = self._names.channels.get(slug)
        if channel is None:
            return None
        shown = f"#{channel.name}"
        return f'<a class="channel-link" href="{escape(channel.url)}">{escape(shown, quote=False)}</a>', shown
