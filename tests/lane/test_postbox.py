"""The postbox: what cannot be taken is refused before it is accepted, and nobody suffers from a neighbour's letter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from django.db import OperationalError, connection

from live.world import World, say
from tertulia.kernel import limits
from tertulia.live import postbox
from tertulia.live.statement import Lost, Statement
from tertulia.posts import services
from tertulia.posts.models import Post
from tertulia.posts.services import Letter

from .conftest import Ask, Lanes

pytestmark = pytest.mark.django_db(transaction=True)

Token = Callable[..., str]
FORMULA = "$x^2$"
"""More than words: the writer thread's."""


def posting(world: World, raw: str, words: str = "Hello") -> Ask:
    body = f'{{"body":"{words}","client_id":"{words}"}}'.encode()
    return Ask("POST", f"/api/v1/channels/{world.chatter.pk}/posts", body, who=raw)


def messages() -> list[str]:
    return list(Post.objects.filter(kind="message").order_by("seq").values_list("body", flat=True))


def test_a_full_box_says_so_before_it_takes_anything(
    world: World, lanes: Lanes, token: Token, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = token(world.mia)
    lanes.fast(posting(world, raw, "first"))
    monkeypatch.setattr(postbox, "MOST", 3)
    answers = lanes.together([posting(world, raw, f"{number}") for number in range(8)])
    accepted = [number for number, answer in enumerate(answers) if answer.status == 201]
    full = [answer for answer in answers if answer.status == 503]
    assert len(accepted) + len(full) == 8
    assert full
    for answer in full:
        assert answer.headers["retry-after"] == "1"
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json["type"] == "/problems/busy"
        assert "nothing is lost" in answer.json["detail"]
    assert sorted(messages()) == sorted(["first", *(f"{number}" for number in accepted)])


def test_a_database_that_goes_away_is_told_and_a_retry_doubles_nothing(
    world: World, lanes: Lanes, token: Token, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = token(world.mia)
    real_run, real_post = Statement.run, services.post_all

    async def lost_statement(self: Statement, parameters: Sequence[bytes | None]) -> Any:
        await real_run(self, parameters)
        raise Lost("the connection broke after the commit")

    def lost(letters: Sequence[Letter], **more: Any) -> Any:
        real_post(letters, **more)
        raise OperationalError("the connection broke after the commit")

    monkeypatch.setattr(Statement, "run", lost_statement)
    monkeypatch.setattr(services, "post_all", lost)
    for words in ("Hello", FORMULA):
        answer = lanes.fast(posting(world, raw, words))
        assert (answer.status, answer.json["type"], answer.headers["retry-after"]) == (503, "/problems/busy", "1")
        assert "client_id" in answer.json["detail"]
    monkeypatch.undo()
    assert [lanes.fast(posting(world, raw, words)).status for words in ("Hello", FORMULA)] == [200, 200]
    assert messages() == ["Hello", FORMULA]


def test_a_connection_that_was_cut_is_made_anew_without_a_pause(world: World, lanes: Lanes, token: Token) -> None:
    raw = token(world.mia)
    assert lanes.fast(posting(world, raw, "before")).status == 201
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    answers = [lanes.fast(posting(world, raw, "after")) for _time in range(3)]
    assert [answer.status for answer in answers[-2:]] in ([201, 200], [200, 200])
    assert messages() == ["before", "after"]


def test_a_letter_that_breaks_something_breaks_nothing_for_others(
    world: World, lanes: Lanes, token: Token, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = token(world.mia)
    lanes.fast(posting(world, raw, "first"))
    real = services.post_all

    def picky(letters: Sequence[Letter], **more: Any) -> Any:
        answers = real(letters, **more)
        if any(letter.body == "$poison$" for letter in letters):
            raise ZeroDivisionError
        return answers

    monkeypatch.setattr(services, "post_all", picky)
    asks = [posting(world, raw, f"$x^{words}$") for words in ("a", "b", "c")]
    with pytest.raises(ZeroDivisionError):
        lanes.together([*asks, posting(world, raw, "$poison$")])
    answers = lanes.together(asks)
    assert {answer.status for answer in answers} == {200}
    assert sorted(messages()) == ["$poison$", "$x^a$", "$x^b$", "$x^c$", "first"]


def test_limits_are_counted_for_each_and_explained_by_django(world: World, lanes: Lanes, token: Token) -> None:
    raw, other = token(world.mia), token(world.ina)
    for _number in range(limits.POSTING.times):
        limits.spend(limits.POSTING, world.mia.pk)
    mine, hers = lanes.together([posting(world, raw, "mine"), posting(world, other, "hers")])
    assert (mine.status, hers.status) == (429, 201)
    assert int(mine.headers["retry-after"]) > 0
    assert messages() == ["hers"]


def test_who_is_too_fast_makes_no_batch_fail_twice(
    world: World, lanes: Lanes, token: Token, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw, other = token(world.mia), token(world.ina)
    for _number in range(limits.POSTING.times):
        limits.spend(limits.POSTING, world.mia.pk)
    assert lanes.fast(posting(world, raw, "too fast")).status == 429
    tried: list[int] = []
    real = Statement.run

    async def counting(self: Statement, parameters: Sequence[bytes | None]) -> Any:
        tried.append(int(parameters[-2] or 0))
        return await real(self, parameters)

    monkeypatch.setattr(Statement, "run", counting)
    answers = lanes.together(
        [*(posting(world, raw, f"{number}") for number in range(5)), posting(world, other, "fine")]
    )
    assert [answer.status for answer in answers] == [429] * 5 + [201]
    assert tried == [1]


def test_many_letters_are_one_batch(world: World, lanes: Lanes, token: Token, monkeypatch: pytest.MonkeyPatch) -> None:
    say(world.mia, world.chatter, "before")
    raw = token(world.mia)
    lanes.fast(posting(world, raw, "first"))
    sizes: list[int] = []
    real_run, real_post = Statement.run, services.post_all

    def counting(letters: Sequence[Letter], **more: Any) -> Any:
        sizes.append(len(letters))
        return real_post(letters, **more)

    async def counting_statement(self: Statement, parameters: Sequence[bytes | None]) -> Any:
        sizes.append(int(parameters[-2] or 0))
        return await real_run(self, parameters)

    monkeypatch.setattr(services, "post_all", counting)
    monkeypatch.setattr(Statement, "run", counting_statement)
    for words in ("word", FORMULA):
        sizes.clear()
        lanes.together([posting(world, raw, f"{words} {number}") for number in range(20)])
        assert sum(sizes) == 20
        assert len(sizes) < 20
