"""The one write path: places, repeats, threads, calls, files, reading pointers."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tertulia.channels.models import ChannelMembership
from tertulia.kernel.errors import Conflict
from tertulia.kernel.ids import new_id
from tertulia.people.models import Block
from tertulia.posts import queries, services, writing
from tertulia.posts.models import File, Kind, Mention, Post, ThreadFollow
from tertulia.posts.services import MAX_BODY, NewPost, create_posts

from .world import World, following, new, reading, row, say, seat


def called(post_id: UUID) -> set[str]:
    return set(Mention.objects.filter(post_id=post_id).values_list("person__handle", flat=True))


def a_file(world: World) -> File:
    return File.objects.create(
        uploader=world.mia, sha256="0" * 64, name="a.txt", content_type="x/y", kind="file", size=1
    )


def test_places_follow_the_batch_without_gaps(world: World) -> None:
    outcomes = create_posts([new(world.mia, world.chatter, f"Post {number}") for number in range(5)])
    assert [outcome.seq for outcome in outcomes] == [1, 2, 3, 4, 5]
    assert [outcome.created for outcome in outcomes] == [True] * 5
    world.chatter.refresh_from_db()
    assert (world.chatter.last_seq, world.chatter.last_root_seq, world.chatter.root_count) == (5, 5, 5)
    assert world.chatter.revision == 5
    assert world.chatter.last_post_at is not None
    assert [post.body for post in queries.page(world.chatter.pk).posts] == [f"Post {number}" for number in range(5)]
    assert reading(world.mia, world.chatter) == (5, 0)
    assert reading(world.ben, world.chatter) == (0, 5)


def test_several_channels_in_one_batch(world: World) -> None:
    order = [world.chatter, world.secret, world.chatter, world.secret, world.secret]
    outcomes = create_posts([new(world.mia, channel) for channel in order])
    assert [(outcome.channel_id, outcome.seq) for outcome in outcomes] == [
        (world.chatter.pk, 1),
        (world.secret.pk, 1),
        (world.chatter.pk, 2),
        (world.secret.pk, 2),
        (world.secret.pk, 3),
    ]


def test_a_repeat_gives_the_first_post(world: World) -> None:
    client_id = uuid4()
    [first] = create_posts([new(world.mia, world.chatter, "First", client_id=client_id)])
    [again] = create_posts([new(world.mia, world.chatter, "Other words", client_id=client_id)])
    assert (again.post_id, again.seq, again.created) == (first.post_id, 1, False)
    world.chatter.refresh_from_db()
    assert (world.chatter.last_seq, world.chatter.revision) == (1, 1)
    [others] = create_posts([new(world.ben, world.chatter, "Mine", client_id=client_id)])
    assert others.created


def test_a_repeat_within_the_batch_gives_the_first_post(world: World) -> None:
    client_id = uuid4()
    first, again = create_posts([new(world.mia, world.chatter, word, client_id=client_id) for word in ("One", "Two")])
    assert first.created
    assert (again.post_id, again.seq, again.created) == (first.post_id, first.seq, False)
    assert Post.objects.count() == 1


def test_a_bad_post_leaves_its_neighbours_alone(world: World) -> None:
    elsewhere = say(world.mia, world.secret, "Elsewhere")
    gone = say(world.mia, world.chatter, "Gone")
    Post.objects.filter(pk=gone.id).update(deleted_at=timezone.now())
    outcomes = create_posts(
        [
            new(world.mia, world.chatter, "Good"),
            new(world.mia, world.chatter, " \n "),
            new(world.mia, world.chatter, "x" * (MAX_BODY + 1)),
            new(world.mia, world.chatter, "Answer", root_id=uuid4()),
            new(world.mia, world.chatter, "Answer", root_id=elsewhere.id),
            new(world.mia, world.chatter, "Answer", root_id=gone.id),
            NewPost(channel_id=uuid4(), author_id=world.mia.pk, body="Nowhere"),
            new(world.mia, world.chatter, "Files", file_ids=[uuid4()]),
            new(world.mia, world.chatter, "Files", file_ids=[uuid4() for _ in range(11)]),
            new(world.mia, world.chatter, "Good too"),
        ]
    )
    types = [outcome.refusal.type if outcome.refusal else None for outcome in outcomes]
    assert types == [
        None,
        "empty",
        "too-long",
        "parent-missing",
        "parent-missing",
        "parent-deleted",
        "not-found",
        "file-missing",
        "too-many-files",
        None,
    ]
    assert [outcomes[0].seq, outcomes[-1].seq] == [2, 3]
    too_long = outcomes[2].refusal
    assert too_long is not None
    assert "40,000" in too_long.detail
    assert "40,001" in too_long.detail


def test_archived_channels_refuse_all_but_silent_posts(world: World) -> None:
    world.chatter.archived_at = timezone.now()
    world.chatter.save()
    [outcome] = create_posts([new(world.mia, world.chatter)])
    assert outcome.refusal is not None
    assert (outcome.refusal.type, outcome.refusal.status) == ("archived", 409)
    [outcome] = create_posts([new(world.mia, world.chatter)], silent=True)
    assert outcome.created


def test_a_thread_may_begin_in_the_same_batch(world: World) -> None:
    root_id, client_id = new_id(), uuid4()
    batch = [
        new(world.mia, world.chatter, "Root", id=root_id, client_id=client_id),
        new(world.ben, world.chatter, "Between"),
        new(world.ben, world.chatter, "Reply", root_id=root_id),
        new(world.olga, world.chatter, "Reply 2", root_id=root_id),
    ]
    outcomes = create_posts(batch)
    root = row(root_id)
    assert [outcome.root_id for outcome in outcomes] == [None, None, root_id, root_id]
    assert root.reply_count == 2
    assert root.last_reply_at == row(outcomes[3].post_id or root_id).created_at
    world.chatter.refresh_from_db()
    assert (world.chatter.last_seq, world.chatter.last_root_seq, world.chatter.root_count) == (4, 2, 2)
    # Sent again with more, as an import that was interrupted does.
    again = create_posts([batch[0], new(world.ben, world.chatter, "Reply 3", root_id=root_id)])
    assert [outcome.created for outcome in again] == [False, True]
    assert row(root_id).reply_count == 3


def test_an_answer_to_a_reply_joins_its_thread(world: World) -> None:
    root = say(world.mia, world.chatter, "Root")
    reply = say(world.ben, world.chatter, "Reply", root)
    answer = say(world.olga, world.chatter, "Answer", reply)
    assert answer.root_id == root.id
    assert queries.state(root.id).reply_count == 2
    assert queries.state(root.id).revision == 5  # three posts, and twice a reply counted
    assert [replier.handle for replier in queries.state(root.id).repliers] == ["olga", "ben"]


def test_replies_do_not_make_a_channel_unread(world: World) -> None:
    root = say(world.mia, world.chatter, "Root")
    assert reading(world.ben, world.chatter) == (0, 1)
    say(world.mia, world.chatter, "Reply", root)
    assert reading(world.ben, world.chatter) == (0, 1)


def test_who_had_read_everything_has_read_their_own_post(world: World) -> None:
    say(world.mia, world.chatter, "One")
    say(world.ben, world.chatter, "Two, without having read one")
    assert reading(world.ben, world.chatter) == (0, 2)
    assert reading(world.mia, world.chatter) == (1, 1)


def test_what_others_post_in_the_same_batch_is_unread(world: World) -> None:
    create_posts([new(world.mia, world.chatter), new(world.mia, world.chatter), new(world.ben, world.chatter)])
    assert reading(world.mia, world.chatter) == (2, 1)
    assert reading(world.ben, world.chatter) == (0, 3)
    assert reading(world.olga, world.chatter) == (0, 3)


def test_people_and_groups_are_called(world: World) -> None:
    world.group("crew", world.olga, world.ben, world.guest)
    post = say(world.mia, world.chatter, "Hello @ben, @MIA, @crew, @otto and @nobody; not `@olga`")
    # Gus is in the group but not in the channel, Otto is not in the workspace, nobody calls themselves.
    assert called(post.id) == {"ben", "olga"}
    assert 'data-person="' in post.html
    assert "otto" in post.text


def test_private_channels_call_members_only(world: World) -> None:
    post = say(world.mia, world.secret, "Hello @ben and @olga")
    assert called(post.id) == {"olga"}
    public = say(world.mia, world.channel("open", world.mia), "Hello @ben and @gus")
    assert called(public.id) == {"ben"}  # may see it without having joined; a guest may not


def test_the_blocked_call_nobody_who_blocked_them(world: World) -> None:
    Block.objects.create(person=world.ben, blocked=world.mia)
    assert called(say(world.mia, world.chatter, "@ben @channel").id) == {"olga"}


def test_channel_calls_all_and_here_the_open_doors(world: World) -> None:
    world.ben.door_open = False
    world.ben.save()
    assert called(say(world.mia, world.chatter, "@channel come").id) == {"olga", "ben"}
    assert called(say(world.mia, world.chatter, "@here come").id) == {"olga"}


def test_links_to_private_channels_tell_nothing(world: World) -> None:
    post = say(world.mia, world.chatter, "See #chatter and #secret")
    assert 'href="/w/course/c/chatter"' in post.html
    assert "/c/secret" not in post.html


def test_threads_are_followed(world: World) -> None:
    root = say(world.mia, world.chatter, "Root for @olga")
    assert following(root.id) == {"olga": 0}
    say(world.ben, world.chatter, "Reply", root)
    assert following(root.id) == {"olga": 0, "mia": 0, "ben": 1}
    say(world.ben, world.chatter, "One more", root)
    assert following(root.id)["ben"] == 2
    say(world.mia, world.chatter, "Thanks", root)
    assert following(root.id) == {"olga": 0, "mia": 0, "ben": 2}  # Mia wrote without having read the first two


def test_who_left_a_thread_is_not_drawn_in_again_by_being_called(world: World) -> None:
    root = say(world.mia, world.chatter, "Root")
    say(world.ben, world.chatter, "Reply", root)
    ThreadFollow.objects.filter(person=world.mia).update(following=False)
    say(world.ben, world.chatter, "@mia?", root)
    assert "mia" not in following(root.id)
    say(world.mia, world.chatter, "Here I am", root)
    assert "mia" in following(root.id)


def test_silent_posts_call_nobody_and_leave_readers_where_they_were(world: World) -> None:
    say(world.mia, world.chatter, "Unread by Ben and Olga")
    ChannelMembership.objects.filter(person=world.olga).update(last_read_seq=1, read_roots=1)
    moment = datetime(2020, 1, 2, 3, 4, tzinfo=UTC)
    root_id = new_id()
    create_posts(
        [
            new(world.ben, world.chatter, "Imported @mia", id=root_id, created_at=moment, edited_at=moment),
            new(world.olga, world.chatter, "Answer", root_id=root_id, created_at=moment),
        ],
        silent=True,
    )
    assert called(root_id) == set()
    assert reading(world.olga, world.chatter) == (3, 0)
    assert reading(world.ben, world.chatter) == (0, 2)
    assert (row(root_id).created_at, row(root_id).edited_at) == (moment, moment)
    assert row(root_id).last_reply_at == moment
    assert following(root_id) == {"ben": 1, "olga": 1}
    create_posts([new(world.olga, world.chatter, "More", root_id=root_id)], silent=True)
    assert following(root_id) == {"ben": 2, "olga": 2}


def test_system_lines_are_plain_and_make_nothing_unread(world: World) -> None:
    line = new(world.mia, world.chatter, "*Mia* <joined>", kind=Kind.SYSTEM)
    [outcome] = create_posts([line], silent=True)
    assert outcome.post_id is not None
    assert row(outcome.post_id).html == "*Mia* &lt;joined&gt;"
    world.chatter.refresh_from_db()
    assert (world.chatter.last_seq, world.chatter.root_count, world.chatter.last_root_seq) == (1, 0, 0)
    assert world.chatter.last_post_at is None
    assert reading(world.ben, world.chatter) == (0, 0)


def test_files_are_attached_once(world: World) -> None:
    file = a_file(world)
    [outcome] = create_posts([new(world.mia, world.chatter, "", file_ids=[file.pk], alts=[" A cat "])])
    assert outcome.post_id is not None
    [attached] = queries.state(outcome.post_id).attachments
    assert (attached.id, attached.alt, attached.name) == (file.pk, "A cat", "a.txt")
    [again] = create_posts([new(world.mia, world.chatter, "", file_ids=[file.pk])])
    assert again.refusal is not None
    assert again.refusal.type == "file-used"
    both = a_file(world)
    first, second = create_posts([new(world.mia, world.chatter, "", file_ids=[both.pk]) for _ in range(2)])
    assert first.created
    assert second.refusal is not None


def test_the_files_of_others_cannot_be_taken(world: World) -> None:
    [outcome] = create_posts([new(world.ben, world.chatter, "Mine", file_ids=[a_file(world).pk])])
    assert outcome.refusal is not None
    assert outcome.refusal.type == "file-missing"


@pytest.mark.parametrize("silent", [True, False])
def test_a_batch_of_many_costs_as_few_statements_as_one(world: World, silent: bool) -> None:
    root = say(world.mia, world.chatter, "Root")

    def count(number: int) -> int:
        batch = [new(world.ben, world.chatter, f"@mia @olga #chatter {n}", root_id=root.id) for n in range(number)]
        batch += [new(world.ben, world.chatter, f"@channel {n}") for n in range(number)]
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert all(outcome.created for outcome in create_posts(batch, silent=silent))
        return len(captured)

    assert count(1) == count(30)


def test_a_plain_post_costs_few_statements(world: World) -> None:
    with CaptureQueriesContext(connection) as captured:
        create_posts([new(world.mia, world.chatter)])
    # facts of the channel; savepoint, everything, notice, release
    assert len(captured) == 5


def test_files_are_named_once_and_described_shortly(world: World) -> None:
    file = a_file(world)
    twice, wordy = create_posts(
        [
            new(world.mia, world.chatter, "x", file_ids=[file.pk, file.pk]),
            new(world.mia, world.chatter, "x", file_ids=[file.pk], alts=["x" * 501]),
        ]
    )
    assert twice.refusal is not None
    assert "twice" in twice.refusal.detail
    assert wordy.refusal is not None
    assert "500" in wordy.refusal.detail


def test_giving_up_is_a_sentence(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    # As if every time another process were quicker.
    monkeypatch.setattr(writing, "write", lambda _rows, **_: writing.Written({}, 0, []))
    with pytest.raises(Conflict, match="Try again"):
        create_posts([new(world.mia, world.chatter)])
    assert not Post.objects.exists()
    world.chatter.refresh_from_db()
    assert world.chatter.last_seq == 0


def test_a_preview_calls_nobody(world: World) -> None:
    html = services.preview(place=seat(world.mia, world.chatter).place, body="Hello *you*, @ben")
    assert "<em>you</em>" in html
    assert str(world.ben.pk) in html
    assert not Mention.objects.exists()
