"""The template tags, as templates use them."""

from __future__ import annotations

import json
import zoneinfo
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.template import Context, Template, TemplateDoesNotExist, TemplateSyntaxError
from django.utils import timezone, translation

from tertulia.ui import modules
from tertulia.ui.templatetags.ui import browser_name, file_size

from .reader import FakeReader

MADRID = zoneinfo.ZoneInfo("Europe/Madrid")


def render(source: str, **context: Any) -> str:
    return Template(source).render(Context(context))


def test_a_face_has_sizes_and_no_words_of_its_own() -> None:
    html = render("{% avatar person 36 %}", person=FakeReader())
    assert 'data-presence="0190-ana"' in html
    assert 'alt="" width="36" height="36"' in html


def test_a_name_cannot_bring_markup() -> None:
    assert "<b>" not in render("{% person_name person %}", person=FakeReader(name="<b>Ana"))


@pytest.mark.parametrize(
    ("name", "initials"),
    [("PyCon 2025", "P2"), ("chatter", "CH"), ("data-school", "DS"), ("", "?"), ("📚 Books", "BO")],
)
def test_a_monogram_shows_two_initials_and_keeps_its_colour(name: str, initials: str) -> None:
    html = render("{% monogram name %}", name=name)
    assert f">{initials}</span>" in html
    assert html == render("{% monogram name %}", name=name)


@pytest.mark.parametrize(
    ("style", "words"),
    [
        ("time", "23:30"),
        ("day", "Wednesday 1 January 2020"),
        ("full", "1 January 2020, 23:30"),
        ("relative", "1 Jan 2020"),
    ],
)
def test_a_time_is_in_the_readers_zone(style: str, words: str) -> None:
    moment = datetime(2020, 1, 1, 22, 30, tzinfo=UTC)
    with timezone.override(MADRID):
        html = render("{% time_tag moment style %}", moment=moment, style=style)
    assert f">{words}</time>" in html
    assert 'datetime="2020-01-01T22:30:00+00:00"' in html


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (timedelta(seconds=5), "just now"),
        (timedelta(minutes=7), "7\xa0minutes ago"),
        (timedelta(days=2), "2\xa0days ago"),
    ],
)
def test_a_recent_time_is_told_by_its_age(age: timedelta, words: str) -> None:
    assert words in render("{% time_tag moment 'relative' %}", moment=timezone.now() - age)


def test_this_years_days_need_no_year() -> None:
    now = timezone.now()
    assert str(now.year) not in render("{% time_tag moment 'day' %}", moment=now).split(">")[1]


def test_no_moment_shows_nothing_and_an_unknown_style_fails() -> None:
    assert render("{% time_tag nothing %}", nothing=None) == ""
    with pytest.raises(TemplateSyntaxError, match="time, day, full and relative"):
        render("{% time_tag moment 'moon' %}", moment=timezone.now())


def test_an_empty_page_says_what_to_do_next() -> None:
    html = render('{% empty_state icon="inbox" title="Nothing yet" text="Save one." href="/x" action="Read on" %}')
    assert "Nothing yet" in html
    assert '<a class="button primary" href="/x">Read on</a>' in html
    assert "<a" not in render('{% empty_state icon="inbox" title="Nothing yet" %}')


def test_a_dialogue_is_named_by_its_title_and_escapes_it() -> None:
    html = render('{% dialog "d" title %}<p>{{ inside }}</p>{% enddialog %}', title="<i>New", inside="<i>")
    assert '<dialog class="dialog" id="d" aria-labelledby="d-title">' in html
    assert "&lt;i&gt;New" in html
    assert "<p>&lt;i&gt;</p>" in html


def test_a_menu_is_a_button_with_its_popover() -> None:
    html = render('{% menu "m" label="More" %}<a class="menu-item" href="/">Home</a>{% endmenu %}')
    assert 'popovertarget="m" aria-label="More"' in html
    assert '<div class="menu" id="m" popover><a class="menu-item" href="/">Home</a></div>' in html


def test_the_first_template_that_exists_is_included() -> None:
    assert render('{% include_first "not/there.html" "ui/nothing.html" %}') == ""
    with pytest.raises(TemplateDoesNotExist):
        render('{% include_first "not/there.html" %}')


def test_the_import_map_names_our_modules_and_theirs() -> None:
    imports = json.loads(render("{% import_map %}"))["imports"]
    assert imports["ui/dom"] == "/static/ui/js/dom.js"
    assert imports["htmx.org"] == "/static/vendor/htmx/htmx.esm.js"
    assert set(modules.THIRD_PARTY) < set(imports)


def test_the_import_map_is_made_anew_when_debugging(settings: Any) -> None:
    settings.DEBUG = True
    assert json.loads(modules.import_map())["imports"]["ui/main"]


def test_a_module_is_loaded_by_name_and_a_wrong_name_fails() -> None:
    assert render('{% module "ui/main" %}') == '<script type="module" src="/static/ui/js/main.js"></script>'
    with pytest.raises(TemplateSyntaxError, match="no browser module 'ui/mian'"):
        render('{% module "ui/mian" %}')


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1.0 KB"),
        (1_400_000, "1.4 MB"),
        (340_000_000, "340 MB"),
        (7 * 10**12, "7000 GB"),
    ],
)
def test_sizes_are_told_in_words(value: int, words: str) -> None:
    with translation.override("en"):
        assert file_size(value) == words


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        (
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36",
            "Chrome, Linux",
        ),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0", "Edge, Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile Safari/604.1", "Safari, iPhone"),
        ("Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0", "Firefox, Android"),
        ("curl/8.5.0", "curl/8.5.0"),
        ("", "Unknown browser"),
    ],
)
def test_a_session_is_told_by_its_browser(user_agent: str, words: str) -> None:
    assert browser_name(user_agent) == words
