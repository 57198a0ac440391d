"""The pages that say no: refusals, 400, 403, 404, 500, failed forgery checks. They leak nothing and show a way on."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from tertulia.kernel.errors import NotFound, Refusal, TooMany
from tertulia.kernel.ids import new_id
from tertulia.ui.context import Page

Handler = Callable[[HttpRequest, Exception], HttpResponse]

logger = logging.getLogger("tertulia.ui.errors")

PROBLEM = "application/problem+json"


def refused(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """What the reader gets for a refusal: problem+json to scripts that ask for it, a toast to htmx, else a page.

    The status is the refusal's; TooMany says when to try again in `Retry-After`.
    """
    if _wants_problem(request):
        response = _problem(refusal)
    elif _is_htmx(request):
        response = _toast(request, refusal.detail, refusal.status)
    else:
        response = _page(request, title=_title(refusal.status), text=refusal.detail, status=refusal.status)
    if isinstance(refusal, TooMany):
        response["Retry-After"] = str(refusal.retry_after)
    return response


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """handler400: Django itself could not make sense of the request."""
    return refused(request, Refusal(_("The page could not understand what was sent. Go back and try again.")))


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """handler403."""
    return _refuse(request, _("You may not do this here."), status=403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """handler404: the same words whether it never was or is not this reader's to see."""
    return refused(request, NotFound())


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """CSRF_FAILURE_VIEW: nearly always a page left open too long or a second sign-in in another tab."""
    logger.warning("forgery check failed", extra={"path": request.path, "reason": reason})
    return _refuse(
        request,
        _("This page was open for too long, or you signed in anew elsewhere. Go back, reload, and send it again."),
        status=403,
    )


def broken(request: HttpRequest) -> HttpResponse:
    """handler500. It must work when the database does not, so it is made without context processors."""
    number = request_id(request)
    logger.error("a page failed", extra={"request_id": number, "path": request.path})
    text = _("Something broke on our side. It has been written down; please try again in a minute.")
    if _wants_problem(request):
        return _problem(Refusal(text, type="broken"), status=500)
    if _is_htmx(request):
        return _toast(None, text, 500)
    return _page(None, title=_title(500), text=text, status=500, number=number)


def request_id(request: HttpRequest) -> str:
    """The id that finds this request in the log: a proxy's `X-Request-ID`, else one of ours, the same each time."""
    known = getattr(request, "request_id", "") or request.headers.get("X-Request-ID", "")
    number = known if re.fullmatch(r"[\w.-]{8,64}", known, re.ASCII) else new_id().hex
    request.request_id = number  # type: ignore[attr-defined]  # kept for whoever asks next
    return number


def _refuse(request: HttpRequest, text: str, *, status: int) -> HttpResponse:
    refusal = Refusal(text, type="forbidden")
    refusal.status = status
    return refused(request, refusal)


def _page(request: HttpRequest | None, *, title: str, text: str, status: int, number: str = "") -> HttpResponse:
    context = {"title": title, "text": text, "status": status, "number": number, "back": _back(request)}
    if request is None:
        context["ui"] = Page(scripts=False)
    return HttpResponse(render_to_string("ui/error.html", context, request), status=status)


def _toast(request: HttpRequest | None, text: str, status: int) -> HttpResponse:
    html = render_to_string("ui/toast.html", {"text": text, "level": "error"}, request)
    response = HttpResponse(html, status=status)
    response["HX-Retarget"] = "#toasts"
    response["HX-Reswap"] = "beforeend"
    return response


def _problem(refusal: Refusal, *, status: int = 0) -> HttpResponse:
    body = {"type": refusal.type, "status": status or refusal.status, "detail": refusal.detail}
    if refusal.field:
        body["field"] = refusal.field
    return HttpResponse(json.dumps(body), status=status or refusal.status, content_type=PROBLEM)


def _title(status: int) -> str:
    return {
        403: _("Not allowed"),
        404: _("Nothing here"),
        413: _("Too large"),
        429: _("A little too fast"),
        500: _("Something broke"),
    }.get(status, _("That did not work"))


def _back(request: HttpRequest | None) -> str:
    # Where the reader came from, if that is a page of ours and not this one.
    referrer = request.headers.get("Referer", "") if request else ""
    ours = request is not None and url_has_allowed_host_and_scheme(referrer, {request.get_host()})
    return referrer if ours and request and referrer != request.build_absolute_uri() else ""


def _is_htmx(request: HttpRequest) -> bool:
    return request.headers.get("HX-Request") == "true" and request.headers.get("HX-Boosted") != "true"


def _wants_problem(request: HttpRequest) -> bool:
    return PROBLEM in request.headers.get("Accept", "")
