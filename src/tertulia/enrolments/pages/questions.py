"""Pages of questions: members answer, those who run the workspace ask and count."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.html import escape
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from tertulia.enrolments import access, queries, services
from tertulia.enrolments.models import Question
from tertulia.enrolments.pages.common import explain, reader, show
from tertulia.enrolments.question_forms import AnswerForm, QuestionForm
from tertulia.kernel.errors import Invalid, Refusal
from tertulia.workspaces.access import Place


@login_required
@require_http_methods(["GET", "POST"])
def answer(request: HttpRequest, slug: str) -> HttpResponse:
    """What a member is asked, and what they answered."""
    place = access.member_place(reader(request), slug)
    form = AnswerForm(
        request.POST if request.method == "POST" else None, questions=queries.questions_of(place), auto_id="q_%s"
    )
    for field in form.fields.values():
        field.help_text = escape(field.help_text)  # the form shows it as it is, and people wrote it
    refusal: Refusal | None = None
    if request.method == "POST":
        refusal = Invalid("")
        if form.is_valid():
            try:
                services.answer(actor=reader(request), place=place, said=form.said())
            except Refusal as caught:
                refusal = caught
                explain(form, caught)
            else:
                messages.success(request, _("Thank you. You can change your answers at any time."))
                return redirect("channels:home", slug)
    return show(request, place, "questions/answer", {"form": form}, refusal=refusal)


@login_required
@require_POST
def pass_over(request: HttpRequest, slug: str) -> HttpResponse:
    """Not now, and no card any more."""
    services.pass_over(actor=reader(request), place=access.member_place(reader(request), slug))
    messages.success(request, _("You will not be reminded. The questions stay under “Questions”."))
    return redirect("channels:home", slug)


@login_required
@require_http_methods(["GET", "POST"])
def index(request: HttpRequest, slug: str) -> HttpResponse:
    """For those who run the workspace: the questions, how many said what, and a new one."""
    place = access.place(reader(request), slug)
    form = QuestionForm(request.POST if request.method == "POST" else None)
    refusal: Refusal | None = None
    if request.method == "POST":
        refusal = Invalid("")
        if form.is_valid():
            try:
                services.ask(actor=reader(request), workspace=place.workspace, wording=form.wording())
            except Refusal as caught:
                refusal = caught
                explain(form, caught)
            else:
                messages.success(request, _("Members are asked from now on."))
                return redirect("enrolments:questions", slug)
    context = {"rows": queries.question_counts(place.workspace), "form": form}
    return show(request, place, "questions/index", context, refusal=refusal)


@login_required
@require_http_methods(["GET", "POST"])
def question(request: HttpRequest, slug: str, question_id: uuid.UUID) -> HttpResponse:
    """One question: its words, and who said what if its people were told that staff see it."""
    place = access.place(reader(request), slug)
    shown = access.question(place, question_id)
    initial = QuestionForm.initial_of(shown)
    form = QuestionForm(request.POST if request.method == "POST" else None, initial=initial, question=shown)
    refusal: Refusal | None = None
    if request.method == "POST":
        refusal = Invalid("")
        if form.is_valid():
            try:
                services.change_question(actor=reader(request), question=shown, wording=form.wording())
            except Refusal as caught:
                refusal = caught
                explain(form, caught)
            else:
                messages.success(request, _("Saved."))
                return redirect("enrolments:question", slug, shown.pk)
    return show(request, place, "questions/question", _shown(request, place, shown) | {"form": form}, refusal=refusal)


def _shown(request: HttpRequest, place: Place, shown: Question) -> dict[str, object]:
    found = queries.answers(shown, cursor=request.GET.get("cursor")) if shown.staff_see else None
    (row,) = queries.question_counts(place.workspace, question_id=shown.pk)
    return {"question": shown, "row": row, "found": found}


@login_required
@require_http_methods(["GET", "POST"])
def delete(request: HttpRequest, slug: str, question_id: uuid.UUID) -> HttpResponse:
    """The end of a question, with all answers: asks first."""
    place = access.place(reader(request), slug)
    shown = access.question(place, question_id)
    if request.method == "POST":
        services.delete_question(actor=reader(request), question=shown)
        messages.success(request, _("The question and its answers are deleted."))
        return redirect("enrolments:questions", slug)
    (row,) = queries.question_counts(place.workspace, question_id=shown.pk)
    return show(request, place, "questions/delete", {"question": shown, "row": row})
