"""Who asks: the token or session of a request, looked up once and remembered until something about it changes."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from http import HTTPStatus
from typing import Any, Final

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, HttpResponse
from django.http.request import split_domain_port, validate_host
from django.middleware.csrf import CsrfViewMiddleware

from tertulia.kernel.rest import Grant
from tertulia.live import queries
from tertulia.live.cookies import cookies
from tertulia.people.access import person_for_token
from tertulia.people.models import Person

Headers = dict[bytes, bytes]

_FORM_HEADERS: Final = {
    b"host": "HTTP_HOST",
    b"origin": "HTTP_ORIGIN",
    b"referer": "HTTP_REFERER",
    b"x-csrftoken": "HTTP_X_CSRFTOKEN",
    b"cookie": "HTTP_COOKIE",
}


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, as `kernel.rest.Grant` has it."""

    person: Person
    grant: Grant
    until: datetime | None = None
    """When their token ends."""


def by_token(token: str) -> Asker | None:
    """Whose token it is; None: nobody's any more. Reads the database."""
    found = person_for_token(token)
    if found is None:
        return None
    person, access_token = found
    return Asker(person, Grant(person=person, scopes=frozenset(access_token.scopes)), until=access_token.expires_at)


def by_session(key: str) -> Asker | None:
    """Whose session it is; None: it has ended. Reads the database."""
    if queries.who(key) is None:
        return None
    person = Person.objects.get(pk=SessionStore(key)[SESSION_KEY])
    return Asker(person, Grant(person=person))


def token_in(headers: Headers) -> str | None:
    """The Bearer token that was sent."""
    scheme, _space, token = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    return token if scheme == "Bearer" and token else None


def cookies_in(headers: Headers) -> Mapping[str, str]:
    """The cookies that were sent."""
    return cookies(headers.get(b"cookie", b""))


@lru_cache(maxsize=64)
def is_our_host(host: str) -> bool:
    """Whether we answer by this name, as Django decides it."""
    domain, _port = split_domain_port(host)
    return bool(domain) and validate_host(domain, settings.ALLOWED_HOSTS)


def comes_from_our_pages(scope: Mapping[str, Any], headers: Headers) -> bool:
    """Whether a browser's own page sends this: Django's check of the form token and of where it comes from."""
    environ = {
        "REQUEST_METHOD": scope["method"],
        "PATH_INFO": scope["path"],
        "SERVER_NAME": "",
        "SERVER_PORT": "",
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": io.BytesIO(),
        **{key: headers[name].decode("latin-1") for name, key in _FORM_HEADERS.items() if name in headers},
    }
    request = WSGIRequest(environ)
    _forms.process_request(request)
    return _forms.process_view(request, _nothing, (), {}) is None


def _nothing(_request: HttpRequest) -> HttpResponse:
    return HttpResponse()


class _Forms(CsrfViewMiddleware):
    def _reject(self, request: HttpRequest, reason: str) -> HttpResponse:
        del request
        return HttpResponse(reason, status=HTTPStatus.FORBIDDEN)  # Django, who is asked next, logs it


_forms = _Forms(_nothing)
