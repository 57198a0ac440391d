"""Who may what: the table of permissions by role, sealed workspaces, and the words of refusals."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tertulia.kernel.errors import Forbidden, NotFound
from tertulia.kernel.ids import new_id
from tertulia.workspaces import access, queries, services
from tertulia.workspaces.access import GRANTS, RANK, Permission, Place
from tertulia.workspaces.models import STAFF, Membership, Role, Workspace

from .world import World, person


def bare(role: Role) -> Place:
    """A place that needs no database."""
    workspace = Workspace(slug="w", name="W")
    return Place(workspace, Membership(workspace=workspace, role=role), role)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("permission", Permission)
def test_the_table_decides(permission: Permission, role: Role) -> None:
    place = bare(role)
    granted = role in GRANTS[permission]
    assert access.may(place, permission) is granted
    assert place.may[permission.name] is granted
    if granted:
        access.check(place, permission)
    else:
        with pytest.raises(Forbidden, match="does not allow this"):
            access.check(place, permission)


def test_the_table_knows_every_permission() -> None:
    assert set(GRANTS) == set(Permission)


@pytest.mark.parametrize("permission", Permission)
def test_owners_may_everything_and_guests_nothing(permission: Permission) -> None:
    assert Role.OWNER in GRANTS[permission]
    assert Role.GUEST not in GRANTS[permission]


@pytest.mark.parametrize(
    ("permission", "lowest"),
    [
        (Permission.MANAGE_WORKSPACE, Role.OPERATIONS),
        (Permission.ARCHIVE_WORKSPACE, Role.OWNER),
        (Permission.MANAGE_MEMBERS, Role.INSTRUCTOR),
        (Permission.REMOVE_MEMBERS, Role.MODERATOR),
        (Permission.INVITE, Role.MODERATOR),
        (Permission.DECIDE_REQUESTS, Role.MODERATOR),
        (Permission.MANAGE_GROUPS, Role.INSTRUCTOR),
        (Permission.SEE_MEMBERS, Role.LEARNER),
        (Permission.SEE_LOG, Role.OPERATIONS),
        (Permission.BROWSE_CHANNELS, Role.LEARNER),
        (Permission.CREATE_CHANNEL, Role.LEARNER),
        (Permission.CREATE_PRIVATE_CHANNEL, Role.MENTOR),
        (Permission.MANAGE_CHANNELS, Role.MODERATOR),
        (Permission.MODERATE_POSTS, Role.MODERATOR),
        (Permission.POST_TO_STAFF_CHANNELS, Role.MODERATOR),
        (Permission.MENTION_ALL, Role.MENTOR),
    ],
)
def test_who_has_it(permission: Permission, lowest: Role) -> None:
    assert GRANTS[permission] == {role for role in Role if RANK[role] <= RANK[lowest]}


@pytest.mark.parametrize("own", Role)
@pytest.mark.parametrize("other", Role)
def test_roles_reach_down_only(own: Role, other: Role) -> None:
    place = bare(own)
    assert access.may_grant(place, other) is (RANK[own] <= RANK[other])
    assert access.outranks(place, other) is (own is Role.OWNER or RANK[own] < RANK[other])
    assert access.may_grant(place, Role.OWNER) is (own is Role.OWNER)
    assert (other in access.grantable(place)) is access.may_grant(place, other)


@pytest.mark.parametrize("role", Role)
def test_who_is_staff(role: Role) -> None:
    assert bare(role).is_staff is (role in STAFF)


def test_a_member_finds_the_workspace_and_an_outsider_does_not(world: World) -> None:
    learner = world.member()
    assert access.workspace(learner, "course").role is Role.LEARNER
    assert access.workspace(learner, "COURSE").workspace == world.course
    assert access.workspace_by_id(learner, world.course.pk).workspace == world.course
    assert access.workspace(world.otto, "other").role is Role.OWNER
    for slug in ("course", "nowhere"):
        with pytest.raises(NotFound):
            access.workspace(world.otto, slug)
    with pytest.raises(NotFound):
        access.workspace_by_id(world.otto, world.course.pk)


def test_missing_and_forbidden_take_the_same_queries(world: World) -> None:
    counts = []
    for slug in ("course", "nowhere"):
        with (
            CaptureQueriesContext(
                connection,
            ) as captured,
            pytest.raises(NotFound),
        ):
            access.workspace(world.otto, slug)
        counts.append(len(captured))
    assert counts == [1, 1]


def test_owning_the_installation_opens_no_workspace(world: World) -> None:
    assert world.root.is_owner
    with pytest.raises(NotFound):
        access.workspace(world.root, "course")


def test_things_of_other_workspaces_are_not_found(world: World) -> None:
    place = world.place(world.olga)
    group = services.create_group(actor=world.otto, workspace=world.other, name="Theirs")
    made, _secret = services.create_invitation(actor=world.otto, workspace=world.other)
    assert access.group(access.workspace(world.otto, "other"), "theirs") == group
    for attempt in (
        lambda: access.group(place, "theirs"),
        lambda: access.invitation(place, made.pk),
        lambda: access.member(place, world.otto.pk),
        lambda: access.member_or_asking(place, world.otto.pk),
        lambda: access.banned_person(place, world.otto.pk),
    ):
        with pytest.raises(NotFound):
            attempt()


def test_strangers_cannot_be_added_by_id_except_by_owners_of_the_installation(world: World) -> None:
    instructor, learner = world.member(Role.INSTRUCTOR), world.member()
    hermit = person("hermit")
    assert access.addable(instructor, learner.pk) == learner
    assert access.addable(world.olga, hermit.pk) == hermit
    refusals = set()
    for person_id in (hermit.pk, new_id()):
        with pytest.raises(NotFound) as refused:
            access.addable(instructor, person_id)
        refusals.add(refused.value.detail)
    assert len(refusals) == 1


def test_only_verified_accounts_are_found_by_address(world: World) -> None:
    from tertulia.people import services as people_services

    people_services.create_person(email="maybe@example.org", display_name="Maybe", verified=False)
    people_services.create_placeholder(display_name="Ghost", email="ghost@example.org")
    assert access.with_account(" Olga@Example.org ") == world.olga
    assert access.with_account("maybe@example.org") is None
    assert access.with_account("ghost@example.org") is None
    assert access.with_account("nobody@example.org") is None


def test_sharing_a_workspace(world: World) -> None:
    learner, guest = world.member(), world.member(Role.GUEST)
    assert queries.share_workspace(learner.pk, world.olga.pk)
    assert queries.share_workspace(guest.pk, world.olga.pk)
    assert queries.share_workspace(learner.pk, learner.pk)
    assert not queries.share_workspace(learner.pk, world.otto.pk)
    assert queries.place_ids(learner) == {world.course.pk}
    assert queries.place_ids(world.root) == frozenset()
