"""Taking part as a grade: for who runs a course, and for learners what was sent of them."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tertulia.channels.doors import invitation_channels
from tertulia.integrations.lti import access, grade_queries, gradebook
from tertulia.integrations.lti.grade_forms import GradeForm, RuleForm
from tertulia.integrations.lti.pages.common import reader, sent
from tertulia.integrations.lti.services import contributions, grades
from tertulia.kernel.errors import Invalid, Refusal
from tertulia.workspaces import access as workspaces


@login_required
@require_GET
@never_cache
def index(request: HttpRequest, slug: str, context_id: uuid.UUID) -> HttpResponse:
    """The grades of a course, and what the platform allows."""
    context, place = access.course_of(reader(request), slug, context_id)
    page = {
        "place": place,
        "workspace": place.workspace,
        "may": place.may,
        "context": context,
        "grades": grade_queries.grades(context),
        "why_not": grade_queries.why_no_grade(context),
    }
    return render(request, "lti/grades.html", page)


@login_required
@require_http_methods(["GET", "POST"])
@never_cache
def new(request: HttpRequest, slug: str, context_id: uuid.UUID) -> HttpResponse:
    """Let taking part count."""
    context, place = access.course_of(reader(request), slug, context_id)
    links = grade_queries.places(context)
    initial = {"label": _("Taking part"), "channels": [str(channel_id) for channel_id in context.channels]}
    form = GradeForm(sent(request), initial=initial, context=context, links=links, channels=invitation_channels(place))
    status = 200
    if request.method == "POST":
        status = Invalid.status
        if form.is_valid():
            try:
                grade = grades.open_grade(actor=reader(request), context=context, **form.chosen())
            except Refusal as refusal:
                status = refusal.status
                form.refuse(refusal)
            else:
                messages.success(request, _("It counts from now on, and learners are told so where they write."))
                return redirect("lti:grade", slug, grade.pk)
    page = {
        "place": place,
        "workspace": place.workspace,
        "may": place.may,
        "context": context,
        "form": form,
        "why_not": grade_queries.why_no_grade(context),
        "why_no_column": gradebook.offer(context.ags).why_no_column,
    }
    return render(request, "lti/grade_new.html", page, status=status)


@login_required
@require_http_methods(["GET", "POST"])
@never_cache
def grade(request: HttpRequest, slug: str, grade_id: uuid.UUID) -> HttpResponse:
    """One grade: what counts, whose score was sent, who cannot be graded and why."""
    found, place = access.grade(reader(request), slug, grade_id)
    form = RuleForm(sent(request), initial=RuleForm.of(found), channels=invitation_channels(place))
    if found.link is None:
        form.has_no_thread()
    status = 200
    if request.method == "POST":
        status = Invalid.status
        if form.is_valid():
            try:
                grades.change_grade(actor=reader(request), grade=found, **form.chosen())
            except Refusal as refusal:
                status = refusal.status
                form.refuse(refusal)
            else:
                messages.success(request, _("Saved. Everybody is counted anew within five minutes."))
                return redirect("lti:grade", slug, found.pk)
    outside, more_outside = contributions.outside(found)
    page = {
        "place": place,
        "workspace": place.workspace,
        "may": place.may,
        "context": found.context,
        "grade": found,
        "form": form,
        "scores": grade_queries.scores(found, cursor=request.GET.get("cursor")),
        "counts": grade_queries.counts(found),
        "outside": outside,
        "more_outside": more_outside,
    }
    return render(request, "lti/grade.html", page, status=status)


@login_required
@require_POST
def switch(request: HttpRequest, slug: str, grade_id: uuid.UUID) -> HttpResponse:
    """On or off."""
    found, _place = access.grade(reader(request), slug, grade_id)
    on = "on" in request.POST
    grades.switch(actor=reader(request), grade=found, on=on)
    said = (
        _("It counts again. Everybody is counted within five minutes.")
        if on
        else _("It is off: nothing is sent any more. What was sent stays in the gradebook.")
    )
    messages.success(request, said)
    return redirect("lti:grade", slug, found.pk)


@login_required
@require_GET
@never_cache
def mine(request: HttpRequest, slug: str) -> HttpResponse:
    """What counts here for the reader's grades, how much they have, and what the learning platform was told."""
    place = workspaces.workspace(reader(request), slug)
    page = {
        "place": place,
        "workspace": place.workspace,
        "may": place.may,
        "grades": grade_queries.own(place.workspace, reader(request)),
    }
    return render(request, "lti/mine.html", page)
