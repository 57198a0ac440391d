"""Talk beside the content: a thread for each unit, made once, in the channel that the instructor chose."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.conf import settings
from django.db import connections
from django.test import Client

from tertulia.channels.models import Channel, Posting
from tertulia.channels.services import create_channel, update_channel
from tertulia.integrations.lti.models import Link, Placement, Target
from tertulia.integrations.lti.services import courses
from tertulia.integrations.lti.services.threads import body_of
from tertulia.posts import access as post_access
from tertulia.posts import services as posts
from tertulia.posts.models import Kind, Post

from .platform import FakePlatform, launch
from .world import World


def _unit(world: World) -> tuple[Channel, str]:
    channel = create_channel(actor=world.ida, workspace=world.workspace, name="Units")
    placement = Placement.objects.create(context=world.context, target=Target.UNIT, channel=channel, by=world.ida)
    return channel, f"{settings.BASE_URL}/lti/at/{placement.pk}"


def _threads(channel: Channel) -> list[Post]:
    return list(Post.objects.filter(channel=channel, kind=Kind.MESSAGE, root=None).order_by("seq"))


def test_the_first_visit_makes_the_thread_with_title_and_way_back(world: World, fake: FakePlatform) -> None:
    channel, address = _unit(world)
    back = f"{fake.url}/courses/1/unit?a=1&b=2"
    answer = launch(Client(), fake, target_link_uri=address, launch_presentation={"return_url": back})
    [thread] = _threads(channel)
    assert answer["Location"] == f"/w/{world.workspace.slug}/c/{channel.slug}/t/{thread.pk}"
    assert thread.author == world.ida
    assert "Unit 1" in thread.text
    assert back.replace("&", "&amp;") in thread.html
    assert Link.objects.get(resource_link_id="link-1").thread == thread


def test_everybody_after_that_comes_to_the_same_thread(world: World, fake: FakePlatform) -> None:
    channel, address = _unit(world)
    places = {launch(Client(), fake, sub=f"user-{n}", target_link_uri=address)["Location"] for n in range(3)}
    assert len(places) == len(_threads(channel)) == 1


def test_each_place_in_the_course_has_its_own_thread(world: World, fake: FakePlatform) -> None:
    channel, address = _unit(world)
    for link in ("a", "b", "a"):
        launch(Client(), fake, target_link_uri=address, resource_link={"id": link, "title": f"Unit {link}"})
    assert len(_threads(channel)) == 2


def test_links_of_a_course_that_chose_nothing_follow_its_setting(world: World, fake: FakePlatform) -> None:
    channel = create_channel(actor=world.ida, workspace=world.workspace, name="Units")
    courses.change_course(
        actor=world.ida, context=world.context, unit_channel=channel.pk, channel_ids=[], groups=[], role_map={}
    )
    assert "/t/" in launch(Client(), fake)["Location"]
    assert len(_threads(channel)) == 1


def test_the_title_is_text_and_calls_nobody(world: World, fake: FakePlatform) -> None:
    channel, address = _unit(world)
    title = f"@channel @{world.ida.handle} **bold** [x](https://evil.example.org) <script>"
    launch(Client(), fake, target_link_uri=address, resource_link={"id": "x", "title": title})
    [thread] = _threads(channel)
    assert 'evil.example.org"' not in thread.html
    assert "<script" not in thread.html
    assert "data-all" not in thread.html
    assert 'class="mention"' not in thread.html
    assert "**bold** [x](https://evil.example.org)" in thread.text


def test_a_way_back_that_is_no_web_address_is_left_out(world: World, fake: FakePlatform) -> None:
    channel, address = _unit(world)
    launch(Client(), fake, target_link_uri=address, launch_presentation={"return_url": "javascript:alert(1)"})
    assert "javascript" not in _threads(channel)[0].body


def test_a_thread_that_was_deleted_is_not_made_again(world: World, fake: FakePlatform) -> None:
    channel, address = _unit(world)
    launch(Client(), fake, target_link_uri=address)
    post, seat = post_access.post(world.ida, _threads(channel)[0].pk)
    posts.delete(actor=world.ida, post=post, seat=seat)
    assert launch(Client(), fake, target_link_uri=address)["Location"] == channel.get_absolute_url()
    assert len(_threads(channel)) == 1


def test_where_only_staff_post_the_instructor_is_the_author(world: World, fake: FakePlatform) -> None:
    channel, address = _unit(world)
    update_channel(actor=world.ida, channel=channel, posting=Posting.STAFF)
    launch(Client(), fake, target_link_uri=address)
    assert _threads(channel)[0].author == world.ida


def test_where_the_one_who_chose_is_gone_and_nobody_may_post_it_leads_to_the_channel(
    world: World, fake: FakePlatform
) -> None:
    channel, address = _unit(world)
    Placement.objects.update(by=None)
    answer = launch(Client(), fake, target_link_uri=address)  # a public channel that they have not joined
    assert answer["Location"] == channel.get_absolute_url()
    assert _threads(channel) == []


def test_words_are_escaped() -> None:
    assert body_of("a*b_c", "").startswith("**a\\*b\\_c**")
    assert "(<https://x/%3Ey>)" in body_of("a", "https://x/>y")


@pytest.mark.django_db(transaction=True)
def test_two_first_visits_at_once_make_one_thread(fake: FakePlatform) -> None:
    world = World(fake)
    channel, address = _unit(world)
    launch(Client(), fake, sub="user-0", resource_link={"id": "warm"})
    places: list[Any] = []

    def visit(subject: str) -> None:
        try:
            places.append(launch(Client(), fake, sub=subject, target_link_uri=address)["Location"])
        finally:
            connections.close_all()

    visitors = [threading.Thread(target=visit, args=[f"user-{n}"]) for n in range(4)]
    for one in visitors:
        one.start()
    for one in visitors:
        one.join()
    assert len(places) == 4
    assert len(set(places)) == 1
    assert len(_threads(channel)) == 1
