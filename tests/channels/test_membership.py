"""Joining, leaving, adding and removing people, and what one wants of a channel for oneself."""

from __future__ import annotations

import uuid
from collections.abc import Collection

import pytest

from tertulia.channels import services
from tertulia.channels.models import Channel, ChannelMembership
from tertulia.channels.services import seating
from tertulia.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from tertulia.kernel.models import AuditEntry
from tertulia.workspaces import services as workspace_services
from tertulia.workspaces.models import Role

from .conftest import Notices
from .world import World, fresh, inside, person, seat


def test_joining_starts_with_everything_read(world: World, notices: Notices) -> None:
    channel = world.channel("Book club")
    Channel.objects.filter(pk=channel.pk).update(last_seq=40, last_root_seq=38, root_count=30)
    notices.clear()
    services.join(actor=world.mia, channel=channel)
    services.join(actor=world.mia, channel=channel)
    row = ChannelMembership.objects.get(channel=channel, person=world.mia)
    assert (row.last_read_seq >= 40, row.read_roots >= 30, row.is_manager) == (True, True, False)
    assert notices.count(("joined", {"channel": str(channel.pk), "person": str(world.mia.pk)})) == 1


def test_nobody_joins_what_they_cannot_see(world: World) -> None:
    secret, channel = world.secret(), world.channel("Book club")
    for actor, target in [(world.mia, secret), (world.olga, secret), (world.gus, channel), (world.otto, channel)]:
        with pytest.raises(NotFound):
            services.join(actor=actor, channel=target)
    assert inside(secret) == inside(channel) == {"ina"}


def test_leaving(world: World, notices: Notices) -> None:
    channel = world.channel("Book club", world.mia)
    services.leave(actor=world.mia, channel=channel)
    services.leave(actor=world.mia, channel=channel)
    assert inside(channel) == {"ina"}
    assert notices.count(("left", {"channel": str(channel.pk), "person": str(world.mia.pk)})) == 1


def test_the_last_one_does_not_leave_a_private_channel(world: World) -> None:
    secret = world.secret()
    with pytest.raises(Conflict):
        services.leave(actor=world.ina, channel=secret)
    assert inside(secret) == {"ina"}


def test_a_conversation_is_closed_not_left(world: World) -> None:
    channel = services.open_direct(actor=world.mia, workspace=world.course, person_ids=[world.ben.pk])
    with pytest.raises(Conflict):
        services.leave(actor=world.mia, channel=channel)
    with pytest.raises(Forbidden):
        services.remove_person(actor=world.mia, channel=channel, person_id=world.ben.pk)
    with pytest.raises(Forbidden):
        services.add_people(actor=world.mia, channel=channel, person_ids=[world.ina.pk])
    assert inside(channel) == {"ben", "mia"}


@pytest.mark.parametrize(
    ("role", "in_it", "public", "private"),
    [
        (Role.MODERATOR, True, True, True),
        (Role.MODERATOR, False, True, None),
        (Role.LEARNER, True, True, False),
        (Role.LEARNER, False, False, None),
        (Role.GUEST, True, False, False),
    ],
)
def test_who_may_add_people(world: World, role: Role, in_it: bool, public: bool, private: bool | None) -> None:
    """None: the channel is not there for them at all."""
    ann = world.member("ann", role)
    for channel, allowed in ((world.channel("Open"), public), (world.secret(), private)):
        if in_it:
            services.add_people(actor=world.ina, channel=channel, person_ids=[ann.pk])
        if allowed:
            assert services.add_people(actor=ann, channel=channel, person_ids=[world.ben.pk]) == [world.ben.pk]
        else:
            with pytest.raises(NotFound if allowed is None else Forbidden):
                services.add_people(actor=ann, channel=channel, person_ids=[world.ben.pk])
        assert ("ben" in inside(channel)) is bool(allowed)


def test_only_members_of_the_workspace_are_added_all_or_none(world: World) -> None:
    channel = world.channel("Open")
    for stranger in (world.otto.pk, uuid.uuid4()):
        with pytest.raises(Invalid) as refused:
            services.add_people(actor=world.ina, channel=channel, person_ids=[world.mia.pk, stranger])
        assert "Otto" not in refused.value.detail
    assert inside(channel) == {"ina"}


def test_adding_twice_adds_once_and_is_written_down(world: World) -> None:
    channel = world.channel("Open")
    ids = [world.mia.pk, world.ben.pk]
    assert services.add_people(actor=world.ina, channel=channel, person_ids=ids) == ids
    assert services.add_people(actor=world.ina, channel=channel, person_ids=ids) == []
    entry = AuditEntry.objects.get(verb="added people", object_id=str(channel.pk))
    assert entry.after["people"] == [str(one) for one in ids]


def test_too_many_at_once(world: World) -> None:
    with pytest.raises(Invalid):
        services.add_people(actor=world.ina, channel=world.general, person_ids=[uuid.uuid4() for _ in range(501)])


def test_removing(world: World) -> None:
    channel = world.channel("Open", world.mia, world.ben)
    with pytest.raises(Forbidden):
        services.remove_person(actor=world.mia, channel=channel, person_id=world.ben.pk)
    services.remove_person(actor=world.ina, channel=channel, person_id=world.ben.pk)
    with pytest.raises(NotFound):
        services.remove_person(actor=world.ina, channel=channel, person_id=world.ben.pk)
    services.remove_person(actor=world.mia, channel=channel, person_id=world.mia.pk)
    assert inside(channel) == {"ina"}
    assert AuditEntry.objects.filter(verb="removed person", object_id=str(channel.pk)).count() == 1


def test_wishes_are_ones_own(world: World) -> None:
    channel = world.channel("Open", world.mia, world.ben)
    services.set_preferences(actor=world.mia, channel=channel, muted=True, favourite=True)
    row = services.set_preferences(actor=world.mia, channel=channel, muted=False)
    assert (row.muted, row.favourite) == (False, True)
    other = ChannelMembership.objects.get(channel=channel, person=world.ben)
    assert (other.muted, other.favourite) == (False, False)


def test_wishes_need_a_membership(world: World) -> None:
    channel = world.channel("Open")
    with pytest.raises(Forbidden):
        services.set_preferences(actor=world.mia, channel=channel, muted=True)
    with pytest.raises(NotFound):
        services.set_preferences(actor=world.otto, channel=channel, muted=True)


def test_only_conversations_are_hidden(world: World) -> None:
    with pytest.raises(Invalid):
        services.set_preferences(actor=world.mia, channel=world.general, hidden=True)


def test_an_archived_workspace_takes_nobody_in(world: World) -> None:
    channel = world.channel("Open")
    workspace_services.archive_workspace(actor=world.olga, workspace=world.course)
    with pytest.raises(Conflict):
        services.join(actor=world.mia, channel=channel)
    with pytest.raises(Conflict):
        services.add_people(actor=world.ina, channel=channel, person_ids=[world.mia.pk])
    assert inside(channel) == {"ina"}


def test_another_role_among_members_changes_no_seat(world: World) -> None:
    channel = world.channel("Open", world.mia)
    workspace_services.change_role(actor=world.olga, workspace=world.course, person=world.mia, role=Role.MENTOR)
    assert {"mia"} <= inside(channel) & inside(world.general)


def test_new_members_enter_the_default_channels(world: World) -> None:
    world.channel("For all", is_default=True)
    world.channel("For some")
    gone = world.channel("Gone", is_default=True)
    services.archive_channel(actor=world.ina, channel=gone)
    ann = world.member("ann")
    mine = ChannelMembership.objects.filter(person=ann).values_list("channel__slug", flat=True)
    assert set(mine) == {"general", "for-all"}


def test_guests_enter_only_what_is_given(world: World) -> None:
    given, conversation = (
        world.secret(),
        services.open_direct(actor=world.mia, workspace=world.course, person_ids=[world.ben.pk]),
    )
    elsewhere = Channel.objects.get(workspace=world.other, slug="general")
    _made, secret = workspace_services.create_invitation(
        actor=world.ina, workspace=world.course, role=Role.GUEST, channel_ids=[str(given.pk)], expires_at=None
    )
    gil = person("gil")
    workspace_services.accept_invitation(actor=gil, secret=secret)
    assert "gil" in inside(given)
    assert ChannelMembership.objects.filter(person=gil).count() == 1
    assert "gil" not in inside(conversation) | inside(elsewhere)


def test_leaving_the_workspace_leaves_its_channels_only(world: World, notices: Notices) -> None:
    secret = world.secret(world.mia)
    workspace_services.add_member(actor=world.otto, workspace=world.other, person=world.mia, role=Role.LEARNER)
    notices.clear()
    workspace_services.remove_member(actor=world.olga, workspace=world.course, person=world.mia)
    left = {ids["channel"] for kind, ids in notices if kind == "left" and ids["person"] == str(world.mia.pk)}
    assert left == {str(world.general.pk), str(secret.pk)}
    rest = ChannelMembership.objects.filter(person=world.mia).values_list("channel__workspace__slug", flat=True)
    assert set(rest) == {"other"}


def test_coming_back_brings_conversations_back(world: World) -> None:
    channel = services.open_direct(actor=world.mia, workspace=world.course, person_ids=[world.ben.pk])
    workspace_services.leave(actor=world.ben, workspace=world.course)
    assert inside(channel) == {"mia"}
    workspace_services.add_member(actor=world.olga, workspace=world.course, person=world.ben, role=Role.LEARNER)
    assert inside(channel) == {"ben", "mia"}
    assert seat(world.mia, channel).may_post


def test_becoming_a_guest_keeps_what_was_given(world: World) -> None:
    secret, channel = world.secret(world.mia), world.channel("Open", world.mia)
    cohort = world.group("cohort", world.mia)
    brought = world.channel("Cohort")
    services.add_group(actor=world.ina, channel=brought, group=cohort)
    workspace_services.change_role(actor=world.olga, workspace=world.course, person=world.mia, role=Role.GUEST)
    assert "mia" in inside(secret)
    assert "mia" in inside(brought)
    assert "mia" not in inside(channel) | inside(world.general)
    workspace_services.change_role(actor=world.olga, workspace=world.course, person=world.mia, role=Role.LEARNER)
    assert "mia" in inside(world.general)


def test_comings_and_goings_are_told_in_quiet_lines(world: World) -> None:
    channel = world.channel("Open")
    before = fresh(channel).last_seq
    services.join(actor=world.mia, channel=channel)
    services.leave(actor=world.mia, channel=channel)
    assert fresh(channel).last_seq == before + 2


def test_what_was_made_private_a_moment_ago_is_not_joined(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    channel, lock = world.channel("Open"), seating.lock_members

    def later(workspace_id: uuid.UUID, person_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Role]:
        Channel.objects.filter(pk=channel.pk).update(visibility="private")
        return lock(workspace_id, person_ids)

    monkeypatch.setattr(seating, "lock_members", later)
    with pytest.raises(NotFound):
        services.join(actor=world.mia, channel=channel)
    assert inside(channel) == {"ina"}
