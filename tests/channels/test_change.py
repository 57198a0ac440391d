"""Changing what a channel is: settings, type, archive."""

from __future__ import annotations

import pytest

from tertulia.channels import queries, services
from tertulia.channels.happenings import ChannelChanged
from tertulia.channels.models import ChannelMembership
from tertulia.kernel import happenings
from tertulia.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from tertulia.kernel.models import AuditEntry
from tertulia.workspaces import services as workspace_services
from tertulia.workspaces.models import Role

from .conftest import Notices
from .world import World, fresh, inside, seat


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[ChannelChanged]:
    """The changes that happenings told of."""
    found: list[ChannelChanged] = []
    emit = happenings.emit

    def heard(happening: happenings.Happening) -> None:
        if isinstance(happening, ChannelChanged):
            found.append(happening)
        emit(happening)

    monkeypatch.setattr(happenings, "emit", heard)
    return found


@pytest.mark.parametrize("who", ["olga", "ina", "mia", "ben"])
def test_managers_and_staff_change_a_channel(world: World, who: str) -> None:
    channel = world.channel("Book club", world.ben, by=world.mia)
    actor = getattr(world, who)
    if who == "ben":
        with pytest.raises(Forbidden):
            services.update_channel(actor=actor, channel=channel, name="Mine")
        assert fresh(channel).name == "Book club"
    else:
        services.update_channel(actor=actor, channel=channel, name="Readers")
        assert fresh(channel).name == "Readers"


def test_an_outsider_and_a_non_member_of_a_private_one_change_nothing(world: World) -> None:
    secret = world.secret()
    for actor in (world.otto, world.olga, world.gus):
        with pytest.raises(NotFound):
            services.update_channel(actor=actor, channel=secret, name="Mine")
    assert fresh(secret).name == "Secret plans"


def test_only_what_differs_is_told(world: World, told: list[ChannelChanged], notices: Notices) -> None:
    channel = world.channel("Help", purpose="Old")
    told.clear()
    notices.clear()
    services.update_channel(
        actor=world.ina, channel=channel, name="Help", purpose="New", header="**Rules**", slow_seconds=30
    )
    assert {(change.what, change.before, change.after) for change in told} == {
        ("purpose", "Old", "New"),
        ("header", "", "**Rules**"),
        ("slow_seconds", "0", "30"),
    }
    assert "<strong>Rules</strong>" in fresh(channel).header_html
    assert [kind for kind, _ids in notices].count("channel") == 1
    entry = AuditEntry.objects.get(object_id=str(channel.pk), verb="changed")
    assert (entry.before["purpose"], entry.after["purpose"]) == ("Old", "New")


def test_nothing_changed_is_not_told(world: World, told: list[ChannelChanged]) -> None:
    channel = world.channel("Help")
    told.clear()
    services.update_channel(actor=world.ina, channel=channel, name="Help", posting="everyone")
    assert told == []


def test_a_new_url_may_clash(world: World) -> None:
    world.secret(name="Plans")
    channel = world.channel("Help", by=world.mia)
    with pytest.raises(Conflict) as refused:
        services.update_channel(actor=world.mia, channel=channel, slug="plans")
    assert "“plans-2” is free" in refused.value.detail
    services.update_channel(actor=world.mia, channel=channel, slug="help")
    assert fresh(channel).slug == "help"


@pytest.mark.parametrize(
    "fields", [{"name": ""}, {"posting": "x"}, {"slow_seconds": -1}, {"slow_seconds": 21_601}, {"slug": "A B"}]
)
def test_bad_values_change_nothing(world: World, fields: dict[str, object]) -> None:
    channel = world.channel("Help")
    with pytest.raises(Invalid):
        services.update_channel(actor=world.ina, channel=channel, purpose="Changed", **fields)  # type: ignore[arg-type]
    assert fresh(channel).purpose == ""


def test_defaults_are_set_by_staff_and_for_public_channels_only(world: World) -> None:
    own, secret = world.channel("Book club", by=world.mia), world.secret()
    with pytest.raises(Forbidden):
        services.update_channel(actor=world.mia, channel=own, is_default=True)
    with pytest.raises(Invalid):
        services.update_channel(actor=world.ina, channel=secret, is_default=True)
    services.update_channel(actor=world.olga, channel=own, is_default=True)
    services.update_channel(actor=world.mia, channel=own, is_default=True, name="Readers")
    assert fresh(own).is_default


def test_making_it_private_shuts_others_out(world: World, told: list[ChannelChanged]) -> None:
    channel = world.channel("Book club", world.mia, is_default=True)
    services.change_visibility(actor=world.ina, channel=channel, visibility="private")
    assert (fresh(channel).visibility, fresh(channel).is_default) == ("private", False)
    assert seat(world.mia, channel).may_post
    for other in (world.ben, world.olga):
        with pytest.raises(NotFound):
            seat(other, channel)
    assert ("visibility", "public", "private") in [(c.what, c.before, c.after) for c in told]


def test_making_it_public_lets_members_in_but_not_guests(world: World) -> None:
    secret = world.secret()
    services.change_visibility(actor=world.ina, channel=secret, visibility="public")
    assert seat(world.mia, secret).may_join
    for other in (world.gus, world.otto):
        with pytest.raises(NotFound):
            seat(other, secret)


def test_a_learner_cannot_close_their_channel(world: World) -> None:
    channel = world.channel("Book club", by=world.mia)
    with pytest.raises(Forbidden):
        services.change_visibility(actor=world.mia, channel=channel, visibility="private")


def test_closing_a_channel_without_a_manager_keeps_whoever_closes_it_inside(world: World) -> None:
    channel = world.channel("Book club", world.mia)
    services.leave(actor=world.ina, channel=channel)
    services.change_visibility(actor=world.olga, channel=channel, visibility="private")
    assert inside(channel) == {"mia", "olga"}
    assert seat(world.olga, channel).may_manage


def test_the_effect_is_counted(world: World) -> None:
    channel = world.channel("Book club", world.mia, world.gus)
    effect = queries.visibility_effect(seat(world.ina, channel))
    # Olga and Ben would be shut out; Gus is a guest and in it.
    assert (effect.members, effect.others) == (3, 2)


def test_archiving_and_restoring(world: World, told: list[ChannelChanged]) -> None:
    channel = world.channel("Book club", world.mia)
    told.clear()
    services.archive_channel(actor=world.ina, channel=channel)
    services.archive_channel(actor=world.ina, channel=channel)
    assert fresh(channel).archived_at is not None
    with pytest.raises(Conflict):
        services.update_channel(actor=world.ina, channel=channel, name="X")
    with pytest.raises(Conflict):
        services.change_visibility(actor=world.ina, channel=channel, visibility="private")
    with pytest.raises(Conflict):
        services.join(actor=world.ben, channel=channel)
    with pytest.raises(Conflict):
        services.add_people(actor=world.ina, channel=channel, person_ids=[world.ben.pk])
    services.restore_channel(actor=world.olga, channel=channel)
    assert fresh(channel).archived_at is None
    assert [(c.what, c.after) for c in told] == [("archived", "yes"), ("archived", "no")]
    assert inside(channel) == {"ina", "mia"}


@pytest.mark.parametrize("who", ["mia", "ben"])
def test_members_do_not_archive(world: World, who: str) -> None:
    channel = world.channel("Book club", world.mia)
    with pytest.raises(Forbidden):
        services.archive_channel(actor=getattr(world, who), channel=channel)
    assert fresh(channel).archived_at is None


def test_an_archived_workspace_stays_as_it_is(world: World) -> None:
    channel = world.channel("Book club")
    workspace_services.archive_workspace(actor=world.olga, workspace=world.course)
    with pytest.raises(Forbidden):
        services.update_channel(actor=world.olga, channel=channel, name="X")


def test_several_changes_are_all_or_none(world: World) -> None:
    channel = world.channel("Book club", world.mia)
    services.archive_channel(actor=world.ina, channel=channel)
    with pytest.raises(Invalid):
        services.change_channel(actor=world.ina, channel=channel, archived=False, name="Readers", visibility="odd")
    assert (fresh(channel).name, fresh(channel).archived_at is None) == ("Book club", False)
    services.change_channel(actor=world.ina, channel=channel, archived=False, name="Readers", visibility="private")
    assert (fresh(channel).name, fresh(channel).visibility, fresh(channel).archived_at) == ("Readers", "private", None)


def test_managers_are_appointed_and_let_go(world: World) -> None:
    channel = world.channel("Book club", world.mia, world.gus)
    with pytest.raises(Forbidden):
        services.set_manager(actor=world.mia, channel=channel, person_id=world.mia.pk, is_manager=True)
    services.set_manager(actor=world.ina, channel=channel, person_id=world.mia.pk, is_manager=True)
    assert seat(world.mia, channel).may_manage
    services.set_manager(actor=world.mia, channel=channel, person_id=world.mia.pk, is_manager=False)
    assert not seat(world.mia, channel).may_manage
    with pytest.raises(Invalid):
        services.set_manager(actor=world.ina, channel=channel, person_id=world.gus.pk, is_manager=True)
    with pytest.raises(NotFound):
        services.set_manager(actor=world.ina, channel=channel, person_id=world.ben.pk, is_manager=True)


def test_a_private_channel_keeps_a_manager(world: World) -> None:
    secret = world.secret(world.mia, world.ben)
    with pytest.raises(Conflict):
        services.set_manager(actor=world.ina, channel=secret, person_id=world.ina.pk, is_manager=False)
    services.leave(actor=world.ina, channel=secret)
    heirs = ChannelMembership.objects.filter(channel=secret, is_manager=True).values_list("person__handle", flat=True)
    assert list(heirs) == ["mia"]


def test_nobody_inherits_a_channel_of_guests_and_placeholders(world: World) -> None:
    secret = world.secret(world.gus)
    workspace_services.remove_member(actor=world.olga, workspace=world.course, person=world.ina)
    assert inside(secret) == {"gus"}
    assert not seat(world.gus, secret).may_manage


def test_appointing_twice_is_no_mistake(world: World) -> None:
    channel = world.channel("Book club", world.mia)
    for _time in range(2):
        services.set_manager(actor=world.ina, channel=channel, person_id=world.mia.pk, is_manager=True)
    assert AuditEntry.objects.filter(object_id=str(channel.pk), verb="made manager").count() == 1


def test_archiving_by_several_changes_comes_last(world: World) -> None:
    channel = world.channel("Book club")
    services.change_channel(actor=world.ina, channel=channel, name="Readers", archived=True)
    assert (str(fresh(channel)), fresh(channel).archived_at is not None) == ("Readers", True)


def test_a_manager_who_becomes_a_guest_manages_nothing(world: World) -> None:
    secret = world.secret(world.mia)
    services.set_manager(actor=world.ina, channel=secret, person_id=world.mia.pk, is_manager=True)
    workspace_services.change_role(actor=world.olga, workspace=world.course, person=world.mia, role=Role.GUEST)
    assert not seat(world.mia, secret).may_manage
