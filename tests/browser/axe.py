"""What axe-core finds on a page, by the rules of WCAG 2.2 AA and good practice."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from playwright.sync_api import Page

AXE = Path(__file__).parents[2] / "node_modules/axe-core/axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
COLOURS = ["color-contrast", "link-in-text-block"]
DESK, PHONE = 1440, 360
HEIGHT = 900


def findings(page: Page, *, rules: list[str] | None = None) -> list[str]:
    """One line for each violation: rule, what it asks, and the first places. `rules`: these alone, by their names."""
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(AXE.read_text())
    options = {"type": "rule", "values": rules} if rules else {"type": "tag", "values": RULES}
    result = page.evaluate("only => axe.run({runOnly: only, resultTypes: ['violations']})", options)
    return [
        f"{violation['id']}: {violation['help']} at {[node['target'] for node in violation['nodes'][:3]]}"
        for violation in result["violations"]
    ]


def everywhere(page: Page) -> list[str]:
    """What is wrong with the page that is shown: on a desk and a phone, in light and dark; also what sticks out of a
    phone, read from the left and from the right. Rules that no colour changes are asked once for each width.
    """
    found: list[str] = []

    def look(width: int, scheme: Literal["light", "dark"], rules: list[str] | None) -> None:
        page.set_viewport_size({"width": width, "height": HEIGHT})
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        found.extend(f"{width} {scheme}: {line}" for line in findings(page, rules=rules))

    look(DESK, "light", None)
    look(DESK, "dark", COLOURS)
    look(PHONE, "dark", None)
    look(PHONE, "light", COLOURS)
    for direction in ("ltr", "rtl"):
        page.evaluate("direction => { document.documentElement.dir = direction }", direction)
        sticking_out = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if sticking_out > 0:
            found.append(f"{PHONE} {direction}: {sticking_out} px stick out")
    return found
