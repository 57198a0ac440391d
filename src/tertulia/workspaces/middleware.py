"""Remembers in a cookie which workspace was shown last, so that `/` leads back there. Costs no query."""

from __future__ import annotations

import re
from collections.abc import Callable
from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

COOKIE = "tertulia_workspace"
_INSIDE = re.compile(r"/w/([a-z0-9-]{1,60})(?:/|$)")
_YEAR = 60 * 60 * 24 * 365


class LastWorkspaceMiddleware:
    """Sets the cookie on pages under /w/SLUG that were shown: those that were refused may be nobody's business."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        inside = _INSIDE.match(request.path)
        if inside and request.method == "GET" and response.status_code == HTTPStatus.OK:
            slug = inside[1]
            if request.COOKIES.get(COOKIE) != slug:
                secure = bool(settings.SESSION_COOKIE_SECURE)
                response.set_cookie(COOKIE, slug, max_age=_YEAR, httponly=True, secure=secure, samesite="Lax")
        return response
