"""The demonstration is a living community, made once, and its doors open in demo mode only."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.test import Client
from django.urls import get_resolver

from tertulia.channels.models import ChannelMembership
from tertulia.demo import pages, services
from tertulia.demo.doors import DOORS
from tertulia.kernel.clock import now
from tertulia.kernel.errors import NotFound
from tertulia.people.models import Person
from tertulia.posts import queries
from tertulia.posts.models import Mention, Post, Reaction
from tertulia.workspaces.models import Membership, Workspace

pytestmark = pytest.mark.django_db


def test_the_demonstration_is_alive_and_made_once() -> None:
    lines: list[str] = []
    assert services.seed(lines.append)
    assert len(lines) == 9
    assert Workspace.objects.count() == 8
    assert Person.objects.count() > 36
    assert Post.objects.exclude(root=None).count() > 60
    assert Reaction.objects.count() > 200
    assert Mention.objects.filter(person__handle="teo").exists()
    assert not Post.objects.filter(created_at__gt=now()).exists()
    assert {Membership.objects.filter(person__handle=door.handle).exists() for door in DOORS} == {True}

    ben = Person.objects.get(handle="ben")
    mine = ChannelMembership.objects.filter(person=ben)
    unread = [queries.unread(ben, membership.channel_id) for membership in mine]
    assert any(one.count for one in unread)
    assert any(not one.count for one in unread)

    before = Post.objects.count()
    assert not services.seed()
    assert Post.objects.count() == before


def test_the_doors_are_shut_on_a_real_install(client: Client) -> None:
    assert not settings.DEMO
    assert not any("demo" in str(pattern.pattern) for pattern in get_resolver().url_patterns)
    assert client.post("/demo/enter/owner").status_code == 404
    with pytest.raises(NotFound):
        pages.enter(client.post("/").wsgi_request, "owner")
