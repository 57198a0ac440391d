"""What happens to every request before anything else looks at it, and to every session now and then."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from http import HTTPStatus

import structlog
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from tertulia.config import problems
from tertulia.config.health import health
from tertulia.integrations.scim import errors as scim_errors
from tertulia.kernel import limits
from tertulia.kernel.errors import Refusal, TooMany
from tertulia.ui import errors

Handler = Callable[[HttpRequest], HttpResponse]

API = "/api/"
SCIM = "/scim/"
READING = frozenset({"GET", "HEAD", "OPTIONS"})
HEALTH = "/healthz"
SEEN_EVERY = 300  # seconds

logger = logging.getLogger("tertulia.web")


class GuardMiddleware:
    """Numbers the request, refuses what cannot be meant, and makes errors under `/api/` problems."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        number = errors.request_id(request)
        # Not unbound at the end: Django logs a failed request after this. The thread's next request clears it.
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=number)
        refusal = self._refusal(request)
        if request.path == HEALTH:
            # Watchers call by any name, often by a bare address, and need nothing else.
            response: HttpResponse = health(request)
        elif refusal is None:
            response = self._answer(request)
            if _is_bare_error(request, response):
                response = _as_problem(response)
        elif request.path.startswith(API):
            response = problems.problem(refusal)
        else:
            response = HttpResponse(refusal.detail, status=refusal.status, content_type="text/plain; charset=utf-8")
        response["X-Request-ID"] = number
        return response

    def _answer(self, request: HttpRequest) -> HttpResponse:
        if request.method != "HEAD" or not request.path.startswith(API):
            return self.get_response(request)
        request.method = "GET"  # ninja knows no HEAD; the server leaves the body out
        try:
            return self.get_response(request)
        finally:
            request.method = "HEAD"

    def _refusal(self, request: HttpRequest) -> Refusal | None:
        # PostgreSQL cannot hold NUL, so no name, word or cursor of ours has one.
        if "\0" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
            return problems.Malformed(_("This address has a character in it that cannot be meant."))
        if any("\0" in value for value in request.COOKIES.values()):
            return problems.Malformed(
                _("A cookie has a character in it that cannot be meant. Clear this site's cookies.")
            )
        try:
            request.get_host()
        except DisallowedHost:
            return problems.Malformed(
                _(
                    "This Tertulia answers at %(url)s. To reach it by another name, its operator sets TERTULIA_URL"
                    " to that address and starts it again."
                )
                % {"url": settings.BASE_URL}
            )
        return None


class AddressLimitMiddleware:
    """Whatever anybody writes is also counted by the address it comes from; people have limits of their own besides."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method not in READING:
            try:
                limits.spend(limits.ADDRESS, request.META.get("REMOTE_ADDR", ""))
            except TooMany as refusal:
                if request.path.startswith(API):
                    return problems.problem(refusal)
                if request.path.startswith(SCIM):
                    return scim_errors.answer(refusal)
                return errors.refused(request, refusal)
        return self.get_response(request)


class SessionActivityMiddleware:
    """Notes when each session was last used, from where and by what browser - at most every few minutes.

    Takes the place of allauth's own, which writes to the database on every page.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response
        self.seen: dict[tuple[str, str, str], float] = {}

    def __call__(self, request: HttpRequest) -> HttpResponse:
        key = request.session.session_key
        if key and request.user.is_authenticated:
            # A new address or browser on an old session is noted at once.
            mark = (key, request.META.get("REMOTE_ADDR", ""), request.headers.get("User-Agent", ""))
            moment = time.monotonic()
            if moment - self.seen.get(mark, -SEEN_EVERY) >= SEEN_EVERY:
                self._forget(moment)
                self.seen[mark] = moment
                UserSession.objects.create_from_request(request)
        return self.get_response(request)

    def _forget(self, moment: float) -> None:
        self.seen = {mark: then for mark, then in self.seen.items() if moment - then < SEEN_EVERY}


def _is_bare_error(request: HttpRequest, response: HttpResponse) -> bool:
    return (
        request.path.startswith(API)
        and response.status_code >= HTTPStatus.BAD_REQUEST
        and not response.headers.get("Content-Type", "").startswith(problems.CONTENT_TYPE)
    )


def _as_problem(response: HttpResponse) -> HttpResponse:
    answer = problems.problem(problems.for_status(response.status_code))
    for name, value in response.items():
        answer.headers.setdefault(name, value)
    return answer
