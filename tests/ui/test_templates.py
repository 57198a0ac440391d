"""The base templates and their rules: direction, theme, nonce, messages; nothing inline in any package's templates."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib import messages
from django.http import HttpRequest
from django.template import engines
from django.template.loader import get_template, render_to_string
from django.utils import translation

from .reader import FakeReader, request_of

SOURCE = Path(__file__).resolve().parents[2] / "src/tertulia"
UI = SOURCE / "ui/templates"
OURS = sorted(path.relative_to(UI).as_posix() for path in UI.rglob("*.html"))


def render(source: str, request: HttpRequest, **context: Any) -> str:
    return engines["django"].from_string(source).render(context, request)


@pytest.mark.parametrize("name", OURS)
def test_every_template_of_ui_compiles(name: str) -> None:
    assert get_template(name)


def test_a_page_says_language_direction_theme_and_zone() -> None:
    reader = FakeReader(theme="dark", density="compact")
    with translation.override("ar"):
        html = render('{% extends "ui/page.html" %}', request_of(reader))
    assert '<html lang="ar" dir="rtl" data-zone="UTC" data-theme="dark" data-density="compact">' in html
    assert 'data-person="0190-ana"' in html


def test_inline_parts_carry_the_nonce() -> None:
    html = render('{% extends "ui/page.html" %}', request_of(FakeReader()))
    inline = re.findall(r"<(?:style|script)(?![^>]*src=)[^>]*>", html)
    assert len(inline) == 2
    assert all('nonce="the-nonce"' in tag for tag in inline)


def test_visitors_get_no_marks_of_a_viewer() -> None:
    html = render('{% extends "ui/plain.html" %}', request_of())
    assert "data-person" not in html
    assert "<style" not in html
    assert "csrf-token" not in html


def test_messages_are_toasts_with_undo() -> None:
    request = request_of(FakeReader())
    messages.success(request, "Channel <archived>.", extra_tags="quiet undo=/channels/7/restore")
    messages.error(request, "Not sent.", extra_tags="undo=//evil.test/")
    html = render('{% extends "ui/page.html" %}', request)
    assert "Channel &lt;archived&gt;." in html
    assert 'data-level="success"' in html
    assert 'action="/channels/7/restore"' in html
    assert "evil.test" not in html


@pytest.mark.parametrize(
    ("query", "given", "pane"), [("?pane=list", None, "list"), ("", "side", "side"), ("?pane=x", None, "main")]
)
def test_a_phone_shows_the_pane_of_the_page_or_the_address(query: str, given: str | None, pane: str) -> None:
    html = render('{% extends "ui/shell.html" %}', request_of(FakeReader(), f"/w/x{query}"), pane=given, may="pin")
    assert f'data-pane="{pane}" data-may="pin"' in html


def test_an_empty_side_holds_no_element() -> None:
    html = render('{% extends "ui/shell.html" %}', request_of(FakeReader()))
    assert re.search(r'<aside class="side"[^>]*></aside>', html)


def test_a_demonstration_says_that_it_is_one(settings: Any) -> None:
    assert "made up" not in render('{% extends "ui/plain.html" %}', request_of())
    settings.DEMO = True
    assert "made up" in render('{% extends "ui/plain.html" %}', request_of())


def test_buttons_of_account_pages_follow_their_tags() -> None:
    def button(**attrs: Any) -> str:
        return render_to_string("allauth/elements/button.html", {"attrs": attrs, "slots": {"default": ["Go"]}})

    assert 'class="button primary"' in button(type="submit")
    assert 'class="button danger"' in button(tags=["danger", "delete"])
    assert 'class="button quiet"' in button(tags=["link", "cancel"])
    assert '<a href="/x" class="button small">' in button(tags=["tool"], href="/x", type="submit")


TEMPLATES = sorted(SOURCE.rglob("templates/**/*.html"))


@pytest.mark.parametrize("path", TEMPLATES, ids=[str(path.relative_to(SOURCE)) for path in TEMPLATES])
def test_no_template_brings_inline_styles_or_handlers(path: Path) -> None:
    """The policy would refuse them in the browser, quietly."""
    text = path.read_text()
    assert not re.search(r"<[^>]*\sstyle=", text)
    assert not re.search(r"<[^>]*\son[a-z]+=[\"']", text)
    for tag in re.findall(r"<script[^>]*>", text):
        assert "src=" in tag or "nonce" in tag or "application/json" in tag
