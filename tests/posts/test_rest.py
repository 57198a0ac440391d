"""The REST interface of posts: as the table of the issue says, and every bad input with a sentence."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, override_settings
from django.utils import timezone

from tertulia.people.models import Person
from tertulia.people.scopes import SCOPES
from tertulia.people.services import create_token
from tertulia.posts.models import Post

from .acts import picture
from .world import World, say


@dataclass
class Answer:
    """What came back."""

    status: int
    json: Any
    headers: dict[str, str]


def call(person: Person, method: str, path: str, data: Any = None, **query: Any) -> Answer:
    """One request with a token of this person's that may do everything."""
    _token, raw = create_token(actor=person, name="test", scopes=list(SCOPES), expires_at=None)
    response = Client().generic(
        method,
        f"/api/v1{path}",
        "" if data is None else json.dumps(data),
        content_type="application/json",
        headers={"authorization": f"Bearer {raw}"},
        query_params=query,
    )
    return Answer(response.status_code, json.loads(response.content or b"null"), dict(response.headers))


def send(person: Person, file: SimpleUploadedFile, **more: Any) -> Answer:
    """Upload."""
    _token, raw = create_token(actor=person, name="test", scopes=["files:write"], expires_at=None)
    response = Client().post("/api/v1/files", {"file": file, **more}, headers={"authorization": f"Bearer {raw}"})
    return Answer(response.status_code, json.loads(response.content), dict(response.headers))


def test_posting_and_reading(world: World) -> None:
    path = f"/channels/{world.chatter.pk}/posts"
    made = call(world.mia, "POST", path, {"body": "Hello **you**"})
    assert made.status == 201
    assert {
        "channel_id": str(world.chatter.pk),
        "seq": 1,
        "root_id": None,
        "body": "Hello **you**",
        "html": "<p>Hello <strong>you</strong></p>",
        "edited_at": None,
        "reply_count": 0,
        "reactions": [],
        "attachments": [],
    }.items() <= made.json.items()
    assert made.json["author"]["handle"] == "mia"
    assert made.json["created_at"].endswith("Z")
    reply = call(world.ben, "POST", path, {"body": "Reply", "root_id": made.json["id"]})
    assert (reply.status, reply.json["root_id"], reply.json["seq"]) == (201, made.json["id"], 2)
    [first] = call(world.ben, "GET", path).json["items"]
    assert (first["id"], first["reply_count"]) == (made.json["id"], 1)
    assert [post["seq"] for post in call(world.ben, "GET", path, replies="true").json["items"]] == [1, 2]
    assert call(world.ben, "GET", f"/posts/{first['id']}").json == first
    answers = call(world.ben, "GET", f"/posts/{first['id']}/replies").json
    assert ([post["body"] for post in answers["items"]], answers["next"]) == (["Reply"], None)


def test_a_repeated_client_id_answers_with_the_first_post(world: World) -> None:
    path = f"/channels/{world.chatter.pk}/posts"
    for client_id in (str(uuid4()), "any words 1"):
        first = call(world.mia, "POST", path, {"body": "One", "client_id": client_id})
        again = call(world.mia, "POST", path, {"body": "One", "client_id": client_id})
        assert (first.status, again.status) == (201, 200)
        assert again.json == first.json
    assert Post.objects.count() == 2


def test_paging_through_everything(world: World) -> None:
    for number in range(1, 8):
        say(world.mia, world.chatter, str(number))
    path = f"/channels/{world.chatter.pk}/posts"

    def walk(**start: Any) -> list[list[int]]:
        pages, query = [], {"limit": 3, **start}
        while True:
            answer = call(world.mia, "GET", path, **query)
            assert answer.status == 200
            pages.append([post["seq"] for post in answer.json["items"]])
            if answer.json["next"] is None:
                return pages
            query = {"limit": 3, "cursor": answer.json["next"]}

    assert walk() == [[5, 6, 7], [2, 3, 4], [1]]
    assert walk(before=4) == [[1, 2, 3]]
    assert walk(after=0) == [[1, 2, 3], [4, 5, 6], [7]]
    assert [post["seq"] for post in call(world.mia, "GET", path, around=4, limit=3).json["items"]] == [3, 4, 5]


@pytest.mark.parametrize(
    "query",
    [
        {"before": 1, "after": 2},
        {"before": "x"},
        {"before": 2**64},
        {"limit": 0},
        {"limit": 1000},
        {"cursor": "before.x"},
        {"cursor": "sideways.3"},
        {"cursor": "before." + "9" * 40},
    ],
)
def test_bad_queries(world: World, query: dict[str, Any]) -> None:
    answer = call(world.mia, "GET", f"/channels/{world.chatter.pk}/posts", **query)
    assert answer.status == 422
    assert answer.json["detail"]


def test_bad_posts_get_a_sentence(world: World) -> None:
    path = f"/channels/{world.chatter.pk}/posts"
    gone = say(world.mia, world.chatter, "Gone")
    Post.objects.filter(pk=gone.id).update(deleted_at=timezone.now())
    cases: list[tuple[Any, int, str]] = [
        ({"body": "x", "colour": "red"}, 422, "colour"),
        ({}, 422, "body"),
        ({"body": " "}, 422, "nothing in this post"),
        ({"body": "x" * 40_001}, 422, "40,001"),
        ({"body": 3}, 422, "body"),
        ({"body": "x", "root_id": str(uuid4())}, 409, "not in this channel"),
        ({"body": "x", "root_id": str(gone.id)}, 409, "deleted"),
        ({"body": "x", "root_id": "nonsense"}, 422, "root_id"),
        ({"body": "x", "attachment_ids": [str(uuid4())]}, 422, "Upload it again"),
        ({"body": "x", "attachment_ids": [str(uuid4()) for _ in range(11)]}, 413, "10"),
        ({"body": "x", "client_id": ""}, 422, "client_id"),
        ({"body": "a\0b"}, 422, "NUL"),
        ([1], 422, ""),
    ]
    for data, status, words in cases:
        answer = call(world.mia, "POST", path, data)
        assert (answer.status, words in json.dumps(answer.json)) == (status, True), (data, answer)
        assert answer.headers["Content-Type"].startswith("application/problem+json")
        assert answer.json["type"]
        assert answer.json["detail"]
    assert Post.objects.count() == 1
    world.chatter.archived_at = timezone.now()
    world.chatter.save(update_fields=["archived_at"])
    answer = call(world.mia, "POST", path, {"body": "x"})
    assert (answer.status, answer.json["type"]) == (409, "/problems/archived")


def test_odd_markdown_is_taken_as_it_is(world: World) -> None:
    body = "**unclosed `code\n\n| a |\n|--\n$\\frac{1}$ :nope: @@@ #[](((\n```"
    answer = call(world.mia, "POST", f"/channels/{world.chatter.pk}/posts", {"body": body})
    assert (answer.status, answer.json["body"]) == (201, body)


def test_changing_a_post(world: World) -> None:
    post = say(world.mia, world.chatter, "One")
    path = f"/posts/{post.id}"
    edited = call(world.mia, "PATCH", path, {"body": "Two"})
    assert (edited.status, edited.json["body"], edited.json["edited_at"] is not None) == (200, "Two", True)
    assert [version["body"] for version in call(world.mia, "GET", f"{path}/versions").json["items"]] == ["One"]
    assert call(world.ben, "GET", f"{path}/versions").status == 403
    assert call(world.ben, "PATCH", path, {"body": "Three"}).status == 403
    assert call(world.ben, "DELETE", path).status == 403
    assert call(world.mia, "DELETE", path).status == 204
    assert call(world.mia, "DELETE", path).status == 204
    gone = call(world.ben, "GET", path).json
    assert (gone["body"], gone["html"], gone["deleted_at"] is not None) == ("", "", True)
    assert call(world.mia, "PATCH", path, {"body": "Three"}).status == 409
    assert call(world.ben, "POST", f"{path}/undelete").status == 403
    assert call(world.mia, "POST", f"{path}/undelete").json["body"] == "Two"


def test_reactions_and_pins(world: World) -> None:
    post = say(world.mia, world.chatter, "One")
    path = f"/posts/{post.id}"
    for emoji in ("👍", "%F0%9F%91%8D", ":+1:", "thumbsup"):
        answer = call(world.ben, "PUT", f"{path}/reactions/{emoji}")
        assert answer.json["reactions"] == [{"emoji": "👍", "count": 1, "person_ids": [str(world.ben.pk)]}]
    assert call(world.ben, "PUT", f"{path}/reactions/nonsense").status == 422
    assert call(world.ben, "DELETE", f"{path}/reactions/👍").status == 204
    assert call(world.ben, "GET", path).json["reactions"] == []
    assert call(world.ben, "POST", f"{path}/pin").status == 403
    assert call(world.olga, "POST", f"{path}/pin").json["pinned_at"] is not None
    assert [p["id"] for p in call(world.ben, "GET", f"/channels/{world.chatter.pk}/pins").json["items"]] == [
        str(post.id)
    ]
    assert call(world.olga, "DELETE", f"{path}/pin").status == 204


def test_reading_state(world: World) -> None:
    posts = [say(world.mia, world.chatter, f"{number} @ben") for number in range(3)]
    path = f"/channels/{world.chatter.pk}/read"
    assert call(world.ben, "POST", path, {"seq": 2}).json == {"last_read_seq": 2, "unread": 1, "mentions": 1}
    assert call(world.ben, "POST", path, {"seq": 1}).json["last_read_seq"] == 2
    assert call(world.ben, "POST", path, {"seq": 2**63 - 1}).json == {"last_read_seq": 3, "unread": 0, "mentions": 0}
    for seq in (-1, 2**64, "x", None):
        assert call(world.ben, "POST", path, {"seq": seq}).status == 422
    assert call(world.ben, "POST", f"/posts/{posts[1].id}/unread").json["unread"] == 2


def test_ones_own_lists(world: World) -> None:
    post = say(world.mia, world.chatter, "One")
    say(world.mia, world.chatter, "Reply", post)
    path = f"/posts/{post.id}"
    assert call(world.ben, "PUT", f"{path}/save").status == 204
    assert [p["id"] for p in call(world.ben, "GET", "/workspaces/course/saved").json["items"]] == [str(post.id)]
    assert call(world.ben, "DELETE", f"{path}/save").status == 204
    assert call(world.ben, "GET", "/workspaces/course/saved").json["items"] == []
    assert call(world.ben, "PUT", f"{path}/follow").status == 204
    reply = say(world.mia, world.chatter, "More", post)
    [thread] = call(world.ben, "GET", "/workspaces/course/threads").json["items"]
    assert (thread["root"]["id"], thread["unread"]) == (str(post.id), 1)
    assert call(world.ben, "POST", f"{path}/replies/read", {"seq": reply.seq}).status == 204
    assert call(world.ben, "GET", "/workspaces/course/threads").json["items"][0]["unread"] == 0
    assert call(world.ben, "DELETE", f"{path}/follow").status == 204
    assert call(world.ben, "GET", "/workspaces/course/threads").json["items"] == []
    draft = f"/channels/{world.chatter.pk}/draft"
    assert call(world.ben, "PUT", draft, {"body": "Begun"}).json["body"] == "Begun"
    assert [d["body"] for d in call(world.ben, "GET", "/workspaces/course/drafts").json["items"]] == ["Begun"]
    assert call(world.ben, "PUT", draft, {"body": ""}).status == 204


def test_scheduling(world: World) -> None:
    path = f"/channels/{world.chatter.pk}/scheduled"
    assert call(world.mia, "POST", path, {"body": "x", "send_at": "2020-01-01T00:00:00Z"}).status == 422
    assert call(world.mia, "POST", path, {"body": "x", "send_at": "2020-01-01T00:00:00"}).status == 422
    soon = (timezone.now() + timedelta(hours=1)).isoformat()
    made = call(world.mia, "POST", path, {"body": "Later", "send_at": soon})
    assert made.status == 201
    own = f"/scheduled/{made.json['id']}"
    assert call(world.ben, "DELETE", own).status == 404
    assert call(world.mia, "PATCH", own, {"body": "Later still"}).json["body"] == "Later still"
    assert len(call(world.mia, "GET", "/workspaces/course/scheduled").json["items"]) == 1
    assert call(world.mia, "POST", f"{own}/send").json["body"] == "Later still"
    assert call(world.mia, "DELETE", own).status == 404


def test_files(world: World) -> None:
    made = send(world.mia, SimpleUploadedFile("a.png", picture(size=(20, 10)), "image/png"))
    assert made.status == 201
    assert {"name": "a.png", "content_type": "image/png", "width": 20, "height": 10}.items() <= made.json.items()
    assert made.json["url"] == f"/files/{made.json['id']}/a.png"
    post = call(
        world.mia,
        "POST",
        f"/channels/{world.chatter.pk}/posts",
        {"body": "", "attachment_ids": [made.json["id"]], "alts": ["A picture"]},
    )
    [attached] = post.json["attachments"]
    assert attached == {**made.json, "alt": "A picture"}
    assert call(world.ben, "GET", f"/files/{made.json['id']}").json == made.json
    assert call(world.otto, "GET", f"/files/{made.json['id']}").status == 404
    assert call(world.mia, "DELETE", f"/files/{made.json['id']}").status == 404  # it is in a post
    fake = send(world.mia, SimpleUploadedFile("a.png", b"<html>", "image/png"))
    assert (fake.status, fake.json["type"]) == (422, "/problems/file-not-as-named")
    assert send(world.mia, SimpleUploadedFile("a.bin", b"")).status == 422
    assert send(world.mia, SimpleUploadedFile("a.bin", b"x"), colour="red").status == 422
    unused = send(world.mia, SimpleUploadedFile("a.bin", b"x"))
    assert call(world.ben, "DELETE", f"/files/{unused.json['id']}").status == 404
    assert call(world.mia, "DELETE", f"/files/{unused.json['id']}").status == 204
    with override_settings(MAX_FILE_BYTES=10):
        large = send(world.mia, SimpleUploadedFile("a.bin", b"x" * 11))
        assert large.status == 413
        assert "10" in large.json["detail"]
        assert "11" in large.json["detail"]


def operations(world: World) -> list[tuple[str, str, Any, int]]:
    """Everything that touches one private post: method, path, body, the answer to who may."""
    post = say(world.mia, world.secret, "Secret")
    of_post, of_channel = f"/posts/{post.id}", f"/channels/{world.secret.pk}"
    soon = (timezone.now() + timedelta(hours=1)).isoformat()
    return [
        ("GET", f"{of_channel}/posts", None, 200),
        ("POST", f"{of_channel}/posts", {"body": "x"}, 201),
        ("GET", f"{of_channel}/pins", None, 200),
        ("POST", f"{of_channel}/read", {"seq": 1}, 200),
        ("PUT", f"{of_channel}/draft", {"body": "x"}, 200),
        ("POST", f"{of_channel}/scheduled", {"body": "x", "send_at": soon}, 201),
        ("GET", of_post, None, 200),
        ("PATCH", of_post, {"body": "y"}, 200),
        ("GET", f"{of_post}/replies", None, 200),
        ("GET", f"{of_post}/versions", None, 200),
        ("PUT", f"{of_post}/reactions/👍", None, 200),
        ("DELETE", f"{of_post}/reactions/👍", None, 204),
        ("PUT", f"{of_post}/save", None, 204),
        ("DELETE", f"{of_post}/save", None, 204),
        ("PUT", f"{of_post}/follow", None, 204),
        ("DELETE", f"{of_post}/follow", None, 204),
        ("POST", f"{of_post}/unread", None, 200),
        ("POST", f"{of_post}/replies/read", {"seq": 1}, 204),
        ("DELETE", of_post, None, 204),
        ("POST", f"{of_post}/undelete", None, 200),
    ]


def test_members_may_and_outsiders_find_nothing(world: World) -> None:
    for method, path, data, status in operations(world):
        missing = path.replace(str(world.secret.pk), str(uuid4()))
        for outsider in (world.ben, world.guest, world.otto):
            answer = call(outsider, method, path, data)
            assert answer.status == 404, (outsider, method, path)
            if missing != path:
                assert answer.json == call(outsider, method, missing, data).json
        answer = call(world.mia, method, path, data)
        assert answer.status == status, (method, path, answer)


def test_a_token_needs_the_scope(world: World) -> None:
    _token, raw = create_token(actor=world.mia, name="test", scopes=["posts:read"], expires_at=None)
    headers = {"authorization": f"Bearer {raw}"}
    path = f"/api/v1/channels/{world.chatter.pk}/posts"
    assert Client().get(path, headers=headers).status_code == 200
    answer = Client().post(path, {"body": "x"}, content_type="application/json", headers=headers)
    assert answer.status_code == 403
    assert Client().get(path).status_code == 401
