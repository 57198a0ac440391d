"""The way in: login initiation, the launch, and what follows in a frame or a window."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from allauth.account.adapter import get_adapter
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tertulia.integrations.lti import access, attempts, checking, sessions
from tertulia.integrations.lti.checking import Launch
from tertulia.integrations.lti.middleware import frame_by
from tertulia.integrations.lti.models import Attempt, Pending
from tertulia.integrations.lti.pages.common import reader, refused, told
from tertulia.integrations.lti.refusals import Reason, Wrong
from tertulia.integrations.lti.services import arriving, keys, registration
from tertulia.integrations.lti.services.threads import thread_address
from tertulia.kernel import limits
from tertulia.kernel.errors import Refusal
from tertulia.people.services import NeedsLinking

BEGINNING = limits.Limit("lti-login", times=1200, seconds=60)
"""Launches begun from one address, which may be a whole class behind one router."""
PENDING_COOKIE = "tertulia_lti_pending"
CONTINUE = "lti:continue"
JWKS_SECONDS = 3600


@require_GET
def jwks(request: HttpRequest) -> JsonResponse:
    """Our public keys, for platforms."""
    del request
    response = JsonResponse(keys.public_keys())
    response["Cache-Control"] = f"public, max-age={JWKS_SECONDS}"
    return response


@csrf_exempt  # LMSs post it from their own pages; it changes nothing but what this browser begins
@require_http_methods(["GET", "POST"])
@never_cache
def login(request: HttpRequest) -> HttpResponse:
    """Third-party initiated login: the browser goes on to the platform, which says who it is."""
    limits.spend(BEGINNING, request.META.get("REMOTE_ADDR", ""))
    sent = request.POST if request.method == "POST" else request.GET
    try:
        begun = attempts.begin(sent.dict(), launch_url=registration.addresses()["launch"])
    except Wrong as wrong:
        return refused(request, wrong)
    response: HttpResponse
    if begun.attempt.storage:
        context = {
            "address": begun.address,
            "key": begun.key,
            "value": begun.binding,
            "target": begun.attempt.storage,
            "origin": attempts.origin_of(begun.attempt.platform.auth_url),
        }
        response = render(request, "lti/begin.html", context)
    else:
        response = redirect(begun.address)
    response.set_cookie(begun.key, begun.binding, max_age=attempts.MINUTES * 60, httponly=True, path="/lti/")
    return frame_by(response, attempts.frame_origins(begun.attempt.platform))


@csrf_exempt  # posted from the platform's page; state and binding stand in for the form token
@sensitive_post_parameters("id_token", "state", "binding")
@require_POST
@never_cache
def launch(request: HttpRequest) -> HttpResponse:
    """The platform's answer: who it is, in which course, as what. Signs them in and leads them there."""
    attempt = None
    try:
        attempt = _attempt(request)
        found = _checked(request, attempt)
        return found if isinstance(found, HttpResponse) else _arrive(request, found)
    except Wrong as wrong:
        wrong.platform = wrong.platform or (attempt.platform if attempt else None)
        return refused(request, wrong, attempt=attempt)
    except Refusal as refusal:
        return told(request, refusal, attempt.platform if attempt else None)


@csrf_exempt  # `sessions.is_ours` asks where it comes from: in a frame without cookies there is no form token
@sensitive_post_parameters("ticket")
@require_POST
@never_cache
def open_window(request: HttpRequest) -> HttpResponse:
    """From a frame that keeps no cookies into a window of its own, by ticket."""
    ticket = sessions.take(request.POST.get("ticket", "")) if sessions.is_ours(request) else None
    if ticket is None:
        return refused(request, Wrong(Reason.REPLAYED))
    if ticket.pending is not None:
        return _wait(redirect(CONTINUE), arriving.launch_of(ticket.pending))
    assert ticket.person is not None
    return redirect(sessions.sign_in(request, ticket.person, target=ticket.target))


@require_GET
@never_cache
def arrived(request: HttpRequest) -> JsonResponse:
    """Whether the frame's browser has kept the session that its launch was given."""
    marker = request.session.get(sessions.ARRIVAL_KEY, "")
    return JsonResponse({"arrived": bool(marker) and marker == request.GET.get("marker")})


@login_required
@require_http_methods(["GET", "POST"])
@never_cache
def go_on(request: HttpRequest) -> HttpResponse:
    """After signing in: connect who launched with this account, and go on to where the launch leads."""
    try:
        pending = access.pending(request.COOKIES.get(PENDING_COOKIE, ""))
        waiting = arriving.launch_of(pending)
    except Wrong as wrong:
        return refused(request, wrong)
    if request.method != "POST":
        return render(request, "lti/continue.html", {"launch": waiting, "platform": waiting.platform})
    if "other" in request.POST:
        get_adapter().logout(request)
        return redirect_to_login(reverse(CONTINUE))
    person = arriving.connect(actor=reader(request), launch=waiting)
    target = arriving.settle(waiting, person)
    Pending.objects.filter(pk=pending.pk).delete()
    response = redirect(target)
    response.delete_cookie(PENDING_COOKIE, path="/lti/")
    return response


@login_required
@require_GET
def at(request: HttpRequest, placement_id: UUID) -> HttpResponse:
    """The address of something that stands in a course, opened outside of it, by a member."""
    placement, place = access.placement(reader(request), placement_id)
    if placement.channel is not None and placement.thread is not None:
        return redirect(thread_address(placement.thread, place.workspace, placement.channel))
    return redirect(placement.channel or place.workspace)


def _attempt(request: HttpRequest) -> Attempt:
    attempt = attempts.find(request.POST.get("state", ""))
    if "error" in request.POST:
        error = f"{request.POST['error']} {request.POST.get('error_description', '')}"
        raise Wrong(Reason.PLATFORM_ERROR, platform=attempt.platform, error=error)
    return attempt


def _checked(request: HttpRequest, attempt: Attempt) -> Launch | HttpResponse:
    """The launch, if it ends in the browser where it began; or the page that asks the platform's storage whether so."""
    if not attempts.is_bound(attempt, request.COOKIES.get(attempts.key_of(attempt), "")):
        # From another site's page this word would prove nothing: who sends it may have begun the launch themselves.
        recalled = request.POST.get("binding") if sessions.is_ours(request) else None
        if recalled is None and attempt.storage:
            context = {
                "id_token": request.POST.get("id_token", ""),
                "state": request.POST.get("state", ""),
                "key": attempts.key_of(attempt),
                "target": attempt.storage,
                "origin": attempts.origin_of(attempt.platform.auth_url),
            }
            return frame_by(render(request, "lti/recall.html", context), attempts.frame_origins(attempt.platform))
        if not attempts.is_bound(attempt, recalled or ""):
            raise Wrong(Reason.OTHER_BROWSER, platform=attempt.platform)
    found = checking.verified(attempt.platform, request.POST.get("id_token", ""), nonce=attempt.nonce)
    attempts.use(attempt)
    return found


def _arrive(request: HttpRequest, launch: Launch) -> HttpResponse:
    framed = sessions.is_framed(request, claimed=launch.in_frame)
    try:
        person = arriving.person_of(launch)
    except NeedsLinking:
        pending, secret = arriving.wait(launch)
        if not framed:
            return _keep(redirect(CONTINUE), secret)
        # Sign-in pages of institutions do not let themselves be framed, and nobody should enter a password in a frame.
        return _arriving(request, launch, ticket=sessions.issue(pending=pending), linking=True)
    target = arriving.settle(launch, person)
    if not framed:
        return redirect(sessions.sign_in(request, person, target=target))
    arrival = sessions.begin_frame(request, attempts.frame_origins(launch.platform))
    ticket = sessions.issue(person=person, target=target)
    where = sessions.sign_in(request, person, target=target)
    return _arriving(request, launch, arrival=arrival, ticket=ticket, where=where)


def _arriving(request: HttpRequest, launch: Launch, **page: Any) -> HttpResponse:
    response = render(request, "lti/arriving.html", {"launch": launch, **page})
    return frame_by(response, attempts.frame_origins(launch.platform))


def _wait(response: HttpResponse, launch: Launch) -> HttpResponse:
    _pending, secret = arriving.wait(launch)
    return _keep(response, secret)


def _keep(response: HttpResponse, secret: str) -> HttpResponse:
    seconds = int(arriving.CHOOSING.total_seconds())
    response.set_cookie(
        PENDING_COOKIE, secret, max_age=seconds, httponly=True, samesite="Lax", path="/lti/", secure=_is_secure()
    )
    return response


def _is_secure() -> bool:
    return registration.addresses()["launch"].startswith("https://")
