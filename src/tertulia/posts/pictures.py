"""Pictures: small versions for conversations, and photos without the place where they were taken."""

from __future__ import annotations

import io
from typing import IO

from PIL import Image, ImageOps

WIDTHS = (480, 960)
"""Widths of small versions in pixels: for ordinary and for dense screens."""
QUALITY = 80
_GPS = 0x8825
_APP1, _START_OF_SCAN = 0xE1, 0xDA
_EXIF, _XMP = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0"


def small_version(content: IO[bytes], width: int) -> bytes:
    """A picture as WebP, at most so wide, turned the right way up, without any metadata.

    Raises what Pillow does on damaged pictures (`file_types.BROKEN_IMAGE`).
    """
    with Image.open(content) as image:
        image.draft("RGB", (width, width * 4))  # JPEG decodes at a fraction of its size
        upright = ImageOps.exif_transpose(image)
        small = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
        if small.width > width:
            small = small.resize((width, max(1, round(small.height * width / small.width))), Image.Resampling.LANCZOS)
        output = io.BytesIO()
        small.save(output, "WEBP", quality=QUALITY, method=2, exif=b"", xmp=b"", icc_profile=None)
    return output.getvalue()


def without_location(jpeg: bytes) -> bytes:
    """The same JPEG without where it was taken; not one pixel changes, and nothing else where nothing is to be hidden.

    Segments after ISO/IEC 10918-1, Annex B. EXIF loses its GPS part; an XMP block that mentions GPS goes whole.
    """
    parts = [jpeg[:2]]
    position = 2
    while position + 4 <= len(jpeg) and jpeg[position] == 0xFF:  # noqa: PLR2004 - every segment begins so
        marker = jpeg[position + 1]
        if marker == _START_OF_SCAN:
            break
        end = position + 2 + int.from_bytes(jpeg[position + 2 : position + 4], "big")
        parts.append(_without_location(marker, jpeg[position:end]))
        position = end
    return b"".join((*parts, jpeg[position:]))


def _without_location(marker: int, segment: bytes) -> bytes:
    payload = segment[4:]
    if marker == _APP1 and payload.startswith(_XMP):
        return b"" if b"GPS" in payload else segment
    if marker == _APP1 and payload.startswith(_EXIF):
        return _clean_exif(segment)
    return segment


def _clean_exif(segment: bytes) -> bytes:
    exif = Image.Exif()
    try:
        exif.load(segment[4:])
        if not exif:
            return b""  # unreadable, and unreadable metadata might hold anything
        if not exif.get_ifd(_GPS):
            return segment
        del exif[_GPS]
        cleaned = exif.tobytes()
    except (ValueError, SyntaxError, OSError, KeyError, TypeError, IndexError, UserWarning):
        return b""
    payload = cleaned if cleaned.startswith(_EXIF) else _EXIF + cleaned
    return bytes((0xFF, _APP1)) + (len(payload) + 2).to_bytes(2, "big") + payload
