"""Named groups: the list, one group, who is in it."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from tertulia.kernel.errors import Invalid, Refusal
from tertulia.workspaces import access, queries, services
from tertulia.workspaces.access import Permission
from tertulia.workspaces.forms import GroupForm
from tertulia.workspaces.pages._common import explain, reader, sent, show


@require_http_methods(["GET", "POST"])
@login_required
def groups(request: HttpRequest, slug: str) -> HttpResponse:
    """All groups; POST makes one."""
    place = access.workspace(reader(request), slug)
    access.check(place, Permission.SEE_MEMBERS)
    form = GroupForm(sent(request))
    refusal: Refusal | None = None
    if request.method == "POST":
        refusal = Invalid("")
        if form.is_valid():
            try:
                made = services.create_group(actor=reader(request), workspace=place.workspace, **form.cleaned_data)
            except Refusal as caught:
                refusal = caught
                explain(form, refusal)
            else:
                return redirect("workspaces:group", place.workspace.slug, made.slug)
    return show(request, place, "groups", {"groups": queries.groups(place), "form": form}, refusal=refusal)


@require_http_methods(["GET", "POST"])
@login_required
def group(request: HttpRequest, slug: str, group: str) -> HttpResponse:
    """One group and its people; `q` finds members to add. POST renames it."""
    place = access.workspace(reader(request), slug)
    access.check(place, Permission.SEE_MEMBERS)
    shown = access.group(place, group)
    form = GroupForm(sent(request), initial={"name": shown.name, "slug": shown.slug})
    refusal: Refusal | None = None
    if request.method == "POST":
        refusal = Invalid("")
        if form.is_valid():
            try:
                renamed = services.rename_group(actor=reader(request), group=shown, **form.cleaned_data)
            except Refusal as caught:
                refusal = caught
                explain(form, refusal)
            else:
                messages.success(request, _("Saved."))
                return redirect("workspaces:group", place.workspace.slug, renamed.slug)
    q = request.GET.get("q", "").strip()[:100]
    context = {
        "group": shown,
        "people": queries.group_members(shown, cursor=request.GET.get("cursor")),
        "form": form,
        "q": q,
        "candidates": queries.group_candidates(shown, q) if q and place.may["MANAGE_GROUPS"] else [],
    }
    return show(request, place, "group", context, refusal=refusal)


@require_POST
@login_required
def add(request: HttpRequest, slug: str, group: str, person_id: uuid.UUID) -> HttpResponse:
    """Takes a member into the group."""
    place = access.workspace(reader(request), slug)
    access.check(place, Permission.SEE_MEMBERS)
    found = access.group(place, group)
    person = access.member(place, person_id).person
    services.add_to_group(actor=reader(request), group=found, person_ids=[person.pk])
    messages.success(request, _("%(person)s is in %(group)s.") % {"person": person, "group": found.name})
    return redirect("workspaces:group", place.workspace.slug, found.slug)


@require_POST
@login_required
def remove(request: HttpRequest, slug: str, group: str, person_id: uuid.UUID) -> HttpResponse:
    """Takes a member out of the group."""
    place = access.workspace(reader(request), slug)
    access.check(place, Permission.SEE_MEMBERS)
    found = access.group(place, group)
    person = access.member(place, person_id).person
    services.remove_from_group(actor=reader(request), group=found, person_ids=[person.pk])
    messages.success(request, _("%(person)s is no longer in %(group)s.") % {"person": person, "group": found.name})
    return redirect("workspaces:group", place.workspace.slug, found.slug)


@require_POST
@login_required
def delete(request: HttpRequest, slug: str, group: str) -> HttpResponse:
    """Ends a group."""
    place = access.workspace(reader(request), slug)
    access.check(place, Permission.SEE_MEMBERS)
    found = access.group(place, group)
    services.delete_group(actor=reader(request), group=found)
    messages.success(request, _("The group %(group)s is gone.") % {"group": found.name})
    return redirect("workspaces:groups", place.workspace.slug)
