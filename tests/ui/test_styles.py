"""The style sheets: readable colours in both schemes, logical properties, short files, no stray reference."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders

from tertulia.ui import modules

STATIC = Path(__file__).resolve().parents[2] / "src/tertulia/ui/static/ui"
SHEETS = sorted((STATIC / "css").glob("*.css"))
SCRIPTS = sorted((STATIC / "js").glob("*.js"))
TOKENS = (STATIC / "css/tokens.css").read_text()
PAPERS = ["paper", "paper-2", "paper-3", "raised"]


def colours(name: str) -> list[tuple[float, float, float]]:
    """The light and the dark value of a token, as (lightness, chroma, hue)."""
    found = re.search(rf"--{name}: light-dark\(oklch\(([^/)]+)\), oklch\(([^/)]+)\)\)", TOKENS)
    assert found, name
    light, dark = ([float(part) for part in value.split()] for value in found.groups())
    return [(light[0], light[1], light[2]), (dark[0], dark[1], dark[2])]


def luminance(colour: tuple[float, float, float]) -> float:
    """Relative luminance (WCAG 2.2) of an oklch colour, by Ottosson's matrices for Oklab."""
    lightness, chroma, hue = colour
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    l, m, s = (  # noqa: E741 - the cone responses' own names
        (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3,
        (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3,
        (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3,
    )
    red = 4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s
    green = -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s
    blue = -0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s
    return sum(
        weight * min(1, max(0, part)) for weight, part in zip((0.2126, 0.7152, 0.0722), (red, green, blue), strict=True)
    )


def contrast(one: tuple[float, float, float], other: tuple[float, float, float]) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("paper", PAPERS)
@pytest.mark.parametrize("ink", ["ink", "ink-2", "accent-text", "bad", "warn", "good"])
def test_words_are_readable_on_every_paper_in_both_schemes(ink: str, paper: str) -> None:
    for words, ground in zip(colours(ink), colours(paper), strict=True):
        assert contrast(words, ground) >= 4.5


@pytest.mark.parametrize(
    ("ink", "ground"),
    [
        ("on-accent", "accent"),
        ("on-accent", "accent-hover"),
        ("on-accent", "bad"),
        ("accent-text", "accent-soft"),
        ("ink-2", "accent-soft"),
        ("bad", "bad-soft"),
        ("warn", "warn-soft"),
        ("good", "good-soft"),
        ("ink", "mark"),
    ],
)
def test_words_are_readable_on_coloured_grounds(ink: str, ground: str) -> None:
    for words, under in zip(colours(ink), colours(ground), strict=True):
        assert contrast(words, under) >= 4.5


@pytest.mark.parametrize("paper", ["paper", "paper-2", "raised"])
def test_the_edges_of_controls_are_visible(paper: str) -> None:
    for edge, ground in zip(colours("line-strong"), colours(paper), strict=True):
        assert contrast(edge, ground) >= 3


@pytest.mark.parametrize("path", SHEETS, ids=lambda path: path.name)
def test_sheets_use_logical_properties_layers_and_known_tokens(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"\b(margin|padding|border)-(left|right|top|bottom)\b", text)
    assert not re.search(r"(?<![-\w])(left|right|top|bottom):", text)
    assert "@layer" in text
    defined = set(re.findall(r"--([\w-]+):", "".join(sheet.read_text() for sheet in SHEETS)))
    own = {"reaction-paper", "reaction-line", "reaction-ink"}  # set by base.html for the reader
    assert set(re.findall(r"var\(--([\w-]+)", text)) <= defined | own


@pytest.mark.parametrize("path", [*SHEETS, *SCRIPTS], ids=lambda path: path.name)
def test_files_are_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) < 400


def test_every_module_of_the_import_map_can_be_served() -> None:
    for path in [*modules.THIRD_PARTY.values(), *modules.own_modules().values()]:
        assert finders.find(path), path


def test_every_sheet_is_linked_by_a_base_template() -> None:
    linked = "".join((STATIC.parents[1] / "templates/ui" / name).read_text() for name in ("base.html", "shell.html"))
    for path in SHEETS:
        assert f"ui/css/{path.name}" in linked
