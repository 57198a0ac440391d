"""Saved posts, drafts, posts to be sent later."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from tertulia.channels.models import ChannelMembership
from tertulia.kernel import limits
from tertulia.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from tertulia.posts import access, jobs, queries, services
from tertulia.posts.models import Draft, File, Post, ScheduledPost

from .acts import delete, upload
from .world import World, row, say, seat

SOON = timedelta(minutes=5)


def due(scheduled: ScheduledPost, ago: timedelta = timedelta(seconds=1)) -> None:
    ScheduledPost.objects.filter(pk=scheduled.pk).update(send_at=timezone.now() - ago)


def test_saved_posts_are_ones_own(world: World) -> None:
    posts = [say(world.mia, world.chatter, str(number)) for number in range(3)]
    for post in posts:
        services.save(actor=world.ben, post=row(post))
    services.save(actor=world.ben, post=row(posts[0]))
    place = seat(world.ben, world.chatter).place
    first = queries.saved(place, limit=2)
    assert [post.body for post in first.items] == ["2", "1"]
    assert [post.body for post in queries.saved(place, cursor=first.next, limit=2).items] == ["0"]
    assert queries.saved(seat(world.mia, world.chatter).place).items == []
    assert queries.own_marks(world.ben, [post.id for post in posts]).saved == {post.id for post in posts}
    services.unsave(actor=world.ben, post=row(posts[2]))
    assert [post.body for post in queries.saved(place).items] == ["1", "0"]


def test_what_one_may_no_longer_see_leaves_ones_lists(world: World) -> None:
    post = say(world.mia, world.secret, "Secret")
    services.save(actor=world.olga, post=row(post))
    services.save_draft(actor=world.olga, seat=seat(world.olga, world.secret), body="Begun")
    say(world.olga, world.secret, "Reply", post)
    place = seat(world.olga, world.chatter).place

    def seen() -> list[int]:
        return [len(queries.saved(place).items), len(queries.drafts(place)), len(queries.followed_threads(place).items)]

    assert seen() == [1, 1, 1]
    ChannelMembership.objects.filter(person=world.olga, channel=world.secret).delete()
    assert seen() == [0, 0, 0]


def test_a_draft_for_each_channel_and_thread(world: World) -> None:
    at = seat(world.mia, world.chatter)
    root = say(world.ben, world.chatter, "Root")
    reply = say(world.ben, world.chatter, "Reply", root)
    services.save_draft(actor=world.mia, seat=at, body="One")
    services.save_draft(actor=world.mia, seat=at, body="One and more")
    services.save_draft(actor=world.mia, seat=at, body="In the thread", root_id=reply.id)
    found = queries.draft(world.mia, world.chatter.pk)
    assert found is not None
    assert found.body == "One and more"
    assert [(draft.body, draft.root_id) for draft in queries.drafts(at.place)] == [
        ("In the thread", root.id),
        ("One and more", None),
    ]
    assert services.save_draft(actor=world.mia, seat=at, body=" ") is None
    assert queries.draft(world.mia, world.chatter.pk) is None
    [left] = queries.drafts(at.place)
    assert access.own_draft(world.mia, left.pk) == left
    with pytest.raises(NotFound):
        access.own_draft(world.ben, left.pk)
    services.discard_draft(actor=world.mia, draft=left)
    assert not Draft.objects.exists()
    with pytest.raises(NotFound):
        services.save_draft(actor=world.mia, seat=at, body="x", root_id=say(world.mia, world.secret, "Else").id)
    with pytest.raises(Invalid, match="40,000"):
        services.save_draft(actor=world.mia, seat=at, body="x" * 40_001)


def test_a_scheduled_post_is_sent_once(world: World) -> None:
    file = upload(world.mia, "a.txt", b"Words")
    at = seat(world.mia, world.chatter)
    root = say(world.ben, world.chatter, "Root")
    services.save_draft(actor=world.mia, seat=at, body="Later", root_id=root.id)
    made = services.schedule(
        actor=world.mia,
        seat=at,
        body="Later",
        send_at=timezone.now() + SOON,
        root_id=root.id,
        file_ids=[file.pk],
        alts=["Words"],
    )
    assert not Draft.objects.exists()
    assert queries.scheduled(at.place) == [made]
    assert services.send_due() == 0
    due(made)
    assert services.send_due() == 1
    assert services.send_due() == 0
    post = Post.objects.get(client_id=made.pk)
    assert (post.body, post.root_id) == ("Later", root.id)
    assert queries.state(post.pk).attachments[0].alt == "Words"
    assert not ScheduledPost.objects.exists()


def test_what_cannot_be_sent_says_why_and_can_be_sent_again(world: World) -> None:
    at = seat(world.mia, world.chatter)
    made = services.schedule(actor=world.mia, seat=at, body="Later", send_at=timezone.now() + SOON)
    due(made)
    world.chatter.archived_at = timezone.now()
    world.chatter.save(update_fields=["archived_at"])
    assert services.send_due() == 0
    made.refresh_from_db()
    assert "archived" in made.failed
    assert services.send_due() == 0
    world.chatter.archived_at = None
    world.chatter.save(update_fields=["archived_at"])
    with pytest.raises(Invalid):
        services.reschedule(actor=world.mia, scheduled=made, body="Still")
    made = services.reschedule(actor=world.mia, scheduled=made, body="Still", send_at=timezone.now() + SOON)
    assert made.failed == ""
    assert services.send_now(actor=world.mia, scheduled=made).body == "Still"
    assert not ScheduledPost.objects.exists()
    with pytest.raises(NotFound):
        services.send_now(actor=world.mia, scheduled=made)


def test_who_left_and_who_is_too_fast(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    made = services.schedule(
        actor=world.mia, seat=seat(world.mia, world.secret), body="Later", send_at=timezone.now() + SOON
    )
    due(made)
    monkeypatch.setattr(limits, "POSTING", limits.Limit("posting", times=1, seconds=60))
    say(world.mia, world.chatter, "Uses the allowance up")
    assert services.send_due() == 0
    made.refresh_from_db()
    assert made.failed == ""  # it waits for its turn
    due(made, timedelta(hours=2))
    assert services.send_due() == 0
    made.refresh_from_db()
    assert "wait" in made.failed
    ScheduledPost.objects.update(failed="")
    ChannelMembership.objects.filter(person=world.mia, channel=world.secret).delete()
    assert services.send_due() == 0
    made.refresh_from_db()
    assert "no longer" in made.failed


def test_what_cannot_be_scheduled(world: World) -> None:
    at = seat(world.mia, world.chatter)
    now = timezone.now()
    for body, send_at in (("", now + SOON), ("x", now - SOON), ("x", now + timedelta(days=400))):
        with pytest.raises(Invalid):
            services.schedule(actor=world.mia, seat=at, body=body, send_at=send_at)
    with pytest.raises(Invalid):
        services.schedule(
            actor=world.mia, seat=at, body="x", send_at=now + SOON, file_ids=[upload(world.ben, "b.txt", b"b").pk]
        )
    not_joined = seat(world.mia, world.channel("open", world.ben))
    with pytest.raises(Forbidden):
        services.schedule(actor=world.mia, seat=not_joined, body="x", send_at=now + SOON)
    for _number in range(100):
        services.schedule(actor=world.mia, seat=at, body="x", send_at=now + SOON)
    with pytest.raises(Conflict, match="100"):
        services.schedule(actor=world.mia, seat=at, body="x", send_at=now + SOON)


def test_taking_back_what_was_scheduled(world: World) -> None:
    at = seat(world.mia, world.chatter)
    made = services.schedule(actor=world.mia, seat=at, body="Later", send_at=timezone.now() + SOON)
    with pytest.raises(NotFound):
        access.scheduled(world.ben, made.pk)
    services.unschedule(actor=world.mia, scheduled=access.scheduled(world.mia, made.pk), keep_draft=True)
    assert not ScheduledPost.objects.exists()
    found = queries.draft(world.mia, world.chatter.pk)
    assert found is not None
    assert found.body == "Later"


def test_deleted_posts_are_not_saved(world: World) -> None:
    post = delete(world.mia, say(world.mia, world.chatter, "One"))
    with pytest.raises(Conflict):
        services.save(actor=world.ben, post=row(post))


def test_files_of_what_is_scheduled(world: World) -> None:
    at, send_at = seat(world.mia, world.chatter), timezone.now() + SOON
    file = upload(world.mia, "a.txt", b"a").pk
    for file_ids, alts in (([file] * 2, []), ([file], ["x" * 501])):
        with pytest.raises(Invalid):
            services.schedule(actor=world.mia, seat=at, body="x", send_at=send_at, file_ids=file_ids, alts=alts)


def test_the_jobs(world: World) -> None:
    made = services.schedule(
        actor=world.mia, seat=seat(world.mia, world.chatter), body="Later", send_at=timezone.now() + SOON
    )
    due(made)
    jobs.send_scheduled(timestamp=0)
    [post] = Post.objects.all()
    services.delete(actor=world.mia, post=post, seat=seat(world.mia, world.chatter))
    Post.objects.update(deleted_at=timezone.now() - timedelta(hours=1))
    jobs.empty_deleted(timestamp=0)
    assert row(post.pk).body == ""
    File.objects.filter(pk=upload(world.mia, "a.txt", b"a").pk).update(created_at=timezone.now() - timedelta(days=2))
    jobs.sweep_unused_files(timestamp=0)
    assert not File.objects.exists()


def test_nobody_speaks_for_a_closed_account(world: World) -> None:
    made = services.schedule(
        actor=world.mia, seat=seat(world.mia, world.chatter), body="Later", send_at=timezone.now() + SOON
    )
    due(made)
    world.mia.is_active = False
    world.mia.save()
    assert services.send_due() == 0
    assert not Post.objects.exists()
