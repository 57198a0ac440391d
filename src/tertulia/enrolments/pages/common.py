"""What the pages of enrolments share."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from tertulia.enrolments.forms import Form
from tertulia.kernel.errors import NotFound, Refusal
from tertulia.people.models import Person
from tertulia.workspaces.access import Permission, Place, may
from tertulia.workspaces.queries import request_count


def reader(request: HttpRequest) -> Person:
    """Who asks; the page wants somebody who has signed in."""
    assert isinstance(request.user, Person)
    return request.user


def explain(form: Form, refusal: Refusal) -> None:
    """Show a refusal in the form; what is not there stays not there."""
    if isinstance(refusal, NotFound):
        raise refusal
    form.refuse(refusal)


def show(
    request: HttpRequest, place: Place, template: str, context: dict[str, Any], *, refusal: Refusal | None = None
) -> HttpResponse:
    """A page of a workspace, with the status of a refusal."""
    waiting = request_count(place) if may(place, Permission.DECIDE_REQUESTS) else 0
    everything = {"place": place, "workspace": place.workspace, "may": place.may, "waiting": waiting, **context}
    return render(request, f"enrolments/{template}.html", everything, status=refusal.status if refusal else 200)
