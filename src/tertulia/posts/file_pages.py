"""A file's bytes: only for who may see its post, never as active content from our origin, in parts for players.

What browsers are to show (pictures, sound, film) goes out under its checked type; all else as a download without a
type. Both with `nosniff` and a sandbox, so that a file opened by itself can run nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO
from urllib.parse import quote
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.http import http_date, parse_etags
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from tertulia.kernel.errors import Forbidden, NotFound
from tertulia.kernel.rest import Grant
from tertulia.people.access import person_for_token
from tertulia.people.models import Person
from tertulia.posts import access, services
from tertulia.posts.file_types import PLAIN, SHOWN
from tertulia.posts.models import File
from tertulia.posts.pictures import WIDTHS

KEPT_SECONDS = 60 * 60
"""How long a browser keeps a file before it asks again whether it may still see it."""
_CHUNK = 64 * 1024
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_CLOSED = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


@require_safe
def file(request: HttpRequest, file_id: UUID, name: str) -> HttpResponseBase:
    """A file, or with `?w=480` or `?w=960` a picture's small version. `name` is for people to read only."""
    del name
    found = access.file(_reader(request), file_id)
    width = request.GET.get("w", "")
    if width in map(str, WIDTHS) and found.kind == File.Kind.IMAGE:
        small = services.thumbnail(found, int(width))
        if small is not None:
            return _answer(request, small, "image/webp", f"{found.sha256}-{width}", found, name=f"{found.name}.webp")
    try:
        content = services.open_content(found)
    except FileNotFoundError:
        raise NotFound from None
    shown = found.content_type if found.content_type in SHOWN else PLAIN
    return _answer(request, content, shown, found.sha256, found, name=found.name)


def _reader(request: HttpRequest) -> Person:
    """Who asks: the signed-in person, or that of a Bearer token that may read posts. Nobody gets what strangers get."""
    scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        found = person_for_token(token.strip())
        if found is None:
            raise NotFound
        if not Grant(found[0], frozenset(found[1].scopes)).allows("posts:read"):
            raise Forbidden(
                _("This token may not read posts. Make a token that has the scope posts:read."), type="missing-scope"
            )
        return found[0]
    if not isinstance(request.user, Person):
        raise NotFound
    return request.user


def _answer(
    request: HttpRequest, content: IO[bytes], content_type: str, tag: str, file: File, *, name: str
) -> HttpResponseBase:
    etag = f'"{tag}"'
    response: HttpResponseBase
    if etag in parse_etags(request.headers.get("If-None-Match", "")):
        content.close()
        response = HttpResponse(status=304)
    else:
        response = _body(request, content, etag)
        response["Content-Type"] = content_type
        disposition = "attachment" if content_type == PLAIN else "inline"
        response["Content-Disposition"] = f"{disposition}; filename*=UTF-8''{quote(name, safe='')}"
    response["ETag"] = etag
    response["Last-Modified"] = http_date(file.created_at.timestamp())
    response["Cache-Control"] = f"private, max-age={KEPT_SECONDS}"
    response["Vary"] = "Cookie, Authorization"
    response["Accept-Ranges"] = "bytes"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = _CLOSED
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    return response


def _body(request: HttpRequest, content: IO[bytes], etag: str) -> HttpResponseBase:
    """All of it, or the part that `Range` names (RFC 9110, section 14; one part only, as players ask for)."""
    size = content.seek(0, 2)
    start, end, status = 0, size - 1, 200
    wanted = _RANGE.fullmatch(request.headers.get("Range", "").strip())
    if wanted and any(wanted.groups()) and request.headers.get("If-Range", etag) == etag:
        first, last = wanted.groups()
        start = int(first) if first else max(0, size - int(last))
        end = min(int(last), size - 1) if first and last else size - 1
        status = 206
        if start > end:
            content.close()
            response = HttpResponse(status=416)
            response["Content-Range"] = f"bytes */{size}"
            return response
    if request.method == "HEAD":
        content.close()
        parts: Iterator[bytes] = iter(())
    else:
        parts = _parts(content, start, end - start + 1)
    streamed = StreamingHttpResponse(parts, status=status)
    streamed["Content-Length"] = str(end - start + 1)
    if status == 206:  # noqa: PLR2004 - partial content
        streamed["Content-Range"] = f"bytes {start}-{end}/{size}"
    return streamed


def _parts(content: IO[bytes], start: int, length: int) -> Iterator[bytes]:
    with content:
        content.seek(start)
        while length > 0 and (chunk := content.read(min(_CHUNK, length))):
            length -= len(chunk)
            yield chunk
