"""Two at once, with real connections: nothing is used twice, and there is always an owner."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from tertulia.kernel.errors import Conflict, Forbidden, Refusal
from tertulia.workspaces import services
from tertulia.workspaces.models import Ban, Invitation, Membership, Role

from .world import World, person

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(transactional_db: None) -> World:
    """People and workspaces, committed."""
    del transactional_db
    return World()


def at_once(*verbs: Callable[[], Any]) -> list[Refusal | None]:
    """Runs these together; the refusal of each, or None."""
    gate = threading.Barrier(len(verbs))
    results: list[Refusal | None] = [None] * len(verbs)
    broken: list[BaseException] = []

    def run(index: int, verb: Callable[[], Any]) -> None:
        try:
            gate.wait(10)
            verb()
        except Refusal as refusal:
            results[index] = refusal
        except BaseException as error:  # noqa: BLE001 - shown by the test's own thread
            broken.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=each) for each in enumerate(verbs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not broken, broken
    return results


def test_the_last_use_of_an_invitation_goes_to_one(world: World) -> None:
    secret = world.invite(max_uses=1)
    people = [person(handle) for handle in ("ann", "ben", "cai", "dee")]
    results = at_once(*(lambda one=one: services.accept_invitation(actor=one, secret=secret) for one in people))
    assert sorted(type(result).__name__ for result in results) == ["Conflict"] * 3 + ["NoneType"]
    assert Membership.objects.filter(workspace=world.course).count() == 2
    assert Invitation.objects.get().uses == 1


def test_one_person_twice_uses_it_once(world: World) -> None:
    secret, ann = world.invite(max_uses=1), person("ann")
    results = at_once(*[lambda: services.accept_invitation(actor=ann, secret=secret)] * 3)
    assert results == [None] * 3
    assert Invitation.objects.get().uses == 1


def test_two_owners_cannot_both_go(world: World) -> None:
    second = world.member(Role.OWNER, "second")
    results = at_once(
        lambda: services.leave(actor=world.olga, workspace=world.course),
        lambda: services.leave(actor=second, workspace=world.course),
    )
    assert sum(isinstance(result, Conflict) for result in results) == 1
    assert Membership.objects.filter(workspace=world.course, role=Role.OWNER).count() == 1


def test_two_owners_cannot_demote_each_other(world: World) -> None:
    second = world.member(Role.OWNER, "second")
    at_once(
        lambda: services.change_role(actor=world.olga, workspace=world.course, person=second, role="learner"),
        lambda: services.change_role(actor=second, workspace=world.course, person=world.olga, role="learner"),
    )
    assert Membership.objects.filter(workspace=world.course, role=Role.OWNER).count() == 1


def test_a_ban_beats_whoever_is_just_coming_back(world: World) -> None:
    ann = world.member(handle="ann")
    secret = world.invite()
    results = at_once(
        lambda: services.ban(actor=world.olga, workspace=world.course, person=ann),
        lambda: services.accept_invitation(actor=ann, secret=secret),
    )
    assert results[0] is None
    assert results[1] is None or isinstance(results[1], Forbidden)
    assert Ban.objects.count() == 1
    assert world.role_of(ann) is None


def test_two_workspaces_cannot_have_one_address(world: World) -> None:
    results = at_once(
        *[lambda: services.create_workspace(actor=world.olga, name="Same", slug="same")] * 3,
    )
    assert sum(isinstance(result, Conflict) for result in results) == 2


def test_a_group_is_made_once(world: World) -> None:
    results = at_once(*[lambda: services.create_group(actor=world.olga, workspace=world.course, name="One")] * 3)
    assert sum(isinstance(result, Conflict) for result in results) == 2
