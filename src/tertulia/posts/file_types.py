"""What a file is: by its content, held against what its name claims.

Only the types named here are ever shown or played by browsers; all others are downloads without a type, so that nothing
uploaded can act on our pages. Signatures after https://mimesniff.spec.whatwg.org/ and the formats' own specifications.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import IO

import puremagic
from django.utils.translation import gettext as _
from PIL import Image

from tertulia.kernel.errors import Invalid
from tertulia.posts.models import File

HEAD_BYTES = 4096
MAX_PIXELS = 50_000_000
"""Larger pictures are kept as plain files: unpacking them would take too much memory."""
PLAIN = "application/octet-stream"
BROKEN_IMAGE = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    Image.DecompressionBombError,
)
"""All that Pillow's readers raise on damaged files."""


@dataclass(frozen=True, slots=True)
class _Format:
    """A type that names claim: how its content begins, and as what it is stored."""

    words: str
    content_type: str
    kind: File.Kind
    begins: re.Pattern[bytes]


def _formats() -> dict[str, _Format]:
    image, audio, video, other = File.Kind.IMAGE, File.Kind.AUDIO, File.Kind.VIDEO, File.Kind.OTHER
    box = rb".{4}ftyp"  # ISO base media
    rows: list[tuple[str, str, str, File.Kind, bytes]] = [
        ("png", "PNG", "image/png", image, rb"\x89PNG\r\n\x1a\n"),
        ("jpg jpeg jpe jfif", "JPEG", "image/jpeg", image, rb"\xff\xd8\xff"),
        ("gif", "GIF", "image/gif", image, rb"GIF8[79]a"),
        ("webp", "WebP", "image/webp", image, rb"RIFF.{4}WEBP"),
        ("avif", "AVIF", "image/avif", image, box + rb"(avif|avis|mif1)"),
        ("heic heif", "HEIC", "image/heic", other, box + rb"(hei[a-z]|hev[a-z]|mif1|msf1)"),
        ("bmp", "BMP", "image/bmp", other, rb"BM"),
        ("tif tiff", "TIFF", "image/tiff", other, rb"II\*\0|MM\0\*"),
        ("pdf", "PDF", "application/pdf", other, rb".{0,1020}%PDF-"),
        ("mp3", "MP3", "audio/mpeg", audio, rb"ID3|\0*\xff[\xe2-\xff]"),
        ("m4a", "M4A", "audio/mp4", audio, box),
        ("aac", "AAC", "audio/aac", audio, rb"ID3|\xff[\xf0-\xf9]|ADIF"),
        ("ogg oga opus", "Ogg", "audio/ogg", audio, rb"OggS"),
        ("wav", "WAV", "audio/wav", audio, rb"(RIFF|RF64).{4}WAVE"),
        ("flac", "FLAC", "audio/flac", audio, rb"fLaC|ID3"),
        ("mp4 m4v", "MP4", "video/mp4", video, box),
        ("mov", "QuickTime", "video/quicktime", video, box + rb"|.{4}(moov|mdat|wide|free|skip)"),
        ("webm", "WebM", "video/webm", video, rb"\x1a\x45\xdf\xa3"),
        ("mkv", "Matroska", "video/x-matroska", other, rb"\x1a\x45\xdf\xa3"),
        ("ogv", "Ogg", "video/ogg", video, rb"OggS"),
        ("avi", "AVI", "video/x-msvideo", other, rb"RIFF.{4}AVI "),
        ("zip", "ZIP", "application/zip", other, rb"PK(\x03\x04|\x05\x06|\x07\x08)"),
        ("docx xlsx pptx odt ods odp epub", "Office", PLAIN, other, rb"PK\x03\x04"),
        ("gz tgz", "gzip", "application/gzip", other, rb"\x1f\x8b"),
    ]
    return {
        ending: _Format(words, content_type, kind, re.compile(begins, re.DOTALL))
        for endings, words, content_type, kind, begins in rows
        for ending in endings.split()
    }


_FORMATS = _formats()
SHOWN = frozenset(format_.content_type for format_ in _FORMATS.values() if format_.kind != File.Kind.OTHER)
"""The types that are served as what they are; `application/octet-stream` stands for all others."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a file is."""

    content_type: str
    kind: File.Kind
    width: int | None = None
    height: int | None = None


def identify(name: str, content: IO[bytes]) -> Found:
    """What a file is. Raises Invalid, with a sentence, when it is not what its name claims."""
    content.seek(0)
    head = content.read(HEAD_BYTES)
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    claimed = _FORMATS.get(ending) or (_by_content(head) if not ending else None)
    if claimed is None:
        return Found(PLAIN, File.Kind.OTHER)
    if not claimed.begins.match(head):
        raise Invalid(
            _(
                "“%(name)s” is not the %(claimed)s file that its name says: its content looks like %(found)s."
                " Save it again in the right format, or give it the right ending."
            )
            % {"name": name, "claimed": claimed.words, "found": _looks_like(head)},
            type="file-not-as-named",
            field="file",
        )
    if claimed.kind != File.Kind.IMAGE:
        return Found(claimed.content_type, claimed.kind)
    return _image(name, claimed, content)


def _image(name: str, claimed: _Format, content: IO[bytes]) -> Found:
    content.seek(0)
    try:
        with Image.open(content, formats=[claimed.words.upper()]) as image:
            width, height = image.size
            if image.getexif().get(_ORIENTATION, 1) >= _FIRST_TURNED:
                width, height = height, width
            if width * height > MAX_PIXELS:
                return Found(claimed.content_type, File.Kind.OTHER)
            image.load()
    except Image.DecompressionBombError:
        return Found(claimed.content_type, File.Kind.OTHER)
    except BROKEN_IMAGE:
        raise Invalid(
            _("“%(name)s” cannot be opened as a picture: it is damaged. Save it again and try once more.")
            % {"name": name},
            type="file-damaged",
            field="file",
        ) from None
    return Found(claimed.content_type, File.Kind.IMAGE, width, height)


_ORIENTATION = 0x0112
_FIRST_TURNED = 5  # EXIF orientations 5 to 8 lie on their side


def _by_content(head: bytes) -> _Format | None:
    """For a name without an ending: the first picture format that fits."""
    fitting = (
        format_ for format_ in _FORMATS.values() if format_.kind == File.Kind.IMAGE and format_.begins.match(head)
    )
    return next(fitting, None)


def _looks_like(head: bytes) -> str:
    """What the content seems to be, in a word or two."""
    for format_ in _FORMATS.values():
        if format_.begins.match(head) and format_.words != "BMP":
            return format_.words
    try:
        found = puremagic.magic_string(head)
    except (puremagic.PureError, ValueError):
        found = []
    if found and found[0].extension:
        return str(found[0].extension).lstrip(".").upper()
    if not head:
        return _("nothing")
    return _("something else") if b"\0" in head else _("text")
