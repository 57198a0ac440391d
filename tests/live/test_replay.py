"""Replay equals reload: whatever happens to posts and connections, a page with its frames is like one just loaded."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable

import pytest
from django.db import connection, transaction

from tertulia.kernel.clock import now
from tertulia.posts import services
from tertulia.posts.services import NewPost, OldPin, OldReaction

from .actions import Steps, forget_limits
from .page import Page, loaded, scramble
from .process import Process
from .world import World, sign_in

STEPS = 80
MOST_STEPS = 400
"""Until every step has been done."""
PAGES = 4

# Verbs that change no post that others see. The rest must be among the steps of `actions`.
PRIVATE = {
    "check_may_post",
    "discard_draft",
    "discard_file",
    "follow_thread",
    "mark_read",
    "mark_thread_read",
    "mark_unread_from",
    "open_content",
    "preview",
    "reschedule",
    "save",
    "save_draft",
    "schedule",
    "sweep_unused",
    "thumbnail",
    "unsave",
    "unschedule",
    "upload_file",
    "mark_imported",  # only on posts of the same transaction; see test_imported_marks_come_with_their_posts
}


@pytest.mark.parametrize("seed", range(4))
def test_every_action_replayed_equals_a_reload(world: World, processes: Callable[[], Process], seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - not for secrets
    started = [processes(), processes()]
    doing = Steps(world, world.secret, chance)
    doing.at_once = lambda letter: chance.choice(started).post(letter)
    keys = [sign_in(world.ina), sign_in(world.mia)]
    pages: list[Page] = []
    for number in range(MOST_STEPS):
        if number >= STEPS and doing.done == doing.steps.keys():
            break
        if len(pages) < PAGES and chance.random() < 0.2:
            pages.append(Page(chance.choice(started), chance.choice(keys), world.secret))
        forget_limits()
        doing.step()
        scramble(pages, chance, started)
    expected = loaded(world.secret)
    assert doing.done == doing.steps.keys()
    assert len(pages) == PAGES
    for page in pages:
        assert page.arrive() == expected


def test_every_verb_is_among_the_actions() -> None:
    steps = {name for name in dir(Steps) if getattr(getattr(Steps, name), "is_step", False)}
    verbs = {name for name in services.__all__ if callable(getattr(services, name)) and name.islower()}
    assert verbs - PRIVATE <= steps
    assert verbs >= PRIVATE


def test_imported_marks_come_with_their_posts(world: World, process: Process) -> None:
    page = Page(process, sign_in(world.mia), world.secret)
    page.connect()
    new = NewPost(channel_id=world.secret.pk, author_id=world.ina.pk, body="Old words")
    reactions = [OldReaction(post_id=new.id, person_id=world.mia.pk, emoji="👍", created_at=now())]
    with transaction.atomic():
        services.create_posts([new], silent=True)
        services.mark_imported(reactions=reactions, pins=[OldPin(post_id=new.id, by_id=world.ina.pk, at=now())])
    posts = page.arrive()
    assert posts == loaded(world.secret)
    assert "👍" in posts[str(new.id)]
    assert "data-pinned" in posts[str(new.id)]


def test_writers_and_connections_at_the_same_time(world: World, processes: Callable[[], Process]) -> None:
    """Commits, notices, catching up and broken connections in any order that threads come up with."""
    started = [processes(), processes()]
    pages = [Page(started[number % 2], sign_in(world.mia), world.secret) for number in range(PAGES)]
    failures: list[BaseException] = []

    def write(seed: int) -> None:
        doing = Steps(world, world.secret, random.Random(seed))  # noqa: S311 - not for secrets
        common = ["post", "reply", "edit", "react", "unreact", "delete", "create_posts"]
        doing.steps = {name: doing.steps[name] for name in common}
        try:
            for _ in range(15):
                doing.step()
        except BaseException as failure:  # noqa: BLE001 - handed on to the test
            failures.append(failure)
        finally:
            connection.close()

    writers = [threading.Thread(target=write, args=[seed]) for seed in (1, 2)]
    for writer in writers:
        writer.start()
    chance = random.Random(7)  # noqa: S311 - not for secrets
    while any(writer.is_alive() for writer in writers):
        scramble(pages, chance, started)
        forget_limits()
    for writer in writers:
        writer.join()
    assert not failures
    expected = loaded(world.secret)
    for page in pages:
        assert page.arrive() == expected
    assert any(page.resumes > 1 for page in pages)
