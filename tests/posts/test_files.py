"""Taking files in: checked by content, stored once, forgotten when unused."""

from __future__ import annotations

import io
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import override_settings
from django.utils import timezone
from PIL import Image

from tertulia.kernel.errors import Invalid, Refusal, TooLarge
from tertulia.posts import file_types, services
from tertulia.posts.models import File, ScheduledPost
from tertulia.posts.pictures import small_version, without_location
from tertulia.posts.services.files import clean_name, content_name

from .acts import picture, upload
from .world import World, say, seat

GPS = {1: "N", 2: (48.0, 51.0, 30.0), 3: "E", 4: (2.0, 17.0, 40.0)}


@pytest.mark.parametrize(
    ("name", "content", "content_type", "kind"),
    [
        ("a.png", picture(), "image/png", "image"),
        ("a.JPG", picture("JPEG"), "image/jpeg", "image"),
        ("a.gif", picture("GIF"), "image/gif", "image"),
        ("a.webp", picture("WEBP"), "image/webp", "image"),
        ("pasted", picture(), "image/png", "image"),
        ("a.mp3", b"ID3\x03" + b"\0" * 50, "audio/mpeg", "audio"),
        ("a.ogg", b"OggS" + b"\0" * 50, "audio/ogg", "audio"),
        ("a.mp4", b"\0\0\0\x18ftypmp42" + b"\0" * 50, "video/mp4", "video"),
        ("a.pdf", b"%PDF-1.7\n" + b"x" * 50, "application/pdf", "file"),
        ("a.zip", b"PK\x03\x04" + b"\0" * 50, "application/zip", "file"),
        ("page.html", b"<script>alert(1)</script>", "application/octet-stream", "file"),
        ("drawing.svg", b"<svg onload='alert(1)'/>", "application/octet-stream", "file"),
        ("data.xyz", b"\x01\x02\x03", "application/octet-stream", "file"),
        ("notes.txt", "Ñotes".encode(), "application/octet-stream", "file"),
    ],
)
def test_what_it_is_comes_from_its_content(
    world: World, name: str, content: bytes, content_type: str, kind: str
) -> None:
    file = upload(world.mia, name, content)
    assert (file.content_type, file.kind, file.name) == (content_type, kind, name)
    assert (file.width, file.height) == ((640, 320) if kind == "image" else (None, None))
    with services.open_content(file) as stored:
        assert len(stored.read()) == file.size


@pytest.mark.parametrize(
    ("name", "content", "seems"),
    [
        ("photo.png", b"<!DOCTYPE html><html><script>alert(1)</script></html>", "HTML"),
        ("photo.jpg", picture(), "PNG"),
        ("photo.webp", b"just some words, no picture at all", "text"),
        ("paper.pdf", b"MZ" + b"\0" * 64, "EXE"),
        ("song.mp3", b"%PDF-1.7\n", "PDF"),
        ("film.mp4", b"\x7fELF\x02\x01\x01" + b"\0" * 64, "something else"),
        ("text.docx", b"Hello, this is no document", "text"),
    ],
)
def test_a_file_that_is_not_what_it_claims_is_refused(world: World, name: str, content: bytes, seems: str) -> None:
    with pytest.raises(Invalid) as refused:
        upload(world.mia, name, content)
    assert refused.value.type == "file-not-as-named"
    assert name in refused.value.detail
    assert f"looks like {seems}" in refused.value.detail
    assert not File.objects.exists()


def test_damaged_pictures_are_refused(world: World) -> None:
    for content in (picture()[:3000], b"\x89PNG\r\n\x1a\n" + b"\0" * 100):
        with pytest.raises(Invalid) as refused:
            upload(world.mia, "a.png", content)
        assert refused.value.type == "file-damaged"


@override_settings(MAX_FILE_BYTES=1024 * 1024)
def test_too_large_and_empty_are_refused(world: World) -> None:
    with pytest.raises(TooLarge, match=r"1\.0"):
        upload(world.mia, "a.bin", b"x" * (1024 * 1024 + 1))
    with pytest.raises(Invalid, match="empty"):
        upload(world.mia, "a.bin", b"")
    assert upload(world.mia, "a.bin", b"x" * 1024 * 1024).size == 1024 * 1024


def test_the_same_bytes_are_stored_once(world: World) -> None:
    first, second = upload(world.mia, "a.bin", b"same"), upload(world.ben, "b.bin", b"same")
    assert first.sha256 == second.sha256
    services.discard_file(actor=world.mia, file=first)
    with services.open_content(second) as stored:
        assert stored.read() == b"same"
    services.discard_file(actor=world.ben, file=second)
    assert not default_storage.exists(content_name(second.sha256))


def test_small_versions_are_upright_and_know_no_place(world: World) -> None:
    file = upload(world.mia, "a.jpg", picture("JPEG", (1000, 500), gps=True, turned=6))
    assert (file.width, file.height) == (500, 1000)
    small = services.thumbnail(file, 480)
    assert small is not None
    with small, Image.open(small) as image:
        assert image.format == "WEBP"
        assert image.size == (480, 960)
        assert not image.getexif()


def test_photos_lose_their_place_and_nothing_else(world: World) -> None:
    original = picture("JPEG", gps=True)
    with Image.open(io.BytesIO(original)) as image:
        assert image.getexif().get_ifd(0x8825)
    file = upload(world.mia, "a.jpg", original)
    with services.open_content(file) as stored, Image.open(stored) as image, Image.open(io.BytesIO(original)) as before:
        assert not image.getexif().get_ifd(0x8825)
        assert image.getexif()[0x010F] == "Camera Works"
        assert image.tobytes() == before.tobytes()
    untouched = picture("JPEG")
    assert without_location(untouched) == untouched
    assert without_location(b"\xff\xd8\xff\xe1\x00") == b"\xff\xd8\xff\xe1\x00"


def test_transparent_pictures_stay_transparent() -> None:
    output = io.BytesIO()
    Image.new("RGBA", (1000, 10), (255, 0, 0, 0)).save(output, "PNG")
    with Image.open(io.BytesIO(small_version(output, 480))) as image:
        assert image.mode == "RGBA"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("C:\\Users\\ana\\photo.png", "photo.png"),
        ("../../etc/passwd", "passwd"),
        ("a\u202egnp.exe", "agnp.exe"),
        ("tab\tand\nline\0.txt", "tabandline.txt"),
        ("", "file"),
        ("...", "file"),
        ("x" * 300 + ".pdf", "x" * 196 + ".pdf"),
    ],
)
def test_names_lead_nowhere_and_deceive_nobody(given: str, kept: str) -> None:
    assert clean_name(given) == kept
    assert Path(clean_name(given)).name == clean_name(given)


def test_unused_uploads_are_forgotten_after_a_day(world: World) -> None:
    used, waiting, unused, fresh = (upload(world.mia, f"{name}.bin", name.encode()) for name in "abcd")
    services.post(actor=world.mia, seat=seat(world.mia, world.chatter), body="", file_ids=[used.pk])
    ScheduledPost.objects.create(
        author=world.mia, channel=world.chatter, body="Later", file_ids=[waiting.pk], send_at=timezone.now()
    )
    File.objects.exclude(pk=fresh.pk).update(created_at=timezone.now() - timedelta(hours=25))
    assert services.sweep_unused() == 1
    assert set(File.objects.values_list("pk", flat=True)) == {used.pk, waiting.pk, fresh.pk}
    assert not default_storage.exists(content_name(unused.sha256))


def test_uploads_are_limited(world: World) -> None:
    for number in range(60):
        upload(world.mia, "a.bin", str(number).encode())
    with pytest.raises(Refusal) as refused:
        upload(world.mia, "a.bin", b"one more")
    assert refused.value.status == 429
    assert upload(world.ben, "a.bin", b"others may").size == 10
    assert say(world.mia, world.chatter, "Words may").seq == 1


def test_pictures_too_large_to_unpack_are_plain_files(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_types, "MAX_PIXELS", 100)
    file = upload(world.mia, "a.png", picture(size=(20, 10)))
    assert (file.kind, file.width) == ("file", None)


def test_places_hide_in_other_blocks_too() -> None:
    def block(payload: bytes) -> bytes:
        return b"\xff\xe1" + (len(payload) + 2).to_bytes(2, "big") + payload

    plain = picture("JPEG")
    xmp = b"http://ns.adobe.com/xap/1.0/\0"
    harmless, telling = block(xmp + b"<x:xmpmeta/>"), block(xmp + b"<exif:GPSLatitude>48</exif:GPSLatitude>")
    unreadable = block(b"Exif\0\0" + b"II*\0\xff\xff\xff\xff")
    other = block(b"something of a camera's")
    together = plain[:2] + harmless + telling + other + plain[2:]
    assert without_location(together) == plain[:2] + harmless + other + plain[2:]
    assert b"GPS" not in without_location(plain[:2] + unreadable + plain[2:])


def test_a_small_version_that_cannot_be_made(world: World) -> None:
    file = upload(world.mia, "a.bin", b"no picture at all")
    assert services.thumbnail(file, 480) is None


@override_settings(MAX_FILE_BYTES=10)
def test_the_size_is_said_where_it_is_known(world: World) -> None:
    with pytest.raises(TooLarge, match=r"has 11.bytes"):
        services.upload_file(actor=world.mia, name="a.bin", stream=SimpleUploadedFile("a.bin", b"x" * 11))
    with pytest.raises(TooLarge, match="larger than"):
        upload(world.mia, "a.bin", b"x" * 11)


def test_pictures_that_would_burst_are_plain_files(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 50)
    file = upload(world.mia, "a.png", picture(size=(20, 10)))
    assert (file.kind, file.content_type) == ("file", "image/png")
