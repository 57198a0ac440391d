"""Every page of a workspace: who may open it, sealed from outsiders, and as many queries for twice the rows."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, reverse

from tertulia.kernel import audit
from tertulia.people import services as people_services
from tertulia.people.models import Person
from tertulia.workspaces import access, services
from tertulia.workspaces.access import GRANTS, Permission
from tertulia.workspaces.models import Role
from tertulia.workspaces.urls import urlpatterns

from .world import World, client, person, undone

# name of the page -> what one must be granted; None: every member.
PAGES: dict[str, Permission | None] = {
    "members": Permission.SEE_MEMBERS,
    "member": Permission.REMOVE_MEMBERS,
    "remove": Permission.REMOVE_MEMBERS,
    "ban": Permission.REMOVE_MEMBERS,
    "bans": Permission.REMOVE_MEMBERS,
    "unban": Permission.REMOVE_MEMBERS,
    "requests": Permission.DECIDE_REQUESTS,
    "decide": Permission.DECIDE_REQUESTS,
    "leave": None,
    "groups": Permission.SEE_MEMBERS,
    "group": Permission.SEE_MEMBERS,
    "group-delete": Permission.MANAGE_GROUPS,
    "group-add": Permission.MANAGE_GROUPS,
    "group-remove": Permission.MANAGE_GROUPS,
    "invitations": Permission.INVITE,
    "revoke-invitation": Permission.INVITE,
    "settings": Permission.MANAGE_WORKSPACE,
    "archive": Permission.ARCHIVE_WORKSPACE,
    "restore": Permission.ARCHIVE_WORKSPACE,
    "log": Permission.SEE_LOG,
}
OUTSIDE = {"front", "directory", "new", "about", "withdraw", "accept"}  # their own tests
WRITES = {
    "remove", "ban", "unban", "decide", "group-delete", "group-add", "group-remove", "revoke-invitation", "archive",
    "restore",
}  # fmt: skip


def url(world: World, name: str, slug: str = "course") -> str:
    """The address of a page, with things in it that exist in Course."""
    target = Person.objects.get(handle="target")
    args: list[object] = [slug]
    if name.startswith("group") and name != "groups":
        args.append("team")
    if name in ("member", "remove", "ban", "unban", "decide", "group-add", "group-remove"):
        args.append(target.pk)
    if name == "revoke-invitation":
        made, _secret = services.create_invitation(actor=world.olga, workspace=world.course)
        args.append(made.pk)
    return reverse(f"workspaces:{name}", args=args)


@pytest.fixture(autouse=True)
def _anew(world: World) -> None:
    world.member(handle="target")
    services.create_group(actor=world.olga, workspace=world.course, name="Team")


def test_the_table_knows_every_page() -> None:
    names = {pattern.name for pattern in urlpatterns if isinstance(pattern, URLPattern)}
    assert names == set(PAGES) | OUTSIDE


@pytest.mark.parametrize("role", Role)
def test_who_may(world: World, role: Role) -> None:
    browser = client(world.member(role))
    for name, permission in PAGES.items():
        with undone():
            address = url(world, name)
            answer = browser.post(address) if name in WRITES else browser.get(address)
        if permission is None or role in GRANTS[permission]:
            assert answer.status_code in (200, 302, 404), name  # 404: nobody banned, nobody asking
        else:
            assert answer.status_code == 403, name


@pytest.mark.parametrize("name", PAGES)
def test_outsiders_get_the_answer_of_a_wrong_address(world: World, name: str) -> None:
    browser = client(world.otto)
    browser.get("/workspaces")  # the first page of a session writes its activity
    ours, nowhere = url(world, name), url(world, name, "nowhere")
    for method in (browser.get, browser.post):
        answers = []
        for address in (ours, nowhere):
            with CaptureQueriesContext(connection) as captured:
                answer = method(address)
            answers.append((answer.status_code, answer.text, len(captured)))
        assert answers[0][0] in (404, 405)
        one, other = ((status, text.replace(ours, "").replace(nowhere, ""), count) for status, text, count in answers)
        assert one[0] == other[0]
        assert "Course" not in one[1]
        assert len(one[1]) == len(other[1])
        assert one[2] == other[2]


@pytest.mark.parametrize("name", PAGES)
def test_visitors_are_sent_to_sign_in(world: World, name: str) -> None:
    address = url(world, name)
    answer = client().post(address) if name in WRITES else client().get(address)
    assert (answer.status_code, answer["Location"].startswith("/accounts/login/")) == (302, True)


def fill(world: World, times: int) -> None:
    """More of everything that lists show."""
    services.update_workspace(actor=world.olga, workspace=world.course, joining="request")
    place = world.place(world.olga)
    team = access.group(place, "team")
    for number in range(times):
        handle = f"n{number}x{times}"
        member, asker = world.member(handle=handle), person(f"a{handle}")
        services.add_to_group(actor=world.olga, group=team, person_ids=[member.pk])
        services.ask_to_join(actor=asker, workspace=world.course)
        services.create_group(actor=world.olga, workspace=world.course, name=f"Group {handle}")
        world.invite()
        banned = world.member(handle=f"b{handle}")
        services.ban(actor=world.olga, workspace=world.course, person=banned)
        services.create_workspace(actor=world.olga, name=f"More {handle}", joining="open")


LISTS = (
    "/workspaces",
    "/workspaces?q=o",
    "/w/course/members",
    "/w/course/members?q=n&role=learner",
    "/w/course/groups",
    "/w/course/groups/team?q=a",
    "/w/course/invitations",
    "/w/course/requests",
    "/w/course/bans",
    "/w/course/log",
)


def test_twice_the_rows_same_queries(world: World) -> None:
    browser = client(world.olga)
    browser.get("/workspaces")  # the first page of a session writes its activity
    counts: list[dict[str, int]] = []
    lengths: list[dict[str, int]] = []
    for times in (2, 4):
        fill(world, times)
        counts.append({})
        lengths.append({})
        for address in LISTS:
            with CaptureQueriesContext(connection) as captured:
                page = browser.get(address)
            assert page.status_code == 200
            counts[-1][address] = len(captured)
            lengths[-1][address] = len(page.content)
    assert counts[0] == counts[1]
    assert max(counts[1].values()) <= 9
    assert all(lengths[1][address] > lengths[0][address] for address in LISTS)


def test_lists_page_forth_and_back(world: World) -> None:
    world.crowd(55)
    browser = client(world.olga)
    page = browser.get("/w/course/members?role=learner").text
    assert 'rel="next"' in page
    assert 'rel="prev"' not in page
    cursor = page.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    second = browser.get(f"/w/course/members{cursor}").text
    assert "role=learner" in cursor
    assert 'rel="prev"' in second
    assert "learner54" in second
    assert browser.get("/w/course/members?cursor=nonsense").status_code == 422


def test_the_log_reads_as_sentences_and_holds_no_channels(world: World) -> None:
    learner = world.member()
    services.change_role(actor=world.olga, workspace=world.course, person=learner, role="mentor")
    services.ban(actor=world.olga, workspace=world.course, person=learner, reason="spam & eggs")
    services.update_workspace(actor=world.olga, workspace=world.course, name="Renamed", goal="x")
    page = client(world.olga).get("/w/course/log").text
    for line in (
        "made the workspace",
        "added Learner as Learner",
        "changed Learner’s role from Learner to Mentor",
        "banned Learner (spam &amp; eggs)",
        "changed the name, the goal",
        "made the group Team",
    ):
        assert line in page
    assert "channel" not in page.split("<tbody>")[1].split("</tbody>")[0]


def test_entries_of_other_rooms_read_plainly(world: World) -> None:
    audit.record(
        actor=None,
        verb="imported",
        object_kind="workspace",
        object_id=1,
        workspace_id=world.course.pk,
        after={"name": "Course"},
    )
    page = client(world.olga).get("/w/course/log").text
    assert "imported workspace Course" in page
    assert "The program" in page


def test_placeholders_are_marked(world: World) -> None:
    ghost = people_services.create_placeholder(display_name="Ghost")
    services.add_member(actor=world.olga, workspace=world.course, person=ghost)
    assert "not here yet" in client(world.olga).get("/w/course/members").text
