"""Icons: decorative unless labelled; a wrong name fails; every name used in any template exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.test import override_settings

from tertulia.ui.icons import UnknownIcon, _shapes, icon_svg

SOURCE = Path(__file__).resolve().parents[2] / "src/tertulia"


def test_an_icon_is_hidden_from_screen_readers() -> None:
    svg = icon_svg("hash", size=16)
    assert 'aria-hidden="true"' in svg
    assert 'width="16" height="16"' in svg
    assert "<line" in svg
    assert "\n" not in svg


def test_an_icon_with_a_label_is_an_image_with_that_name() -> None:
    svg = icon_svg("lock", label='"Private"')
    assert 'role="img" aria-label="&quot;Private&quot;"' in svg
    assert "aria-hidden" not in svg


@pytest.mark.parametrize("name", ["no-such-icon", "../package", ""])
def test_an_unknown_icon_fails_with_a_sentence(name: str) -> None:
    with pytest.raises(UnknownIcon, match="There is no icon named"):
        icon_svg(name)


def test_missing_npm_packages_are_named_as_the_cause(tmp_path: Path) -> None:
    _shapes.cache_clear()
    with override_settings(NODE_MODULES=tmp_path), pytest.raises(UnknownIcon, match="npm ci"):
        icon_svg("hash")


def test_every_icon_in_every_template_exists() -> None:
    used = {
        name
        for path in SOURCE.rglob("templates/**/*.html")
        for name in re.findall(r"{%\s*icon\s+\"([^\"]+)\"", path.read_text())
    }
    assert "x" in used
    for name in used:
        icon_svg(name)
