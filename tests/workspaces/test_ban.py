"""Banning, staying out, and lifting bans."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tertulia.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from tertulia.kernel.models import AuditEntry
from tertulia.workspaces import queries, services
from tertulia.workspaces.models import Role

from .world import World, client, person


def test_the_banned_come_back_by_no_way(world: World) -> None:
    learner = world.member()
    secret = world.invite()
    services.ban(actor=world.olga, workspace=world.course, person=learner, reason=" spam ")
    assert world.role_of(learner) is None
    services.update_workspace(actor=world.olga, workspace=world.course, joining="open")
    attempts: list[Callable[[], object]] = [
        lambda: services.accept_invitation(actor=learner, secret=secret),
        lambda: services.join_open(actor=learner, workspace=world.course),
        lambda: services.add_member(actor=world.olga, workspace=world.course, person=learner),
    ]
    for attempt in attempts:
        with pytest.raises(Forbidden) as refused:
            attempt()
        assert refused.value.type == "banned"
    services.update_workspace(actor=world.olga, workspace=world.course, joining="request")
    with pytest.raises(Forbidden, match="banned"):
        services.ask_to_join(actor=learner, workspace=world.course)
    with pytest.raises(Conflict, match="banned here"):
        services.create_invitation(actor=world.olga, workspace=world.course, email="LEARNER@example.org")
    assert world.role_of(learner) is None


def test_lifting_lets_them_ask_again(world: World) -> None:
    learner = world.member()
    secret = world.invite()
    services.ban(actor=world.olga, workspace=world.course, person=learner)
    services.unban(actor=world.olga, workspace=world.course, person=learner)
    assert world.role_of(learner) is None
    services.accept_invitation(actor=learner, secret=secret)
    assert world.role_of(learner) is Role.LEARNER
    with pytest.raises(NotFound):
        services.unban(actor=world.olga, workspace=world.course, person=learner)


def test_it_is_idempotent_written_down_and_not_for_oneself(world: World) -> None:
    learner = world.member()
    first = services.ban(actor=world.olga, workspace=world.course, person=learner, reason="spam")
    assert services.ban(actor=world.olga, workspace=world.course, person=learner).pk == first.pk
    entry = AuditEntry.objects.get(verb="banned")
    assert (entry.reason, entry.actor) == ("spam", world.olga)
    with pytest.raises(Invalid, match="yourself"):
        services.ban(actor=world.olga, workspace=world.course, person=world.olga)
    with pytest.raises(NotFound):
        services.ban(actor=world.olga, workspace=world.course, person=world.otto)


@pytest.mark.parametrize("role", Role)
def test_who_may(world: World, role: Role) -> None:
    actor, ann = world.member(role), world.member(handle="ann")
    allowed = role in (Role.OWNER, Role.OPERATIONS, Role.INSTRUCTOR, Role.MODERATOR)
    answer = client(actor).post(f"/w/course/members/{ann.pk}/ban", {"reason": "rude"})
    assert answer.status_code == (302 if allowed else 403)
    assert (world.role_of(ann) is None) is allowed
    assert client(actor).get("/w/course/bans").status_code == (200 if allowed else 403)


def test_nobody_bans_upwards(world: World) -> None:
    moderator, operations = world.member(Role.MODERATOR), world.member(Role.OPERATIONS)
    with pytest.raises(Forbidden):
        services.ban(actor=moderator, workspace=world.course, person=operations)
    assert world.role_of(operations) is Role.OPERATIONS


def test_who_asks_can_be_banned(world: World) -> None:
    services.update_workspace(actor=world.olga, workspace=world.course, joining="request")
    ann = person("ann")
    services.ask_to_join(actor=ann, workspace=world.course)
    assert client(world.olga).post(f"/w/course/members/{ann.pk}/ban").status_code == 302
    assert queries.request_count(world.place(world.olga)) == 0
    with pytest.raises(Forbidden):
        services.ask_to_join(actor=ann, workspace=world.course)


def test_the_page_lists_and_lifts(world: World) -> None:
    learner = world.member()
    browser = client(world.olga)
    assert "Nobody is banned" in browser.get("/w/course/bans").text
    services.ban(actor=world.olga, workspace=world.course, person=learner, reason="<i>spam</i>")
    page = browser.get("/w/course/bans").text
    assert "&lt;i&gt;spam" in page
    assert browser.post(f"/w/course/bans/{learner.pk}/lift").status_code == 302
    assert browser.post(f"/w/course/bans/{learner.pk}/lift").status_code == 404
    assert browser.post(f"/w/course/bans/{world.otto.pk}/lift").status_code == 404
