"""Refusals and failures: the right status, a kind sentence, a way back, and nothing that should stay inside."""

from __future__ import annotations

import json

import pytest

from tertulia.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Refusal, TooLarge, TooMany
from tertulia.ui import errors

from .reader import FakeReader, request_of


@pytest.mark.parametrize(
    "refusal", [NotFound(), Forbidden("No."), Invalid("No."), Conflict("No."), TooLarge("No."), Refusal("No.")]
)
def test_a_refusal_is_a_page_with_its_sentence_and_status(refusal: Refusal) -> None:
    response = errors.refused(request_of(FakeReader()), refusal)
    assert response.status_code == refusal.status
    html = response.content.decode()
    assert refusal.detail in html
    assert "<h1>" in html
    assert 'href="/"' in html


def test_too_many_says_when_to_come_back() -> None:
    response = errors.refused(request_of(), TooMany("Wait a little.", retry_after=12))
    assert (response.status_code, response["Retry-After"]) == (429, "12")


def test_htmx_gets_a_toast_in_its_place() -> None:
    response = errors.refused(request_of(headers={"HX-Request": "true"}), Forbidden("Only <staff> may."))
    assert response.status_code == 403
    assert response["HX-Retarget"] == "#toasts"
    html = response.content.decode()
    assert "Only &lt;staff&gt; may." in html
    assert "<html" not in html


def test_a_boosted_link_gets_the_whole_page() -> None:
    response = errors.refused(request_of(headers={"HX-Request": "true", "HX-Boosted": "true"}), NotFound())
    assert b"<html" in response.content


def test_scripts_get_a_problem() -> None:
    request = request_of(headers={"Accept": "application/problem+json, text/html"})
    response = errors.refused(request, Invalid("Too long.", field="name"))
    assert response["Content-Type"] == "application/problem+json"
    assert json.loads(response.content) == {"type": "invalid", "status": 422, "detail": "Too long.", "field": "name"}


@pytest.mark.parametrize(
    ("referrer", "offered"),
    [
        ("http://testserver/w/pycon", True),
        ("https://evil.test/", False),
        ("http://testserver/somewhere", False),
        ("", False),
    ],
)
def test_the_way_back_leads_to_our_own_pages_only(referrer: str, offered: bool) -> None:
    html = errors.refused(request_of(headers={"Referer": referrer}), NotFound()).content.decode()
    assert ("Go back" in html) is offered
    assert "evil.test" not in html


def test_missing_and_hidden_pages_read_the_same() -> None:
    request = request_of()
    assert errors.not_found(request).content == errors.refused(request, NotFound()).content


@pytest.mark.parametrize(("handler", "status"), [(errors.bad_request, 400), (errors.forbidden, 403)])
def test_djangos_own_refusals_have_our_pages(handler: errors.Handler, status: int) -> None:
    response = handler(request_of(), ValueError("internal detail"))
    assert response.status_code == status
    assert b"internal detail" not in response.content


def test_a_failed_forgery_check_explains_itself_without_its_reason() -> None:
    response = errors.csrf_failed(request_of(), "CSRF token from POST incorrect.")
    assert response.status_code == 403
    assert b"open for too long" in response.content
    assert b"CSRF" not in response.content


def test_a_broken_page_needs_nothing_and_shows_its_number() -> None:
    request = request_of(headers={"X-Request-ID": "abcdef-123456"})
    del request.user  # the database may be what broke
    response = errors.broken(request)
    assert response.status_code == 500
    assert b"<code>abcdef-123456</code>" in response.content
    assert b"<script" not in response.content


def test_a_broken_fragment_is_a_toast_and_a_broken_call_a_problem() -> None:
    toast = errors.broken(request_of(headers={"HX-Request": "true"}))
    assert (toast.status_code, toast["HX-Retarget"]) == (500, "#toasts")
    problem = errors.broken(request_of(headers={"Accept": "application/problem+json"}))
    assert json.loads(problem.content)["status"] == 500


@pytest.mark.parametrize("sent", ["", "short", "x" * 65, "<script>alert(1)</script>", "new\nline-in-log"])
def test_a_request_id_that_cannot_be_trusted_is_replaced(sent: str) -> None:
    request = request_of()
    request.META["HTTP_X_REQUEST_ID"] = sent
    number = errors.request_id(request)
    assert number != sent
    assert len(number) == 32
    assert errors.request_id(request) == number
