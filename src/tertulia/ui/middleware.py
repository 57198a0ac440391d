"""Two wrappers around every page: the reader's own clock and language, and refusals told kindly."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

from tertulia.kernel.errors import Refusal
from tertulia.ui import errors
from tertulia.ui.reader import reader_of

NOT_PAGES = ("/api/", "/live")

Handler = Callable[[HttpRequest], HttpResponse]


class PersonMiddleware:
    """Activates the reader's time zone and language while their page is made."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # Visitors and programs with a token carry no session: nothing to look up.
        reader = reader_of(request) if settings.SESSION_COOKIE_NAME in request.COOKIES else None
        if reader is None:
            return self.get_response(request)
        if reader.language and translation.check_for_language(reader.language):
            translation.activate(reader.language)
            request.LANGUAGE_CODE = translation.get_language() or settings.LANGUAGE_CODE
        with timezone.override(_zone(reader.time_zone)):
            return self.get_response(request)


class RefusalMiddleware:
    """Turns a `Refusal` raised by a page into a page (or a toast, or a problem) with its sentence and status."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """None lets Django go on: not a refusal, or REST and the fast lane, which speak for themselves."""
        if not isinstance(exception, Refusal) or request.path.startswith(NOT_PAGES):
            return None
        return errors.refused(request, exception)


def _zone(name: str) -> zoneinfo.ZoneInfo | None:
    # A zone can vanish with an operating system's update; UTC is better than no page.
    try:
        return zoneinfo.ZoneInfo(name) if name else None
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return None
