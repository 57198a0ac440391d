"""Adding members, changing roles, leaving, removing."""

from __future__ import annotations

import itertools

import pytest

from tertulia.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from tertulia.kernel.models import AuditEntry
from tertulia.workspaces import queries, services
from tertulia.workspaces.access import RANK
from tertulia.workspaces.models import Membership, Role

from .world import World, client, person, undone


def test_adding_is_idempotent_and_keeps_the_role(world: World) -> None:
    ann = person("ann")
    first, created = services.add_member(actor=world.olga, workspace=world.course, person=ann, role="mentor")
    again, created_again = services.add_member(actor=world.olga, workspace=world.course, person=ann, role="guest")
    assert (created, created_again) == (True, False)
    assert (first.pk, again.role) == (again.pk, Role.MENTOR)
    assert AuditEntry.objects.filter(verb="added", object_id=str(ann.pk)).count() == 1


@pytest.mark.parametrize("own", Role)
def test_who_may_add_as_what(world: World, own: Role) -> None:
    actor, ann = world.member(own), person("ann")
    for given in Role:
        allowed = RANK[own] <= RANK[Role.INSTRUCTOR] and RANK[own] <= RANK[given]
        with undone():
            if allowed:
                services.add_member(actor=actor, workspace=world.course, person=ann, role=given)
            else:
                with pytest.raises(Forbidden):
                    services.add_member(actor=actor, workspace=world.course, person=ann, role=given)
            assert world.role_of(ann) == (given if allowed else None), given


@pytest.mark.parametrize("own", Role)
def test_who_may_change_whose_role(world: World, own: Role) -> None:
    actor, ann = world.member(own), world.member(handle="ann")
    manages = RANK[own] <= RANK[Role.INSTRUCTOR]
    for before, after in itertools.product(Role, Role):
        Membership.objects.filter(person=ann).update(role=before)
        above = own is Role.OWNER or RANK[own] < RANK[before]
        allowed = manages and (before == after or (above and RANK[own] <= RANK[after]))
        with undone():
            if allowed:
                services.change_role(actor=actor, workspace=world.course, person=ann, role=after)
            else:
                with pytest.raises(Forbidden):
                    services.change_role(actor=actor, workspace=world.course, person=ann, role=after)
            assert world.role_of(ann) == (after if allowed else before), (before, after)


@pytest.mark.parametrize("own", Role)
def test_who_may_remove_whom(world: World, own: Role) -> None:
    actor, ann = world.member(own), world.member(handle="ann")
    for other in Role:
        Membership.objects.filter(person=ann).update(role=other)
        allowed = own is Role.OWNER or (RANK[own] <= RANK[Role.MODERATOR] and RANK[own] < RANK[other])
        with undone():
            if allowed:
                services.remove_member(actor=actor, workspace=world.course, person=ann)
            else:
                with pytest.raises(Forbidden):
                    services.remove_member(actor=actor, workspace=world.course, person=ann)
            assert (world.role_of(ann) is None) is allowed, other


def test_the_last_owner_stays(world: World) -> None:
    attempts = (
        lambda: services.leave(actor=world.olga, workspace=world.course),
        lambda: services.remove_member(actor=world.olga, workspace=world.course, person=world.olga),
        lambda: services.change_role(actor=world.olga, workspace=world.course, person=world.olga, role="learner"),
    )
    for attempt in attempts:
        with pytest.raises(Conflict, match="needs an owner") as refused:
            attempt()
        assert refused.value.type == "last-owner"
    second = world.member(Role.OWNER, "second")
    services.leave(actor=world.olga, workspace=world.course)
    assert (world.role_of(world.olga), world.role_of(second)) == (None, Role.OWNER)


def test_outsiders_and_unknown_roles(world: World) -> None:
    learner = world.member()
    with pytest.raises(NotFound):
        services.add_member(actor=world.otto, workspace=world.course, person=world.otto)
    with pytest.raises(NotFound):
        services.leave(actor=world.otto, workspace=world.course)
    with pytest.raises(NotFound):
        services.change_role(actor=world.olga, workspace=world.course, person=world.otto, role="mentor")
    with pytest.raises(Invalid, match="The roles are: owner, operations") as refused:
        services.change_role(actor=world.olga, workspace=world.course, person=learner, role="king")
    assert refused.value.field == "role"


def test_leaving_ends_groups_and_coming_back_does_not_restore_them(world: World) -> None:
    learner = world.member()
    group = services.create_group(actor=world.olga, workspace=world.course, name="Team")
    services.add_to_group(actor=world.olga, group=group, person_ids=[learner.pk])
    services.leave(actor=learner, workspace=world.course)
    assert queries.group_member_ids(group.pk) == set()
    services.add_member(actor=world.olga, workspace=world.course, person=learner)
    assert queries.group_member_ids(group.pk) == set()


def test_invitations_of_the_removed_and_demoted_stop_working(world: World) -> None:
    moderator, operations = world.member(Role.MODERATOR), world.member(Role.OPERATIONS)
    removed = world.invite(actor=moderator)
    high, low = world.invite(actor=operations, role=Role.OPERATIONS), world.invite(actor=operations)
    services.remove_member(actor=world.olga, workspace=world.course, person=moderator)
    services.change_role(actor=world.olga, workspace=world.course, person=operations, role=Role.INSTRUCTOR)
    ann = person("ann")
    for secret in (removed, high):
        with pytest.raises(Conflict, match="taken back"):
            services.accept_invitation(actor=ann, secret=secret)
    services.change_role(actor=world.olga, workspace=world.course, person=operations, role=Role.LEARNER)
    with pytest.raises(Conflict, match="taken back"):
        services.accept_invitation(actor=ann, secret=low)


def test_the_list_searches_filters_and_pages(world: World) -> None:
    world.crowd(60)
    world.member(Role.MENTOR)
    place = world.place(world.olga)
    first = queries.members(place)
    assert len(first.items) == 50
    second = queries.members(place, after=first.next)
    assert len(second.items) == 12
    assert second.next is None
    names = [each.person.display_name for each in (*first.items, *second.items)]
    assert names == sorted(names, key=str.lower)
    assert [each.person.handle for each in queries.members(place, q="@LEARNER07").items] == ["learner07"]
    assert [each.role for each in queries.members(place, role=Role.MENTOR).items] == [Role.MENTOR]
    assert queries.members(place, q="%").items == []
    assert queries.member_counts(place) == {Role.OWNER: 1, Role.MENTOR: 1, Role.LEARNER: 60}


def test_names_of_any_script_can_end_a_page(world: World) -> None:
    for number, name in enumerate(["Zoë 👩‍💻", "نیم‌فاصله", "Éa", "a\u0301b"]):
        made = world.member(handle=f"p{number}")
        made.display_name = name
        made.save(update_fields=["display_name"])
    place, cursor, seen = world.place(world.olga), None, 0
    for _page in range(5):
        found = queries.members(place, after=cursor, limit=1)
        seen += len(found.items)
        cursor = found.next
    assert (seen, cursor) == (5, None)


def test_the_page_shows_members_to_members_and_not_to_guests(world: World) -> None:
    learner = world.member()
    page = client(learner).get("/w/course/members")
    assert (page.status_code, "Olga" in page.text, "Otto" in page.text) == (200, True, False)
    assert "Learn to bake." in page.text
    assert f"/w/course/members/{world.olga.pk}" not in page.text
    assert client(world.member(Role.GUEST)).get("/w/course/members").status_code == 403
    assert client(world.otto).get("/w/course/members").status_code == 404


def test_the_page_changes_a_role_and_tells_why_not(world: World) -> None:
    learner, instructor = world.member(), world.member(Role.INSTRUCTOR)
    url = f"/w/course/members/{learner.pk}"
    browser = client(instructor)
    assert 'value="owner"' not in browser.get(url).text
    assert browser.post(url, {"role": "mentor"}).status_code == 302
    assert world.role_of(learner) is Role.MENTOR
    assert browser.post(url, {"role": "owner"}).status_code == 422
    assert world.role_of(learner) is Role.MENTOR
    page = client(world.olga).post(f"/w/course/members/{world.olga.pk}", {"role": "learner"})
    assert page.status_code == 409
    assert "This is you" in page.text


def test_the_page_removes_and_leaves(world: World) -> None:
    learner, other = world.member(), world.member(handle="ann")
    assert client(world.olga).post(f"/w/course/members/{learner.pk}/remove").status_code == 302
    assert world.role_of(learner) is None
    browser = client(other)
    assert "Leave Course?" in browser.get("/w/course/leave").text
    assert browser.post("/w/course/leave")["Location"] == "/workspaces"
    assert browser.get("/w/course/leave").status_code == 404
