"""For owners of the installation: the platforms that are connected, what works, which courses are followed."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tertulia.integrations.openedx import access, queries
from tertulia.integrations.openedx.forms import ConnectionForm
from tertulia.integrations.openedx.models import Connection
from tertulia.integrations.openedx.services import connections, courses
from tertulia.kernel.errors import Invalid, Refusal
from tertulia.people.models import Person

View = Callable[..., HttpResponse]


def reader(request: HttpRequest) -> Person:
    """The person signed in; pages that call it require that."""
    assert isinstance(request.user, Person)
    return request.user


def for_owners(view: View) -> View:
    """A page for owners of the installation; for everybody else it does not exist. Goes below `login_required`."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        access.check_owner(reader(request))
        return view(request, *args, **kwargs)

    return never_cache(guarded)


@login_required
@require_GET
@for_owners
def index(request: HttpRequest) -> HttpResponse:
    """All platforms."""
    return render(request, "openedx/index.html", {"connections": queries.connections()})


@login_required
@require_http_methods(["GET", "POST"])
@for_owners
@sensitive_post_parameters("client_secret")
def add(request: HttpRequest) -> HttpResponse:
    """Connect a platform."""
    form = ConnectionForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            made = connections.add_connection(actor=reader(request), **form.chosen())
        except Refusal as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("%(name)s is connected. Now try whether it works.") % {"name": made})
            return redirect("openedx:connection", made.pk)
    return _form(request, form)


@login_required
@require_GET
@for_owners
def connection(request: HttpRequest, connection_id: uuid.UUID) -> HttpResponse:
    """One platform: whether it works, its courses, what it said lately."""
    return _connection(request, access.connection(reader(request), connection_id))


@login_required
@require_http_methods(["GET", "POST"])
@for_owners
@sensitive_post_parameters("client_secret")
def change(request: HttpRequest, connection_id: uuid.UUID) -> HttpResponse:
    """The settings of a platform."""
    found = access.connection(reader(request), connection_id)
    form = ConnectionForm(request.POST if request.method == "POST" else None, connection=found)
    if form.is_valid():
        try:
            connections.change_connection(actor=reader(request), connection=found, **form.chosen())
        except Refusal as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Saved."))
            return redirect("openedx:connection", found.pk)
    return _form(request, form, found)


@login_required
@require_POST
@for_owners
def try_out(request: HttpRequest, connection_id: uuid.UUID) -> HttpResponse:
    """Ask the platform for a bit of everything, and say what works."""
    found = access.connection(reader(request), connection_id)
    return _connection(request, found, tried=connections.try_out(actor=reader(request), connection=found))


@login_required
@require_POST
@for_owners
def remove(request: HttpRequest, connection_id: uuid.UUID) -> HttpResponse:
    """Forget a platform."""
    found = access.connection(reader(request), connection_id)
    connections.remove_connection(actor=reader(request), connection=found)
    messages.success(request, _("%(name)s is removed. Nobody was removed with it.") % {"name": found})
    return redirect("openedx:index")


@login_required
@require_http_methods(["GET", "POST"])
@for_owners
def choose(request: HttpRequest, connection_id: uuid.UUID) -> HttpResponse:
    """Which of the platform's courses are followed."""
    found = access.connection(reader(request), connection_id)
    if request.method == "POST":
        shown, ticked = request.POST.getlist("shown"), request.POST.getlist("course")
        count = courses.choose(actor=reader(request), connection=found, shown=shown, ticked=ticked)
        followed = ngettext("%(count)d course is followed.", "%(count)d courses are followed.", count)
        messages.success(request, followed % {"count": count})
        return redirect("openedx:connection", found.pk)
    text = request.GET.get("text", "").strip()[:100]
    listed = queries.listed(found, text=text, cursor=request.GET.get("cursor"))
    context = {"connection": found, "found": listed, "text": text}
    return render(request, "openedx/choose.html", context)


@login_required
@require_POST
@for_owners
def list_courses(request: HttpRequest, connection_id: uuid.UUID) -> HttpResponse:
    """Read the platform's list of courses once more."""
    found = access.connection(reader(request), connection_id)
    courses.ask_for_list(actor=reader(request), connection=found)
    messages.success(request, _("Its list of courses is being read. Load this page again in a moment."))
    return redirect("openedx:choose", found.pk)


@login_required
@require_GET
@for_owners
def webhooks(request: HttpRequest, connection_id: uuid.UUID) -> HttpResponse:
    """Addresses for the platform's webhooks, and what came by them."""
    return _webhooks(request, access.connection(reader(request), connection_id))


@login_required
@require_POST
@for_owners
def new_secret(request: HttpRequest, connection_id: uuid.UUID) -> HttpResponse:
    """A secret for webhooks, shown this once; with `off` none at all."""
    found = access.connection(reader(request), connection_id)
    if "off" in request.POST:
        connections.no_webhooks(actor=reader(request), connection=found)
        messages.success(request, _("No webhooks are taken from this platform."))
        return redirect("openedx:webhooks", found.pk)
    return _webhooks(request, found, secret=connections.new_webhook_secret(actor=reader(request), connection=found))


def _form(request: HttpRequest, form: ConnectionForm, found: Connection | None = None) -> HttpResponse:
    status = Invalid.status if form.is_bound else 200
    return render(request, "openedx/settings.html", {"form": form, "connection": found}, status=status)


def _connection(
    request: HttpRequest, found: Connection, *, tried: list[connections.Tried] | None = None
) -> HttpResponse:
    context = {
        "connection": found,
        "tried": tried,
        "found": queries.followed(found, cursor=request.GET.get("cursor")),
        "events": queries.events_lately(found),
        "host": connections.host_of(found),
        "is_lent": queries.is_lent(found),
    }
    return render(request, "openedx/connection.html", context)


def _webhooks(request: HttpRequest, found: Connection, *, secret: str = "") -> HttpResponse:
    base = settings.BASE_URL
    context = {
        "connection": found,
        "secret": secret,
        "openedx_webhooks": base + reverse("openedx:openedx_webhooks", args=[found.pk]),
        "eox_hooks": base + reverse("openedx:eox_hooks", args=[found.pk]),
        "heard": queries.heard(found),
        "unknown": queries.unknown(found),
    }
    return render(request, "openedx/webhooks.html", context)
