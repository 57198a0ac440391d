"""A template in pieces writes what the template would write with the values in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import pytest
from django.template import engines
from django.template.backends.django import DjangoTemplates
from django.template.loader import get_template
from django.template.loaders.cached import Loader
from django.utils import translation
from django.utils.safestring import SafeString

from tertulia.ui.pieces import Kept, as_bytes, hole

TEMPLATE = (
    '{% load i18n %}<a href="{{ url }}" title="{{ name }}">'
    "{% if loud %}<b>{{ name }}</b>{% else %}{{ name }}{% endif %}"
    '</a>{% if note %}<p>{{ note }}</p>{% endif %}{{ html }} {{ number }} {% translate "Cancel" %} {% csrf_token %}'
)


class Looks(NamedTuple):
    loud: bool
    note: str
    url: str = hole("url")
    name: str = hole("name")
    html: str = hole("html")
    number: str = hole("number")
    csrf_token: str = hole("csrf")


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kept:
    (tmp_path / "kept.html").write_text(TEMPLATE)
    engine = engines["django"]
    assert isinstance(engine, DjangoTemplates)
    (cached,) = engine.engine.template_loaders
    assert isinstance(cached, Loader)
    monkeypatch.setattr(cached.loaders[0], "dirs", [tmp_path])
    cached.reset()
    return Kept("kept.html")


VALUES: list[dict[str, Any]] = [
    {"url": "/w/a?b=1&c=2", "name": "Ana", "html": SafeString("<i>x</i>"), "number": 3, "csrf": "abc", "note": ""},
    {"url": "/ü", "name": "<Ben & 'Co\">", "html": "<i>x</i>", "number": 0, "csrf": "def", "note": "Read <this>"},
    {"url": "", "name": "", "html": b"<u>y</u>", "number": -1, "csrf": "ghi", "note": hole("name")},
]


@pytest.mark.parametrize("loud", [True, False])
@pytest.mark.parametrize("values", VALUES)
def test_it_writes_what_the_template_writes(kept: Kept, values: dict[str, Any], loud: bool) -> None:
    html = values["html"]
    context = {**values, "loud": loud, "html": SafeString(html.decode()) if isinstance(html, bytes) else html}
    whole = get_template("kept.html").render({**context, "csrf_token": values["csrf"]})
    looks = Looks(loud=loud, note=hole("note") if values["note"] else "")
    assert kept.fill(looks, values).decode() == whole
    assert kept.fill(looks, values).decode() == whole


def test_each_language_has_pieces_of_its_own(kept: Kept) -> None:
    looks = Looks(loud=True, note="")
    texts = set()
    for language in ("en", "de", "en"):
        with translation.override(language):
            texts.add(kept.fill(looks, VALUES[0]))
    assert len(texts) == 2


def test_a_value_that_looks_like_a_hole_is_no_hole(kept: Kept) -> None:
    looks = Looks(loud=False, note="")
    filled = kept.fill(looks, {**VALUES[0], "name": hole("csrf")})
    assert hole("csrf").encode() in filled


def test_a_hole_without_a_value_fails(kept: Kept) -> None:
    with pytest.raises(KeyError):
        kept.fill(Looks(loud=True, note=""), {"url": "/"})


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("<b>", b"&lt;b&gt;"),
        (SafeString("<b>"), b"<b>"),
        (b"<b>", b"<b>"),
        (7, b"7"),
        ("é'", "é&#x27;".encode()),
    ],
)
def test_values_are_written_as_templates_write_them(value: object, written: bytes) -> None:
    assert as_bytes(value) == written
