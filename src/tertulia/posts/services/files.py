"""Files: taken in, checked, stored once per content, and forgotten when nobody needs them any more."""

from __future__ import annotations

import hashlib
import re
import tempfile
import unicodedata
from collections.abc import Iterable
from datetime import timedelta
from typing import IO
from uuid import UUID

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.base import File as StoredFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from tertulia.kernel import limits
from tertulia.kernel.clock import now
from tertulia.kernel.errors import Invalid, TooLarge
from tertulia.people.models import Person
from tertulia.posts import sql
from tertulia.posts.file_types import BROKEN_IMAGE, identify
from tertulia.posts.models import File, ScheduledPost
from tertulia.posts.pictures import WIDTHS, small_version, without_location

KEEP_UNUSED = timedelta(days=1)
"""How long an uploaded file waits for its post."""
MAX_NAME = 200
_CHUNK = 256 * 1024
_IN_MEMORY = 1024 * 1024
# Control characters, and those that change the direction of what follows: "gpj.exe" must not read as "exe.jpg".
_DECEIVING = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


def upload_file(*, actor: Person, name: str, stream: IO[bytes]) -> File:
    """Take in a file, to be attached to a post of the actor's within a day.

    Raises TooLarge, Invalid (empty, damaged, not what its name claims), TooMany.
    """
    limits.spend(limits.FILES, actor.pk)
    name = clean_name(name)
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as content:
        size = _take_in(stream, content, name)
        found = identify(name, content)
        if found.content_type == "image/jpeg":
            size = _hide_location(content)
        content.seek(0)
        digest = hashlib.file_digest(content, "sha256").hexdigest()
        with transaction.atomic():
            _lock(digest)
            if not default_storage.exists(content_name(digest)):
                content.seek(0)
                _store(content_name(digest), StoredFile(content))
            file = File.objects.create(
                uploader=actor,
                sha256=digest,
                name=name,
                content_type=found.content_type,
                kind=found.kind,
                size=size,
                width=found.width,
                height=found.height,
            )
        if found.kind == File.Kind.IMAGE:
            for width in WIDTHS:
                thumbnail(file, width)
    return file


def clean_name(name: str) -> str:
    """A file's name without folders and without characters that deceive, its ending kept if it must be cut."""
    name = unicodedata.normalize("NFC", name.replace("\\", "/").rpartition("/")[2])
    name = _DECEIVING.sub("", name.encode("utf-8", "ignore").decode()).strip(" .")
    stem, dot, ending = name.rpartition(".")
    if len(name) > MAX_NAME:
        name = f"{stem[: MAX_NAME - 1 - len(ending)]}.{ending}" if dot and len(ending) <= 20 else name[:MAX_NAME]  # noqa: PLR2004 - longer is no ending
    return name or _("file")


def content_name(digest: str) -> str:
    """Where in storage the bytes of this SHA-256 are."""
    return f"files/{digest[:2]}/{digest[2:4]}/{digest}"


def open_content(file: File) -> IO[bytes]:
    """The bytes of a file, to be closed by the caller. Raises FileNotFoundError where storage has lost them."""
    return default_storage.open(content_name(file.sha256))


def thumbnail(file: File, width: int) -> IO[bytes] | None:
    """A picture's small version, to be closed by the caller; made the first time it is asked for.

    None where it cannot be made.
    """
    name = f"{content_name(file.sha256)}.{width}.webp"
    if not default_storage.exists(name):
        try:
            with open_content(file) as content:
                _store(name, ContentFile(small_version(content, width)))
        except BROKEN_IMAGE:
            return None
    return default_storage.open(name)


def discard_file(*, actor: Person, file: File) -> None:
    """Throw away an uploaded file that is in no post yet. `file` is what `access.own_file` gave."""
    del actor  # theirs, as access made sure
    forget_files([file.pk])


def sweep_unused() -> int:
    """Forget uploads that no post took within a day; returns how many. For a job."""
    old = File.objects.filter(created_at__lt=now() - KEEP_UNUSED, attachment=None)
    waiting = {file_id for ids in ScheduledPost.objects.values_list("file_ids", flat=True) for file_id in ids}
    ids = [file_id for file_id in old.values_list("pk", flat=True)[:1000] if file_id not in waiting]
    return forget_files(ids)


def forget_files(file_ids: Iterable[UUID]) -> int:
    """Delete files that are in no post, and the bytes that no other file shares; returns how many."""
    forgotten = 0
    for file_id in file_ids:
        with transaction.atomic():
            # Locked first and looked at then: a post may be taking it at this moment.
            file = File.objects.select_for_update().filter(pk=file_id).first()
            if file is None or hasattr(file, "attachment"):
                continue
            _lock(file.sha256)
            file.delete()
            forgotten += 1
            if not File.objects.filter(sha256=file.sha256).exists():
                for name in ("", *(f".{width}.webp" for width in WIDTHS)):
                    default_storage.delete(content_name(file.sha256) + name)
    return forgotten


def _take_in(stream: IO[bytes], content: IO[bytes], name: str) -> int:
    size = 0
    known = getattr(stream, "size", None)  # of Django's uploads: the sentence can then say it
    while chunk := stream.read(_CHUNK):
        size += len(chunk)
        if max(size, known or 0) > settings.MAX_FILE_BYTES:
            raise _too_large(name, known)
        content.write(chunk)
    if size == 0:
        raise Invalid(_("“%(name)s” is empty.") % {"name": name}, type="file-empty", field="file")
    return size


def _too_large(name: str, size: int | None) -> TooLarge:
    limit = filesizeformat(settings.MAX_FILE_BYTES)
    if size is None:
        sentence = _(
            "“%(name)s” is larger than %(limit)s, the most that can be uploaded here. Make it smaller, or link to it."
        )
    else:
        sentence = _("“%(name)s” has %(size)s; at most %(limit)s can be uploaded here. Make it smaller, or link to it.")
    words = {"name": name, "limit": limit, "size": filesizeformat(size or 0)}
    return TooLarge(sentence % words, type="file-too-large", field="file")


def _hide_location(content: IO[bytes]) -> int:
    content.seek(0)
    before = content.read()
    after = without_location(before)
    if after != before:
        content.seek(0)
        content.truncate()
        content.write(after)
    return len(after)


def _store(name: str, content: StoredFile[bytes]) -> None:
    stored = default_storage.save(name, content)
    if stored != name:  # another process stored the same bytes at this moment
        default_storage.delete(stored)


def _lock(digest: str) -> None:
    """One at a time for the same bytes, so that nobody deletes what another is just about to use."""
    sql.run("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [digest])
