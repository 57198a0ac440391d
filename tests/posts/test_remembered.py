"""What pages remember is never seen: after whatever happens, a page is the page of a process that remembers nothing."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tertulia.channels import services as channel_services
from tertulia.channels import sidebar_html
from tertulia.channels.models import Channel, ChannelMembership
from tertulia.people import services as people_services
from tertulia.people.models import Person
from tertulia.posts import conversation_html, fragments, queries, remembered, services
from tertulia.posts.models import Post
from tertulia.posts.services import create_posts
from tertulia.posts.states import PostState
from tertulia.workspaces import services as workspace_services
from tertulia.workspaces.models import Membership, Role, Workspace

from .acts import delete, edit, pin, react, undelete, unreact, upload
from .test_replay import Crowd
from .world import World, new, say, seat

HALL = "/w/course/c/chatter"
PAGES = (HALL, f"{HALL}/posts", f"{HALL}?around=1", f"{HALL}/posts?before=3")
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
_ONCE = re.compile(r'(nonce|csrfmiddlewaretoken" value|csrf-token" content|name="client_id" value)="[^"]+"')


def forget() -> None:
    """As a process that has just started."""
    remembered.forget()
    fragments.article.cache_clear()
    for kept in (sidebar_html._rail, sidebar_html._rail_row, sidebar_html._row):
        kept.cache_clear()
    for template in (sidebar_html._ROW, sidebar_html._SIDEBAR, conversation_html._PAGE):
        template._pieces.cache_clear()


class Readers:
    """Mia as she is, Ben with another clock, language and look, Olga who owns, Gus who is a guest."""

    def __init__(self, world: World) -> None:
        Person.objects.filter(pk=world.ben.pk).update(time_zone="Asia/Kolkata", theme="dark", density="compact")
        world.join(world.chatter, world.guest)
        self.clients = {}
        for person in (world.mia, world.ben, world.olga, world.guest):
            client = self.clients[person.handle] = Client()
            client.force_login(person, backend=BACKEND)

    def see(self) -> dict[tuple[str, str], str]:
        """Each page as each of them sees it, without what is new each time by intent."""
        seen = {}
        for handle, client in self.clients.items():
            for url in PAGES:
                response = client.get(url)
                assert response.status_code == 200, (handle, url)
                seen[handle, url] = _ONCE.sub(r'\1=""', response.content.decode())
        return seen

    def check(self) -> dict[tuple[str, str], str]:
        """What is seen, which must be what is seen by a process that remembers nothing."""
        seen = self.see()
        forget()
        fresh = self.see()
        for key, html in fresh.items():
            assert seen[key] == html, key
        return seen


@pytest.fixture
def readers(world: World) -> Readers:
    """They have the pages open, and some of everything is on them."""
    forget()
    first = say(world.mia, world.chatter, "The *first* for @ben")
    say(world.ben, world.chatter, "An answer", first)
    for person in (world.olga, world.mia):
        react(person, first, "🎉")
    say(world.olga, world.chatter, "The second")
    return Readers(world)


def _at(world: World, seq: int) -> PostState:
    return queries.state(Post.objects.get(channel=world.chatter, seq=seq).pk)


def _first(world: World) -> PostState:
    return _at(world, 1)


def _rename_channel(world: World) -> None:
    channel_services.change_channel(actor=world.olga, channel=world.chatter, name="Salon", purpose="To <talk>")


def _picture(world: World) -> None:
    Person.objects.filter(pk=world.ben.pk).update(picture="people/abcdefghijklmnop.webp")


def _attach(world: World) -> None:
    file = upload(world.ben, "words.txt", b"Words")
    services.post(actor=world.ben, seat=seat(world.ben, world.chatter), body="With a file", file_ids=[file.pk])


def _unread(world: World) -> None:
    ChannelMembership.objects.filter(person=world.mia, channel=world.chatter).update(last_read_seq=0, read_roots=0)


CHANGES: dict[str, Callable[[World], object]] = {
    "an author's name": lambda w: people_services.update_profile(actor=w.mia, display_name="Mia <the> First"),
    "a replier's name": lambda w: people_services.update_profile(actor=w.ben, display_name="Benedict"),
    "a replier's handle": lambda w: people_services.update_profile(actor=w.ben, handle="benedict"),
    "an author's handle": lambda w: people_services.update_profile(actor=w.mia, handle="mia-again"),
    "a name among reactions": lambda w: people_services.update_profile(actor=w.olga, display_name="Olga O."),
    "a picture": _picture,
    "a role": lambda w: workspace_services.change_role(
        actor=w.olga, workspace=w.workspace, person=w.mia, role=Role.MENTOR
    ),
    "the author leaves": lambda w: Membership.objects.filter(person=w.olga, workspace=w.workspace).update(role="guest"),
    "a new post": lambda w: say(w.ben, w.chatter, "Third"),
    "a new reply": lambda w: say(w.olga, w.chatter, "Another answer", _first(w)),
    "an edit": lambda w: edit(w.mia, _first(w), "Changed words"),
    "a deletion": lambda w: delete(w.mia, _first(w)),
    "an undone deletion": lambda w: (delete(w.mia, _first(w)), undelete(w.mia, _first(w)), edit(w.mia, _first(w), "x")),
    "a deleted reply": lambda w: delete(w.ben, _at(w, 2)),
    "a reaction": lambda w: react(w.ben, _first(w), "👀"),
    "a reaction taken back": lambda w: unreact(w.mia, _first(w), "🎉"),
    "a pin": lambda w: pin(w.olga, _first(w)),
    "a file": _attach,
    "the channel's name": _rename_channel,
    "the channel's address": lambda w: Channel.objects.filter(pk=w.chatter.pk).update(header_html="<b>Here</b>"),
    "the workspace": lambda w: Workspace.objects.filter(pk=w.workspace.pk).update(name="Fall", goal="To learn"),
    "a reader reads on": _unread,
    "a draft": lambda w: services.save_draft(actor=w.mia, seat=seat(w.mia, w.chatter), body="half <a> word"),
    "a block": lambda w: people_services.block(actor=w.mia, person=w.ben),
    "a new member": lambda w: w.join(w.chatter, w.member("zoe")),
    "another channel": lambda w: say(w.olga, w.channel("side", w.olga, w.mia), "For @mia"),
    "a look": lambda w: people_services.update_profile(actor=w.mia, theme="dark", time_zone="America/New_York"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_page_is_never_older_than_the_truth(world: World, readers: Readers, change: str) -> None:
    before = readers.check()
    readers.see()  # remembered again
    CHANGES[change](world)
    after = readers.check()
    assert after != before, "nothing changed, so this proves nothing"


def test_an_address_that_changes_is_in_the_links_of_threads(world: World, readers: Readers) -> None:
    readers.see()
    channel_services.change_channel(actor=world.olga, channel=world.chatter, slug="salon")
    client = readers.clients["mia"]
    html = client.get("/w/course/c/salon").content.decode()
    assert f"/w/course/c/salon/t/{_first(world).id}" in html
    assert "/c/chatter/t/" not in html


@pytest.mark.parametrize("seed", range(3))
def test_whatever_people_do(world: World, seed: int) -> None:
    forget()
    readers = Readers(world)
    crowd = Crowd(world, random.Random(seed))  # noqa: S311 - chance in a test
    for _round in range(12):
        for _act in range(crowd.chance.randint(1, 4)):
            crowd.act()
        readers.check()
        readers.see()


def test_more_changes_than_are_worth_merging(world: World, readers: Readers) -> None:
    readers.see()
    create_posts([new(world.mia, world.chatter, f"Number {number}") for number in range(130)])
    seen = readers.check()
    assert "Number 129" in seen["mia", f"{HALL}/posts"]
    assert "Number 79<" not in seen["mia", f"{HALL}/posts"]
    assert "data-has-before" in seen["mia", f"{HALL}/posts"]


def test_times_go_by(world: World, readers: Readers, monkeypatch: pytest.MonkeyPatch) -> None:
    client = readers.clients["mia"]
    start = _first(world).last_reply_at
    assert start is not None
    for later, words in (
        (timedelta(seconds=59), "just now"),
        (timedelta(seconds=60), "1\xa0minute ago"),
        (timedelta(minutes=5, seconds=30), "5\xa0minutes ago"),
        (timedelta(hours=2), "2\xa0hours ago"),
        (timedelta(days=8), f"{start.day} {start:%b}"),
        (timedelta(days=800), f"{start.day} {start:%b %Y}"),
    ):
        moment: datetime = start.replace(microsecond=0) + later
        monkeypatch.setattr(timezone, "now", lambda moment=moment: moment)
        client.force_login(world.mia, backend=BACKEND)  # no session lives that long
        html = client.get(f"{HALL}/posts").content.decode()
        assert f">{words}</time></a>" in html
    assert f"{start:%Y}</time></li>" in html  # the day line: another year by now


def test_a_page_in_another_language_is_another(world: World, readers: Readers, settings: Any) -> None:
    settings.LANGUAGES = [("en", "English"), ("ar", "Arabic")]
    readers.see()
    Person.objects.filter(pk=world.mia.pk).update(language="ar")
    seen = readers.check()
    assert '<html lang="ar" dir="rtl"' in seen["mia", HALL]
    assert '<html lang="en" dir="ltr"' in seen["olga", HALL]


def test_the_posts_of_a_page_that_is_remembered_are_not_read(readers: Readers) -> None:
    client = readers.clients["mia"]
    readers.see()

    def reads(url: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get(url)
        assert not any("posts_reaction" in query["sql"] for query in captured), "the posts were read again"
        return len(captured)

    assert reads(HALL) == 4  # session, person, seat, what is hers with the sidebar
    assert reads(f"{HALL}/posts") == 4


def test_nobody_is_shown_the_page_of_another(world: World, readers: Readers) -> None:
    readers.see()
    seen = readers.see()
    for handle, person in (("mia", world.mia), ("ben", world.ben), ("olga", world.olga)):
        html = seen[handle, HALL]
        assert f'<body class="in-shell" data-person="{person.pk}">' in html
        assert f'.post[data-author="{person.pk}"]' in html
        assert f'<bdi class="name">{person.display_name}</bdi>' in html
    assert 'data-may="moderate post"' in seen["olga", HALL]
    assert 'data-may="post"' in seen["mia", HALL]
    outsider = Client()
    outsider.force_login(world.otto, backend=BACKEND)
    assert all(outsider.get(url).status_code == 404 for url in PAGES)


def test_somebody_who_renames_themselves_while_a_page_is_read_is_read_again(
    world: World, readers: Readers, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = remembered._signs

    def renamed_meanwhile(*args: Any) -> str:
        Person.objects.filter(pk=world.mia.pk).update(display_name="Mia the Second")
        return read(*args)

    forget()
    monkeypatch.setattr(remembered, "_signs", renamed_meanwhile)
    readers.clients["ben"].get(f"{HALL}/posts")
    monkeypatch.undo()
    assert "Mia the Second" in readers.clients["ben"].get(f"{HALL}/posts").content.decode()
