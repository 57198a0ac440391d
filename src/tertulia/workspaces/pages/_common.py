"""What the pages of workspaces share."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render

from tertulia.kernel.errors import NotFound, Refusal, TooMany
from tertulia.people.models import Person
from tertulia.workspaces import queries
from tertulia.workspaces.access import Permission, Place, may
from tertulia.workspaces.forms import Form


def reader(request: HttpRequest) -> Person:
    """The person signed in; pages that call it require that."""
    assert isinstance(request.user, Person)
    return request.user


def sent(request: HttpRequest) -> QueryDict | None:
    """What a form sent, be it nothing; None for pages that are only looked at."""
    return request.POST if request.method == "POST" else None


def show(
    request: HttpRequest, place: Place, template: str, context: dict[str, Any], *, refusal: Refusal | None = None
) -> HttpResponse:
    """A page inside a workspace: under its head and tabs. With the refusal's status, if there was one."""
    waiting = queries.request_count(place) if may(place, Permission.DECIDE_REQUESTS) else 0
    everything = {"place": place, "workspace": place.workspace, "may": place.may, "waiting": waiting, **context}
    return finish(render(request, f"workspaces/{template}.html", everything), refusal)


def finish(response: HttpResponse, refusal: Refusal | None) -> HttpResponse:
    """Gives the answer the status of the refusal that it tells of."""
    if refusal is not None:
        response.status_code = refusal.status
        if isinstance(refusal, TooMany):
            response["Retry-After"] = str(refusal.retry_after)
    return response


def explain(form: Form, refusal: Refusal) -> None:
    """Shows a refusal in the form. What does not exist is no matter of the form: NotFound is raised again."""
    if isinstance(refusal, NotFound):
        raise refusal
    form.refuse(refusal)
