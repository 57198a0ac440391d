"""Named groups."""

from __future__ import annotations

from typing import Any

import pytest

from tertulia.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from tertulia.kernel.models import AuditEntry
from tertulia.workspaces import happenings, queries, services
from tertulia.workspaces.access import RANK
from tertulia.workspaces.models import Group, Role

from .world import World, client


@pytest.fixture
def team(world: World) -> Group:
    """A group of Course."""
    return services.create_group(actor=world.olga, workspace=world.course, name="Spring team")


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What is told to other packages about groups."""
    heard: list[Any] = []
    monkeypatch.setattr("tertulia.workspaces.services._groups.emit", heard.append)
    return heard


def test_people_come_and_go(world: World, team: Group, told: list[Any]) -> None:
    a, b, c = (world.member(handle=handle) for handle in "abc")
    services.set_group_members(actor=world.olga, group=team, person_ids=[a.pk, b.pk])
    services.set_group_members(actor=world.olga, group=team, person_ids=[b.pk, a.pk])
    services.set_group_members(actor=world.olga, group=team, person_ids=[b.pk, c.pk])
    services.add_to_group(actor=world.olga, group=team, person_ids=[a.pk, b.pk])
    services.remove_from_group(actor=world.olga, group=team, person_ids=[c.pk, world.otto.pk])
    assert queries.group_member_ids(team.pk) == {a.pk, b.pk}
    ab = tuple(sorted((str(a.pk), str(b.pk))))
    assert [(each.added, each.removed) for each in told if isinstance(each, happenings.GroupChanged)] == [
        (ab, ()),
        ((str(c.pk),), (str(a.pk),)),
        ((str(a.pk),), ()),
        ((), (str(c.pk),)),
    ]
    assert AuditEntry.objects.filter(verb="changed the people of").count() == 4


def test_only_members_can_be_in_it(world: World, team: Group) -> None:
    for verb in (services.set_group_members, services.add_to_group):
        with pytest.raises(Invalid, match="Only members"):
            verb(actor=world.olga, group=team, person_ids=[world.olga.pk, world.otto.pk])
    assert queries.group_member_ids(team.pk) == set()


def test_names_and_handles(world: World, team: Group) -> None:
    assert (team.name, team.slug) == ("Spring team", "spring-team")
    with pytest.raises(Conflict, match="“@spring-team” already") as refused:
        services.create_group(actor=world.olga, workspace=world.course, name="X", slug="@Spring-Team")
    assert refused.value.field == "slug"
    assert services.create_group(actor=world.otto, workspace=world.other, name="Spring team").slug == "spring-team"
    with pytest.raises(Conflict, match="meaning of its own"):
        services.create_group(actor=world.olga, workspace=world.course, name="Here")
    for slug in ("a b", "-", "x" * 41):
        with pytest.raises(Invalid):
            services.create_group(actor=world.olga, workspace=world.course, name="X", slug=slug)
    with pytest.raises(Invalid):
        services.create_group(actor=world.olga, workspace=world.course, name="日本")
    renamed = services.rename_group(actor=world.olga, group=team, name="Summer")
    assert (renamed.name, renamed.slug) == ("Summer", "spring-team")
    assert services.rename_group(actor=world.olga, group=team, name="Summer", slug="summer").slug == "summer"


def test_the_end_of_a_group_is_told_while_it_is_there(world: World, team: Group, told: list[Any]) -> None:
    services.delete_group(actor=world.olga, group=team)
    assert told == [happenings.GroupDeleted(str(world.course.pk), str(team.pk))]
    assert queries.groups(world.place(world.olga)) == []
    with pytest.raises(NotFound):
        services.delete_group(actor=world.olga, group=team)


def test_changing_name_and_people_together_is_all_or_nothing(world: World, team: Group) -> None:
    with pytest.raises(Invalid):
        services.change_group(actor=world.olga, group=team, name="New", person_ids=[world.otto.pk])
    assert Group.objects.get(pk=team.pk).name == "Spring team"
    changed = services.change_group(actor=world.olga, group=team, name="New", person_ids=[world.olga.pk])
    assert (changed.name, queries.group_member_ids(team.pk)) == ("New", {world.olga.pk})


@pytest.mark.parametrize("role", Role)
def test_who_manages_them(world: World, team: Group, role: Role) -> None:
    actor = world.member(role)
    url = f"/w/course/groups/{team.slug}"
    manages, sees = RANK[role] <= RANK[Role.INSTRUCTOR], role is not Role.GUEST
    browser = client(actor)
    assert browser.get("/w/course/groups").status_code == (200 if sees else 403)
    assert browser.get(url).status_code == (200 if sees else 403)
    for path, form in (
        ("/w/course/groups", {"name": "Another"}),
        (f"{url}/add/{world.olga.pk}", {}),
        (f"{url}/remove/{world.olga.pk}", {}),
        (url, {"name": "Spring team", "slug": "spring-team"}),
        (f"{url}/delete", {}),
    ):
        answer = browser.post(path, form)
        assert answer.status_code == (302 if manages else 403), path
    assert Group.objects.filter(pk=team.pk).exists() is not manages
    if not manages:
        with pytest.raises(Forbidden):
            services.delete_group(actor=actor, group=team)


def test_groups_by_handle_for_mentions(world: World, team: Group) -> None:
    services.create_group(actor=world.olga, workspace=world.course, name="Empty")
    services.create_group(actor=world.otto, workspace=world.other, name="Secret")
    services.add_to_group(actor=world.olga, group=team, person_ids=[world.olga.pk])
    place = world.place(world.olga)
    assert queries.group_people(place, ["SPRING-team", "empty", "secret", "none"]) == {
        "spring-team": {world.olga.pk},
        "empty": set(),
    }
    assert [(group.name, getattr(group, "size", None)) for group in queries.groups(place)] == [
        ("Empty", 0),
        ("Spring team", 1),
    ]


def test_the_page_finds_people_to_add(world: World, team: Group) -> None:
    ann = world.member(handle="annabel")
    browser = client(world.olga)
    url = f"/w/course/groups/{team.slug}"
    assert f"{url}/add/{ann.pk}" in browser.get(f"{url}?q=anna").text
    assert str(world.otto.pk) not in browser.get(f"{url}?q=ott").text
    assert browser.post(f"{url}/add/{world.otto.pk}").status_code == 404
    assert browser.post(f"{url}/add/{ann.pk}").status_code == 302
    assert f"{url}/remove/{ann.pk}" in browser.get(url).text
    assert f"{url}/add/{ann.pk}" not in browser.get(f"{url}?q=anna").text
    clash = browser.post("/w/course/groups", {"name": "Kept", "slug": "spring-team"})
    assert (clash.status_code, 'value="Kept"' in clash.text) == (409, True)
    assert browser.post("/w/course/groups", {}).status_code == 422
    assert browser.post(url, {"name": ""}).status_code == 422
    taken = services.create_group(actor=world.olga, workspace=world.course, name="Other")
    assert browser.post(url, {"name": "X", "slug": taken.slug}).status_code == 409
