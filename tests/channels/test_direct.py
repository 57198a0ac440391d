"""Direct conversations: who may write to whom, and that the same people always meet in the same one."""

from __future__ import annotations

import pytest

from tertulia.channels import queries, services
from tertulia.channels.models import Channel, ChannelMembership, Kind
from tertulia.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from tertulia.people import services as people_services
from tertulia.people.models import Person
from tertulia.workspaces import services as workspace_services
from tertulia.workspaces.models import Role

from .world import World, inside, seat


def direct(world: World, actor: Person, *others: Person) -> Channel:
    """The actor's conversation with the others in Course."""
    return services.open_direct(actor=actor, workspace=world.course, person_ids=[one.pk for one in others])


def test_the_same_people_meet_in_the_same_conversation(world: World) -> None:
    channel = direct(world, world.mia, world.ben, world.ina)
    assert direct(world, world.ina, world.mia, world.ben, world.ben) == channel
    assert direct(world, world.mia, world.ben) != channel
    assert (channel.kind, channel.visibility) == (Kind.DIRECT, "private")
    assert inside(channel) == {"mia", "ben", "ina"}
    assert len(channel.slug) == 26


def test_a_conversation_is_named_after_the_others(world: World) -> None:
    channel = direct(world, world.mia, world.ina, world.ben)
    assert seat(world.mia, channel).name == "Ben, Ina"
    assert seat(world.ben, channel).name == "Ina, Mia"


def test_notes_to_oneself(world: World) -> None:
    channel = direct(world, world.mia)
    assert direct(world, world.mia, world.mia) == channel
    assert inside(channel) == {"mia"}
    assert seat(world.mia, channel).may_post
    assert seat(world.mia, channel).name == "Notes to yourself"


def test_eight_people_at_most(world: World) -> None:
    others = [world.member(f"p{number}") for number in range(8)]
    direct(world, world.mia, *others[:7])
    with pytest.raises(Invalid) as refused:
        direct(world, world.mia, *others)
    assert "8 people at most" in refused.value.detail


def test_only_within_the_workspace(world: World) -> None:
    with pytest.raises(Invalid):
        direct(world, world.mia, world.otto)
    with pytest.raises(NotFound):
        direct(world, world.otto, world.mia)


def test_each_workspace_has_its_own(world: World) -> None:
    for one in (world.mia, world.ben):
        workspace_services.add_member(actor=world.otto, workspace=world.other, person=one, role=Role.LEARNER)
    there = services.open_direct(actor=world.mia, workspace=world.other, person_ids=[world.ben.pk])
    assert there != direct(world, world.mia, world.ben)


def test_learners_can_be_barred_from_each_other(world: World) -> None:
    known = direct(world, world.mia, world.ben)
    world.bar_learners()
    carla = world.member("carla")
    with pytest.raises(Forbidden):
        direct(world, world.mia, carla)
    assert not seat(world.mia, known).may_post
    assert seat(world.mia, direct(world, world.mia, world.ina)).may_post
    assert seat(world.mia, direct(world, world.mia, carla, world.ina)).may_post
    assert seat(world.ina, direct(world, world.ina, carla)).may_post
    assert seat(world.mia, direct(world, world.mia)).may_post


@pytest.mark.parametrize("blocker", ["mia", "ben"])
def test_blocked_people_do_not_start_to_talk(world: World, blocker: str) -> None:
    one, other = (world.mia, world.ben) if blocker == "mia" else (world.ben, world.mia)
    people_services.block(actor=one, person=other)
    for actor, partner in ((world.mia, world.ben), (world.ben, world.mia)):
        with pytest.raises(Forbidden) as refused:
            direct(world, actor, partner)
        assert ("blocked" in refused.value.detail) is (actor == one)
        with pytest.raises(Forbidden):
            direct(world, actor, partner, world.ina)


def test_being_blocked_reads_like_any_other_reason(world: World) -> None:
    people_services.block(actor=world.ben, person=world.mia)
    with pytest.raises(Forbidden) as blocked:
        direct(world, world.mia, world.ben)
    with pytest.raises(Forbidden) as unknown:
        direct(world, world.mia, world.gus)
    assert blocked.value.detail.replace("Ben", "Gus") == unknown.value.detail


def test_an_old_conversation_with_a_blocked_person_can_be_read(world: World) -> None:
    channel = direct(world, world.mia, world.ben)
    people_services.block(actor=world.ben, person=world.mia)
    assert direct(world, world.mia, world.ben) == channel


def test_guests_know_staff_and_those_they_share_a_channel_with(world: World) -> None:
    for actor, partner in ((world.gus, world.mia), (world.mia, world.gus)):
        with pytest.raises(Forbidden):
            direct(world, actor, partner)
    assert inside(direct(world, world.gus, world.ina)) == {"gus", "ina"}
    with pytest.raises(Forbidden):
        direct(world, world.ina, world.gus, world.mia)
    world.channel("Visitors", world.gus, world.mia)
    assert inside(direct(world, world.gus, world.mia)) == {"gus", "mia"}


def test_people_to_message_are_those_one_may_write_to(world: World) -> None:
    people_services.create_placeholder(display_name="Paula Past")

    def offered(one: Person) -> set[str]:
        return {found.handle for found in queries.people_to_message(world.place(one))}

    assert offered(world.mia) == {"olga", "ina", "ben"}
    assert offered(world.gus) == {"olga", "ina"}
    assert offered(world.ina) == {"olga", "mia", "ben", "gus"}
    world.channel("Visitors", world.gus, world.mia)
    assert offered(world.gus) == {"olga", "ina", "mia"}
    world.bar_learners()
    assert offered(world.mia) == {"olga", "ina"}


def test_closing_hides_until_something_is_unread(world: World) -> None:
    channel = direct(world, world.mia, world.ben)
    services.set_preferences(actor=world.mia, channel=channel, hidden=True)
    assert queries.sidebar(world.place(world.mia)).direct == []
    assert len(queries.sidebar(world.place(world.ben)).direct) == 1
    Channel.objects.filter(pk=channel.pk).update(last_seq=1, last_root_seq=1, root_count=1)
    assert [row.unread for row in queries.sidebar(world.place(world.mia)).direct] == [1]
    direct(world, world.mia, world.ben)
    assert not ChannelMembership.objects.get(channel=channel, person=world.mia).hidden


def test_an_archived_workspace_starts_no_conversation(world: World) -> None:
    known = direct(world, world.mia, world.ben)
    workspace_services.archive_workspace(actor=world.olga, workspace=world.course)
    with pytest.raises(Conflict):
        direct(world, world.mia, world.ina)
    assert direct(world, world.mia, world.ben) == known
