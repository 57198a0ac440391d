"""What goes into the renderer beside the text, and what comes out of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


class PersonName(NamedTuple):
    """A person whom `@handle` names."""

    id: str
    handle: str
    display_name: str


class ChannelName(NamedTuple):
    """A channel that `#slug` names; `url` is a path of this site."""

    id: str
    slug: str
    name: str
    url: str


@dataclass(frozen=True, slots=True)
class Names:
    """What the names in a text resolved to. Keys are lower-cased handles and slugs, as `scan` gives them."""

    people: Mapping[str, PersonName] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)
    channels: Mapping[str, ChannelName] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Mentions:
    """Whom a text calls: `handles` are all `@name` tokens, lower-cased, of people or groups, known or not."""

    handles: frozenset[str] = frozenset()
    channel: bool = False
    here: bool = False


@dataclass(frozen=True, slots=True)
class Scan:
    """The names to look up before rendering: `@handles` and `#channel_slugs`, lower-cased."""

    handles: frozenset[str] = frozenset()
    channel_slugs: frozenset[str] = frozenset()
    channel: bool = False
    here: bool = False


@dataclass(frozen=True, slots=True)
class Rendered:
    """Sanitised HTML to store and show, and the same as plain text for previews and search."""

    html: str
    text: str
    mentions: Mentions = Mentions()
    channel_slugs: frozenset[str] = frozenset()


NO_NAMES = Names()
