"""What a person must respect to say something."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.utils import timezone

from tertulia.channels.models import Posting
from tertulia.kernel import limits
from tertulia.kernel.errors import Conflict, Forbidden, Invalid, NotFound, TooMany
from tertulia.posts import services
from tertulia.posts.models import Draft, Mention, Post
from tertulia.workspaces.models import Membership

from .world import World, say, seat


def test_outsiders_have_no_seat_to_speak_from(world: World) -> None:
    assert say(world.mia, world.secret, "Hello").body == "Hello"
    for outsider in (world.ben, world.guest, world.otto):
        with pytest.raises(NotFound):
            say(outsider, world.secret, "Hello")
    assert Post.objects.count() == 1


def test_who_lost_their_membership_cannot_post(world: World) -> None:
    Membership.objects.filter(person=world.mia).delete()
    with pytest.raises(NotFound):
        say(world.mia, world.chatter, "Hello")


def test_one_joins_before_posting(world: World) -> None:
    channel = world.channel("open", world.mia)
    with pytest.raises(Forbidden, match="Join"):
        say(world.ben, channel, "Hello")


def test_staff_channels_take_posts_of_staff_only(world: World) -> None:
    news = world.channel("news", world.olga, world.mia, posting=Posting.STAFF)
    with pytest.raises(Forbidden, match="Only staff"):
        say(world.mia, news, "Hello")
    assert say(world.olga, news, "Hello").seq == 1


def test_archived_channels_and_workspaces_refuse(world: World) -> None:
    world.chatter.archived_at = timezone.now()
    world.chatter.save()
    with pytest.raises(Conflict, match="archived"):
        say(world.mia, world.chatter, "Hello")
    world.workspace.archived_at = timezone.now()
    world.workspace.save()
    with pytest.raises(Conflict, match="archived"):
        say(world.mia, world.secret, "Hello")


def test_slow_mode_says_how_long_to_wait_and_costs_nothing_for_refused_posts(world: World) -> None:
    slow = world.channel("slow", world.olga, world.mia, slow_seconds=30)
    with pytest.raises(Invalid):
        say(world.mia, slow, "  ")
    say(world.mia, slow, "One")
    with pytest.raises(TooMany, match="slow mode") as refused:
        say(world.mia, slow, "Two")
    assert 1 <= refused.value.retry_after <= 30
    say(world.olga, slow, "Staff may")
    say(world.olga, slow, "at once")


def test_a_retry_is_answered_even_where_the_limit_is_used_up(world: World) -> None:
    slow = world.channel("slow", world.mia, slow_seconds=30)
    client_id = uuid4()
    first, created = services.post(actor=world.mia, seat=seat(world.mia, slow), body="One", client_id=client_id)
    again, created_again = services.post(actor=world.mia, seat=seat(world.mia, slow), body="One", client_id=client_id)
    assert (created, created_again) == (True, False)
    assert first == again


def test_a_client_id_belongs_to_one_channel(world: World) -> None:
    client_id = uuid4()
    services.post(actor=world.mia, seat=seat(world.mia, world.chatter), body="One", client_id=client_id)
    with pytest.raises(Conflict) as refused:
        services.post(actor=world.mia, seat=seat(world.mia, world.secret), body="One", client_id=client_id)
    assert refused.value.type == "client-id-used"


def test_posting_too_fast_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "POSTING", limits.Limit("posting", times=2, seconds=60))
    say(world.mia, world.chatter, "One")
    say(world.mia, world.chatter, "Two")
    with pytest.raises(TooMany):
        say(world.mia, world.chatter, "Three")
    assert say(world.ben, world.chatter, "Others may").seq == 3


def test_in_large_channels_everybody_is_called_by_those_who_may(world: World) -> None:
    for number in range(20):
        world.join(world.chatter, world.member(f"learner{number}"))
    post = say(world.mia, world.chatter, "@channel hello")
    assert not Mention.objects.filter(post_id=post.id).exists()
    post = say(world.olga, world.chatter, "@channel hello")
    assert Mention.objects.filter(post_id=post.id).count() == 22


def test_posting_finishes_the_draft_there_and_no_other(world: World) -> None:
    root = say(world.mia, world.chatter, "Root")
    for root_id in (None, root.id):
        services.save_draft(actor=world.mia, seat=seat(world.mia, world.chatter), body="Begun", root_id=root_id)
    say(world.mia, world.chatter, "Reply", root)
    assert list(Draft.objects.values_list("root_id", flat=True)) == [None]
