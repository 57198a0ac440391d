"""Lists come in pages: following `next` gives every item once, in order, whatever comes between two pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tertulia.channels import services as channels
from tertulia.posts import access as post_access
from tertulia.posts import services as posts
from tertulia.workspaces import services as workspaces

from .world import World, person

pytestmark = pytest.mark.django_db

MANY = 7
Keys = set[Any]


def fill_workspaces(world: World) -> Keys:
    slugs = [f"w{number}" for number in range(MANY)]
    for slug in slugs:
        workspaces.create_workspace(actor=world.ana, slug=slug, name=slug, template="blank")
    return {"course", *slugs}


def fill_members(world: World) -> Keys:
    handles = [world.add(person(f"p{number}")).handle for number in range(MANY)]
    return {"ana", "ben", *handles}


def fill_channel_members(world: World) -> Keys:
    people = [world.add(person(f"p{number}")) for number in range(MANY)]
    channels.add_people(actor=world.ana, channel=world.chatter, person_ids=[one.pk for one in people])
    return {"ana", "ben", *(one.handle for one in people)}


def fill_channels(world: World) -> Keys:
    slugs = [world.channel(f"c{number}").slug for number in range(MANY)]
    return {"chatter", "general", *slugs}


def fill_invitations(world: World) -> Keys:
    made = [workspaces.create_invitation(actor=world.ana, workspace=world.workspace)[0] for _ in range(MANY)]
    return {str(one.pk) for one in made}


def fill_posts(world: World) -> Keys:
    said = [world.say(world.ana, f"Number {number}").seq for number in range(MANY)]
    return {*range(1, said[0]), *said}


def fill_replies(world: World) -> Keys:
    root = world.say(world.ana, "Root")
    assert root.seq == 2
    return {world.say(world.ana, f"Number {number}", root_id=root.id).seq for number in range(MANY)}


def fill_saved(world: World) -> Keys:
    said = [world.say(world.ana, f"Number {number}") for number in range(MANY)]
    for one in said:
        posts.save(actor=world.ana, post=post_access.post(world.ana, one.id)[0])
    return {one.seq for one in said}


def fill_threads(world: World) -> Keys:
    roots = [world.say(world.ana, f"Number {number}") for number in range(MANY)]
    for root in roots:
        world.say(world.ana, "Reply", root_id=root.id)
    return {root.seq for root in roots}


LISTS: dict[str, tuple[Callable[[World], Keys], Callable[[Any], Any]]] = {
    "/workspaces": (fill_workspaces, lambda item: item["slug"]),
    "/workspaces/course/members": (fill_members, lambda item: item["person"]["handle"]),
    "/workspaces/course/channels": (fill_channels, lambda item: item["slug"]),
    "/workspaces/course/invitations": (fill_invitations, lambda item: item["id"]),
    "/workspaces/course/saved": (fill_saved, lambda item: item["seq"]),
    "/workspaces/course/threads": (fill_threads, lambda item: item["root"]["seq"]),
    "/channels/{chatter}/members": (fill_channel_members, lambda item: item["person"]["handle"]),
    "/channels/{chatter}/posts": (fill_posts, lambda item: item["seq"]),
    "/posts/{root}/replies": (fill_replies, lambda item: item["seq"]),
}


@pytest.mark.parametrize("limit", [1, 2, 3, 200])
@pytest.mark.parametrize("path", LISTS)
def test_following_next_gives_everything_once(world: World, path: str, limit: int) -> None:
    fill, key = LISTS[path]
    expected = fill(world)
    ana = world.script(world.ana)
    address = _address(world, path)
    pages = ana.pages(address, limit=limit)
    got = [key(item) for page in pages for item in page]
    assert len(got) == len(set(got))
    assert set(got) == expected
    if "posts" not in path:  # the newest posts come first, and each page of them reads downwards
        whole = ana.pages(address, limit=200)
        assert got == [key(item) for page in whole for item in page]
    assert [len(page) for page in pages[:-1]] == [limit] * (len(pages) - 1)
    assert len(pages) > 2 or limit == 200


def test_posts_read_upwards_from_after(world: World) -> None:
    expected = sorted(fill_posts(world))
    pages = world.script(world.ana).pages(_address(world, "/channels/{chatter}/posts"), after=0, limit=2)
    assert [item["seq"] for page in pages for item in page] == expected


@pytest.mark.parametrize("path", [path for path in LISTS if "posts" not in path])
def test_what_comes_between_two_pages_doubles_nothing(world: World, path: str) -> None:
    fill, key = LISTS[path]
    expected = fill(world)
    ana = world.script(world.ana)
    address = _address(world, path)
    first = ana("GET", address, limit=3)
    world.add(person("aaa"))
    world.channel("aaa")
    workspaces.create_workspace(actor=world.ana, slug="aaa", name="Aaa", template="blank")
    workspaces.create_invitation(actor=world.ana, workspace=world.workspace)
    world.say(world.ana, "Between")
    rest = ana.pages(address, limit=3, cursor=first.json["next"])
    got = [key(item) for page in (first.json["items"], *rest) for item in page]
    assert len(got) == len(set(got))
    assert set(got) >= expected


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("cursor", ["", "x", "before.", "before.-1", "ZZZZ", "WyJmIl0", "before.9" * 60, "é"])
def test_a_cursor_that_no_page_gave_is_refused(world: World, path: str, cursor: str) -> None:
    LISTS[path][0](world)
    answer = world.script(world.ana)("GET", _address(world, path), cursor=cursor)
    assert (answer.status, answer.json["type"]) == (422, "/problems/invalid")
    assert "first page" in answer.json["detail"]


def _address(world: World, path: str) -> str:
    if "{root}" not in path:
        return path.format(chatter=world.chatter.pk)
    script = world.script(world.ana)
    items = script("GET", f"/channels/{world.chatter.pk}/posts").json["items"]
    return path.format(root=next(item["id"] for item in items if item["body"] == "Root"))
