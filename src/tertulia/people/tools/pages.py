"""Pages about tools: those of the installation's owners, and what each person has allowed."""

from __future__ import annotations

import uuid
from http import HTTPStatus

from allauth.idp.oidc.models import Client
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tertulia.kernel.errors import NotFound, Refusal
from tertulia.people import access, queries, services
from tertulia.people.models import Person
from tertulia.people.tools import clients
from tertulia.people.tools.adapter import KEYS
from tertulia.people.tools.forms import ToolForm
from tertulia.people.tools.scopes import OPENID, SCOPES

page = require_http_methods(["GET", "HEAD", "POST"])


def _me(request: HttpRequest) -> Person:
    assert isinstance(request.user, Person)
    return request.user


@login_required
@require_safe
def tools(request: HttpRequest) -> HttpResponse:
    """Installation: what signs people in through us."""
    access.check_installation(_me(request))
    people = queries.people_of_tools()
    context = {"tools": [(tool, people.get(tool.pk, 0), clients.is_public(tool)) for tool in clients.all_tools()]}
    return render(request, "people/tools/tools.html", context)


@login_required
@page
@never_cache
def new_tool(request: HttpRequest) -> HttpResponse:
    """Installation: one more; its secret is shown this once."""
    access.check_installation(_me(request))
    form = ToolForm(request.POST or None)
    if form.is_valid():
        try:
            tool, secret = services.add_tool(actor=_me(request), **form.fields_of_tool())
        except Refusal as refusal:
            _refuse(form, refusal)
        else:
            return _tool(request, tool, ToolForm(client=tool), secret=secret, is_new=True)
    return _form(request, "people/tools/new.html", form)


@login_required
@page
@never_cache
def tool(request: HttpRequest, client_id: str) -> HttpResponse:
    """Installation: what to enter in the tool, and what we know of it."""
    access.check_installation(_me(request))
    found = clients.one(client_id)
    form = ToolForm(request.POST or None, client=found)
    if form.is_valid():
        try:
            found, secret = services.change_tool(actor=_me(request), client_id=client_id, **form.fields_of_tool())
        except Refusal as refusal:
            _refuse(form, refusal)
        else:
            if secret:
                return _tool(request, found, ToolForm(client=found), secret=secret)
            messages.success(request, _("It is saved."))
            return redirect("people:tool", client_id)
    return _tool(request, found, form)


@login_required
@require_POST
@never_cache
def new_secret(request: HttpRequest, client_id: str) -> HttpResponse:
    """Installation: another secret, shown this once."""
    found, secret = services.renew_secret(actor=_me(request), client_id=client_id)
    return _tool(request, found, ToolForm(client=found), secret=secret)


@login_required
@require_POST
def remove_tool(request: HttpRequest, client_id: str) -> HttpResponse:
    """Installation: one fewer."""
    services.remove_tool(actor=_me(request), client_id=client_id)
    messages.success(request, _("It is removed. Nobody can sign in to it through Tertulia any more."))
    return redirect("people:tools")


@login_required
@require_POST
def rotate_key(request: HttpRequest) -> HttpResponse:
    """Installation: a new key signs from now on."""
    access.check_installation(_me(request))
    KEYS.rotate(actor=_me(request))
    messages.success(request, _("A new key signs from now on. The old one stays published for a week."))
    return redirect("people:tools")


@login_required
@require_safe
def allowed(request: HttpRequest) -> HttpResponse:
    """Settings: which tools one has signed in to, and what they learn."""
    listed = [
        (consent, [SCOPES[scope] for scope in SCOPES if scope in consent.scopes and scope != OPENID])
        for consent in queries.consents(_me(request))
    ]
    return render(request, "people/tools/allowed.html", {"listed": listed})


@login_required
@require_POST
def take_back(request: HttpRequest, consent_id: uuid.UUID) -> HttpResponse:
    """Settings: a tool learns nothing more."""
    services.take_back(actor=_me(request), consent_id=consent_id)
    messages.success(request, _("It is taken back. The tool can ask nothing about you any more."))
    return redirect("people:allowed")


def _tool(
    request: HttpRequest, found: Client, form: ToolForm, *, secret: str = "", is_new: bool = False
) -> HttpResponse:
    context = {
        "tool": found,
        "secret": secret,
        "is_new": is_new,
        "issuer": settings.BASE_URL,
        "discovery": f"{settings.BASE_URL}/.well-known/openid-configuration",
        "public": clients.is_public(found),
        "people": queries.people_of_tools().get(found.pk, 0),
    }
    return _form(request, "people/tools/tool.html", form, **context)


def _form(request: HttpRequest, template: str, form: ToolForm, **context: object) -> HttpResponse:
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return render(request, template, {"form": form, **context}, status=status)


def _refuse(form: ToolForm, refusal: Refusal) -> None:
    if isinstance(refusal, NotFound):
        raise refusal
    form.add_error(refusal.field if refusal.field in form.fields else None, refusal.detail)
