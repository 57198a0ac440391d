"""Pages of enrolments, for the people who run a workspace: sources, what they did, lists to upload and look at."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from tertulia.enrolments import access, queries, services
from tertulia.enrolments.csv_lists import read_csv
from tertulia.enrolments.forms import ConfirmForm, SourceForm, UploadForm
from tertulia.enrolments.models import Kind, Leaving, UploadedList
from tertulia.enrolments.pages.common import explain, reader, show
from tertulia.enrolments.records import Mode, Outcome
from tertulia.enrolments.words import counted
from tertulia.kernel.errors import Invalid, Refusal, TooLarge
from tertulia.workspaces.access import Place

SHOWN = 200
"""Lines of a list that its preview shows."""
FIELDS = ("name", "leaving", "largest_share", "welcome")


@require_http_methods(["GET", "POST"])
@login_required
def sources(request: HttpRequest, slug: str) -> HttpResponse:
    """All sources; POST uploads a list, which is looked at before anything happens."""
    place = access.place(reader(request), slug)
    form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
    refusal: Refusal | None = None
    if request.method == "POST":
        refusal = Invalid("")
        if form.is_valid():
            try:
                kept = _keep(request, place, form)
            except Refusal as caught:
                refusal = caught
                explain(form, refusal)
            else:
                return redirect("enrolments:list", place.workspace.slug, kept.pk)
    found = queries.sources(place.workspace, cursor=request.GET.get("cursor"))
    return show(request, place, "sources", {"found": found, "form": form}, refusal=refusal)


def _keep(request: HttpRequest, place: Place, form: UploadForm) -> UploadedList:
    file = form.cleaned_data["file"]
    if file.size > settings.MAX_LIST_BYTES:
        raise TooLarge(
            _("The file has %(size)s MiB; %(most)s is the most.")
            % {"size": file.size // 2**20, "most": settings.MAX_LIST_BYTES // 2**20},
            field="file",
        )
    people = read_csv(file.read())
    source = services.open_source(
        actor=reader(request), workspace=place.workspace, name=form.cleaned_data["source"], kind=Kind.FILE
    )
    return services.keep_list(actor=reader(request), source=source, people=people, mode=Mode(form.cleaned_data["mode"]))


@require_http_methods(["GET", "POST"])
@login_required
def uploaded(request: HttpRequest, slug: str, list_id: uuid.UUID) -> HttpResponse:
    """What an uploaded list would do; POST does it."""
    place = access.place(reader(request), slug)
    kept = access.uploaded(place, list_id)
    form = ConfirmForm(request.POST if request.method == "POST" else None)
    refusal: Refusal | None = None
    if request.method == "POST" and form.is_valid():
        try:
            report = services.apply_list(actor=reader(request), uploaded=kept, confirmed=form.cleaned_data["confirm"])
        except Refusal as caught:
            refusal = caught
            explain(form, refusal)
        else:
            messages.success(request, _("Done: %(counts)s.") % {"counts": counted(report.counts)})
            return redirect("enrolments:source", place.workspace.slug, kept.source.pk)
    report = services.enrol(
        source=kept.source, people=services.entries_of(kept), mode=Mode(kept.mode), actor=reader(request), dry_run=True
    )
    told = [line for line in report.lines if line.outcome is not Outcome.UNCHANGED or line.detail]
    context = {
        "kept": kept,
        "source": kept.source,
        "report": report,
        "counts": {Outcome(outcome): count for outcome, count in report.counts.items() if count},
        "lines": told[:SHOWN],
        "more": max(0, len(told) - SHOWN),
        "form": form,
    }
    return show(request, place, "list", context, refusal=refusal)


@require_http_methods(["GET", "POST"])
@login_required
def source(request: HttpRequest, slug: str, source_id: uuid.UUID) -> HttpResponse:
    """One source: what it did, and what happens when people leave it."""
    place = access.place(reader(request), slug)
    shown = access.source(place, source_id)
    initial = {field: getattr(shown, field) for field in FIELDS}
    form = SourceForm(request.POST if request.method == "POST" else None, initial=initial)
    refusal: Refusal | None = None
    if request.method == "POST":
        refusal = Invalid("")
        if form.is_valid():
            wanted = {**form.cleaned_data, "leaving": Leaving(form.cleaned_data["leaving"])}
            try:
                services.change_source(actor=reader(request), source=shown, **wanted)
            except Refusal as caught:
                refusal = caught
                explain(form, refusal)
            else:
                messages.success(request, _("Saved."))
                return redirect("enrolments:source", place.workspace.slug, shown.pk)
    context = {
        "source": shown,
        "rule": queries.rule_of(shown),
        "enrolled": queries.enrolled(shown),
        "found": queries.runs(place.workspace, source_id=shown.pk, cursor=request.GET.get("cursor"), limit=20),
        "form": form,
    }
    return show(request, place, "source", context, refusal=refusal)


@require_http_methods(["GET", "POST"])
@login_required
def delete(request: HttpRequest, slug: str, source_id: uuid.UUID) -> HttpResponse:
    """The end of a source: asks what becomes of the people."""
    place = access.place(reader(request), slug)
    shown = access.source(place, source_id)
    if request.method == "POST" and request.POST.get("people") in {"keep", "leave"}:
        services.delete_source(actor=reader(request), source=shown, keep_people=request.POST["people"] == "keep")
        messages.success(request, _("“%(name)s” is deleted.") % {"name": shown.name})
        return redirect("enrolments:sources", slug)
    context = {"source": shown, "enrolled": queries.enrolled(shown)}
    return show(request, place, "source_delete", context, refusal=Invalid("") if request.method == "POST" else None)


@require_GET
@login_required
def run(request: HttpRequest, slug: str, run_id: uuid.UUID) -> HttpResponse:
    """What one call did, person by person."""
    place = access.place(reader(request), slug)
    shown = access.run(place, run_id)
    lines = [(key, name, Outcome(outcome), detail) for key, name, outcome, detail in shown.lines]
    told = sum(count for outcome, count in shown.counts.items() if outcome != Outcome.UNCHANGED)
    context = {"run": shown, "source": shown.source, "lines": lines, "more": max(0, told - len(lines))}
    return show(request, place, "run", context)
