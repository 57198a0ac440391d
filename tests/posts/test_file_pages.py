"""Serving files: to whom, as what, and in parts."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.test import Client
from django.utils import timezone

from tertulia.people.models import Person
from tertulia.people.services import create_token
from tertulia.posts import services
from tertulia.posts.models import File
from tertulia.posts.services.files import content_name
from tertulia.posts.states import file_url

from .acts import delete, picture, upload
from .world import World, seat

SONG = b"ID3" + bytes(range(256)) * 8


def get(person: Person | None, file: File, query: str = "", **headers: str) -> tuple[int, dict[str, str], bytes]:
    client = Client()
    if person is not None:
        client.force_login(person, "allauth.account.auth_backends.AuthenticationBackend")
    response = client.get(file_url(file.pk, file.name) + query, headers=headers)
    return response.status_code, dict(response.headers), response.getvalue()


def attach(world: World, person: Person, name: str, content: bytes) -> File:
    file = upload(person, name, content)
    services.post(actor=person, seat=seat(person, world.secret), body="", file_ids=[file.pk])
    return file


def test_only_for_who_may_see_the_post(world: World) -> None:
    file = upload(world.mia, "song.mp3", SONG)
    assert get(world.mia, file)[0] == 200  # before it is posted: the uploader only
    assert get(world.olga, file)[0] == 404
    post, _created = services.post(actor=world.mia, seat=seat(world.mia, world.secret), body="", file_ids=[file.pk])
    assert get(world.olga, file)[2] == SONG
    for outsider in (world.ben, world.guest, world.otto, None):
        assert get(outsider, file)[0] == 404
    delete(world.mia, post)
    assert get(world.mia, file)[0] == 404


@pytest.mark.parametrize(
    ("name", "content", "content_type", "disposition"),
    [
        ("a b.png", picture(), "image/png", "inline"),
        ("song.mp3", SONG, "audio/mpeg", "inline"),
        ("paper.pdf", b"%PDF-1.7", "application/octet-stream", "attachment"),
        ("page.html", b"<script>alert(1)</script>", "application/octet-stream", "attachment"),
        ("drawing.svg", b"<svg/>", "application/octet-stream", "attachment"),
    ],
)
def test_never_as_active_content(world: World, name: str, content: bytes, content_type: str, disposition: str) -> None:
    status, headers, body = get(world.mia, attach(world, world.mia, name, content))
    assert (status, body) == (200, content)
    assert headers["Content-Type"] == content_type
    assert headers["Content-Disposition"].startswith(f"{disposition}; filename*=UTF-8''")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in headers["Content-Security-Policy"]
    assert "script-src" not in headers["Content-Security-Policy"]
    assert headers["Cache-Control"].startswith("private")


@pytest.mark.parametrize(
    ("asked", "status", "part", "said"),
    [
        ("bytes=0-9", 206, SONG[:10], f"bytes 0-9/{len(SONG)}"),
        ("bytes=100-", 206, SONG[100:], f"bytes 100-{len(SONG) - 1}/{len(SONG)}"),
        ("bytes=-5", 206, SONG[-5:], f"bytes {len(SONG) - 5}-{len(SONG) - 1}/{len(SONG)}"),
        ("bytes=10-99999", 206, SONG[10:], f"bytes 10-{len(SONG) - 1}/{len(SONG)}"),
        ("bytes=99999-", 416, b"", f"bytes */{len(SONG)}"),
        ("bytes=-0", 416, b"", f"bytes */{len(SONG)}"),
        ("bytes=9-3", 416, b"", f"bytes */{len(SONG)}"),
        ("bytes=-", 200, SONG, None),
        ("bytes=0-1,5-6", 200, SONG, None),
        ("pages=1-2", 200, SONG, None),
    ],
)
def test_players_may_ask_for_parts(world: World, asked: str, status: int, part: bytes, said: str | None) -> None:
    file = attach(world, world.mia, "song.mp3", SONG)
    answer, headers, body = get(world.mia, file, range=asked)
    assert (answer, body, headers.get("Content-Range")) == (status, part, said)
    if status != 416:
        assert headers["Content-Length"] == str(len(part))
    assert headers["Accept-Ranges"] == "bytes"


def test_what_a_browser_has_is_not_sent_again(world: World) -> None:
    file = attach(world, world.mia, "song.mp3", SONG)
    etag = get(world.mia, file)[1]["ETag"]
    assert get(world.mia, file, **{"if-none-match": etag})[0] == 304
    assert get(world.ben, file, **{"if-none-match": etag})[0] == 404
    assert get(world.mia, file, range="bytes=0-1", **{"if-range": '"other"'})[0] == 200


def test_small_versions(world: World) -> None:
    file = attach(world, world.mia, "a.png", picture(size=(1200, 600)))
    status, headers, body = get(world.olga, file, "?w=480")
    assert (status, headers["Content-Type"], body[8:12]) == (200, "image/webp", b"WEBP")
    assert get(world.olga, file, "?w=9999")[1]["Content-Type"] == "image/png"
    assert get(world.ben, file, "?w=480")[0] == 404


def test_programs_read_files_with_their_token(world: World) -> None:
    file = attach(world, world.mia, "song.mp3", SONG)
    until = timezone.now() + timedelta(days=1)

    def ask(person: Person, scope: str) -> int:
        _token, raw = create_token(actor=person, name="x", scopes=[scope], expires_at=until)
        return get(None, file, authorization=f"Bearer {raw}")[0]

    assert ask(world.olga, "posts:read") == 200
    assert ask(world.olga, "profile:read") == 403
    assert ask(world.ben, "posts:read") == 404
    assert get(world.mia, file, authorization="Bearer nonsense")[0] == 404


def test_head_says_what_get_would(world: World) -> None:
    file = attach(world, world.mia, "song.mp3", SONG)
    client = Client()
    client.force_login(world.mia, "allauth.account.auth_backends.AuthenticationBackend")
    response = client.head(file_url(file.pk, file.name))
    assert (response.status_code, response["Content-Length"], response.getvalue()) == (200, str(len(SONG)), b"")


def test_bytes_that_storage_has_lost(world: World) -> None:
    file = attach(world, world.mia, "song.mp3", SONG)
    default_storage.delete(content_name(file.sha256))
    assert get(world.mia, file)[0] == 404
