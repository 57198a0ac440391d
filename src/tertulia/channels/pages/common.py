"""What the pages of channels share."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from tertulia.channels import access, queries
from tertulia.channels.access import Seat
from tertulia.channels.forms import Form
from tertulia.channels.models import Channel
from tertulia.kernel.errors import Invalid, NotFound, Refusal, TooMany
from tertulia.people.models import Person
from tertulia.workspaces import access as workspace_access
from tertulia.workspaces.access import Place


def me(request: HttpRequest) -> Person:
    """The signed-in person; pages that ask stand behind `login_required`."""
    assert isinstance(request.user, Person)
    return request.user


def place_of(request: HttpRequest, workspace: str) -> Place:
    """The reader's place in the workspace at this address, or NotFound."""
    return workspace_access.workspace(me(request), workspace)


def seat_of(request: HttpRequest, workspace: str, channel: str) -> Seat:
    """The reader's seat in the channel at this address, or NotFound."""
    return access.channel_by_slug(me(request), workspace, channel)


def is_part(request: HttpRequest) -> bool:
    """Whether htmx asks for a part of a page, not for a whole one."""
    return request.headers.get("HX-Request") == "true" and request.headers.get("HX-Boosted") != "true"


def show(
    request: HttpRequest,
    place: Place,
    template: str,
    context: dict[str, Any],
    *,
    current: Channel | None = None,
    refusal: Refusal | None = None,
) -> HttpResponse:
    """A page beside the workspace's sidebar, with the status of the refusal that it tells of, if there was one."""
    everything = {"place": place, "sidebar": queries.sidebar(place, current=current), **context}
    return finish(render(request, f"channels/{template}.html", everything), refusal)


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


def back(request: HttpRequest, otherwise: str) -> HttpResponse:
    """To the page that the form names in `next`, if it is one of ours; else to the address `otherwise`."""
    wanted = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return redirect(wanted if ours else otherwise)


def ids_in(texts: list[str]) -> list[uuid.UUID]:
    """The ids among what a form sent; anything else was not made by our form."""
    ids = []
    for text in texts:
        try:
            ids.append(uuid.UUID(text))
        except ValueError as error:
            raise Invalid(_("That is not somebody who can be chosen here.")) from error
    return ids
