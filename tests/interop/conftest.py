"""Where our side of these tests is the running product and Chromium, they are as in the browser tests."""

from __future__ import annotations

import pytest

from browser.conftest import browse, browser_type_launch_args, site

__all__ = ["browse", "browser_type_launch_args", "site"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those with a browser come last: Playwright leaves an event loop, beside which Django's tests refuse to run."""
    items.sort(key=lambda item: "site" in getattr(item, "fixturenames", ()))
