"""A group added to a channel stays in step with it."""

from __future__ import annotations

import pytest

from tertulia.channels import services
from tertulia.channels.models import ChannelGroup
from tertulia.kernel.errors import Conflict, Forbidden, NotFound
from tertulia.workspaces import services as workspace_services

from .conftest import Notices
from .world import World, inside, via


def test_a_group_comes_in_whole_and_stays_in_step(world: World) -> None:
    cohort, channel = world.group("cohort", world.mia), world.secret()
    joined = services.add_group(actor=world.ina, channel=channel, group=cohort)
    assert joined == [world.mia.pk]
    world.set_group(cohort, world.ben, world.gus)
    assert inside(channel) == {"ina", "ben", "gus"}
    world.set_group(cohort)
    assert inside(channel) == {"ina"}
    assert services.add_group(actor=world.ina, channel=channel, group=cohort) == []
    assert ChannelGroup.objects.filter(channel=channel).count() == 1


def test_removing_a_group_removes_only_whom_it_alone_brought(world: World, notices: Notices) -> None:
    cohort = world.group("cohort", world.mia, world.ben)
    channel = world.secret(world.mia)
    services.add_group(actor=world.ina, channel=channel, group=cohort)
    assert (via(channel, world.mia), via(channel, world.ben)) == (None, cohort.pk)
    notices.clear()
    assert services.remove_group(actor=world.ina, channel=channel, group=cohort) == [world.ben.pk]
    assert inside(channel) == {"ina", "mia"}
    assert ("left", {"channel": str(channel.pk), "person": str(world.ben.pk)}) in notices
    world.set_group(cohort, world.gus)
    assert inside(channel) == {"ina", "mia"}


def test_whom_two_groups_hold_stays_for_the_other(world: World) -> None:
    first, second = world.group("first", world.mia, world.ben), world.group("second", world.mia)
    channel = world.secret()
    services.add_group(actor=world.ina, channel=channel, group=first)
    services.add_group(actor=world.ina, channel=channel, group=second)
    services.remove_group(actor=world.ina, channel=channel, group=first)
    assert inside(channel) == {"ina", "mia"}
    assert via(channel, world.mia) == second.pk
    world.set_group(second)
    assert inside(channel) == {"ina"}


def test_leaving_one_of_two_groups_keeps_the_seat(world: World) -> None:
    first, second = world.group("first", world.mia), world.group("second", world.mia)
    channel = world.secret()
    for group in (first, second):
        services.add_group(actor=world.ina, channel=channel, group=group)
    world.set_group(first)
    assert via(channel, world.mia) == second.pk


def test_coming_by_another_way_too_outlasts_the_group(world: World) -> None:
    cohort, channel = world.group("cohort", world.mia), world.secret()
    services.add_group(actor=world.ina, channel=channel, group=cohort)
    services.add_people(actor=world.ina, channel=channel, person_ids=[world.mia.pk])
    services.remove_group(actor=world.ina, channel=channel, group=cohort)
    assert "mia" in inside(channel)


def test_a_deleted_group_takes_its_people_along(world: World, notices: Notices) -> None:
    first, second = world.group("first", world.mia, world.ben), world.group("second", world.mia)
    channel = world.secret(world.gus)
    for group in (first, second):
        services.add_group(actor=world.ina, channel=channel, group=group)
    notices.clear()
    workspace_services.delete_group(actor=world.olga, group=first)
    assert inside(channel) == {"ina", "gus", "mia"}
    assert via(channel, world.mia) == second.pk
    assert ("left", {"channel": str(channel.pk), "person": str(world.ben.pk)}) in notices


def test_who_leaves_the_workspace_leaves_with_the_group(world: World) -> None:
    cohort, channel = world.group("cohort", world.mia), world.secret()
    services.add_group(actor=world.ina, channel=channel, group=cohort)
    workspace_services.leave(actor=world.mia, workspace=world.course)
    assert inside(channel) == {"ina"}


def test_only_managers_add_and_remove_groups(world: World) -> None:
    cohort, channel = world.group("cohort", world.ben), world.channel("Open", world.mia)
    with pytest.raises(Forbidden):
        services.add_group(actor=world.mia, channel=channel, group=cohort)
    services.add_group(actor=world.ina, channel=channel, group=cohort)
    with pytest.raises(Forbidden):
        services.remove_group(actor=world.mia, channel=channel, group=cohort)
    assert inside(channel) == {"ina", "mia", "ben"}


def test_groups_of_other_workspaces_are_not_there(world: World) -> None:
    theirs = workspace_services.create_group(actor=world.otto, workspace=world.other, name="Theirs", slug="theirs")
    with pytest.raises(NotFound):
        services.add_group(actor=world.ina, channel=world.channel("Open"), group=theirs)
    with pytest.raises(NotFound):
        services.remove_group(actor=world.ina, channel=world.general, group=theirs)


def test_an_archived_channel_takes_no_group_but_stays_in_step(world: World) -> None:
    cohort, late, channel = world.group("cohort", world.mia), world.group("late"), world.secret()
    services.add_group(actor=world.ina, channel=channel, group=cohort)
    services.archive_channel(actor=world.ina, channel=channel)
    with pytest.raises(Conflict):
        services.add_group(actor=world.ina, channel=channel, group=late)
    world.set_group(cohort, world.ben)
    assert inside(channel) == {"ina", "ben"}
