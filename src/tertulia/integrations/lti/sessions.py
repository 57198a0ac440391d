"""Signing people in by a launch: in the LMS's frame, or, where it keeps no cookies, by ticket in a window of its own.

A ticket is 256 random bits, good once and for ten minutes, and it is never in an address: a form in our own page
carries it, inside the LMS's frame, whose page only that browser was given. It is taken only from a page of ours
(`Origin`), so that nobody can make another browser sign in with a ticket of their own (login CSRF).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from urllib.parse import urlsplit

from allauth.account.app_settings import EmailVerificationMethod
from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import perform_login
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest

from tertulia.integrations.lti import secrets
from tertulia.integrations.lti.middleware import SESSION_KEY
from tertulia.integrations.lti.models import Pending, Ticket
from tertulia.kernel.clock import now
from tertulia.people.models import Person

ARRIVAL_KEY = "lti_arrival"
EMBEDDED_SECONDS = 12 * 60 * 60
"""How long a session in a frame lasts: a day's work; the next launch makes another one."""
TICKET_MINUTES = 10


def begin_frame(request: HttpRequest, origins: Sequence[str]) -> str:
    """A new session for this frame, with nobody in it yet. Returns the word by which the page knows that it is kept."""
    request.session.flush()
    arrival = secrets.new_secret()
    request.session[SESSION_KEY] = list(origins)
    request.session[ARRIVAL_KEY] = arrival
    request.session.set_expiry(EMBEDDED_SECONDS)
    return arrival


def sign_in(request: HttpRequest, person: Person, *, target: str) -> str:
    """Sign `person` in, in a new session, and return where to go: `target`, or first their second factor."""
    if request.user.is_authenticated and request.user != person:
        request.session.flush()
    record_authentication(request, person, method="lti")
    response = perform_login(request, person, email_verification=EmailVerificationMethod.NONE, redirect_url=target)
    return str(response["Location"])


def issue(*, person: Person | None = None, pending: Pending | None = None, target: str = "") -> str:
    """A ticket for a person and a path of ours, or for a launch that waits for its person."""
    secret = secrets.new_secret()
    Ticket.objects.create(
        digest=secrets.digest(secret),
        person=person,
        pending=pending,
        target=target,
        expires_at=now() + timedelta(minutes=TICKET_MINUTES),
    )
    return secret


def take(secret: str) -> Ticket | None:
    """The ticket of this secret, which is used up by it; None if there is none (any more)."""
    with transaction.atomic():
        ticket = (
            Ticket.objects.select_for_update(of=("self",))
            .select_related("person", "pending__platform")
            .filter(digest=secrets.digest(secret), expires_at__gt=now())
            .first()
        )
        if ticket is None:
            return None
        Ticket.objects.filter(pk=ticket.pk).delete()
    gone = ticket.person is not None and not ticket.person.is_active
    return None if gone else ticket


def is_ours(request: HttpRequest) -> bool:
    """Whether a form came from a page of ours; browsers say so of every POST."""
    origin = request.headers.get("Origin", "")
    parts = urlsplit(settings.BASE_URL)
    return origin in {f"{parts.scheme}://{parts.netloc}", f"{request.scheme}://{request.get_host()}"}


def is_framed(request: HttpRequest, *, claimed: bool) -> bool:
    """Whether this page will stand in a frame: by the browser's word, else by the platform's."""
    destination = request.headers.get("Sec-Fetch-Dest", "")
    return destination in {"iframe", "frame"} if destination else claimed
