"""Pages for owners of the installation: systems and whose rules may see them, and rules that make workspaces."""

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

from tertulia.enrolments import access, queries, services
from tertulia.enrolments.models import Key, Rule
from tertulia.enrolments.pages.common import explain, reader
from tertulia.enrolments.pages.rules import MORE, PREVIEWS
from tertulia.enrolments.records import Preview
from tertulia.enrolments.rule_forms import InstallationRuleForm, LendingForm, conditions_of, lines_of
from tertulia.enrolments.services import arriving
from tertulia.kernel import limits
from tertulia.kernel.errors import Invalid, NotFound, Refusal
from tertulia.workspaces.models import Role


@login_required
@require_GET
def systems(request: HttpRequest) -> HttpResponse:
    """What tells of people, how many, and to whom it is open."""
    access.installation(reader(request))
    arriving.accounts()
    return render(request, "enrolments/installation/systems.html", {"systems": queries.systems()})


@login_required
@require_http_methods(["GET", "POST"])
def system(request: HttpRequest, system_id: uuid.UUID) -> HttpResponse:
    """Whose rules may see one system."""
    shown = access.system(reader(request), system_id)
    initial = {
        "is_open": shown.is_open,
        "workspaces": "\n".join(shown.workspaces.order_by("slug").values_list("slug", flat=True)),
    }
    form = LendingForm(request.POST if request.method == "POST" else None, initial=initial)
    status = 200
    if request.method == "POST":
        status = Invalid.status
        if form.is_valid():
            services.lend_system(
                actor=reader(request),
                system=shown,
                is_open=form.cleaned_data["is_open"],
                workspaces=form.cleaned_data["workspaces"],
            )
            messages.success(request, _("Saved. Rules that see more or less by it follow in a moment."))
            return redirect("enrolments:systems")
    context = {"system": shown, "form": form}
    return render(request, "enrolments/installation/system.html", context, status=status)


@login_required
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """All rules of the installation."""
    access.installation(reader(request))
    return render(request, "enrolments/installation/rules.html", {"rows": queries.rules(None)})


@login_required
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """A new rule."""
    access.installation(reader(request))
    return _write(request, None)


@login_required
@require_http_methods(["GET", "POST"])
def rule(request: HttpRequest, rule_id: uuid.UUID) -> HttpResponse:
    """One rule, to look at and change."""
    return _write(request, access.installation_rule(reader(request), rule_id))


@login_required
@require_POST
def preview(request: HttpRequest, rule_id: uuid.UUID | None = None) -> HttpResponse:
    """What the rule would make as it is typed now: a part of the page."""
    access.installation(reader(request))
    shown = access.installation_rule(reader(request), rule_id) if rule_id is not None else None
    form = _form(request, shown, named=False)
    return render(request, "enrolments/_rule_preview.html", _preview(request, shown, form))


@login_required
@require_POST
def switch(request: HttpRequest, rule_id: uuid.UUID) -> HttpResponse:
    """Off, and on again."""
    shown = access.installation_rule(reader(request), rule_id)
    wanted = request.POST.get("on") == "1"
    services.switch_rule(actor=reader(request), rule=shown, is_on=wanted)
    said = _("It is on again, and catches up now.") if wanted else _("It is off. Nobody comes or leaves by it now.")
    messages.success(request, said)
    return redirect("enrolments:installation_rule", shown.pk)


@login_required
@require_POST
def confirm(request: HttpRequest, rule_id: uuid.UUID) -> HttpResponse:
    """Yes, those who were held back may go."""
    services.confirm_rule(actor=reader(request), rule=access.installation_rule(reader(request), rule_id))
    messages.success(request, _("Done."))
    return redirect("enrolments:installation_rule", rule_id)


@login_required
@require_http_methods(["GET", "POST"])
def delete(request: HttpRequest, rule_id: uuid.UUID) -> HttpResponse:
    """The end of a rule: asks what becomes of the people. The workspaces stay."""
    shown = access.installation_rule(reader(request), rule_id)
    if request.method == "POST" and request.POST.get("people") in {"keep", "leave"}:
        services.delete_rule(actor=reader(request), rule=shown, keep_people=request.POST["people"] == "keep")
        messages.success(request, _("The rule “%(name)s” is deleted.") % {"name": shown.name})
        return redirect("enrolments:installation_rules")
    (row,) = queries.rules(None, rule_id=shown.pk)
    status = Invalid.status if request.method == "POST" else 200
    return render(request, "enrolments/installation/rule_delete.html", {"row": row, "rule": shown}, status=status)


def _write(request: HttpRequest, shown: Rule | None) -> HttpResponse:
    form = _form(request, shown, named=request.POST.keys().isdisjoint({"preview", "more"}))
    refusal: Refusal | None = None
    context: dict[str, Any] = {}
    if "save" in request.POST:
        refusal = Invalid("")
        if form.is_valid():
            try:
                saved = services.write_rule(
                    actor=reader(request),
                    workspace=None,
                    draft=form.draft(is_on=shown.is_on if shown is not None else True),
                    rule=shown,
                    confirmed=form.cleaned_data["confirm"],
                )
            except Refusal as caught:
                refusal = caught
                explain(form, caught)
            else:
                messages.success(request, _("The rule is saved. Workspaces that are missing are made in a moment."))
                return redirect("enrolments:installation_rule", saved.pk)
    if request.method == "POST":
        context = _preview(request, shown, _form(request, shown, named=False))
    elif shown is not None:
        (context["row"],) = queries.rules(None, rule_id=shown.pk)
        context["made"] = queries.made_by(shown)
    offered, values = queries.offered(None, reader(request))
    typed = conditions_of(request.POST) if request.method == "POST" else (shown.conditions if shown is not None else [])
    name = "preview_new_installation_rule" if shown is None else "preview_installation_rule"
    context |= {
        "form": form,
        "rule": shown,
        "lines": lines_of(typed, more=MORE if "more" in request.POST else 0),
        "keys": Key.choices,
        "systems": offered,
        "values": {key: rows for key, rows in values.items() if rows},
        "preview_url": reverse(f"enrolments:{name}", args=[shown.pk] if shown is not None else []),
    }
    status = refusal.status if refusal is not None else 200
    return render(request, "enrolments/installation/rule.html", context, status=status)


def _form(request: HttpRequest, shown: Rule | None, *, named: bool) -> InstallationRuleForm:
    offered, _values = queries.offered(None, reader(request))
    form = InstallationRuleForm(
        request.POST if request.method == "POST" else None,
        initial=InstallationRuleForm.initial_of(shown) if shown is not None else None,
        systems=offered,
        roles=[role for role in Role if role is not Role.OWNER],
    )
    form.fields["name"].required = named
    return form


def _preview(request: HttpRequest, shown: Rule | None, form: InstallationRuleForm) -> dict[str, Any]:
    limits.spend(PREVIEWS, reader(request).pk)
    found: Preview | None = None
    problem = ""
    if not form.is_valid():
        problem = " ".join(str(error) for errors in form.errors.values() for error in errors)
    else:
        try:
            found = services.preview_spaces(actor=reader(request), draft=form.draft(is_on=True), rule=shown)
        except NotFound:
            raise
        except Refusal as refusal:
            problem = refusal.detail
    return {"preview": found, "problem": problem}
