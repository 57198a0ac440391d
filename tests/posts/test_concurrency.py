"""Many at once, with real threads and real commits: places without gaps, nothing doubled, nothing lost."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from uuid import UUID, uuid4

import pytest
from django.db import connection

from tertulia.channels.access import Seat
from tertulia.channels.models import Channel
from tertulia.kernel.errors import Conflict, Refusal
from tertulia.posts import access, queries, services
from tertulia.posts.models import File, Post, Reaction
from tertulia.posts.services import Outcome, create_posts
from tertulia.posts.states import PostState

from .world import World, new, reading, row, say, seat


@pytest.fixture
def world(transactional_db: None) -> World:
    """The same people, with commits that others can see."""
    del transactional_db
    return World()


def at_once(*works: Callable[[], object]) -> list[object]:
    """Run these in threads of their own that start together; gives back what they returned, raises what they raised."""
    barrier = threading.Barrier(len(works))
    results: list[object] = [None] * len(works)
    errors: list[BaseException] = []

    def run(number: int, work: Callable[[], object]) -> None:
        try:
            barrier.wait()
            results[number] = work()
        except BaseException as error:  # noqa: BLE001 - handed to the test below
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    if errors:
        raise errors[0]
    return results


def test_64_posts_from_8_threads(world: World) -> None:
    root = say(world.mia, world.chatter, "Root")

    def eight(person_number: int) -> Callable[[], list[int]]:
        person = (world.mia, world.ben, world.olga)[person_number % 3]

        def work() -> list[int]:
            answers = [create_posts([new(person, world.chatter, root_id=root.id if n % 2 else None)]) for n in range(8)]
            return [outcome.seq for [outcome] in answers]

        return work

    seqs = at_once(*(eight(number) for number in range(8)))
    flat: list[int] = []
    for own in seqs:
        assert isinstance(own, list)
        assert own == sorted(own)
        flat += own
    assert sorted(flat) == list(range(2, 66))
    world.chatter.refresh_from_db()
    assert (world.chatter.last_seq, world.chatter.root_count) == (65, 33)
    assert row(root).reply_count == 32
    rows = list(Post.objects.order_by("seq").values_list("created_at", "revision"))
    assert [moment for moment, _revision in rows] == sorted(moment for moment, _revision in rows)
    revisions = [revision for _moment, revision in rows]
    assert len(set(revisions)) == len(revisions)
    assert max(revisions) == world.chatter.revision


def test_batches_over_several_channels_do_not_lock_each_other_up(world: World) -> None:
    forth, back = [world.chatter, world.secret], [world.secret, world.chatter]

    def work(order: list[Channel]) -> Callable[[], None]:
        def many() -> None:
            for _number in range(10):
                outcomes = create_posts([new(world.mia, channel) for channel in order])
                assert all(outcome.created for outcome in outcomes)

        return many

    at_once(work(forth), work(back), work(forth), work(back))
    for channel in forth:
        seqs = list(Post.objects.filter(channel=channel).order_by("seq").values_list("seq", flat=True))
        assert seqs == list(range(1, 41))


@pytest.mark.parametrize("same_channel", [True, False])
def test_the_same_client_id_at_once_makes_one_post(world: World, same_channel: bool) -> None:
    for _round in range(5):
        client_id = uuid4()
        channels = [world.chatter, world.chatter if same_channel else world.secret] * 3

        def send(channel: Channel, client_id: UUID = client_id) -> Outcome:
            [outcome] = create_posts([new(world.mia, channel, client_id=client_id)])
            return outcome

        answers = [
            answer
            for answer in at_once(*(partial(send, channel) for channel in channels))
            if isinstance(answer, Outcome)
        ]
        assert len({answer.post_id for answer in answers}) == 1
        assert [answer.created for answer in answers].count(True) == 1
    for channel in (world.chatter, world.secret):
        channel.refresh_from_db()
        seqs = list(Post.objects.filter(channel=channel).order_by("seq").values_list("seq", flat=True))
        assert seqs == list(range(1, channel.last_seq + 1))
        assert channel.root_count == len(seqs)


def test_one_file_goes_into_one_post(world: World) -> None:
    file = File.objects.create(uploader=world.mia, sha256="0" * 64, name="a", content_type="x", kind="file", size=1)

    def work() -> Refusal | None:
        return create_posts([new(world.mia, world.chatter, file_ids=[file.pk])])[0].refusal

    refusals = at_once(*[work] * 4)
    assert refusals.count(None) == 1
    assert {refusal.type for refusal in refusals if isinstance(refusal, Refusal)} == {"file-used"}
    assert Post.objects.count() == 1


def test_edit_against_delete(world: World) -> None:
    for _round in range(5):
        post = say(world.mia, world.chatter, "One")
        mine, seat_of_mia = access.post(world.mia, post.id)
        theirs, seat_of_olga = access.post(world.olga, post.id)

        def edit(post: Post = mine, seat: Seat = seat_of_mia) -> None:
            with suppress(Conflict):  # deleted a moment before
                services.edit(actor=world.mia, post=post, seat=seat, body="Two")

        def delete(post: Post = theirs, seat: Seat = seat_of_olga) -> None:
            services.delete(actor=world.olga, post=post, seat=seat)

        at_once(edit, delete)
        assert queries.state(post.id).deleted
        assert queries.state(post.id).body == ""
    world.chatter.refresh_from_db()
    newest = Post.objects.order_by("-revision").values_list("revision", flat=True)[0]
    assert newest == world.chatter.revision


def test_replies_against_deleting_their_root(world: World) -> None:
    for _round in range(5):
        root = say(world.mia, world.chatter, "Root")
        post, at = access.post(world.mia, root.id)

        def answer(root: PostState = root) -> Refusal | None:
            return create_posts([new(world.ben, world.chatter, "Reply", root_id=root.id)])[0].refusal

        def delete(post: Post = post, at: Seat = at) -> None:
            services.delete(actor=world.mia, post=post, seat=at)

        *refusals, _deleted = at_once(answer, answer, delete)
        assert row(root).reply_count == refusals.count(None) == Post.objects.filter(root_id=root.id).count()


def test_reactions_at_once(world: World) -> None:
    post = say(world.mia, world.chatter, "One")
    people = (world.mia, world.ben, world.olga) * 2

    def work(number: int) -> Callable[[], object]:
        person = people[number]
        found, at = access.post(person, post.id)
        return lambda: services.react(actor=person, post=found, seat=at, emoji="👍")

    at_once(*(work(number) for number in range(6)))
    [thumbs] = queries.state(post.id).reactions
    assert thumbs.count == 3
    world.chatter.refresh_from_db()
    assert world.chatter.revision == queries.state(post.id).revision == 4
    assert Reaction.objects.count() == 3


def test_reading_while_others_post_and_delete(world: World) -> None:
    posts: list[UUID] = [say(world.mia, world.chatter, str(number)).id for number in range(12)]

    def write() -> None:
        for _number in range(10):
            create_posts([new(world.mia, world.chatter)])

    def delete() -> None:
        for post_id in posts[::2]:
            post, at = access.post(world.olga, post_id)
            services.delete(actor=world.olga, post=post, seat=at)

    def read(seqs: list[int]) -> Callable[[], None]:
        def work() -> None:
            for seq in seqs:
                services.mark_read(actor=world.ben, seat=seat(world.ben, world.chatter), seq=seq)

        return work

    at_once(write, delete, read([2, 5, 11]), read([1, 3, 7, 9]))
    alive = Post.objects.filter(deleted_at=None, seq__gt=11).count()
    assert reading(world.ben, world.chatter) == (11, alive)


@pytest.fixture(autouse=True)
def _no_threads_left() -> Iterator[None]:
    before = threading.active_count()
    yield
    assert threading.active_count() == before
