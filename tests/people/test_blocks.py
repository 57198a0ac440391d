"""People block each other."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tertulia.kernel.errors import Invalid
from tertulia.people import queries, services
from tertulia.workspaces.models import Membership

from .world import World, person, signed_in


def test_a_block_is_one_way_and_made_once(world: World, notices: list[tuple[str, dict[str, Any]]]) -> None:
    services.block(actor=world.mia, person=world.ben)
    services.block(actor=world.mia, person=world.ben)
    assert queries.blocked_ids(world.mia) == {world.ben.pk}
    assert queries.blocked_ids(world.ben) == frozenset()
    assert {ids["person"] for _kind, ids in notices} == {world.mia.pk}, "the blocked person is not told"
    services.unblock(actor=world.mia, person=world.ben)
    services.unblock(actor=world.mia, person=world.ben)
    assert queries.blocked_ids(world.mia) == frozenset()


def test_nobody_blocks_themselves(world: World) -> None:
    with pytest.raises(Invalid):
        services.block(actor=world.mia, person=world.mia)
    assert signed_in(world.mia).post("/people/mia/block").status_code == 422


def test_the_profile_blocks_and_the_toast_undoes(world: World) -> None:
    browser = signed_in(world.mia)
    answer = browser.post("/people/ben/block", follow=True)
    page = answer.content.decode()
    assert "You have blocked Ben." in page
    assert "/people/ben/unblock" in page
    assert queries.blocked_ids(world.mia) == {world.ben.pk}
    assert "You have blocked" not in signed_in(world.ben).get("/people/mia").content.decode()
    assert browser.post("/people/ben/unblock").status_code == 302
    assert queries.blocked_ids(world.mia) == frozenset()


def test_somebody_out_of_sight_cannot_be_blocked_but_can_be_unblocked(world: World) -> None:
    browser = signed_in(world.mia)
    assert browser.post("/people/otto/block").status_code == 404
    assert browser.post("/people/otto/unblock").status_code == 404
    assert browser.post("/people/nobody.here/block").status_code == 404
    services.block(actor=world.mia, person=world.ben)
    Membership.objects.filter(person=world.ben).delete()
    assert browser.get("/people/ben").status_code == 404
    assert "@ben" in browser.get("/settings/blocks").content.decode()
    assert browser.post("/people/ben/unblock").status_code == 302
    assert queries.blocked_ids(world.mia) == frozenset()


def test_looking_at_an_address_changes_nothing(world: World) -> None:
    browser = signed_in(world.mia)
    assert browser.get("/people/ben/block").status_code == 405
    assert queries.blocked_ids(world.mia) == frozenset()


def test_the_list_is_ones_own_and_takes_as_many_queries_for_twice_as_many(world: World) -> None:
    def count() -> int:
        browser = signed_in(world.mia)
        browser.get("/settings/blocks")
        with CaptureQueriesContext(connection) as found:
            page = browser.get("/settings/blocks")
        assert "@ben" in page.content.decode()
        return len(found)

    services.block(actor=world.mia, person=world.ben)
    before = count()
    for number in range(4):
        services.block(actor=world.mia, person=person(f"more{number}"))
    assert count() == before
    assert "@mia" not in signed_in(world.ben).get("/settings/blocks").content.decode()
