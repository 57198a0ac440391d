"""How a browser's reader reads: zone and language, as Django's middleware and `ui` would find them out."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.utils import timezone, translation

from tertulia.people.models import Person


@dataclass(frozen=True, slots=True)
class Reader:
    """In which zone (empty: the installation's) and language somebody reads."""

    zone: str
    language: str

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Both are active inside."""
        with timezone.override(_zone(self.zone)), translation.override(self.language):
            yield


def reader_of(person: Person, accepted: str, chosen: str) -> Reader:
    """The person's own choices; else what their browser accepts (`Accept-Language`) or has `chosen` by its cookie."""
    own = person.language
    language = own if own and translation.check_for_language(own) else _language(accepted, chosen)
    return Reader(person.time_zone, language)


@lru_cache(maxsize=1000)
def _language(accepted: str, chosen: str) -> str:
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/",
        "SERVER_NAME": "",
        "SERVER_PORT": "",
        "wsgi.input": io.BytesIO(),
        "HTTP_ACCEPT_LANGUAGE": accepted,
        "HTTP_COOKIE": f"{settings.LANGUAGE_COOKIE_NAME}={chosen}",
    }
    return translation.get_language_from_request(WSGIRequest(environ))


def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError):
        return None
