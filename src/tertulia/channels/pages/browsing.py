"""Finding one's way: home, sidebar, quick switcher, the list of channels."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from tertulia.channels import queries
from tertulia.channels.models import Channel
from tertulia.channels.pages.common import ids_in, is_part, place_of, show
from tertulia.workspaces.access import Permission, check, may


@login_required
@require_safe
def home(request: HttpRequest, workspace: str) -> HttpResponse:
    """Where the reader was last. A phone shows the list of channels first (`?pane=list`)."""
    place = place_of(request, workspace)
    if request.GET.get("pane") != "list":
        channel = queries.home(place)
        if channel is not None:
            return redirect(channel)
        if may(place, Permission.BROWSE_CHANNELS):
            return redirect("channels:browse", place.workspace.slug)
    return show(request, place, "home", {"pane": "list"})


@login_required
@require_safe
def sidebar(request: HttpRequest, workspace: str) -> HttpResponse:
    """Sidebar and rail alone, to put in place of those shown: `current` is the id of the channel shown, `here` the
    path of the page around them.
    """
    place = place_of(request, workspace)
    shown = ids_in(request.GET.getlist("current"))
    context = {
        "place": place,
        "sidebar": queries.sidebar(place, current=Channel(pk=shown[0]) if shown else None),
        "here": request.GET.get("here", "")[:500],
    }
    return render(request, "channels/_sidebar_part.html", context)


@login_required
@require_safe
def switcher(request: HttpRequest, workspace: str) -> HttpResponse:
    """What the quick switcher finds for `q`: its rows alone for scripts, a page otherwise."""
    place = place_of(request, workspace)
    q = request.GET.get("q", "")[:80]
    context = {"place": place, "q": q, "choices": queries.switcher(place, q)}
    if request.headers.get("X-Part") == "switcher":
        return render(request, "channels/_choices.html", context)
    return show(request, place, "switcher", context)


@login_required
@require_safe
def browse(request: HttpRequest, workspace: str) -> HttpResponse:
    """The channels one may see, to search and to join."""
    place = place_of(request, workspace)
    check(place, Permission.BROWSE_CHANNELS)
    q = request.GET.get("q", "").strip()[:80]
    wanted = request.GET.get("show", "all")
    shown = wanted if wanted in queries.SHOWN else "all"
    found = queries.browse(place, q=q, show=shown, cursor=request.GET.get("cursor"))
    context = {"found": found, "q": q, "shown": shown, "here": reverse("channels:browse", args=[place.workspace.slug])}
    if is_part(request):
        return render(request, "channels/_browse.html", {"place": place, **context})
    return show(request, place, "browse", context)
