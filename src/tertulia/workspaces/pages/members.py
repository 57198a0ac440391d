"""Members: the list, one member, requests, bans, leaving."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tertulia.kernel.errors import Invalid, NotFound, Refusal
from tertulia.workspaces import access, queries, services
from tertulia.workspaces.access import Permission
from tertulia.workspaces.forms import ReasonForm, RoleForm
from tertulia.workspaces.models import Role
from tertulia.workspaces.pages._common import explain, reader, sent, show


@require_GET
@login_required
def members(request: HttpRequest, slug: str) -> HttpResponse:
    """Everybody, by name; searched and by role."""
    place = access.workspace(reader(request), slug)
    access.check(place, Permission.SEE_MEMBERS)
    q = request.GET.get("q", "").strip()[:100]
    role = request.GET.get("role", "")
    role = role if role in Role.values else ""
    found = queries.members(place, q=q, role=role, after=request.GET.get("cursor"))
    counts = queries.member_counts(place)
    context = {
        "found": found,
        "q": q,
        "role": role,
        "roles": [(each, counts[each]) for each in Role if each in counts],
        "total": sum(counts.values()),
        "changeable": {each.value for each in Role if access.outranks(place, each)},
    }
    return show(request, place, "members", context)


@require_http_methods(["GET", "POST"])
@login_required
def member(request: HttpRequest, slug: str, person_id: uuid.UUID) -> HttpResponse:
    """One member for those who manage: POST gives another role; from here they are removed or banned."""
    place = access.workspace(reader(request), slug)
    access.check(place, Permission.REMOVE_MEMBERS)
    membership = access.member(place, person_id)
    form = RoleForm(sent(request), place=place, initial={"role": membership.role})
    refusal: Refusal | None = None
    if request.method == "POST":
        refusal = Invalid("")
        if form.is_valid():
            role = form.cleaned_data["role"]
            try:
                changed = services.change_role(
                    actor=reader(request), workspace=place.workspace, person=membership.person, role=role
                )
            except Refusal as caught:
                refusal = caught
                explain(form, refusal)
            else:
                words = {"person": membership.person, "role": Role(changed.role).label}
                messages.success(request, _("%(person)s is now: %(role)s.") % words)
                return redirect("workspaces:members", place.workspace.slug)
    own = membership.person_id == place.membership.person_id
    context = {
        "membership": membership,
        "form": form,
        "reason_form": ReasonForm(),
        "own": own,
        "changeable": not place.is_archived and (own or access.outranks(place, Role(membership.role))),
    }
    return show(request, place, "member", context, refusal=refusal)


@require_POST
@login_required
def remove(request: HttpRequest, slug: str, person_id: uuid.UUID) -> HttpResponse:
    """Ends a membership."""
    place = access.workspace(reader(request), slug)
    access.check(place, Permission.REMOVE_MEMBERS)
    person = access.member(place, person_id).person
    services.remove_member(actor=reader(request), workspace=place.workspace, person=person)
    messages.success(request, _("%(person)s is no longer in this workspace.") % {"person": person})
    return redirect("workspaces:members", place.workspace.slug)


@require_POST
@login_required
def ban(request: HttpRequest, slug: str, person_id: uuid.UUID) -> HttpResponse:
    """Removes a member, or turns away somebody who asks, for good."""
    place = access.workspace(reader(request), slug)
    access.check(place, Permission.REMOVE_MEMBERS)
    person = access.member_or_asking(place, person_id)
    reason = request.POST.get("reason", "")
    services.ban(actor=reader(request), workspace=place.workspace, person=person, reason=reason)
    messages.success(request, _("%(person)s is banned and cannot come back.") % {"person": person})
    return redirect("workspaces:bans", place.workspace.slug)


@require_GET
@login_required
def bans(request: HttpRequest, slug: str) -> HttpResponse:
    """Who is banned, by whom and why."""
    place = access.workspace(reader(request), slug)
    access.check(place, Permission.REMOVE_MEMBERS)
    return show(request, place, "bans", {"found": queries.bans(place, cursor=request.GET.get("cursor"))})


@require_POST
@login_required
def unban(request: HttpRequest, slug: str, person_id: uuid.UUID) -> HttpResponse:
    """Lifts a ban."""
    place = access.workspace(reader(request), slug)
    access.check(place, Permission.REMOVE_MEMBERS)
    person = access.banned_person(place, person_id)
    services.unban(actor=reader(request), workspace=place.workspace, person=person)
    messages.success(request, _("%(person)s may come back, but has to join anew.") % {"person": person})
    return redirect("workspaces:bans", place.workspace.slug)


@require_GET
@login_required
def requests(request: HttpRequest, slug: str) -> HttpResponse:
    """Who asks to join."""
    place = access.workspace(reader(request), slug)
    access.check(place, Permission.DECIDE_REQUESTS)
    context = {
        "found": queries.requests(place, cursor=request.GET.get("cursor")),
        "roles": access.grantable(place),
        "learner": Role.LEARNER,
    }
    return show(request, place, "requests", context)


@require_POST
@login_required
def decide(request: HttpRequest, slug: str, person_id: uuid.UUID) -> HttpResponse:
    """Lets somebody in, or not."""
    place = access.workspace(reader(request), slug)
    access.check(place, Permission.DECIDE_REQUESTS)
    accept = request.POST.get("decision") == "accept"
    try:
        membership = services.decide_request(
            actor=reader(request),
            workspace=place.workspace,
            person_id=person_id,
            accept=accept,
            role=request.POST.get("role") or Role.LEARNER,
        )
    except NotFound as gone:
        messages.info(request, gone.detail)
    else:
        if membership is not None:
            messages.success(request, _("%(person)s is in.") % {"person": membership.person})
        else:
            messages.success(request, _("The request is turned down. They can ask again."))
    return redirect("workspaces:requests", place.workspace.slug)


@require_http_methods(["GET", "POST"])
@login_required
def leave(request: HttpRequest, slug: str) -> HttpResponse:
    """Asks, then leaves."""
    place = access.workspace(reader(request), slug)
    if request.method == "POST":
        services.leave(actor=reader(request), workspace=place.workspace)
        messages.success(request, _("You have left %(workspace)s.") % {"workspace": place.workspace.name})
        return redirect("workspaces:directory")
    return show(request, place, "leave", {})
