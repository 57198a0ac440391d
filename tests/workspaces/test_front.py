"""`/`, the memory of the last workspace, and the switcher."""

from __future__ import annotations

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from tertulia.workspaces import queries, services
from tertulia.workspaces.middleware import COOKIE, LastWorkspaceMiddleware

from .world import World, client, person


@pytest.mark.django_db
def test_nobody_yet() -> None:
    assert client().get("/")["Location"] == "/welcome"


def test_visitors_see_nothing_of_workspaces(world: World) -> None:
    services.update_workspace(actor=world.olga, workspace=world.course, joining="open")
    page = client().get("/")
    assert page.status_code == 200
    assert "Sign in" in page.text
    assert "Course" not in page.text
    for url in ("/workspaces", "/workspaces/course", "/w/course/members"):
        assert client().get(url)["Location"].startswith("/accounts/login/?next=")


def test_members_come_to_the_last_one_they_saw(world: World) -> None:
    second = services.create_workspace(actor=world.olga, name="Second")
    browser = client(world.olga)
    assert browser.get("/")["Location"] == "/w/second"
    browser.get("/w/course/members")
    assert browser.get("/")["Location"] == "/w/course"
    services.archive_workspace(actor=world.olga, workspace=world.course)
    assert browser.get("/")["Location"] == "/w/second"
    browser.cookies[COOKIE] = "other"
    assert browser.get("/")["Location"] == "/w/second"
    assert second.slug == "second"


def test_newcomers_come_to_the_directory(world: World) -> None:
    assert world.course.pk
    assert client(person("ann")).get("/")["Location"] == "/workspaces"


@pytest.mark.parametrize(
    ("method", "path", "status", "kept"),
    [
        ("GET", "/w/course/members", 200, "course"),
        ("GET", "/w/course", 200, "course"),
        ("GET", "/w/course/members", 404, None),
        ("POST", "/w/course/members", 200, None),
        ("GET", "/w/Course/x", 200, None),
        ("GET", "/workspaces/course", 200, None),
    ],
)
def test_only_pages_that_were_shown_are_remembered(method: str, path: str, status: int, kept: str | None) -> None:
    def answer(request: HttpRequest) -> HttpResponse:
        return HttpResponse(request.path, status=status)

    response = LastWorkspaceMiddleware(answer)(RequestFactory().generic(method, path))
    assert (response.cookies[COOKIE].value if COOKIE in response.cookies else None) == kept


def test_the_switcher_holds_ones_own(world: World) -> None:
    both = services.create_workspace(actor=world.olga, name="Second")
    assert [place.workspace for place in queries.workspaces_of(world.olga)] == [world.course, both]
    page = client(world.olga).get("/workspaces").text
    assert "/w/course" in page
    assert "/w/second" in page
    assert "/w/other" not in page
