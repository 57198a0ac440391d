"""A member's own pages in a workspace: saved posts, followed threads, drafts and scheduled posts."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from tertulia.channels import queries as channel_queries
from tertulia.posts import access, queries, services, timeline
from tertulia.posts.pages.reader import person_of
from tertulia.workspaces import access as workspace_access
from tertulia.workspaces.access import Place


@login_required
@require_GET
def saved(request: HttpRequest, slug: str) -> HttpResponse:
    """What the reader keeps for later, the latest first."""
    place = workspace_access.workspace(person_of(request), slug)
    found = queries.saved(place, cursor=request.GET.get("cursor"))
    return render(request, "posts/saved.html", {**_shell(place), "found": found, "rows": timeline.rows(found.items)})


@login_required
@require_GET
def threads(request: HttpRequest, slug: str) -> HttpResponse:
    """The threads that the reader follows, the latest reply first."""
    place = workspace_access.workspace(person_of(request), slug)
    found = queries.followed_threads(place, cursor=request.GET.get("cursor"))
    items = [
        {"root": thread.root, "unread": thread.unread, "row": timeline.rows([thread.root])} for thread in found.items
    ]
    return render(request, "posts/threads.html", {**_shell(place), "found": found, "items": items})


@login_required
@require_GET
def drafts(request: HttpRequest, slug: str) -> HttpResponse:
    """What the reader has begun to write, and what waits to be sent."""
    place = workspace_access.workspace(person_of(request), slug)
    context = {"drafts": queries.drafts(place), "scheduled": queries.scheduled(place)}
    return render(request, "posts/drafts.html", {**_shell(place), **context})


@login_required
@require_POST
def discard_draft(request: HttpRequest, slug: str, draft_id: int) -> HttpResponse:
    """Throw a draft away."""
    person = person_of(request)
    place = workspace_access.workspace(person, slug)
    services.discard_draft(actor=person, draft=access.own_draft(person, draft_id))
    messages.success(request, _("The draft is gone."))
    return redirect("posts:drafts", place.workspace.slug)


@login_required
@require_POST
def unschedule(request: HttpRequest, slug: str, scheduled_id: UUID) -> HttpResponse:
    """Do not send after all; the words become a draft again."""
    person = person_of(request)
    place = workspace_access.workspace(person, slug)
    services.unschedule(actor=person, scheduled=access.scheduled(person, scheduled_id), keep_draft=True)
    messages.success(request, _("It will not be sent. Your words are a draft again."))
    return redirect("posts:drafts", place.workspace.slug)


@login_required
@require_POST
def send_now(request: HttpRequest, slug: str, scheduled_id: UUID) -> HttpResponse:
    """Send a scheduled post at once."""
    person = person_of(request)
    workspace_access.workspace(person, slug)
    state = services.send_now(actor=person, scheduled=access.scheduled(person, scheduled_id))
    return redirect("posts:permalink", state.id)


def _shell(place: Place) -> dict[str, Any]:
    return {
        "place": place,
        "workspace": place.workspace,
        "sidebar": channel_queries.sidebar(place),
    }
