"""Who sees a channel and what they may do there."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest

from tertulia.channels import access, services
from tertulia.channels.models import Channel
from tertulia.kernel.errors import NotFound
from tertulia.people import services as people_services
from tertulia.people.models import Person
from tertulia.workspaces import services as workspace_services
from tertulia.workspaces.models import Role

from .world import World, seat


def sees(one: Person, channel: Channel) -> bool:
    """Whether somebody gets a seat, by id and by address alike."""
    found = []
    lookups: list[Callable[[], access.Seat]] = [
        lambda: access.channel(one, channel.pk),
        lambda: access.channel_by_slug(one, "course", channel.slug),
        lambda: access.channel_by_slug(one, "Course", channel.slug.upper()),
    ]
    for look in lookups:
        try:
            found.append(look().channel.pk == channel.pk)
        except NotFound:
            found.append(False)
    assert len(set(found)) == 1
    return found[0]


@pytest.mark.parametrize("role", Role)
def test_public_channels_are_for_all_members_but_guests(world: World, role: Role) -> None:
    ann = world.member("ann", role)
    assert sees(ann, world.channel("Open")) == (role is not Role.GUEST)


@pytest.mark.parametrize("role", Role)
def test_private_channels_are_for_their_members_only(world: World, role: Role) -> None:
    ann = world.member("ann", role)
    secret = world.secret(world.mia)
    assert sees(world.mia, secret)
    assert not sees(ann, secret)
    services.add_people(actor=world.ina, channel=secret, person_ids=[ann.pk])
    assert sees(ann, secret)


def test_an_outsider_gets_the_answer_of_a_wrong_address(world: World) -> None:
    assert Person.objects.filter(handle="otto").exists()
    with pytest.raises(NotFound) as real:
        access.channel(world.otto, world.general.pk)
    with pytest.raises(NotFound) as wrong:
        access.channel(world.otto, uuid.uuid4())
    assert real.value.detail == wrong.value.detail
    assert not sees(world.otto, world.general)


def test_a_guest_sees_what_was_given(world: World) -> None:
    channel = world.channel("Visitors", world.gus)
    assert sees(world.gus, channel)
    assert seat(world.gus, channel).may_post
    assert not seat(world.gus, channel).may_add


def test_leaving_the_workspace_closes_every_channel(world: World) -> None:
    secret = world.secret(world.mia)
    workspace_services.leave(actor=world.mia, workspace=world.course)
    assert not sees(world.mia, secret)
    assert not sees(world.mia, world.general)


def test_who_has_not_joined_is_told_to_join(world: World) -> None:
    found = seat(world.mia, world.channel("Open"))
    assert (found.is_member, found.may_join, found.may_post) == (False, True, False)
    assert "Join" in found.why_not_post


@pytest.mark.parametrize(("role", "posts"), [(Role.MODERATOR, True), (Role.MENTOR, False), (Role.LEARNER, False)])
def test_staff_channels_take_posts_of_staff(world: World, role: Role, posts: bool) -> None:
    ann = world.member("ann", role)
    news = world.channel("News", ann, posting="staff")
    assert seat(ann, news).may_post is posts
    assert bool(seat(ann, news).why_not_post) is not posts


def test_a_manager_of_a_staff_channel_posts(world: World) -> None:
    news = world.channel("News", world.mia, posting="staff")
    services.set_manager(actor=world.ina, channel=news, person_id=world.mia.pk, is_manager=True)
    assert seat(world.mia, news).may_post


@pytest.mark.parametrize("role", Role)
def test_who_manages_and_moderates(world: World, role: Role) -> None:
    ann = world.member("ann", role)
    channel = world.channel("Open", ann)
    staff = role in {Role.OWNER, Role.OPERATIONS, Role.INSTRUCTOR, Role.MODERATOR}
    assert seat(ann, channel).may_manage is staff
    assert seat(ann, channel).may_moderate is staff


def test_a_maker_manages_their_own_channel(world: World) -> None:
    channel = world.channel("Book club", by=world.mia)
    mine = seat(world.mia, channel)
    assert (mine.may_manage, mine.may_moderate, mine.may_add) == (True, True, True)
    services.join(actor=world.ben, channel=channel)
    theirs = seat(world.ben, channel)
    assert (theirs.may_manage, theirs.may_moderate, theirs.may_add) == (False, False, True)


def test_an_archived_channel_is_read_only(world: World) -> None:
    channel = world.channel("Old", world.mia)
    services.archive_channel(actor=world.ina, channel=channel)
    found = seat(world.mia, channel)
    assert not found.may_post
    assert "archived" in found.why_not_post
    assert not seat(world.ben, channel).may_join


def test_an_archived_workspace_is_read_only(world: World) -> None:
    workspace_services.archive_workspace(actor=world.olga, workspace=world.course)
    found = seat(world.olga, world.general)
    assert (found.may_post, found.may_manage, found.may_add) == (False, False, False)
    assert "workspace is archived" in found.why_not_post


def test_nobody_manages_or_moderates_a_conversation(world: World) -> None:
    channel = services.open_direct(actor=world.olga, workspace=world.course, person_ids=[world.mia.pk])
    found = seat(world.olga, channel)
    assert (found.may_manage, found.may_moderate, found.may_add) == (False, False, False)
    assert not sees(world.ina, channel)


def test_blocking_ends_a_conversation_and_tells_only_the_blocker(world: World) -> None:
    channel = services.open_direct(actor=world.mia, workspace=world.course, person_ids=[world.ben.pk])
    assert seat(world.mia, channel).may_post
    people_services.block(actor=world.mia, person=world.ben)
    assert "You have blocked Ben" in seat(world.mia, channel).why_not_post
    assert seat(world.ben, channel).why_not_post == "You cannot write to Mia here."


def test_a_partner_who_left_is_named(world: World) -> None:
    channel = services.open_direct(actor=world.mia, workspace=world.course, person_ids=[world.ben.pk])
    workspace_services.leave(actor=world.ben, workspace=world.course)
    found = seat(world.mia, channel)
    assert found.name == "Ben"
    assert found.why_not_post == "Ben is no longer in this workspace."


def test_finding_a_seat_takes_a_fixed_number_of_queries(
    world: World, django_assert_num_queries: Callable[[int], object]
) -> None:
    channel = world.secret(world.mia, world.ben)
    with django_assert_num_queries(1):  # type: ignore[attr-defined]
        assert seat(world.mia, channel).may_post
