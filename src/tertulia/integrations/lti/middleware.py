"""Pages inside an LMS's frame: who may frame them, and cookies that live in that frame only.

An embedded launch marks its session with the origins of its platform. Answers to such a session
- may be framed by those origins (CSP `frame-ancestors`; `X-Frame-Options` knows no list and is left out), and
- set their cookies `SameSite=None; Secure; Partitioned` (CHIPS, draft-cutler-httpbis-partitioned-cookies): browsers
  that block third-party cookies keep them, apart for each site that frames us, and send them nowhere else.
The session that a person has in a window of their own is another one, in another jar, and is framed by nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from http.cookies import Morsel
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

SESSION_KEY = "lti_frame"
"""In the session of an embedded launch: the origins that may frame it."""

Handler = Callable[[HttpRequest], HttpResponse]


class PartitionedMorsel(Morsel[str]):
    """A cookie with the attribute `Partitioned`, which Python knows from 3.14 on only."""

    def OutputString(self, attrs: Container[str] | None = None) -> str:  # noqa: N802 - its name in the standard library
        """As it stands in `Set-Cookie`."""
        return f"{super().OutputString(attrs)}; Partitioned"


def frame_by(response: HttpResponse, origins: Sequence[str]) -> HttpResponse:
    """Let these origins frame this answer, and keep its cookies to that frame."""
    response.lti_frame = list(origins)  # type: ignore[attr-defined]  # read below, on its way out
    return response


def partition(response: HttpResponseBase) -> None:
    """Make every cookie of this answer one that a frame in another site's page can keep and send."""
    for name, morsel in list(response.cookies.items()):
        kept = PartitionedMorsel()
        kept.set(name, morsel.value, morsel.coded_value)
        kept.update({key: value for key, value in morsel.items() if value})
        kept.update({"samesite": "None", "secure": "yes"})
        dict.__setitem__(response.cookies, name, kept)


class FrameMiddleware:
    """Stands outside of sessions, form tokens and `XFrameOptionsMiddleware`, whose answers it changes."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        origins = getattr(response, "lti_frame", None)
        if origins is None:
            origins = getattr(request, "lti_frame", None)
        else:
            # These pages need no form token. In a window, a second cookie of its name would disagree with the first.
            response.cookies.pop(settings.CSRF_COOKIE_NAME, None)
        if origins is not None:
            response.headers.pop("X-Frame-Options", None)
            update = {"frame-ancestors": list(origins)} if origins else {}
            replaced = {**getattr(response, "_csp_replace", {}), **update}
            response._csp_replace = replaced  # type: ignore[attr-defined]  # django-csp's own hook  # noqa: SLF001
            partition(response)
        return response

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> None:
        """Before the view, which may end the session: whether this request is one from a frame."""
        del view, args, kwargs
        if settings.SESSION_COOKIE_NAME in request.COOKIES and not request.path.startswith("/api/"):
            origins = request.session.get(SESSION_KEY)
            if origins:
                request.lti_frame = list(origins)  # type: ignore[attr-defined]  # read above
