"""What happens seldom."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError

from tertulia.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from tertulia.people import services as people_services
from tertulia.workspaces import queries, services
from tertulia.workspaces.models import Invitation, Role, Workspace

from .world import World, client, person


def test_a_vanished_workspace_is_not_found(world: World) -> None:
    gone = Workspace(slug="gone", name="Gone")
    with pytest.raises(NotFound):
        services.leave(actor=world.olga, workspace=gone)


def test_an_invitation_to_an_archived_workspace_waits(world: World) -> None:
    secret, ann = world.invite(), person("ann")
    services.archive_workspace(actor=world.olga, workspace=world.course)
    with pytest.raises(Conflict, match="is archived"):
        services.accept_invitation(actor=ann, secret=secret)
    services.restore_workspace(actor=world.olga, workspace=world.course)
    assert services.accept_invitation(actor=ann, secret=secret).role is Role.LEARNER


def test_the_page_tells_why_an_invitation_fails_when_it_is_sent(world: World) -> None:
    secret, ann = world.invite(), person("ann")
    browser = client(ann)
    assert browser.get(f"/join/{secret}").status_code == 200
    Invitation.objects.all().delete()
    assert browser.post(f"/join/{secret}").status_code == 404
    secret = world.invite()
    services.add_member(actor=world.olga, workspace=world.course, person=ann)
    services.ban(actor=world.olga, workspace=world.course, person=ann)
    page = browser.post(f"/join/{secret}")
    assert (page.status_code, "have banned you" in page.text) == (403, True)


def test_a_guest_may_be_given_more_channels(world: World) -> None:
    from tertulia.channels.models import Channel, ChannelMembership

    first, second = (
        Channel.objects.create(workspace=world.course, name=name, slug=name) for name in ("first", "second")
    )
    ann = person("ann")
    for channel in (first, second):
        secret = world.invite(role=Role.GUEST, channel_ids=[str(channel.pk)])
        assert services.accept_invitation(actor=ann, secret=secret).role is Role.GUEST
    given = ChannelMembership.objects.filter(person=ann).values_list("channel__slug", flat=True)
    assert set(given) == {"first", "second"}
    with pytest.raises(Invalid):
        world.invite(role=Role.GUEST, channel_ids=[str(world.course.pk)])


def test_where_there_are_no_channels_none_can_be_given(world: World) -> None:
    from tertulia.channels.models import Channel

    page = client(world.olga).get("/w/course/invitations").text
    assert "Give channels" in page
    Channel.objects.filter(workspace=world.course).delete()
    assert "Give channels" not in client(world.olga).get("/w/course/invitations").text


def test_settings_are_saved_by_their_page(world: World) -> None:
    answer = client(world.olga).post(
        "/w/course/settings", {"name": "Fresh", "slug": "fresh", "goal": "G", "joining": "open"}
    )
    assert answer["Location"] == "/w/fresh/settings"
    changed = world.fresh()
    assert (changed.name, changed.listed, changed.learners_may_message) == ("Fresh", True, False)
    assert client(world.olga).post("/w/fresh/settings", {}).status_code == 422


def test_one_bad_role_for_many_addresses_is_told_once(world: World) -> None:
    with pytest.raises(Forbidden):
        services.mail_invitations(
            actor=world.member(Role.MODERATOR), workspace=world.course, emails=["a@example.org"], role=Role.OWNER
        )


def test_other_clashes_are_not_hidden(world: World) -> None:
    from tertulia.workspaces.models import Group
    from tertulia.workspaces.services import _groups, _workspaces

    nameless = Group(workspace=world.course, slug="s", name="n")
    nameless.workspace_id = None  # type: ignore[assignment]  # what the database must refuse
    with pytest.raises(IntegrityError):
        _groups._save(nameless)
    with pytest.raises(IntegrityError):
        _workspaces._save_with_free_slug(Workspace(pk=world.course.pk, slug="x", name="n"), force_insert=True)


def test_a_placeholder_that_asks_gets_no_mail(world: World) -> None:
    services.update_workspace(actor=world.olga, workspace=world.course, joining="request")
    ghost = people_services.create_placeholder(display_name="Ghost")
    services.ask_to_join(actor=ghost, workspace=world.course)
    services.decide_request(actor=world.olga, workspace=world.course, person_id=ghost.pk, accept=True)
    assert world.role_of(ghost) is Role.LEARNER


def test_people_of_a_workspace_to_narrow_further(world: World) -> None:
    mentor = world.member(Role.MENTOR)
    assert set(queries.member_people(world.place(world.olga))) == {world.olga, mentor}
    assert (str(world.course), str(services.create_group(actor=world.olga, workspace=world.course, name="G"))) == (
        "Course",
        "G",
    )


def test_the_switcher_is_not_for_visitors(world: World, rf: Any) -> None:
    from django.contrib.auth.models import AnonymousUser
    from django.template import Context

    from tertulia.workspaces.templatetags.workspaces import my_places

    request = rf.get("/")
    request.user = AnonymousUser()
    assert my_places(Context({"request": request})) == []
    request.user = world.olga
    context = Context({"request": request})
    assert my_places(context) is my_places(context)


def test_a_quiet_member_is_told_to_nobody(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[object] = []
    monkeypatch.setattr("tertulia.workspaces.services._common.emit", told.append)
    services.add_member(actor=world.olga, workspace=world.course, person=person("ann"), quiet=True)
    assert told == []
    services.add_member(actor=world.olga, workspace=world.course, person=person("ben"))
    assert len(told) == 1


def test_what_is_not_there_is_no_matter_of_the_form() -> None:
    from tertulia.workspaces.forms import AskForm
    from tertulia.workspaces.pages._common import explain

    with pytest.raises(NotFound):
        explain(AskForm({}), NotFound("gone"))


def test_when_no_address_could_be_invited_nothing_is_said_to_be_on_its_way(world: World) -> None:
    form = {"by": "mail", "mail-role": "learner", "mail-days": "7", "mail-emails": "olga@example.org"}
    page = client(world.olga).post("/w/course/invitations", form)
    assert "is a member already" in page.text
    assert "on their way" not in page.text


def test_removing_oneself_is_leaving(world: World) -> None:
    learner = world.member()
    services.remove_member(actor=learner, workspace=world.course, person=learner)
    assert world.role_of(learner) is None
