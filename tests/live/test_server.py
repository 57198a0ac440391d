"""Through the real web server: what uvicorn and our wire do around the gateway, and how all of it stops."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator

import pytest
from websockets.exceptions import InvalidStatus

from tertulia.cli.web import LARGEST_FRAME
from tertulia.live import gateway, wire
from tertulia.posts import services as post_services
from tertulia.posts.services import NewPost
from waiting import until

from .process import fresh
from .server import Server, closing_code, connections, next_frame
from .world import World, say, sign_in


@pytest.fixture
def server(transactional_db: None) -> Iterator[Server]:
    """A running server."""
    del transactional_db
    started = Server()
    yield started
    started.stop()


def test_signs_in_shows_and_hears(world: World, server: Server) -> None:
    with server.open(sign_in(world.mia)) as tab:
        assert next_frame(tab, "hello")["person"] == str(world.mia.pk)
        tab.send(json.dumps({"t": "show", "channel": str(world.secret.pk), "revision": 0}))
        assert len(next_frame(tab, "posts")["posts"]) == fresh(world.secret)
        said = say(world.ina, world.secret)
        while next_frame(tab, "posts")["posts"][-1]["id"] != str(said.id):
            pass
    until(lambda: not connections())


def test_doors_that_stay_shut(world: World, server: Server) -> None:
    key = sign_in(world.mia)
    with pytest.raises(InvalidStatus, match="403"):
        server.open(key, origin="https://elsewhere.test")
    with server.open(None) as tab:
        assert next_frame(tab, "bye")
        assert closing_code(tab) == 4401
    for frame, code in {"x" * (LARGEST_FRAME + 1): 1009, "x" * (LARGEST_FRAME - 1): 1007}.items():
        with server.open(key) as tab:
            tab.send(frame)
            assert closing_code(tab) == code


def test_restarting_sends_everybody_away_at_once(world: World, server: Server) -> None:
    with server.open(sign_in(world.mia)) as one, server.open(sign_in(world.ina)) as other:
        for tab in (one, other):
            next_frame(tab, "hello")
        assert server.stop() < 1.5
        assert [closing_code(tab) for tab in (one, other)] == [1012, 1012]
    assert gateway.application.hub is None


def test_a_tab_that_does_not_read_is_dropped(world: World, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "BACKLOG", 64 * 1024)
    stuck = socket.create_connection(("127.0.0.1", server.port))
    with server.open(sign_in(world.ina)) as quick, server.open(sign_in(world.mia), sock=stuck) as slow:
        for tab in (quick, slow):
            next_frame(tab, "hello")
            tab.send(json.dumps({"t": "show", "channel": str(world.secret.pk), "revision": fresh(world.secret)}))
            next_frame(tab, "shown")
        # Nobody takes anything from the slow one's buffers any more, and then from the network's.
        for _ in range(60):
            batch = [
                NewPost(channel_id=world.secret.pk, author_id=world.ina.pk, body="Long. " * 6000) for _ in range(8)
            ]
            post_services.create_posts(batch)
            while next_frame(quick, "posts")["revision"] < fresh(world.secret):
                pass
            if len(connections()) == 1:
                break
        assert len(connections()) == 1
        stuck.close()
    with server.open(sign_in(world.mia)) as back:  # and resumes; what it missed is more than is told
        back.send(json.dumps({"t": "show", "channel": str(world.secret.pk), "revision": 1}))
        assert next_frame(back, "reload")
