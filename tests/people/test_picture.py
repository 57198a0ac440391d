"""Profile pictures and generated faces."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tertulia.kernel import limits
from tertulia.kernel.errors import Invalid, TooLarge, TooMany
from tertulia.people import faces, services
from tertulia.people.models import Person
from tertulia.people.services import Crop, pictures

from .world import World, png, signed_in


def two_halves() -> bytes:
    """200 x 100: the left half red, the right half blue."""
    image = Image.new("RGB", (200, 100), "red")
    image.paste("blue", (100, 0, 200, 100))
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def stored(person: Person) -> Image.Image:
    with default_storage.open(person.picture) as file:
        image = Image.open(io.BytesIO(file.read()))
    image.load()
    return image


def bomb(side: int) -> bytes:
    """A PNG of a few bytes that unpacks to side x side pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    )


def test_a_picture_becomes_a_small_square_without_metadata(
    world: World, notices: list[tuple[str, dict[str, Any]]]
) -> None:
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    photo = io.BytesIO()
    Image.new("RGB", (900, 600), "green").save(photo, "JPEG", exif=exif, comment=b"secret words")
    mia = services.set_picture(actor=world.mia, upload=io.BytesIO(photo.getvalue()))
    image = stored(mia)
    assert (image.format, image.size) == ("WEBP", (512, 512))
    with default_storage.open(mia.picture) as file:
        content = file.read()
    assert b"secret" not in content
    assert b"EXIF" not in content
    assert ("identity", {"person": mia.pk}) in notices


@pytest.mark.parametrize(
    ("crop", "colours"),
    [
        (None, ("red", "blue")),
        (Crop(0, 0, 100), ("red", "red")),
        (Crop(100, 0, 100), ("blue", "blue")),
        (Crop(5000, -9000, 100), ("blue", "blue")),
        (Crop(0, 0, 1e12), ("red", "red")),
        (Crop(float("nan"), 0, 50), ("red", "blue")),
        (Crop(0, 0, -4), ("red", "blue")),
    ],
)
def test_the_square_asked_for_is_kept(world: World, crop: Crop | None, colours: tuple[str, str]) -> None:
    mia = services.set_picture(actor=world.mia, upload=io.BytesIO(two_halves()), crop=crop)
    image = stored(mia).convert("RGB")
    channel = {"red": 0, "blue": 2}
    for x, colour in ((40, colours[0]), (470, colours[1])):
        pixel = image.getpixel((x, 256))
        assert isinstance(pixel, tuple)
        assert pixel[channel[colour]] > 200


def test_a_photo_on_its_side_is_turned_upright(world: World) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn a quarter clockwise to see it upright
    photo = io.BytesIO()
    Image.open(io.BytesIO(two_halves())).save(photo, "JPEG", exif=exif, quality=95)
    mia = services.set_picture(actor=world.mia, upload=io.BytesIO(photo.getvalue()))
    image = stored(mia).convert("RGB")
    top, bottom = image.getpixel((256, 40)), image.getpixel((256, 470))
    assert isinstance(top, tuple)
    assert isinstance(bottom, tuple)
    assert top[0] > 200
    assert bottom[2] > 200


@given(
    size=st.tuples(st.integers(1, 5000), st.integers(1, 5000)),
    crop=st.none() | st.builds(Crop, st.floats(), st.floats(), st.floats()),
)
def test_the_square_is_always_inside(size: tuple[int, int], crop: Crop | None) -> None:
    left, top, right, bottom = pictures._box(size, crop)
    assert 0 <= left < right <= size[0]
    assert 0 <= top < bottom <= size[1]


@pytest.mark.parametrize("mode", ["RGBA", "P", "LA", "L", "1", "CMYK", "I;16"])
def test_pictures_of_every_kind_are_taken(world: World, mode: str) -> None:
    out = io.BytesIO()
    Image.new(mode, (60, 80)).save(out, "JPEG" if mode == "CMYK" else "PNG")
    assert stored(services.set_picture(actor=world.mia, upload=io.BytesIO(out.getvalue()))).size == (512, 512)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<html><script>alert(1)</script></html>",
        png()[:60],
        png()[:-30].replace(b"IDAT", b"IDAX"),
        b"\x89PNG\r\n\x1a\n" + b"\0" * 200,
        b"GIF89a" + b"\xff" * 50,
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n",
        b"II*\0" + b"\0" * 100,
    ],
    ids=["empty", "svg", "html", "cut", "broken", "hollow png", "hollow gif", "postscript", "tiff"],
)
def test_what_is_no_picture_is_refused_whatever_its_name(world: World, content: bytes) -> None:
    upload = SimpleUploadedFile("face.png", content, "image/png")
    answer = signed_in(world.mia).post("/settings/picture", {"picture": upload})
    assert answer.status_code == 422
    assert "not a picture that can be read" in answer.content.decode()
    assert Person.objects.get(pk=world.mia.pk).picture == ""


@pytest.mark.parametrize("side", [8_000, 12_000, 30_000])
def test_a_bomb_is_refused_before_it_is_unpacked(world: World, side: int) -> None:
    with pytest.raises(TooLarge, match="pixels"):
        services.set_picture(actor=world.mia, upload=io.BytesIO(bomb(side)))


def test_too_large_a_file_is_refused_with_the_limit(world: World) -> None:
    with pytest.raises(TooLarge, match="up to 10 MB"):
        services.set_picture(actor=world.mia, upload=io.BytesIO(b"\0" * 10_000_001))


def test_uploads_are_limited(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "FILES", limits.Limit("files", times=2, seconds=60))
    for _upload in range(2):
        services.set_picture(actor=world.mia, upload=io.BytesIO(png()))
    with pytest.raises(TooMany):
        services.set_picture(actor=world.mia, upload=io.BytesIO(png()))
    answer = signed_in(world.mia).post("/settings/picture", {"picture": SimpleUploadedFile("a.png", png())})
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) >= 1


@pytest.mark.django_db(transaction=True)
def test_the_old_picture_is_removed_from_storage() -> None:
    mia = services.create_person(email="mia@example.org", display_name="Mia")
    first = services.set_picture(actor=mia, upload=io.BytesIO(png())).picture
    address = services.set_picture(actor=mia, upload=io.BytesIO(png(colour="blue"))).picture_url
    assert not default_storage.exists(first)
    removed = services.remove_picture(actor=mia)
    assert removed.picture == ""
    assert removed.picture_url != address


def test_nothing_is_left_in_storage_when_saving_fails(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: object) -> Person:
        raise Invalid("no")

    def names() -> list[str]:
        return default_storage.listdir("pictures")[1] if default_storage.exists("pictures") else []

    before = names()
    monkeypatch.setattr(pictures, "_replace", fail)
    with pytest.raises(Invalid):
        services.set_picture(actor=world.mia, upload=io.BytesIO(png()))
    assert names() == before


def look(viewer: Person, person: Person) -> Any:
    return signed_in(viewer).get(f"/people/{person.pk}/picture")


@pytest.mark.parametrize(
    ("seen_by", "viewer", "sees"),
    [
        ("everyone", "otto", True),
        ("shared", "ben", True),
        ("shared", "otto", False),
        ("nobody", "ben", False),
        ("nobody", "mia", True),
    ],
)
def test_the_picture_is_seen_by_whom_it_is_for_and_others_see_a_face(
    world: World, seen_by: str, viewer: str, sees: bool
) -> None:
    services.set_picture(actor=world.mia, upload=io.BytesIO(png()))
    services.update_profile(actor=world.mia, visibility={"picture": seen_by})
    answer = look(getattr(world, viewer), world.mia)
    assert answer.status_code == 200
    assert answer["Content-Type"] == ("image/webp" if sees else "image/svg+xml")
    assert ("immutable" in answer["Cache-Control"]) is sees
    assert answer["Cache-Control"].startswith("private")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert "script-src" not in answer["Content-Security-Policy"]


def test_faces_are_for_people_who_are_signed_in(world: World, visitor: Client) -> None:
    assert look(world.otto, world.mia).status_code == 200
    assert visitor.get(f"/people/{world.mia.pk}/picture").status_code == 302
    assert signed_in(world.otto).get(f"/people/{world.workspace.pk}/picture").status_code == 404


def test_an_unchanged_picture_is_not_sent_again(world: World) -> None:
    first = look(world.ben, world.mia)
    again = signed_in(world.ben).get(f"/people/{world.mia.pk}/picture", headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_a_picture_missing_from_storage_is_a_face(world: World) -> None:
    mia = services.set_picture(actor=world.mia, upload=io.BytesIO(png()))
    default_storage.delete(mia.picture)
    assert look(world.ben, mia)["Content-Type"] == "image/svg+xml"


def test_the_page_takes_a_picture_and_removes_it(world: World) -> None:
    browser = signed_in(world.mia)
    upload = SimpleUploadedFile("face.png", two_halves(), "image/png")
    answer = browser.post(
        "/settings/picture", {"picture": upload, "crop_left": "100", "crop_top": "0", "crop_side": "100"}
    )
    assert answer.status_code == 302
    pixel = stored(Person.objects.get(pk=world.mia.pk)).convert("RGB").getpixel((40, 256))
    assert isinstance(pixel, tuple)
    assert pixel[2] > 200
    assert browser.post("/settings/picture/remove").status_code == 302
    assert Person.objects.get(pk=world.mia.pk).picture == ""


def test_a_face_is_the_same_for_ever_and_differs_between_people() -> None:
    drawn = [faces.face(f"seed {number}") for number in range(300)]
    assert drawn == [faces.face.__wrapped__(f"seed {number}") for number in range(300)]
    assert len(set(drawn)) > 290
    assert max(map(len, drawn)) < 1500


@given(st.text(max_size=50))
def test_a_face_is_a_drawing_and_nothing_else(seed: str) -> None:
    from xml.etree import ElementTree as ET

    tags = {element.tag.partition("}")[2] for element in ET.fromstring(faces.face(seed)).iter()}  # noqa: S314 - our own
    assert tags <= {"svg", "style", "path", "g", "circle", "ellipse", "rect"}
