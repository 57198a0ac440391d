"""Help while writing: completion, preview, the emoji picker."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import mark_safe
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_POST

from tertulia.channels import access as channel_access
from tertulia.kernel.rich_text import emoji
from tertulia.posts import completing, services
from tertulia.posts.pages.reader import person_of
from tertulia.workspaces import access as workspace_access


@login_required
@require_GET
def suggest(request: HttpRequest, slug: str, channel_slug: str) -> HttpResponse:
    """Options for what is being written: `?key=@&q=an`; keys are `@`, `#` and `:`."""
    person = person_of(request)
    seat = channel_access.channel_by_slug(person, slug, channel_slug)
    key, q = request.GET.get("key", ""), request.GET.get("q", "")[:60].strip()
    context: dict[str, Any] = {}
    if key == "@":
        context["mentions"] = completing.mentionable(seat, q)
    elif key == "#":
        context["channels"] = completing.linkable(seat.place, q)
    elif key == ":":
        context["emoji"] = emoji.suggest(q)
    return render(request, "posts/_suggestions.html", context)


@login_required
@require_POST
def preview(request: HttpRequest, slug: str) -> HttpResponse:
    """What the words will look like."""
    place = workspace_access.workspace(person_of(request), slug)
    html = services.preview(place=place, body=request.POST.get("body", ""))
    return HttpResponse(mark_safe(html))  # noqa: S308 - rendered and sanitised by kernel.rich_text


@login_required
@require_GET
@cache_control(private=True, max_age=86_400)
def emoji_picker(request: HttpRequest) -> HttpResponse:
    """All emoji by category, for the picker."""
    return render(
        request,
        "posts/_emoji.html",
        {"categories": [(emoji.PICKER_LABELS[key], items) for key, items in emoji.PICKER.items()]},
    )
