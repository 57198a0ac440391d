"""For owners of the installation: one course's rosters, as a log that a person can read."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from tertulia.integrations.openedx import access, queries
from tertulia.integrations.openedx.models import State
from tertulia.integrations.openedx.pages.installation import for_owners, reader
from tertulia.integrations.openedx.services import rosters
from tertulia.kernel.errors import NotFound


@login_required
@require_GET
@for_owners
def course(request: HttpRequest, connection_id: uuid.UUID, course_id: uuid.UUID) -> HttpResponse:
    """What was fetched, and how it went."""
    found = access.course(reader(request), connection_id, course_id)
    fetches = queries.fetches(found, cursor=request.GET.get("cursor"))
    context = {
        "course": found,
        "connection": found.connection,
        "found": fetches,
        "logs": [(fetch, queries.log_of(fetch)) for fetch in fetches.items],
        "current": queries.under_way(found),
    }
    return render(request, "openedx/course.html", context)


@login_required
@require_POST
@for_owners
def fetch(request: HttpRequest, connection_id: uuid.UUID, course_id: uuid.UUID) -> HttpResponse:
    """Fetch the roster now."""
    found = access.course(reader(request), connection_id, course_id)
    begun = rosters.start(course=found, actor=reader(request))
    if begun.state == State.WAITING:
        messages.info(request, _("It is under way and waits for the platform. It goes on by itself."))
    else:
        messages.success(request, _("The roster is being fetched. Load this page again in a moment."))
    return redirect("openedx:course", connection_id, course_id)


@login_required
@require_POST
@for_owners
def confirm(request: HttpRequest, connection_id: uuid.UUID, course_id: uuid.UUID) -> HttpResponse:
    """Apply the roster that asks."""
    found = access.course(reader(request), connection_id, course_id)
    current = queries.under_way(found)
    if current is None:
        raise NotFound
    rosters.confirm(actor=reader(request), fetch=current)
    messages.success(request, _("It is applied."))
    return redirect("openedx:course", connection_id, course_id)
