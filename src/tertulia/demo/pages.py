"""One-click sign-in to the demonstration. Its address exists in demo mode only (`config.urls`, and once more here)."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from tertulia.demo.doors import person_behind
from tertulia.kernel.errors import NotFound


@require_POST
def enter(request: HttpRequest, door: str) -> HttpResponse:
    """Sign in as the person behind this door: owner, instructor, moderator or learner."""
    person = person_behind(door) if settings.DEMO else None
    if person is None:
        raise NotFound
    login(request, person, backend=settings.AUTHENTICATION_BACKENDS[0])
    return redirect("workspaces:front")
