"""Every case, success and each error, down both lanes: the same status, the same headers that matter, the same body."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from live.world import World, at, say, seat, sign_in
from tertulia.channels import services as channels
from tertulia.people import services as people
from tertulia.people.models import Person
from tertulia.posts import services
from tertulia.posts.models import Post
from tertulia.workspaces import services as workspaces

from .conftest import Ask, Lanes

pytestmark = pytest.mark.django_db(transaction=True)

OWN = ("id", "client_id", "seq", "revision", "created_at", "url")
"""What no two posts share."""
Token = Callable[..., str]


def posts(channel: Any, query: str = "") -> str:
    return f"/api/v1/channels/{channel.pk}/posts{query}"


def body(**fields: Any) -> bytes:
    return msgspec.json.encode(fields)


BODIES: list[tuple[str, bytes, bool]] = [
    ("plain", body(body="Hello"), True),
    ("markdown", body(body="**Hello** @ben @here #chatter :tada:\n\n- [ ] $x^2$"), True),
    ("with a client id", body(body="Hello", client_id="anything-at-all"), True),
    ("nothing else", body(body="Hello", root_id=None, client_id=None, attachment_ids=[], alts=[]), True),
    ("not latin", body(body="こんにちは 👋🏽 مرحبا"), True),
    ("empty", body(body=" "), False),
    ("too long", body(body="x" * 40_001), False),
    ("an unknown field", body(body="x", colour="red"), False),
    ("no body", body(root_id=None), False),
    ("a body of another kind", body(body=7), False),
    ("an empty client id", body(body="x", client_id=""), False),
    ("a client id that is too long", body(body="x", client_id="x" * 101), False),
    ("a parent that is none", body(body="x", root_id="not-an-id"), False),
    ("a parent that is gone", body(body="x", root_id=str(uuid.uuid4())), False),
    ("a file that is gone", body(body="x", attachment_ids=[str(uuid.uuid4())]), False),
    ("not json", b"{", False),
    ("not an object", b"[]", False),
    ("nul", body(body="a\0b"), False),
    ("nul in a client id", body(body="a", client_id="a\0b"), False),
    ("not utf-8", b'{"body":"\xff"}', False),
    ("nested deeply", b'{"x":' + b"[" * 50_000 + b"]" * 50_000 + b"}", False),
    ("half of a pair", b'{"body":"\\ud800"}', False),
]


@pytest.mark.parametrize("way", ["token", "session"])
def test_creating(world: World, lanes: Lanes, token: Token, way: str) -> None:
    raw = token(world.mia)
    who: dict[str, Any] = {"who": raw} if way == "token" else {"session": sign_in(world.mia)}
    for name, sent, good in BODIES:
        ask = Ask("POST", posts(world.chatter), sent, **who)
        fast = lanes.fast(ask)
        if b"anything-at-all" in sent:
            ask = replace(ask, body=sent.replace(b"anything-at-all", b"anything-else"))
        plain = lanes.plain(ask)
        assert fast.same(but=OWN) == plain.same(but=OWN), name
        assert (fast.fast, fast.status) == (good, 201 if good else plain.status), name
        if good:
            assert lanes.plain(Ask("GET", f"/api/v1/posts/{fast.json['id']}", who=raw)).json == fast.json, name


def test_a_repeated_client_id_gives_the_first_post(world: World, lanes: Lanes, token: Token) -> None:
    ask = Ask("POST", posts(world.chatter), body(body="Once", client_id="c1"), who=token(world.mia))
    first, again = lanes.fast(ask), lanes.fast(replace(ask, body=body(body="Twice", client_id="c1")))
    assert (first.status, again.status, again.fast) == (201, 200, True)
    assert again.json == first.json
    assert again.same() == lanes.plain(ask).same()
    elsewhere = Ask("POST", posts(world.general), ask.body, who=ask.who)
    assert lanes.fast(elsewhere).same() == lanes.plain(elsewhere).same()
    assert lanes.fast(elsewhere).json["type"] == "/problems/client-id-used"


def test_the_first_post_is_given_whatever_forbids_it_now(world: World, lanes: Lanes, token: Token) -> None:
    ask = Ask("POST", posts(world.chatter), body(body="Once", client_id="c1"), who=token(world.mia))
    first = lanes.fast(ask)
    channels.archive_channel(actor=world.ina, channel=world.chatter)
    lanes.lane.missed()
    assert (lanes.fast(ask).status, lanes.plain(ask).status) == (200, 200)
    assert lanes.fast(ask).json == lanes.plain(ask).json == first.json


def test_replies(world: World, lanes: Lanes, token: Token) -> None:
    root = say(world.ina, world.chatter, "Who?")
    inner = say(world.ina, world.chatter, "Still?", root.id)
    for parent in (root, inner):
        ask = Ask("POST", posts(world.chatter), body(body="I", root_id=str(parent.id)), who=token(world.mia))
        fast, plain = lanes.fast(ask), lanes.plain(ask)
        assert (fast.fast, fast.status, fast.json["root_id"]) == (True, 201, str(root.id))
        assert fast.same(but=OWN) == plain.same(but=OWN)
    services.delete(actor=world.ina, **at(world.ina, root.id))
    assert (fast := lanes.fast(ask)).same() == lanes.plain(ask).same()
    assert fast.json["type"] == "/problems/parent-deleted"


def test_files(world: World, lanes: Lanes, token: Token) -> None:
    def upload() -> str:
        made = services.upload_file(actor=world.mia, name="a.txt", stream=io.BytesIO(b"words"))
        return str(made.pk)

    asks = [
        Ask("POST", posts(world.chatter), body(body="", attachment_ids=[upload()], alts=["A"]), who=token(world.mia))
        for _ in range(2)
    ]
    fast, plain = lanes.fast(asks[0]), lanes.plain(asks[1])
    assert (fast.fast, fast.status, plain.status) == (True, 201, 201)
    [one], [other] = fast.json["attachments"], plain.json["attachments"]
    assert {**one, "id": "", "url": ""} == {**other, "id": "", "url": ""}
    assert (used := lanes.fast(asks[0])).same() == lanes.plain(asks[0]).same()
    assert used.json["type"] == "/problems/file-used"


def who_may(world: World) -> list[tuple[str, Person | None, Any]]:
    return [
        ("owner", world.olga, world.chatter),
        ("member", world.mia, world.secret),
        ("not in it", world.ben, world.chatter),
        ("private", world.ben, world.secret),
        ("guest", world.gus, world.chatter),
        ("outsider", world.otto, world.chatter),
        ("visitor", None, world.chatter),
    ]


def test_who_may(world: World, lanes: Lanes, token: Token) -> None:
    say(world.mia, world.chatter)
    say(world.mia, world.secret)
    statuses = set()
    for name, person, channel in who_may(world):
        raw = token(person) if person else None
        for ask in (
            Ask("POST", posts(channel), body(body="Hello"), who=raw),
            Ask("GET", posts(channel), who=raw),
            Ask("GET", posts(channel, "?before=2&limit=10"), who=raw),
            Ask("POST", f"/api/v1/channels/{channel.pk}/read", body(seq=1), who=raw),
        ):
            fast, plain = lanes.fast(ask), lanes.plain(ask)
            assert fast.same(but=OWN) == plain.same(but=OWN), (name, ask)
            assert fast.fast == (plain.status < 400), (name, ask)
            statuses.add(plain.status)
    assert statuses == {200, 201, 401, 403, 404}


QUICK = ["", "?limit=50", "?limit=3", "?before=9", "?before=1", "?after=2", "?after=2&limit=3", "?after=99"]
SLOW = [
    *("?limit=0", "?limit=201", "?limit=x", "?before=-1", "?before=1&after=2", "?replies=true", "?cursor=before.4"),
    *("?nothing=1", "?before=", "?before=1&before=2", "?before=99999999999999999999"),
]


def test_reading(world: World, lanes: Lanes, token: Token) -> None:
    root = say(world.mia, world.chatter, "Root")
    for number in range(8):
        say(world.mia, world.chatter, f"{number} @ben", root.id if number % 3 == 0 else None)
    services.react(actor=world.mia, emoji="🎉", **at(world.mia, root.id))
    services.edit(actor=world.mia, body="Edited", **at(world.mia, root.id))
    services.pin(actor=world.ina, **at(world.ina, root.id))
    raw = token(world.mia, "posts:read")
    for query in [*QUICK, "?around=5&limit=4", *SLOW]:
        ask = Ask("GET", posts(world.chatter, query), who=raw)
        fast, plain = lanes.fast(ask), lanes.plain(ask)
        assert (fast.status, fast.body) == (plain.status, plain.body), query
        assert fast.same() == plain.same(), query
        assert fast.fast == (query not in SLOW), query


def test_marking_as_read(world: World, lanes: Lanes, token: Token) -> None:
    for number in range(3):
        say(world.ina, world.chatter, f"{number}")
    ask = Ask("POST", f"/api/v1/channels/{world.chatter.pk}/read", body(seq=2), who=token(world.mia))
    fast = lanes.fast(ask)
    # Who came in has the first place.
    assert (fast.fast, fast.json) == (True, {"last_read_seq": 2, "unread": 2, "mentions": 0})
    assert fast.same() == lanes.plain(ask).same()
    for bad in (body(seq=-1), body(seq="2"), body(), body(seq=1, more=1), b"x"):
        wrong = replace(ask, body=bad)
        assert lanes.fast(wrong).same() == lanes.plain(wrong).same()


def test_tokens_and_sessions(world: World, lanes: Lanes, token: Token) -> None:
    good, session = token(world.mia), sign_in(world.mia)
    write = Ask("POST", posts(world.chatter), body(body="Hello"))
    for ask, status in [
        (replace(write, who="tert_nobody"), 401),
        (replace(write, headers={"authorization": f"Basic {good}"}), 401),
        (replace(write, who=token(world.mia, "posts:read")), 403),
        (replace(write, session="0" * 32), 401),
        (replace(write, headers={"cookie": 'tertulia_session="' + "\\000" * 32 + '"'}), 400),
        (replace(write, session=session, headers={"x-csrftoken": "b" * 32}), 403),
        (replace(write, session=session, headers={"origin": "https://elsewhere.example"}), 403),
        (replace(write, who=good, headers={"content-type": "text/plain"}), 415),
        (replace(write, who=good, headers={"host": "elsewhere.example"}), 400),
        (replace(write, method="PUT", who=good), 405),
        (replace(write, path="/api/v1/channels/nothing/posts", who=good), 404),
        (replace(write, path=f"/api/v1/channels/{uuid.uuid4()}/posts", who=good), 404),
    ]:
        fast, plain = lanes.fast(ask), lanes.plain(ask)
        assert (fast.fast, plain.status) == (False, status), ask
        assert fast.same() == plain.same(), ask


@pytest.mark.parametrize("state", ["archived", "workspace archived", "staff only", "slow", "direct", "blocked"])
def test_channels_that_do_not_take_everything(world: World, lanes: Lanes, token: Token, state: str) -> None:
    channel = world.chatter
    match state:
        case "archived":
            channels.archive_channel(actor=world.ina, channel=channel)
        case "workspace archived":
            workspaces.archive_workspace(actor=world.olga, workspace=world.course)
        case "staff only":
            channels.update_channel(actor=world.ina, channel=channel, posting="staff")
        case "slow":
            channels.update_channel(actor=world.ina, channel=channel, slow_seconds=60)
        case _:
            channel = channels.open_direct(actor=world.mia, workspace=world.course, person_ids=[world.ben.pk])
    if state == "blocked":
        people.block(actor=world.ben, person=world.mia)
    asks = [Ask("POST", posts(channel), body(body=f"{n}"), who=token(world.mia)) for n in range(2)]
    answers = [lanes.fast(asks[0]), lanes.fast(asks[1])]
    plain = lanes.plain(asks[1])
    expected = {"slow": [201, 429], "direct": [201, 201], "staff only": [403, 403], "blocked": [403, 403]}
    assert [answer.status for answer in answers] == expected.get(state, [409, 409])
    assert answers[1].status == plain.status
    assert answers[1].json.get("type") == plain.json.get("type")
    assert ("retry-after" in answers[1].headers) == (state == "slow")


def test_many_at_once_are_each_there_once_and_in_order(world: World, lanes: Lanes, token: Token) -> None:
    mine, hers = token(world.mia), token(world.ina)
    seat(world.ina, world.chatter)
    asks = [
        Ask("POST", posts(world.chatter if number % 3 else world.general), body(body=f"{number}"), who=raw)
        for number, raw in enumerate([mine, hers] * 12)
    ]
    asks[5] = replace(asks[5], body=body(body=""))
    asks[7] = replace(asks[7], body=body(body="x", root_id=str(uuid.uuid4())))
    answers = lanes.together(asks)
    assert [place for place, answer in enumerate(answers) if answer.status != 201] == [5, 7]
    for channel in (world.chatter, world.general):
        rows = list(Post.objects.filter(channel=channel).order_by("seq").values_list("seq", "created_at"))
        assert [seq for seq, _time in rows] == list(range(1, len(rows) + 1))
        assert [time for _seq, time in rows] == sorted(time for _seq, time in rows)
    said = [answer.json["body"] for answer in answers if answer.status == 201]
    stored = Post.objects.filter(kind="message").values_list("body", flat=True)
    assert sorted(said) == sorted(stored)


def test_parts_of_pages(world: World, lanes: Lanes) -> None:
    root = say(world.mia, world.chatter, "Root")
    for number in range(60):
        say(world.mia if number % 5 else world.ina, world.chatter, f"**{number}** @mia")
    say(world.ina, world.chatter, "A reply", root.id)
    services.react(actor=world.ina, emoji="🎉", **at(world.ina, root.id))
    people.update_profile(actor=world.ina, time_zone="Pacific/Auckland", language="es")
    here = f"/w/course/c/{world.chatter.slug}/posts"
    mia, ina, otto = sign_in(world.mia), sign_in(world.ina), sign_in(world.otto)
    arabic = {"accept-language": "ar,en;q=0.5"}
    cases = [
        *((Ask("GET", f"{here}{query}", session=mia), True) for query in ("", "?before=20", "?after=20", "?around=30")),
        (Ask("GET", here, session=ina), True),
        (Ask("GET", f"{here}?before=20", session=ina), True),
        (Ask("GET", here, session=mia, headers=arabic), True),
        (Ask("GET", here, session=otto), False),
        (Ask("GET", here), False),
        (Ask("GET", f"{here}?limit=5", session=mia), False),
        (Ask("GET", f"{here}?before=x", session=mia), False),
        (Ask("GET", "/w/course/c/nothing/posts", session=mia), False),
        (Ask("GET", f"/w/course/c/{world.secret.slug}/posts", session=sign_in(world.ben)), False),
    ]
    for ask, quick in cases:
        for _again in range(2):
            fast, plain = lanes.fast(ask), lanes.plain(ask)
            assert fast.fast == quick, ask
            if plain.status < 400:
                assert fast.same() == plain.same(), ask
            else:
                assert fast.status == plain.status, ask
    assert lanes.fast(cases[0][0]).body != lanes.fast(cases[4][0]).body  # another zone
