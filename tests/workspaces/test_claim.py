"""A placeholder of an import becomes a person: what follows in workspaces."""

from __future__ import annotations

import pytest

from tertulia.people import services as people_services
from tertulia.people.happenings import PlaceholderClaimed
from tertulia.people.models import Person
from tertulia.workspaces import queries, services
from tertulia.workspaces.models import Ban, GroupMembership, Role
from tertulia.workspaces.reactions import follow_placeholder_claimed

from .world import World, person


@pytest.fixture
def ghost(world: World) -> Person:
    """A placeholder who is a mentor of Course, in the group Team."""
    made = people_services.create_placeholder(display_name="Ghost")
    services.add_member(actor=world.olga, workspace=world.course, person=made, role=Role.MENTOR)
    group = services.create_group(actor=world.olga, workspace=world.course, name="Team")
    services.add_to_group(actor=world.olga, group=group, person_ids=[made.pk])
    return made


def claim(ghost: Person, one: Person) -> None:
    """As `config.subscriptions` calls it."""
    follow_placeholder_claimed(PlaceholderClaimed(str(ghost.pk), str(one.pk)))


def groups_of(one: Person) -> list[str]:
    """Names of the groups that somebody is in."""
    return list(GroupMembership.objects.filter(person=one).values_list("group__name", flat=True))


def test_an_outsider_takes_over_role_and_groups(world: World, ghost: Person) -> None:
    ann = person("ann")
    claim(ghost, ann)
    assert (world.role_of(ann), world.role_of(ghost)) == (Role.MENTOR, None)
    assert (groups_of(ann), groups_of(ghost)) == (["Team"], [])


@pytest.mark.parametrize("own", Role)
def test_a_member_keeps_the_higher_role(world: World, ghost: Person, own: Role) -> None:
    ann = world.member(own, "ann")
    claim(ghost, ann)
    assert world.role_of(ann) is (Role.MENTOR if own in (Role.LEARNER, Role.GUEST) else own)
    assert world.role_of(ghost) is None


def test_groups_of_both_are_kept_once(world: World, ghost: Person) -> None:
    ann = world.member(handle="ann")
    (team,) = queries.groups(world.place(world.olga))
    services.add_to_group(actor=world.olga, group=team, person_ids=[ann.pk])
    claim(ghost, ann)
    assert groups_of(ann) == ["Team"]
    assert not groups_of(ghost)


def test_the_banned_stay_out(world: World, ghost: Person) -> None:
    ann = world.member(handle="ann")
    services.ban(actor=world.olga, workspace=world.course, person=ann)
    claim(ghost, ann)
    assert (world.role_of(ann), world.role_of(ghost), groups_of(ann)) == (None, None, [])


@pytest.mark.parametrize("too", [False, True])
def test_a_ban_of_the_placeholder_becomes_the_persons(world: World, ghost: Person, too: bool) -> None:
    ann = world.member(handle="ann")
    services.ban(actor=world.olga, workspace=world.course, person=ghost)
    if too:
        services.ban(actor=world.olga, workspace=world.course, person=ann)
    claim(ghost, ann)
    assert [ban.person for ban in Ban.objects.all()] == [ann]
