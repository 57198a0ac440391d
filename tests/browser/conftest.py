"""Browser tests drive the installed product in Chromium: `site` is the product, `browse` opens a page as somebody."""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from django.conf import settings
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect
from psycopg import sql
from pytest_django.plugin import DjangoDbBlocker

from chromium import HELP, find
from cli.program import Serving
from tertulia.people.models import Person

from .site import Site

FLAGS = [
    "--disable-dev-shm-usage",
    "--force-color-profile=srgb",
    "--disable-background-networking",
    "--disable-component-update",
]
PATIENCE = 20_000
"""Milliseconds that anything may take on a busy machine."""
expect.set_options(timeout=PATIENCE)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder is a browser test."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    executable = find()
    if executable is None:
        pytest.fail(HELP)
    flags = [*FLAGS, "--no-sandbox"] if os.geteuid() == 0 else FLAGS
    return {**browser_type_launch_args, "executable_path": str(executable), "args": flags}


@contextmanager
def serve(blocker: DjangoDbBlocker, *, sign_up: str) -> Iterator[Site]:
    """The product, empty, serving with a database of its own on the test run's server."""
    url = os.environ["TERTULIA_DATABASE_URL"]
    name = f"site_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
    folder = Path(tempfile.mkdtemp(prefix="tertulia-site-"))
    serving = Serving(
        folder / "var",
        workers=1,
        database_url=urlsplit(url)._replace(path=f"/{name}").geturl(),
        secret_key=settings.SECRET_KEY,  # so that sessions made here hold there
        mail_url=f"file:{folder}/mail",
        sign_up=sign_up,
    )
    try:
        with serving as running:
            yield Site(running, name, blocker, folder)
    finally:
        shutil.rmtree(folder)
        with psycopg.connect(url, autocommit=True) as server:
            server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture(scope="session")
def site(django_db_blocker: DjangoDbBlocker) -> Iterator[Site]:
    """The product that the tests share: each makes people and workspaces of its own in it."""
    with serve(django_db_blocker, sign_up="open") as site:
        yield site


class Desk:
    """Opens browsers of people's and notes what their pages complain of."""

    def __init__(self, browser: Browser, site: Site) -> None:
        self._browser = browser
        self._site = site
        self._contexts: list[BrowserContext] = []
        self.complaints: list[str] = []

    def __call__(self, person: Person | None = None, **arguments: Any) -> Page:
        """A page in a browser of that person's (None: a visitor's); keywords as for Playwright's `new_context`."""
        context = self._browser.new_context(base_url=self._site.url, locale="en-US", timezone_id="UTC", **arguments)
        context.set_default_timeout(PATIENCE)
        self._contexts.append(context)
        if person is not None:
            self._site.sign_in(context, person)
        context.on("page", self._listen)
        return context.new_page()

    def close(self) -> None:
        """No page may have complained."""
        for context in self._contexts:
            context.close()
        assert self.complaints == []

    def _listen(self, page: Page) -> None:
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.complaints.append(f"{error} (on {page.url})"))

    def _note(self, message: ConsoleMessage) -> None:
        # A refused request or a lost connection is part of many tests; a broken script or a blocked style never is.
        passing = ("Failed to load resource", "WebSocket connection to")
        if message.type == "error" and not message.text.startswith(passing):
            self.complaints.append(f"{message.text} ({message.location.get('url')})")


@pytest.fixture
def browse(browser: Browser, site: Site) -> Iterator[Desk]:
    """`browse(person)` opens a browser of that person's and returns its page."""
    desk = Desk(browser, site)
    yield desk
    desk.close()
