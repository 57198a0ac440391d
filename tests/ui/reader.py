"""A reader for tests of looks: what `ui` needs of a person, without the tables of people."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser
from django.contrib.messages.storage.cookie import CookieStorage
from django.http import HttpRequest
from django.test import RequestFactory


@dataclass
class FakeReader:
    pk: str = "0190-ana"
    name: str = "Ana Ferreira"
    time_zone: str = "Europe/Madrid"
    language: str = ""
    theme: str = "auto"
    density: str = "cosy"
    picture_url: str = "/people/ana/picture"
    is_authenticated: bool = True

    def __str__(self) -> str:
        return self.name


def request_of(
    reader: FakeReader | None = None, path: str = "/somewhere", *, headers: dict[str, str] | None = None
) -> HttpRequest:
    """A GET request as it stands before the view: with a user, a session cookie and messages."""
    request = RequestFactory().get(path, headers=headers or {})
    request.user = reader or AnonymousUser()  # type: ignore[assignment]  # a stand-in, see above
    if reader:
        request.COOKIES["tertulia_session"] = "a-session"
    request._messages = CookieStorage(request)  # type: ignore[attr-defined]  # as the messages middleware does
    request.csp_nonce = "the-nonce"  # type: ignore[attr-defined]  # as the policy's middleware does
    return request
