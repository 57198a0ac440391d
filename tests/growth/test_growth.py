"""Twice the rows, the same number of queries: each page and each operation that shows a list."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import transaction
from django.urls import resolve
from pytest_django.plugin import DjangoDbBlocker

from tertulia.config.api import api

from .world import Growing

pytestmark = pytest.mark.django_db

PAGES = [
    "/workspaces",
    "/w/course?pane=list",
    "/w/course/members",
    "/w/course/members?q=some",
    "/w/course/members/{person}",
    "/w/course/groups",
    "/w/course/groups/whole",
    "/w/course/invitations",
    "/w/course/requests",
    "/w/course/bans",
    "/w/course/log",
    "/w/course/settings",
    "/w/course/channels",
    "/w/course/channels?q=some",
    "/w/course/channels?show=archived",
    "/w/course/channels/new",
    "/w/course/direct",
    "/w/course/sidebar",
    "/w/course/switcher",
    "/w/course/switcher?q=some",
    "/w/course/c/hall",
    "/w/course/c/hall/members",
    "/w/course/c/hall/settings",
    "/w/course/c/hall/posts?before=9999",
    "/w/course/c/hall/t/{root}",
    "/w/course/c/hall/t/{root}/posts?before=9999",
    "/w/course/c/hall/pins",
    "/w/course/c/hall/suggest?key=@&q=",
    "/w/course/c/hall/suggest?key=%23&q=",
    "/w/course/enrolments",
    "/w/course/enrolments/{source}",
    "/w/course/enrolments/runs/{run}",
    "/w/course/enrolments/lists/{uploaded}",
    "/w/course/enrolments/rules",
    "/w/course/enrolments/rules/new",
    "/w/course/enrolments/rules/{rule}",
    "/w/course/enrolments/questions",
    "/w/course/enrolments/questions/{question}",
    "/w/course/questions",
    "/w/course/lti",
    "/w/course/lti/mine",
    "/w/course/lti/{course}/grades",
    "/w/course/lti/{course}/grades/new",
    "/w/course/lti/grades/{grade}",
    "/lti/courses/{course}",
    "/w/course/saved",
    "/w/course/threads",
    "/w/course/drafts",
    "/posts/{root}/actions",
    "/posts/{edited}/history",
    "/people/{handle}",
    "/settings/tokens",
    "/settings/blocks",
    "/settings/tools",
    "/installation/tools",
    "/installation/systems",
    "/installation/rules",
    "/accounts/sessions/",
]
REST = [
    "/api/v1/me/tokens",
    "/api/v1/workspaces",
    "/api/v1/workspaces/course/members",
    "/api/v1/workspaces/course/groups",
    "/api/v1/workspaces/course/groups/whole",
    "/api/v1/workspaces/course/invitations",
    "/api/v1/workspaces/course/enrolments/sources",
    "/api/v1/workspaces/course/enrolments/runs",
    "/api/v1/workspaces/course/enrolments/rules",
    "/api/v1/workspaces/course/enrolments/systems",
    "/api/v1/workspaces/course/channels",
    "/api/v1/workspaces/course/direct",
    "/api/v1/workspaces/course/saved",
    "/api/v1/workspaces/course/threads",
    "/api/v1/workspaces/course/drafts",
    "/api/v1/workspaces/course/scheduled",
    "/api/v1/channels/{channel}/members",
    "/api/v1/channels/{channel}/posts",
    "/api/v1/channels/{channel}/posts?replies=true",
    "/api/v1/channels/{channel}/pins",
    "/api/v1/posts/{root}",
    "/api/v1/posts/{root}/replies",
    "/api/v1/posts/{edited}/versions",
]
# What shows the best few of many, or stands beside the lists of the shell only.
STEADY = {
    "/w/course/settings",
    "/w/course/channels/new",
    "/w/course/c/hall/suggest?key=@&q=",
    "/w/course/c/hall/suggest?key=%23&q=",
    "/posts/{root}/actions",
}


@dataclass(frozen=True)
class Cost:
    """What an address costs while there is little, and with twice as much."""

    size: tuple[int, int]
    queries: tuple[list[str], list[str]]


@pytest.fixture(scope="module")
def costs(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[dict[str, Cost]]:
    """Measured in one community for all addresses, before it grows and after."""
    del django_db_setup
    with django_db_blocker.unblock(), transaction.atomic():
        world = Growing()
        world.grow()
        before = {url: world.measure(url) for url in (*PAGES, *REST)}
        world.grow()
        after = {url: world.measure(url) for url in (*PAGES, *REST)}
        yield {url: Cost((before[url][0], after[url][0]), (before[url][1], after[url][1])) for url in (*PAGES, *REST)}
        transaction.set_rollback(True)


@pytest.mark.parametrize("url", [*PAGES, *REST])
def test_twice_the_rows_cost_as_many_queries(costs: dict[str, Cost], url: str) -> None:
    few, many = costs[url].queries
    assert len(many) == len(few), _more(few, many)
    if url not in STEADY:
        assert costs[url].size[1] > costs[url].size[0], "it shows no more than before, so this proves nothing"


def test_no_list_of_rest_is_left_out() -> None:
    tried = {str(resolve(url.partition("?")[0].format_map(_Any())).route) for url in REST}
    document = api.get_openapi_schema()
    shapes = document["components"]["schemas"]
    lists = {path.strip("/") for path, operations in document["paths"].items() if _is_list(operations, shapes)}
    assert {_plain(route) for route in tried} >= lists
    assert lists


def _is_list(operations: dict[str, Any], shapes: dict[str, Any]) -> bool:
    content = operations.get("get", {}).get("responses", {}).get(200, {}).get("content", {})
    name = str(content.get("application/json", {}).get("schema", {}).get("$ref", "")).rpartition("/")[2]
    return "items" in shapes.get(name, {}).get("properties", {})


def _plain(route: str) -> str:
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route)


def _more(few: list[str], many: list[str]) -> str:
    """The queries that there are more of, shortened."""
    words = [sql[:160] for sql in many]
    for sql in few:
        if sql[:160] in words:
            words.remove(sql[:160])
    return f"{len(few)} queries became {len(many)}; new ones:\n" + "\n".join(words)


class _Any(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "00000000-0000-0000-0000-000000000000"
