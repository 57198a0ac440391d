"""Profile pictures: whatever comes in, a small square WebP without metadata is what stays."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from typing import IO

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils.translation import gettext as _
from PIL import Image, ImageOps, UnidentifiedImageError

from tertulia.kernel import bus, limits
from tertulia.kernel.errors import Invalid, TooLarge
from tertulia.kernel.ids import new_id
from tertulia.people.models import Person

SIDE = 512  # pixels
LARGEST_MB = 10
MOST_PIXELS = 50_000_000  # a bomb of more is refused before it is unpacked
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF")
FOLDER = "pictures"


@dataclass(frozen=True, slots=True)
class Crop:
    """The square to keep, in pixels of the picture as people see it (turned upright)."""

    left: float
    top: float
    side: float


def set_picture(*, actor: Person, upload: IO[bytes], crop: Crop | None = None) -> Person:
    """Make `upload` the actor's picture; without `crop`, its middle. Returns the person.

    What it is is told by its content, never by its name. Raises TooLarge over 10 MB or 50 megapixels, Invalid for
    what is not a JPEG, PNG, WebP, GIF or AVIF picture, TooMany after 60 uploads in ten minutes.
    """
    limits.spend(limits.FILES, actor.pk)
    content = upload.read(LARGEST_MB * 1_000_000 + 1)
    if len(content) > LARGEST_MB * 1_000_000:
        raise TooLarge(_("The picture may have up to %(limit)d MB.") % {"limit": LARGEST_MB})
    name = default_storage.save(f"{FOLDER}/{new_id().hex}.webp", ContentFile(_square(content, crop)))
    try:
        return _replace(actor, name)
    except BaseException:
        default_storage.delete(name)
        raise


def remove_picture(*, actor: Person) -> Person:
    """Back to the generated face."""
    return _replace(actor, "")


def _replace(actor: Person, name: str) -> Person:
    with transaction.atomic():
        person = Person.objects.select_for_update(no_key=True).get(pk=actor.pk)
        before, person.picture = person.picture, name
        person.save(update_fields=["picture"])
        bus.notify("identity", person=person.pk)
        if before:
            transaction.on_commit(lambda: default_storage.delete(before))
    return person


def _square(content: bytes, crop: Crop | None) -> bytes:
    """The cropped picture, upright, 512 pixels a side, as WebP that holds nothing but pixels."""
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            if image.width * image.height > MOST_PIXELS:
                raise TooLarge(
                    _("The picture has %(size)d megapixels; up to %(limit)d are fine.")
                    % {"size": image.width * image.height // 1_000_000, "limit": MOST_PIXELS // 1_000_000}
                )
            upright = ImageOps.exif_transpose(image)
            box = _box(upright.size, crop)
            has_alpha = "A" in upright.getbands() or "transparency" in upright.info
            square = upright.convert("RGBA" if has_alpha else "RGB").resize(
                (SIDE, SIDE), Image.Resampling.LANCZOS, box=box, reducing_gap=3.0
            )
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise TooLarge(_("The picture has too many pixels.")) from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError, OverflowError):
        raise Invalid(
            _("This file is not a picture that can be read. Choose a JPEG, PNG, WebP or GIF file."), field="picture"
        ) from None
    result = io.BytesIO()
    clean = Image.frombytes(square.mode, square.size, square.tobytes())  # without what the file said of itself
    clean.save(result, "WEBP", quality=84, method=4)
    return result.getvalue()


def _box(size: tuple[int, int], crop: Crop | None) -> tuple[float, float, float, float]:
    """The square that is kept, inside the picture whatever was asked for."""
    width, height = size
    side = float(min(width, height))
    left, top = (width - side) / 2, (height - side) / 2
    if crop is not None and all(map(math.isfinite, (crop.left, crop.top, crop.side))) and crop.side >= 1:
        side = min(crop.side, side)
        left = min(max(crop.left, 0.0), width - side)
        top = min(max(crop.top, 0.0), height - side)
    return left, top, left + side, top + side
