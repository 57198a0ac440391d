"""A person who claims the placeholder of an import gets its seats."""

from __future__ import annotations

import pytest

from tertulia.channels import services
from tertulia.channels.models import Channel, ChannelMembership
from tertulia.people import services as people_services
from tertulia.people.models import Person
from tertulia.workspaces import services as workspace_services

from .world import World, fresh, inside, person


@pytest.fixture
def paula(world: World) -> Person:
    """A placeholder in Course."""
    made = people_services.create_placeholder(display_name="Paula Past")
    workspace_services.add_member(actor=world.olga, workspace=world.course, person=made, quiet=True)
    return made


def test_seats_are_moved_and_merged(world: World, paula: Person) -> None:
    both, only, private = world.channel("Both"), world.channel("Only"), world.secret()
    pat = world.member("pat")
    services.add_people(actor=world.ina, channel=both, person_ids=[pat.pk, paula.pk], quiet=True)
    for channel in (only, private):
        services.add_people(actor=world.ina, channel=channel, person_ids=[paula.pk], quiet=True)
    Channel.objects.filter(pk=only.pk).update(created_by=paula)
    ChannelMembership.objects.filter(channel=both, person=paula).update(is_manager=True)
    people_services.claim_placeholder(placeholder=paula, person=pat)
    for channel in (both, only, private):
        assert inside(channel) == {"ina", "pat"}
    assert ChannelMembership.objects.get(channel=both, person=pat).is_manager
    assert fresh(only).created_by == pat


def test_who_is_no_member_gets_the_seats_that_go_with_the_membership(world: World, paula: Person) -> None:
    both = world.channel("Both")
    pat = world.member("pat")
    services.add_people(actor=world.ina, channel=both, person_ids=[pat.pk, paula.pk], quiet=True)
    people_services.claim_placeholder(placeholder=paula, person=pat)
    assert inside(both) == {"ina", "pat"}
    assert not ChannelMembership.objects.get(channel=both, person=pat).is_manager


def test_a_newcomer_enters_the_default_channels_too(world: World, paula: Person) -> None:
    old = world.channel("Old times")
    services.add_people(actor=world.ina, channel=old, person_ids=[paula.pk], quiet=True)
    people_services.claim_placeholder(placeholder=paula, person=person("pat"))
    assert "pat" in inside(old)
    assert "pat" in inside(world.general)


def test_conversations_are_found_again(world: World, paula: Person) -> None:
    pat = person("pat")
    talk = services.open_direct(
        actor=world.mia, workspace=world.course, person_ids=[paula.pk, world.ben.pk], quiet=True
    )
    people_services.claim_placeholder(placeholder=paula, person=pat)
    assert inside(talk) == {"ben", "mia", "pat"}
    again = services.open_direct(actor=pat, workspace=world.course, person_ids=[world.mia.pk, world.ben.pk])
    assert again == talk


def test_where_there_is_one_already_both_stay(world: World, paula: Person) -> None:
    pat = world.member("pat")
    own = services.open_direct(actor=world.mia, workspace=world.course, person_ids=[pat.pk])
    talk = services.open_direct(actor=world.mia, workspace=world.course, person_ids=[paula.pk], quiet=True)
    people_services.claim_placeholder(placeholder=paula, person=pat)
    assert inside(talk) == inside(own) == {"mia", "pat"}
    assert services.open_direct(actor=pat, workspace=world.course, person_ids=[world.mia.pk]) == own
