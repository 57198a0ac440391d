"""The server is killed while somebody writes: what their page shows as sent is there, and in the end all is, once."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from uuid import UUID

import pytest
from playwright.sync_api import Browser, Page
from pytest_django.plugin import DjangoDbBlocker

from tertulia.channels.models import Channel
from tertulia.posts.models import Kind, Post
from waiting import until

from .conftest import Desk, serve
from .site import Site
from .talking import composer, enter, posts, say, settled

MESSAGES = 24
KILLS = 3


@pytest.fixture
def site(django_db_blocker: DjangoDbBlocker) -> Iterator[Site]:
    """A product of our own: others use the shared one."""
    with serve(django_db_blocker, sign_up="open") as site:
        yield site


def kill_web(site: Site) -> None:
    """What a machine does that runs out of memory. `serve` starts another."""
    until(lambda: site.serving.processes("web"), "a web process runs")
    for process in site.serving.processes("web"):
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


def shown_as_sent(page: Page) -> set[UUID]:
    """The posts that the page shows as every other; those on their way look otherwise."""
    return {UUID(found) for found in posts(page).evaluate_all("all => all.map(one => one.dataset.post)")}


def said(site: Site, channel: Channel) -> list[tuple[UUID, str]]:
    """What is in the database, in order."""
    with site.database():
        messages = Post.objects.filter(channel=channel, kind=Kind.MESSAGE).order_by("seq")
        return list(messages.values_list("id", "body"))


def test_nothing_is_shown_as_sent_that_is_not_there_and_all_arrives_once(browser: Browser, site: Site) -> None:
    world = site.world("killed")
    browse = Desk(browser, site)
    page = browse(world.ana)
    enter(page, world.path)
    chance = random.Random(5)  # noqa: S311 - not for secrets
    kills = set(chance.sample(range(2, MESSAGES - 2), KILLS))
    words = [f"Message {number}" for number in range(MESSAGES)]
    for number, body in enumerate(words):
        say(page, body)
        if number in kills:
            time.sleep(chance.random() * 0.02)  # before, while and after it is written
            kill_web(site)
        sent = shown_as_sent(page)  # before the database is asked: what comes later may be there and not yet shown
        assert sent <= {id_ for id_, _body in said(site, world.table)}
    settled(page)
    there = said(site, world.table)
    assert sorted(body for _id, body in there) == sorted(words)
    page.reload()
    composer(page).wait_for()
    assert shown_as_sent(page) == {id_ for id_, _body in there}
    browse.close()
