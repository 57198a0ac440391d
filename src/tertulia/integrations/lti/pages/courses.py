"""For instructors: the workspace of a course, what its people are given, and what stands in it (deep linking)."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tertulia.channels.doors import invitation_channels
from tertulia.integrations.lti import access, attempts, queries
from tertulia.integrations.lti.forms import NEW, ChoiceForm, CourseForm, SetUpForm
from tertulia.integrations.lti.models import DeepLinking, Target
from tertulia.integrations.lti.pages.common import reader, sent
from tertulia.integrations.lti.services import courses, roster
from tertulia.kernel.errors import Invalid, Refusal
from tertulia.workspaces import access as workspaces


@login_required
@require_http_methods(["GET", "POST"])
@never_cache
def set_up(request: HttpRequest, context_id: uuid.UUID) -> HttpResponse:
    """The first launch of a course by its instructor: which workspace is its home?"""
    person = reader(request)
    context = access.set_up(person, context_id)
    if context.workspace is not None:
        return redirect(context.workspace)
    places = access.runs(person)
    may_make = courses.may_make(person, context)
    initial = {"name": str(context)[:80]}
    form = SetUpForm(sent(request), initial=initial, places=places, may_make=may_make)
    status = 200
    if request.method == "POST":
        status = Invalid.status
        if form.is_valid():
            try:
                wanted = form.cleaned_data["workspace"]
                chosen = None if wanted == NEW else workspaces.workspace_by_id(person, uuid.UUID(wanted)).workspace
                name = form.cleaned_data.get("name") or initial["name"]
                context = courses.set_up(actor=person, context=context, workspace=chosen, name=name)
            except Refusal as refusal:
                status = refusal.status
                form.refuse(refusal)
            else:
                messages.success(request, _("%(course)s is connected.") % {"course": context})
                return redirect(_after(request, context.pk))
    page = {"context": context, "form": form, "places": places, "may_make": may_make}
    return render(request, "lti/set_up.html", page, status=status)


@login_required
@require_GET
def index(request: HttpRequest, slug: str) -> HttpResponse:
    """The courses whose people come to this workspace."""
    place = access.courses_of(reader(request), slug)
    found = queries.courses_in(place.workspace)
    page = {"place": place, "workspace": place.workspace, "may": place.may, "courses": found}
    return render(request, "lti/courses.html", page)


@login_required
@require_http_methods(["GET", "POST"])
@never_cache
def course(request: HttpRequest, context_id: uuid.UUID) -> HttpResponse:
    """What people of a course are given, and what stands in it."""
    context, place = access.context(reader(request), context_id)
    form = CourseForm(sent(request), place=place, context=context, channels=invitation_channels(place))
    status, must_confirm = 200, False
    if request.method == "POST":
        status = Invalid.status
        if form.is_valid():
            try:
                confirmed = "confirmed" in request.POST
                courses.change_course(actor=reader(request), context=context, confirmed=confirmed, **form.chosen())
            except Refusal as refusal:
                status, must_confirm = refusal.status, refusal.type == "too-many-leaving"
                form.refuse(refusal)
            else:
                messages.success(request, _("Saved. It holds from each person's next launch on."))
                return redirect("lti:course", context.pk)
    page = {
        "context": context,
        "place": place,
        "workspace": place.workspace,
        "may": place.may,
        "form": form,
        "must_confirm": must_confirm,
        "fetches": roster.fetches(context),
    }
    return render(request, "lti/course.html", page, status=status)


@login_required
@require_GET
@never_cache
def places(request: HttpRequest, context_id: uuid.UUID) -> HttpResponse:
    """The workspaces into which rules about a course have put the reader."""
    person = reader(request)
    context, found, runs = access.places(person, context_id)
    return render(request, "lti/places.html", {"context": context, "places": found, "runs": runs})


@login_required
@require_POST
def disconnect(request: HttpRequest, context_id: uuid.UUID) -> HttpResponse:
    """The course leads to no workspace any more."""
    context, place = access.context(reader(request), context_id)
    courses.disconnect(actor=reader(request), context=context)
    messages.success(request, _("%(course)s is no longer connected. Nobody was removed.") % {"course": context})
    return redirect("lti:courses", place.workspace.slug)


@login_required
@require_POST
def fetch(request: HttpRequest, context_id: uuid.UUID) -> HttpResponse:
    """Have the roster fetched now."""
    context, _place = access.context(reader(request), context_id)
    roster.ask_for_roster(actor=reader(request), context=context, confirmed="confirmed" in request.POST)
    messages.success(request, _("The roster is being fetched. Load this page again in a moment to see how it went."))
    return redirect("lti:course", context.pk)


@login_required
@require_http_methods(["GET", "POST"])
@never_cache
def choose(request: HttpRequest, request_id: uuid.UUID) -> HttpResponse:
    """Deep linking: what shall stand in the course? The answer goes back through the browser."""
    person = reader(request)
    choice = access.deep_linking(person, request_id)
    assert choice.context.workspace is not None
    place = workspaces.workspace_by_id(person, choice.context.workspace.pk)
    looking = "search" in request.POST
    form = ChoiceForm(
        None if looking else sent(request),
        initial=_looking(request) if looking else None,
        channels=invitation_channels(place),
        threads=queries.threads(place, words=request.POST.get("q", "")),
    )
    status = 200
    if request.method == "POST" and not looking:
        if "cancel" in request.POST:
            return _answer(request, choice, courses.cancel(actor=person, choice=choice))
        status = Invalid.status
        if form.is_valid():
            data = form.cleaned_data
            try:
                answer = courses.place(
                    actor=person,
                    choice=choice,
                    target=Target(data["target"]),
                    channel_id=uuid.UUID(data["channel"]) if data["channel"] else None,
                    new_channel=data["new_channel"],
                    thread_id=uuid.UUID(data["thread"]) if data["thread"] else None,
                    title=data["title"],
                )
            except Refusal as refusal:
                status = refusal.status
                form.refuse(refusal)
            else:
                return _answer(request, choice, answer)
    page = {"choice": choice, "context": choice.context, "workspace": place.workspace, "form": form}
    return render(request, "lti/choose.html", page, status=status)


def _looking(request: HttpRequest) -> dict[str, object]:
    """What was entered so far; who looks for words wants a thread."""
    sought = {"target": Target.THREAD} if request.POST.get("q", "").strip() else {}
    return {**request.POST.dict(), **sought}


def _answer(request: HttpRequest, choice: DeepLinking, answer: str) -> HttpResponse:
    """The page that posts the answer to the platform; the only one of ours with a form that leads elsewhere."""
    context = {"address": choice.return_url, "answer": answer, "platform": choice.context.platform}
    response = render(request, "lti/answer.html", context)
    policy = {"form-action": [attempts.origin_of(choice.return_url)]}
    response._csp_replace = policy  # type: ignore[attr-defined]  # django-csp's own hook  # noqa: SLF001
    return response


def _after(request: HttpRequest, context_id: uuid.UUID) -> str:
    """To what they were about to choose, or to the course's settings."""
    then = request.GET.get("then", "")
    try:
        return reverse("lti:choose", args=[uuid.UUID(then)])
    except ValueError:
        return reverse("lti:course", args=[context_id])
