"""Markdown as people write it in posts, made into safe HTML; the only renderer of the product.

`normalise` gives what is stored, `scan` the names to look up, `render` the HTML. Pure: no database, no request.
`rich_text.emoji` knows the emoji.
"""

from __future__ import annotations

from tertulia.kernel.rich_text.names import (
    NO_NAMES,
    ChannelName,
    Mentions,
    Names,
    PersonName,
    Rendered,
    Scan,
)
from tertulia.kernel.rich_text.normalising import normalise
from tertulia.kernel.rich_text.rendering import render, scan

__all__ = [
    "NO_NAMES",
    "ChannelName",
    "Mentions",
    "Names",
    "PersonName",
    "Rendered",
    "Scan",
    "normalise",
    "render",
    "scan",
]
