"""The reader's clock and language hold while their page is made, and refusals never surface as tracebacks."""

from __future__ import annotations

import pytest
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

from tertulia.kernel.errors import NotFound
from tertulia.ui.context import page
from tertulia.ui.middleware import PersonMiddleware, RefusalMiddleware

from .reader import FakeReader, request_of


def seen_by_view(request: HttpRequest) -> tuple[str, str]:
    """The zone and language that a view behind the middleware finds."""
    seen = []

    def view(_request: HttpRequest) -> HttpResponse:
        seen.append((timezone.get_current_timezone_name(), translation.get_language()))
        return HttpResponse()

    with translation.override("en"):
        PersonMiddleware(view)(request)
    return seen[0]


def test_the_readers_zone_and_language_hold_and_end() -> None:
    assert seen_by_view(request_of(FakeReader(language="es"))) == ("Europe/Madrid", "es")
    assert timezone.get_current_timezone_name() == "UTC"


@pytest.mark.parametrize("zone", ["", "Not/AZone", "../etc/passwd"])
def test_an_unknown_zone_is_utc(zone: str) -> None:
    assert seen_by_view(request_of(FakeReader(time_zone=zone))) == ("UTC", "en")


def test_an_unknown_language_changes_nothing() -> None:
    assert seen_by_view(request_of(FakeReader(language="xx")))[1] == "en"


def test_visitors_without_a_session_are_not_looked_up() -> None:
    request = request_of()
    del request.user  # touching it would fail
    assert seen_by_view(request) == ("UTC", "en")


def test_a_refusal_becomes_a_page_and_other_errors_do_not() -> None:
    middleware = RefusalMiddleware(lambda _request: HttpResponse())
    refused = middleware.process_exception(request_of(), NotFound())
    assert refused is not None
    assert refused.status_code == 404
    assert middleware.process_exception(request_of(), ValueError()) is None
    assert middleware(request_of()).status_code == 200


@pytest.mark.parametrize("path", ["/api/v1/me", "/live"])
def test_programs_are_answered_by_others(path: str) -> None:
    assert (
        RefusalMiddleware(lambda _request: HttpResponse()).process_exception(request_of(path=path), NotFound()) is None
    )


def test_the_context_tells_how_the_page_looks() -> None:
    ui = page(request_of(FakeReader(theme="dark", density="compact"), "/w/x?pane=list"))["ui"]
    assert (ui.theme, ui.density, ui.person, ui.pane) == ("dark", "compact", "0190-ana", "list")


def test_nonsense_in_cookie_and_query_is_ignored() -> None:
    request = request_of(path='/w/x?pane="><script>')
    request.COOKIES["tertulia_theme"] = '"><script>'
    ui = page(request)["ui"]
    assert (ui.theme, ui.pane, ui.person) == ("auto", "main", "")


def test_a_visitors_theme_is_kept_in_a_cookie_and_arabic_runs_from_the_right() -> None:
    request = request_of()
    request.COOKIES["tertulia_theme"] = "dark"
    with translation.override("ar"):
        ui = page(request)["ui"]
    assert (ui.theme, ui.direction, ui.language) == ("dark", "rtl", "ar")
