"""A token that ends while it is remembered."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from live.world import World
from tertulia.kernel.clock import now
from tertulia.live.lane import lane as lane_module
from tertulia.people.models import AccessToken

from .conftest import Ask, Lanes

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_token_ends_at_its_time_although_it_is_remembered(
    world: World, lanes: Lanes, token: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = token(world.mia)
    AccessToken.objects.filter(person=world.mia).update(expires_at=now() + timedelta(seconds=30))
    ask = Ask("GET", f"/api/v1/channels/{world.chatter.pk}/posts", who=raw)
    answer = lanes.fast(ask)
    assert (answer.status, answer.fast) == (200, True)
    later = now() + timedelta(seconds=31)
    monkeypatch.setattr(lane_module, "now", lambda: later)
    assert not lanes.fast(ask).fast
