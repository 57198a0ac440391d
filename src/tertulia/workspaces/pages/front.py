"""`/` and the ways in: directory, a listed workspace's page, new workspaces, accepting invitations."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tertulia.kernel.errors import Forbidden, Invalid, NotFound, Refusal
from tertulia.people import access as people_access
from tertulia.people import queries as people_queries
from tertulia.people.models import Person
from tertulia.workspaces import access, invitation_secrets, queries, services
from tertulia.workspaces.blueprints import BLUEPRINTS
from tertulia.workspaces.forms import AskForm, NewWorkspaceForm
from tertulia.workspaces.middleware import COOKIE
from tertulia.workspaces.models import Invitation, Joining, Template
from tertulia.workspaces.pages._common import explain, finish, reader, sent


@require_GET
@never_cache
def front(request: HttpRequest) -> HttpResponse:
    """Wherever whoever comes in wants to be."""
    if not request.user.is_authenticated:
        if not people_queries.anybody_exists():
            return redirect("people:welcome")
        return render(request, "workspaces/landing.html", {"may_sign_up": people_access.may_sign_up(request)})
    secret = request.session.pop(invitation_secrets.SESSION_KEY, "")
    if secret:
        return redirect("workspaces:accept", secret)
    home = queries.recent_workspace(reader(request), request.COOKIES.get(COOKIE, ""))
    return redirect(home or "workspaces:directory")


@require_GET
@login_required
def directory(request: HttpRequest) -> HttpResponse:
    """Workspaces that are listed, and one's own."""
    person = reader(request)
    q = request.GET.get("q", "").strip()[:100]
    found = queries.directory(person, q=q, cursor=request.GET.get("cursor"))
    context = {"found": found, "q": q, "may_create": access.may_create(person)}
    if not q and not request.GET.get("cursor"):
        context["archived"] = queries.workspaces_of(person, archived=True)
    return render(request, "workspaces/directory.html", context)


@require_http_methods(["GET", "POST"])
@login_required
def about(request: HttpRequest, slug: str) -> HttpResponse:
    """A listed workspace as outsiders see it: its name, its goal, how to come in. POST comes in, or asks to."""
    person = reader(request)
    workspace = access.listed(person, slug)
    if queries.role_of(workspace.pk, person.pk):
        return redirect(workspace)
    form = AskForm(sent(request))
    refusal = None
    if request.method == "POST" and form.is_valid():
        try:
            workspace = access.joinable(person, slug)
            if workspace.joining == Joining.OPEN:
                services.join_open(actor=person, workspace=workspace)
                messages.success(request, _("Welcome to %(workspace)s.") % {"workspace": workspace.name})
                return redirect(workspace)
            services.ask_to_join(actor=person, workspace=workspace, message=form.cleaned_data["message"])
        except Refusal as caught:
            refusal = caught
            explain(form, refusal)
        else:
            return redirect("workspaces:about", workspace.slug)
    context = {"workspace": workspace, "form": form, "asked": queries.has_asked(workspace, person)}
    return finish(render(request, "workspaces/about.html", context), refusal)


@require_POST
@login_required
def withdraw(request: HttpRequest, slug: str) -> HttpResponse:
    """Takes back one's request to join."""
    person = reader(request)
    workspace = access.listed(person, slug)
    services.withdraw_request(actor=person, workspace=workspace)
    messages.success(request, _("You no longer ask to join %(workspace)s.") % {"workspace": workspace.name})
    return redirect("workspaces:about", workspace.slug)


@require_http_methods(["GET", "POST"])
@login_required
def new(request: HttpRequest) -> HttpResponse:
    """A new workspace: first the choice of a template, then its form."""
    person = reader(request)
    if not access.may_create(person):
        raise Forbidden(_("Only owners of this installation can make workspaces. Ask one of them."))
    wanted = request.GET.get("template", "")
    if wanted not in Template.values:
        choices = [(template, BLUEPRINTS[template]) for template in Template]
        return render(request, "workspaces/new_template.html", {"choices": choices})
    template = Template(wanted)
    blueprint = BLUEPRINTS[template]
    form = NewWorkspaceForm(sent(request), blueprint=blueprint)
    refusal: Refusal | None = None
    if request.method == "POST":
        refusal = Invalid("")
        if form.is_valid():
            try:
                workspace = services.create_workspace(actor=person, template=template, **form.cleaned_data)
            except Refusal as caught:
                refusal = caught
                explain(form, refusal)
            else:
                messages.success(request, _("%(workspace)s is ready.") % {"workspace": workspace.name})
                return redirect(workspace)
    context = {"form": form, "template": template, "blueprint": blueprint}
    return finish(render(request, "workspaces/new.html", context), refusal)


@require_http_methods(["GET", "POST"])
@never_cache
def accept(request: HttpRequest, secret: str) -> HttpResponse:
    """An invitation: who invites to what, and one button. The workspace shows only to who holds a working one."""
    invitation = invitation_secrets.find(secret)
    if invitation is None:
        return _closed(
            request, NotFound(_("There is no such invitation. Perhaps part of the link was lost on the way."))
        )
    person = reader(request) if request.user.is_authenticated else None
    standing = access.standing(invitation, person)
    if standing.settled or (person is not None and request.method == "POST"):
        assert person is not None
        request.session.pop(invitation_secrets.SESSION_KEY, None)
        return _come_in(request, person, secret)
    if standing.refusal is not None:
        return _closed(request, standing.refusal)
    context = {"invitation": invitation, **({} if person else _ways_in(request, invitation, secret))}
    return _hidden(render(request, "workspaces/accept.html", context))


def _come_in(request: HttpRequest, person: Person, secret: str) -> HttpResponse:
    try:
        place = services.accept_invitation(actor=person, secret=secret)
    except Refusal as refusal:
        return _closed(request, refusal)
    messages.success(request, _("Welcome to %(workspace)s.") % {"workspace": place.workspace.name})
    return redirect(place.workspace)


def _ways_in(request: HttpRequest, invitation: Invitation, secret: str) -> dict[str, Any]:
    # Kept in the session too: it opens the door of sign-up, and `front` finds it after a long way through mails.
    request.session[invitation_secrets.SESSION_KEY] = secret
    query = {"next": reverse("workspaces:accept", args=[secret])}
    address = {"email": invitation.email} if invitation.email else {}
    return {
        "sign_in": f"{reverse('account_login')}?{urlencode(query)}",
        "sign_up": f"{reverse('account_signup')}?{urlencode({**query, **address})}",
        "may_sign_up": people_access.may_sign_up(request, invitation.email),
    }


def _closed(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """The page of an invitation that does not work: why, and what to do."""
    request.session.pop(invitation_secrets.SESSION_KEY, None)
    return _hidden(finish(render(request, "workspaces/invitation_over.html", {"refusal": refusal}), refusal))


def _hidden(response: HttpResponse) -> HttpResponse:
    """Keeps a page with a secret in its address out of search engines.

    Its address is told to no other site: the referrer policy of all pages is `same-origin`. (`no-referrer` would make
    browsers send `Origin: null` with the form, which the forgery check refuses.)
    """
    response["X-Robots-Tag"] = "noindex"
    return response
