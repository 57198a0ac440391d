"""The REST table that scripts rely on, row by row: methods, addresses, fields and statuses as they were promised."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from tertulia.channels import services as channels
from tertulia.workspaces import services as workspaces

from .world import Answer, Script, World, person

pytestmark = pytest.mark.django_db

POST_FIELDS = [
    "id",
    "channel_id",
    "seq",
    "root_id",
    "author",
    "body",
    "html",
    "created_at",
    "edited_at",
    "reply_count",
    "reactions",
]


@pytest.fixture
def ana(world: World) -> Script:
    """The owner's program."""
    return world.script(world.ana)


@pytest.fixture
def ben(world: World) -> Script:
    """A learner's program."""
    return world.script(world.ben)


def refused(answer: Answer, status: int, kind: str, *words: object) -> None:
    """The answer is this problem, in the standard's shape, with these words in its sentence."""
    assert (answer.status, answer.json.get("type")) == (status, f"/problems/{kind}"), answer
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert (answer.json["status"], bool(answer.json["title"])) == (status, True)
    assert answer.json["detail"].endswith("."), answer.json["detail"]
    for word in words:
        assert str(word) in answer.json["detail"], answer.json["detail"]


def test_me(world: World, ana: Script) -> None:
    answer = ana("GET", "/me")
    assert (answer.status, answer.json["id"], answer.json["handle"]) == (200, str(world.ana.pk), "ana")


def test_workspaces(world: World, ana: Script, ben: Script) -> None:
    fields = {"slug": "spring", "name": "Spring", "template": "platform", "goal": "To bake.", "joining": "request"}
    made = ana("POST", "/workspaces", fields)
    assert (made.status, fields.items() <= made.json.items()) == (201, True)
    assert {item["slug"] for item in ana("GET", "/workspaces").json["items"]} == {"course", "spring"}
    assert [item["slug"] for item in ben("GET", "/workspaces").json["items"]] == ["course"]
    changed = ana("PATCH", "/workspaces/spring", {"goal": "To bake well.", "joining": "open"})
    assert (changed.status, changed.json["goal"], changed.json["joining"]) == (200, "To bake well.", "open")
    assert ana("GET", "/workspaces/spring").json == changed.json
    refused(ben("GET", "/workspaces/spring"), 404, "not-found")
    refused(ana("POST", "/workspaces", fields), 409, "slug-taken", "spring")
    assert world.workspace.slug == "course"


@pytest.mark.parametrize("template", ["course", "platform", "segment", "company", "blank"])
def test_workspace_templates(ana: Script, template: str) -> None:
    made = ana("POST", "/workspaces", {"slug": "fresh", "name": "Fresh", "template": template})
    assert (made.status, made.json["template"]) == (201, template)
    assert ana("GET", "/workspaces/fresh/channels").json["items"]


def test_members(world: World, ana: Script) -> None:
    path = "/workspaces/course/members"
    cleo, dora = person("cleo"), person("dora")
    by_id = ana("POST", path, {"person_id": str(cleo.pk), "role": "mentor"})
    assert (by_id.status, by_id.json["role"], by_id.json["person"]["handle"]) == (201, "mentor", "cleo")
    assert ana("POST", path, {"email": "dora@example.org", "role": "learner"}).status == 201
    assert ana("POST", path, {"email": "dora@example.org", "role": "learner"}).status == 200
    assert ana("POST", path, {"email": "nobody@example.org", "role": "learner"}).status == 202
    handles = [item["person"]["handle"] for item in ana("GET", path).json["items"]]
    assert handles == ["ana", "ben", "cleo", "dora"]
    changed = ana("PATCH", f"{path}/{dora.pk}", {"role": "moderator"})
    assert (changed.status, changed.json["role"]) == (200, "moderator")
    assert ana("DELETE", f"{path}/{dora.pk}").status == 204
    refused(ana("DELETE", f"{path}/{dora.pk}"), 404, "not-found")
    refused(ana("POST", path, {"role": "learner"}), 422, "invalid", "person_id", "email")
    refused(ana("POST", path, {"email": "x@example.org", "role": "king"}), 422, "invalid", "role")
    assert world.workspace.memberships.count() == 3


def test_channels(ana: Script, ben: Script) -> None:
    path = "/workspaces/course/channels"
    fields = {
        "name": "Bread", "slug": "bread", "kind": "chat", "visibility": "private",
        "purpose": "Talk of bread", "header": "See **this**", "posting": "staff",
    }  # fmt: skip
    made = ana("POST", path, fields)
    assert (made.status, fields.items() <= made.json.items()) == (201, True)
    own = f"/channels/{made.json['id']}"
    assert ana("GET", own).json == made.json
    refused(ben("GET", own), 404, "not-found")
    assert "bread" in [item["slug"] for item in ana("GET", path).json["items"]]
    assert "bread" not in [item["slug"] for item in ben("GET", path).json["items"]]
    changed = ana("PATCH", own, {"name": "Rye", "slug": "rye", "visibility": "public", "posting": "everyone"})
    assert (changed.status, changed.json["name"], changed.json["slug"]) == (200, "Rye", "rye")
    assert ben("GET", own).status == 200
    refused(ana("POST", path, {"name": "Other", "slug": "rye"}), 409, "slug-taken", "rye")
    assert ana("DELETE", own).status == 204
    assert ana("GET", own).json["archived"] is True
    assert ana("PATCH", own, {"archived": False}).json["archived"] is False


def test_channel_members(world: World, ana: Script) -> None:
    cleo = world.add(person("cleo"))
    path = f"/channels/{world.chatter.pk}/members"
    assert {item["person"]["handle"] for item in ana("GET", path).json["items"]} == {"ana", "ben"}
    added = ana("POST", path, {"person_ids": [str(cleo.pk)]})
    assert (added.status, added.json) == (201, {"added": [str(cleo.pk)]})
    assert ana("DELETE", f"{path}/{cleo.pk}").status == 204
    assert ana("POST", path, {"person_id": str(cleo.pk)}).json == {"added": [str(cleo.pk)]}
    refused(ana("POST", path, {"person_ids": [str(world.otto.pk)]}), 422, "invalid", "members")


def test_direct(world: World, ana: Script, ben: Script) -> None:
    made = ana("POST", "/workspaces/course/direct", {"person_ids": [str(world.ben.pk)]})
    assert (made.status, made.json["kind"], made.json["name"]) == (200, "direct", "Ben")
    again = ben("POST", "/workspaces/course/direct", {"person_ids": [str(world.ana.pk)]})
    assert again.json["id"] == made.json["id"]
    refused(ana("POST", "/workspaces/course/direct", {"person_ids": [str(world.otto.pk)]}), 422, "invalid", "members")


def test_posts(world: World, ana: Script, ben: Script) -> None:
    path = f"/channels/{world.chatter.pk}/posts"
    file = ana.upload("a.txt", b"Words").json["id"]
    made = ana("POST", path, {"body": "Look: **this**", "client_id": "first", "attachment_ids": [file]})
    assert (made.status, [name for name in POST_FIELDS if name not in made.json]) == (201, [])
    expected: dict[str, Any] = {
        "channel_id": str(world.chatter.pk), "root_id": None, "body": "Look: **this**", "edited_at": None,
        "html": "<p>Look: <strong>this</strong></p>", "reply_count": 0, "reactions": [],
    }  # fmt: skip
    assert expected.items() <= made.json.items()
    assert made.json["author"]["id"] == str(world.ana.pk)
    reply = ben("POST", path, {"body": "Nice", "root_id": made.json["id"]})
    assert (reply.status, reply.json["root_id"], reply.json["seq"]) == (201, made.json["id"], made.json["seq"] + 1)
    own = f"/posts/{made.json['id']}"
    assert [item["id"] for item in ana("GET", f"{own}/replies").json["items"]] == [reply.json["id"]]
    edited = ana("PATCH", own, {"body": "Look!"})
    assert (edited.status, edited.json["body"], edited.json["reply_count"]) == (200, "Look!", 1)
    assert edited.json["edited_at"] is not None
    assert ana("GET", own).json == edited.json
    refused(ben("PATCH", own, {"body": "Mine"}), 403, "forbidden")
    assert ana("DELETE", own).status == 204
    assert (ana("GET", own).json["body"], ana("GET", own).json["deleted_at"] is None) == ("", False)
    refused(ben("POST", path, {"body": "Late", "root_id": made.json["id"]}), 409, "parent-deleted")


def test_a_repeated_client_id_answers_with_the_first_post(world: World, ana: Script, ben: Script) -> None:
    path = f"/channels/{world.chatter.pk}/posts"
    first = ana("POST", path, {"body": "One", "client_id": "abc"})
    again = ana("POST", path, {"body": "Another", "client_id": "abc"})
    assert (first.status, again.status, again.json) == (201, 200, first.json)
    assert ben("POST", path, {"body": "Mine", "client_id": "abc"}).status == 201  # ids are each author's own
    channels.archive_channel(actor=world.ana, channel=world.chatter)
    assert ana("POST", path, {"body": "One", "client_id": "abc"}).json["id"] == first.json["id"]


def test_before_after_and_limit(world: World, ana: Script) -> None:
    seqs = [world.say(world.ana, f"Number {number}").seq for number in range(7)]
    path = f"/channels/{world.chatter.pk}/posts"

    def got(**query: Any) -> list[int]:
        return [item["seq"] for item in ana("GET", path, **query).json["items"]]

    assert got(limit=3) == seqs[-3:]
    assert got(before=seqs[3], limit=2) == seqs[1:3]
    assert got(after=seqs[3], limit=2) == seqs[4:6]
    refused(ana("GET", path, before=1, after=1), 422, "invalid", "before", "after")
    refused(ana("GET", path, limit=0), 422, "invalid", "limit")
    refused(ana("GET", path, before=2**64), 422, "invalid", "before")
    refused(ana("GET", path, colour="red"), 422, "invalid", "colour")


def test_reactions_and_pins(world: World, ana: Script, ben: Script) -> None:
    post = world.say(world.ana, "Hello")
    own = f"/posts/{post.id}"
    for emoji in ("%F0%9F%91%8D", "+1", ":+1:"):
        reacted = ben("PUT", f"{own}/reactions/{emoji}")
        assert (reacted.status, reacted.json["reactions"][0]["count"]) == (200, 1)
    assert ben("DELETE", f"{own}/reactions/👍").status == 204
    refused(ben("PUT", f"{own}/reactions/nonsense"), 422, "unknown-emoji", "nonsense")
    refused(ben("PUT", f"{own}/reactions/{'x' * 500}"), 422, "unknown-emoji")
    assert ana("POST", f"{own}/pin").json["pinned_at"] is not None
    refused(ben("DELETE", f"{own}/pin"), 403, "forbidden")
    assert ana("DELETE", f"{own}/pin").status == 204


def test_read(world: World, ben: Script) -> None:
    seqs = [world.say(world.ana, f"Number {number}").seq for number in range(3)]
    path = f"/channels/{world.chatter.pk}/read"
    assert ben("POST", path, {"seq": seqs[1]}).json == {"last_read_seq": seqs[1], "unread": 1, "mentions": 0}
    refused(ben("POST", path, {"seq": -1}), 422, "invalid", "seq")
    refused(ben("POST", path, {"seq": "2"}), 422, "invalid", "seq")


def test_files(ana: Script) -> None:
    made = ana.upload("notes.txt", b"Some words")
    assert (made.status, made.json["name"], made.json["size"]) == (201, "notes.txt", 10)
    refused(
        ana.upload("picture.png", b"<html><script>alert(1)</script></html>"), 422, "file-not-as-named", "picture.png"
    )
    refused(ana.upload("empty.txt", b""), 422, "file-empty", "empty.txt")
    refused(ana.upload("a.txt", b"Words", colour="red"), 422, "invalid", "colour")
    refused(ana("POST", "/files", {"file": "words"}), 422, "invalid", "file")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/workspaces", {"slug": "new", "name": "New"}),
        ("PATCH", "/workspaces/course", {}),
        ("POST", "/workspaces/course/members", {"email": "x@example.org"}),
        ("PATCH", "/workspaces/course/members/{ben}", {"role": "mentor"}),
        ("POST", "/workspaces/course/channels", {"name": "New"}),
        ("PATCH", "/channels/{chatter}", {}),
        ("POST", "/channels/{chatter}/members", {}),
        ("POST", "/workspaces/course/direct", {"person_ids": []}),
        ("POST", "/channels/{chatter}/posts", {"body": "x"}),
        ("PATCH", "/posts/{post}", {"body": "x"}),
        ("POST", "/channels/{chatter}/read", {"seq": 1}),
        ("PATCH", "/me", {}),
    ],
)
def test_unknown_fields_are_refused_by_name(
    world: World, ana: Script, method: str, path: str, body: dict[str, Any]
) -> None:
    ids = {"ben": world.ben.pk, "chatter": world.chatter.pk, "post": world.say(world.ana, "Hello").id}
    answer = ana(method, path.format(**ids), {**body, "colour": "red"})
    refused(answer, 422, "invalid", "colour", "no field of this name")
    assert "colour" in [error["field"] for error in answer.json["errors"]]


@pytest.mark.parametrize("length", [2_000, 45_000])
@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("POST", "/workspaces", {"slug": "new"}, "name"),
        ("POST", "/workspaces", {"name": "New"}, "slug"),
        ("PATCH", "/workspaces/course", {}, "goal"),
        ("POST", "/workspaces/course/groups", {}, "name"),
        ("POST", "/workspaces/course/channels", {}, "name"),
        ("POST", "/workspaces/course/channels", {"name": "New"}, "slug"),
        ("POST", "/workspaces/course/channels", {"name": "New"}, "purpose"),
        ("POST", "/workspaces/course/channels", {"name": "New"}, "header"),
        ("PATCH", "/channels/{chatter}", {}, "purpose"),
        ("POST", "/channels/{chatter}/posts", {"body": "x"}, "client_id"),
        ("PATCH", "/me", {}, "display_name"),
        ("PATCH", "/me", {}, "headline"),
        ("PATCH", "/me", {}, "about"),
    ],
)
def test_over_long_text_is_told_the_limit_and_its_length(
    world: World, ana: Script, method: str, path: str, body: dict[str, Any], field: str, length: int
) -> None:
    answer = ana(method, path.format(chatter=world.chatter.pk), {**body, field: "a" * length})
    if answer.status < 400:
        assert (field, length) == ("about", 2_000), answer  # two thousand characters are not too much for it
        return
    refused(answer, 422, "invalid")
    numbers = {int("".join(filter(str.isdigit, word)) or 0) for word in answer.json["detail"].split()}
    assert length in numbers
    assert any(0 < number < length for number in numbers)
    assert field in json.dumps(answer.json)


def test_over_long_posts_are_told_the_limit_and_their_length(world: World, ana: Script) -> None:
    path = f"/channels/{world.chatter.pk}/posts"
    refused(ana("POST", path, {"body": "a" * 40_001}), 422, "too-long", "40,000", "40,001")
    made = ana("POST", path, {"body": "a" * 40_000})
    assert (made.status, made.json["body"]) == (201, "a" * 40_000)


def test_odd_markdown_is_taken_as_it_is(world: World, ana: Script) -> None:
    body = "**open `code\n\n| a |\n|--\n$\\frac{1}$ :nope: @@@ #[](((\n```\n\u202b<script>alert(1)</script>"
    made = ana("POST", f"/channels/{world.chatter.pk}/posts", {"body": body})
    assert (made.status, made.json["body"]) == (201, body)
    assert "<script" not in made.json["html"]


def test_an_archived_channel(world: World, ana: Script) -> None:
    post = world.say(world.ana, "Hello")
    channels.archive_channel(actor=world.ana, channel=world.chatter)
    path = f"/channels/{world.chatter.pk}/posts"
    refused(ana("POST", path, {"body": "x"}), 409, "archived", "archived")
    refused(ana("PATCH", f"/posts/{post.id}", {"body": "x"}), 409, "archived", "archived")
    refused(ana("PUT", f"/posts/{post.id}/reactions/👍"), 409, "archived", "archived")
    assert ana("GET", path).status == 200


def test_a_banned_author(world: World, ben: Script) -> None:
    post = world.say(world.ben, "Hello")
    workspaces.ban(actor=world.ana, workspace=world.workspace, person=world.ben, reason="Noise")
    refused(ben("POST", f"/channels/{world.chatter.pk}/posts", {"body": "x"}), 404, "not-found")
    refused(ben("PATCH", f"/posts/{post.id}", {"body": "x"}), 404, "not-found")
    refused(ben("GET", "/workspaces/course"), 404, "not-found")
    assert ben("GET", "/me").status == 200


def test_a_vanished_parent(world: World, ana: Script) -> None:
    path = f"/channels/{world.chatter.pk}/posts"
    elsewhere = world.say(world.ana, "Elsewhere", channel=world.channel("other"))
    for root_id in (uuid.uuid4(), elsewhere.id):
        refused(ana("POST", path, {"body": "x", "root_id": str(root_id)}), 409, "parent-missing")
