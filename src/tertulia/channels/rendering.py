"""Headers as HTML, rendered once on write."""

from __future__ import annotations

from tertulia.kernel import rich_text


def render_header(header: str) -> str:
    """Sanitised HTML of a header's Markdown; empty for an empty one. Names in it are not resolved: it calls nobody."""
    return rich_text.render(header).html if header else ""
