"""Pages of a workspace's rules: written with a preview of whom they would add and remove."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tertulia.channels import services as channels
from tertulia.enrolments import access, queries, services
from tertulia.enrolments.models import Key, Rule
from tertulia.enrolments.pages.common import explain, reader, show
from tertulia.enrolments.records import Preview
from tertulia.enrolments.rule_forms import WorkspaceRuleForm, conditions_of, lines_of
from tertulia.enrolments.words import counted
from tertulia.kernel import limits
from tertulia.kernel.errors import Invalid, NotFound, Refusal
from tertulia.kernel.limits import Limit
from tertulia.workspaces import access as workspaces
from tertulia.workspaces import queries as workspace_queries
from tertulia.workspaces.access import Place
from tertulia.workspaces.models import Role

PREVIEWS = Limit("rule-previews", times=120, seconds=60)
MORE = 3
"""Empty lines that “More lines” adds."""


@login_required
@require_GET
def index(request: HttpRequest, slug: str) -> HttpResponse:
    """All rules of a workspace, with how many people each holds now."""
    place = access.place(reader(request), slug)
    return show(request, place, "rules", {"rows": queries.rules(place.workspace)})


@login_required
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest, slug: str) -> HttpResponse:
    """A new rule."""
    return _write(request, access.place(reader(request), slug), None)


@login_required
@require_http_methods(["GET", "POST"])
def rule(request: HttpRequest, slug: str, rule_id: uuid.UUID) -> HttpResponse:
    """One rule, to look at and change."""
    place = access.place(reader(request), slug)
    return _write(request, place, access.rule(place, rule_id))


@login_required
@require_POST
def preview(request: HttpRequest, slug: str, rule_id: uuid.UUID | None = None) -> HttpResponse:
    """What the rule would do as it is typed now: a part of the page."""
    place = access.place(reader(request), slug)
    shown = access.rule(place, rule_id) if rule_id is not None else None
    form = _form(request, place, shown, named=False)
    return render(request, "enrolments/_rule_preview.html", {"place": place, **_preview(request, place, shown, form)})


@login_required
@require_POST
def switch(request: HttpRequest, slug: str, rule_id: uuid.UUID) -> HttpResponse:
    """Off, and on again."""
    place = access.place(reader(request), slug)
    wanted = "1" in (request.POST.get("on"), request.GET.get("on"))  # the second: “Undo”
    changed = services.switch_rule(actor=reader(request), rule=access.rule(place, rule_id), is_on=wanted)
    undo = reverse("enrolments:switch_rule", args=[slug, rule_id])
    said = _("It is on again, and catches up now.") if wanted else _("It is off. Nobody comes or leaves by it now.")
    messages.success(request, said, extra_tags="" if wanted else f"undo={undo}?on=1")
    return redirect("enrolments:rule", slug, changed.pk)


@login_required
@require_POST
def confirm(request: HttpRequest, slug: str, rule_id: uuid.UUID) -> HttpResponse:
    """Yes, those who were held back may go."""
    place = access.place(reader(request), slug)
    applied = services.confirm_rule(actor=reader(request), rule=access.rule(place, rule_id))
    messages.success(request, _("Done: %(counts)s.") % {"counts": counted(applied[0].counts if applied else {})})
    return redirect("enrolments:rule", slug, rule_id)


@login_required
@require_http_methods(["GET", "POST"])
def delete(request: HttpRequest, slug: str, rule_id: uuid.UUID) -> HttpResponse:
    """The end of a rule: asks what becomes of the people."""
    place = access.place(reader(request), slug)
    shown = access.rule(place, rule_id)
    if request.method == "POST" and request.POST.get("people") in {"keep", "leave"}:
        services.delete_rule(actor=reader(request), rule=shown, keep_people=request.POST["people"] == "keep")
        messages.success(request, _("The rule “%(name)s” is deleted.") % {"name": shown.name})
        return redirect("enrolments:rules", slug)
    refusal = Invalid("") if request.method == "POST" else None
    (row,) = queries.rules(place.workspace, rule_id=shown.pk)
    return show(request, place, "rule_delete", {"row": row, "rule": shown}, refusal=refusal)


def _write(request: HttpRequest, place: Place, shown: Rule | None) -> HttpResponse:
    form = _form(request, place, shown, named=request.POST.keys().isdisjoint({"preview", "more"}))
    refusal: Refusal | None = None
    context: dict[str, Any] = {}
    if "save" in request.POST:
        refusal = Invalid("")
        if form.is_valid():
            try:
                saved = services.write_rule(
                    actor=reader(request),
                    workspace=place.workspace,
                    draft=form.draft(is_on=shown.is_on if shown is not None else True),
                    rule=shown,
                    confirmed=form.cleaned_data["confirm"],
                )
            except Refusal as caught:
                refusal = caught
                explain(form, caught)
            else:
                messages.success(request, _("The rule is saved and followed from now on."))
                return redirect("enrolments:rule", place.workspace.slug, saved.pk)
    if request.method == "POST":
        limits.spend(PREVIEWS, reader(request).pk)
        context = _preview(request, place, shown, _form(request, place, shown, named=False))
    elif shown is not None:
        (row,) = queries.rules(place.workspace, rule_id=shown.pk)
        context["row"] = row
    systems, values = queries.offered(place.workspace, reader(request))
    typed = conditions_of(request.POST) if request.method == "POST" else (shown.conditions if shown is not None else [])
    context |= {
        "form": form,
        "rule": shown,
        "source": shown.sources.first() if shown is not None else None,
        "lines": lines_of(typed, more=MORE if "more" in request.POST else 0),
        "keys": Key.choices,
        "systems": systems,
        "values": {key: rows for key, rows in values.items() if rows},
        "preview_url": _preview_url(place, shown),
    }
    return show(request, place, "rule", context, refusal=refusal)


def _preview_url(place: Place, shown: Rule | None) -> str:
    slug = place.workspace.slug
    if shown is None:
        return reverse("enrolments:preview_new_rule", args=[slug])
    return reverse("enrolments:preview_rule", args=[slug, shown.pk])


def _form(request: HttpRequest, place: Place, shown: Rule | None, *, named: bool) -> WorkspaceRuleForm:
    systems, _values = queries.offered(place.workspace, reader(request))
    open_to = [
        channel
        for channel in channels.givable(actor=reader(request), workspace=place.workspace)
        if channel.archived_at is None
    ]
    form = WorkspaceRuleForm(
        request.POST if request.method == "POST" else None,
        initial=WorkspaceRuleForm.initial_of(shown) if shown is not None else None,
        systems=systems,
        roles=[role for role in workspaces.grantable(place) if role is not Role.OWNER],
        groups=workspace_queries.groups(place),
        channels=sorted(open_to, key=lambda channel: channel.name.casefold()),
    )
    form.fields["name"].required = named
    return form


def _preview(request: HttpRequest, place: Place, shown: Rule | None, form: WorkspaceRuleForm) -> dict[str, Any]:
    """The preview, or why there is none, as a sentence."""
    limits.spend(PREVIEWS, reader(request).pk)
    found: Preview | None = None
    problem = ""
    if not form.is_valid():
        problem = " ".join(str(error) for errors in form.errors.values() for error in errors)
    else:
        try:
            found = services.preview(
                actor=reader(request),
                workspace=place.workspace,
                draft=form.draft(is_on=True),
                rule=shown,
            )
        except NotFound:
            raise
        except Refusal as refusal:
            problem = refusal.detail
    return {"preview": found, "problem": problem}
