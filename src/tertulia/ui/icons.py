"""Icons: the lucide set from npm, read once each and written into the page as inline SVG."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe


class UnknownIcon(LookupError):
    """A template names an icon that the set does not have, or the set is not installed."""


def icon_svg(name: str, *, label: str = "", size: int = 20) -> SafeString:
    """The icon as `<svg>`: hidden from screen readers, or an image called `label` when it carries meaning.

    `size` is in CSS pixels. Raises UnknownIcon with a sentence.
    """
    meaning = f'role="img" aria-label="{escape(label)}"' if label else 'aria-hidden="true"'
    return mark_safe(  # noqa: S308 - the shapes come from our own npm package, the label is escaped
        f'<svg class="icon" {meaning} width="{size}" height="{size}" viewBox="0 0 24 24" fill="none" '
        f'stroke="currentColor" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round">'
        f"{_shapes(name)}</svg>"
    )


@lru_cache(maxsize=512)
def _shapes(name: str) -> str:
    folder = Path(settings.NODE_MODULES) / "lucide-static" / "icons"
    path = folder / f"{name}.svg"
    if not re.fullmatch(r"[a-z0-9-]+", name) or not path.is_file():
        cause = "see lucide.dev/icons for the names" if folder.is_dir() else "run `npm ci` to install the icons"
        raise UnknownIcon(f"There is no icon named {name!r}: {cause}.")
    inside = re.search(r"<svg[^>]*>(.*)</svg>", path.read_text(), re.DOTALL)
    assert inside is not None
    return re.sub(r"\s*\n\s*", "", inside[1]).strip()
