"""What every template knows as `ui`: theme, density, language, direction. It asks the database nothing of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import get_language, get_language_bidi

from tertulia.ui.reader import reader_of

THEMES = ("auto", "light", "dark")
DENSITIES = ("cosy", "compact")
PANES = ("list", "main", "side")
THEME_COOKIE = "tertulia_theme"


@dataclass(frozen=True)
class Page:
    """How this page looks to this reader."""

    theme: str = "auto"
    density: str = "cosy"
    language: str = "en"
    direction: str = "ltr"
    zone: str = "UTC"
    version: str = ""
    demo: bool = False
    person: str = ""  # the reader's id, "" for visitors
    pane: str = "main"  # what a phone shows of the application: list, main or side
    scripts: bool = True  # False on the page that shows when everything else failed


def page(request: HttpRequest) -> dict[str, Any]:
    """The context processor: `{"ui": Page}`."""
    reader = reader_of(request)
    theme = reader.theme if reader else request.COOKIES.get(THEME_COOKIE, "auto")
    density = reader.density if reader else "cosy"
    pane = request.GET.get("pane", "main")
    return {
        "ui": Page(
            theme=theme if theme in THEMES else "auto",
            density=density if density in DENSITIES else "cosy",
            language=get_language() or settings.LANGUAGE_CODE,
            direction="rtl" if get_language_bidi() else "ltr",
            zone=timezone.get_current_timezone_name(),
            version=settings.VERSION,
            demo=settings.DEMO,
            person=str(reader.pk) if reader else "",
            pane=pane if pane in PANES else "main",
        )
    }
