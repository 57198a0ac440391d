"""What is done through one door is live at the other."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus

from tertulia.channels.models import Channel
from waiting import until

from .screens import Screen
from .town import Door, Somebody, Town

BEHIND = "Behind their back"


def check_crossing(town: Town, here: Door, there: Door) -> None:
    """Posts, presence and a removal, from each of two doors to the other."""
    channel = town.channel("Crossing", private=True)
    olga, guest, third = town.members[:3]
    with _tab(olga, here, channel) as near, _tab(guest, there, channel) as far:
        for door in (here, there):
            _say(town, door, third, channel, "To everybody")
            for tab in (near, far):
                until(partial(tab.knows, channel, town.revision(channel)), f"{tab.name} hears of it", tab)
        for tab, other in ((near, guest), (far, olga)):
            tab.say({"t": "watch", "people": [str(other.id)]})
            until(partial(_is_here, tab, other), f"{tab.name} sees that {other.handle} is here")
        status, _said = here.request("DELETE", f"/api/v1/channels/{channel.pk}/members/{guest.id}", token=olga.token)
        assert status == HTTPStatus.NO_CONTENT
        until(lambda: bool(far.heard("left", channel=str(channel.pk))), "who is removed is told")
        _say(town, here, third, channel, BEHIND)
        until(partial(near.knows, channel, town.revision(channel)), "who stays goes on hearing")
        far.say({"t": "ping"})
        until(lambda: bool(far.heard("pong")), "who is removed is still connected")
        assert BEHIND in str(near.frames)
        assert BEHIND not in str(far.frames)


@contextmanager
def _tab(who: Somebody, door: Door, channel: Channel) -> Iterator[Screen]:
    tab = Screen(who, [door], [channel], random.Random(0))  # noqa: S311 - not for secrets
    tab.start()
    try:
        until(partial(tab.knows, channel, 0), f"{tab.name} shows the channel", tab)
        yield tab
        assert tab.trouble == []
    finally:
        tab.close()


def _say(town: Town, door: Door, who: Somebody, channel: Channel, body: str) -> None:
    before = town.revision(channel)
    status, said = door.request("POST", f"/api/v1/channels/{channel.pk}/posts", token=who.token, body={"body": body})
    assert status == HTTPStatus.CREATED, said
    assert town.revision(channel) > before


def _is_here(tab: Screen, who: Somebody) -> bool:
    told = [frame["people"][str(who.id)] for frame in tab.heard("presence") if str(who.id) in frame["people"]]
    return bool(told) and told[-1] in {"open", "closed"}
