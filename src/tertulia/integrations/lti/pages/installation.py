"""For owners of the installation: which LMSs launch us, what they need from us, what was refused."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tertulia.integrations.lti import access, attempts, queries
from tertulia.integrations.lti.forms import DeploymentForm, Form, PlatformForm, TrustForm
from tertulia.integrations.lti.models import Platform
from tertulia.integrations.lti.pages.common import for_owners, reader, sent
from tertulia.integrations.lti.services import facts, keys, platforms, registration, roster, roster_times
from tertulia.kernel.errors import Invalid, Refusal

SETTINGS = ("name", "issuer", "client_id", "auth_url", "jwks_url", "token_url")
SWITCHES = platforms.SWITCHES


@login_required
@require_GET
@for_owners
def index(request: HttpRequest) -> HttpResponse:
    """All LMSs, our addresses, our keys, and what was refused lately."""
    return _index(request)


@login_required
@require_POST
@for_owners
def make_link(request: HttpRequest) -> HttpResponse:
    """A registration link, shown this once."""
    secret = platforms.make_registration_link(actor=reader(request))
    return _index(request, link=f"{settings.BASE_URL}{reverse('lti:register', args=[secret])}")


@login_required
@require_POST
@for_owners
def rotate(request: HttpRequest) -> HttpResponse:
    """A new key signs from now on."""
    keys.rotate(actor=reader(request))
    messages.success(request, _("A new key signs from now on. The old one is shown to learning platforms for a week."))
    return redirect("lti:installation")


@login_required
@require_http_methods(["GET", "POST"])
@for_owners
def add(request: HttpRequest) -> HttpResponse:
    """A new LMS, by hand."""
    form = PlatformForm(sent(request))
    status = 200
    if request.method == "POST":
        status = Invalid.status
        if form.is_valid():
            data = form.cleaned_data
            deployments = [line.strip() for line in data.pop("deployments").splitlines() if line.strip()]
            try:
                platform = platforms.add_platform(actor=reader(request), deployments=deployments, **data)
            except Refusal as refusal:
                status = refusal.status
                form.refuse(refusal)
            else:
                messages.success(request, _("%(platform)s is set up.") % {"platform": platform})
                return redirect("lti:platform", platform.pk)
    context = {"form": form, "ours": registration.addresses(), "domain": _domain()}
    return render(request, "lti/installation/add.html", context, status=status)


@login_required
@require_http_methods(["GET", "POST"])
@for_owners
def platform(request: HttpRequest, platform_id: uuid.UUID) -> HttpResponse:
    """One LMS: how far it is trusted, its deployments, its courses, what was refused."""
    found = access.platform(reader(request), platform_id)
    initial: dict[str, Any] = {name: getattr(found, name) for name in SWITCHES}
    form = TrustForm(sent(request), initial={**initial, "frame_origins": "\n".join(found.frame_origins)})
    if request.method == "POST" and form.is_valid():
        data = {**form.cleaned_data, "frame_origins": form.cleaned_data["frame_origins"].split()}
        try:
            platforms.change_platform(actor=reader(request), platform=found, **data)
        except Refusal as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Saved."))
            return redirect("lti:platform", found.pk)
    return _platform(request, found, form)


@login_required
@require_http_methods(["GET", "POST"])
@for_owners
def addresses(request: HttpRequest, platform_id: uuid.UUID) -> HttpResponse:
    """The addresses of an LMS, to be mended."""
    found = access.platform(reader(request), platform_id)
    form = PlatformForm(sent(request), initial={name: getattr(found, name) for name in SETTINGS})
    del form.fields["deployments"]
    status = 200
    if request.method == "POST":
        status = Invalid.status
        if form.is_valid():
            try:
                platforms.change_platform(actor=reader(request), platform=found, **form.cleaned_data)
            except Refusal as refusal:
                status = refusal.status
                form.refuse(refusal)
            else:
                messages.success(request, _("Saved."))
                return redirect("lti:platform", found.pk)
    context = {"form": form, "platform": found, "ours": registration.addresses(), "domain": _domain()}
    return render(request, "lti/installation/add.html", context, status=status)


@login_required
@require_POST
@for_owners
def remove(request: HttpRequest, platform_id: uuid.UUID) -> HttpResponse:
    """Forget an LMS."""
    found = access.platform(reader(request), platform_id)
    platforms.remove_platform(actor=reader(request), platform=found)
    messages.success(request, _("%(platform)s is removed. Nobody was removed with it.") % {"platform": found})
    return redirect("lti:installation")


@login_required
@require_POST
@for_owners
def deployments(request: HttpRequest, platform_id: uuid.UUID) -> HttpResponse:
    """Accept a deployment, or with `remove` refuse it from now on."""
    found = access.platform(reader(request), platform_id)
    form = DeploymentForm(request.POST)
    if not form.is_valid():
        return _platform(request, found, None, deployment_form=form)
    deployment_id = form.cleaned_data["deployment_id"]
    if "remove" in request.POST:
        platforms.remove_deployment(actor=reader(request), platform=found, deployment_id=deployment_id)
        messages.success(request, _("Launches from this deployment are refused from now on."))
        return redirect("lti:platform", found.pk)
    try:
        platforms.add_deployment(actor=reader(request), platform=found, deployment_id=deployment_id)
    except Refusal as refusal:
        form.refuse(refusal)
        return _platform(request, found, None, deployment_form=form)
    messages.success(request, _("Launches from this deployment are let in."))
    return redirect("lti:platform", found.pk)


@login_required
@require_GET
@for_owners
def course(request: HttpRequest, context_id: uuid.UUID) -> HttpResponse:
    """One course of an LMS: where it leads, and its roster as rules are told it."""
    found = access.installation_course(reader(request), context_id)
    page = {
        "context": found,
        "platform": found.platform,
        "why_not": roster_times.why_not_for_rules(found),
        "fetches": roster.fetches(found),
    }
    return render(request, "lti/installation/course.html", page)


@login_required
@require_POST
@for_owners
def fetch(request: HttpRequest, context_id: uuid.UUID) -> HttpResponse:
    """Have the roster of a course fetched for rules now."""
    found = access.installation_course(reader(request), context_id)
    roster.ask_for_rules(actor=reader(request), context=found, confirmed="confirmed" in request.POST)
    messages.success(request, _("The roster is being fetched. Load this page again in a moment to see how it went."))
    return redirect("lti:installation_course", found.pk)


def _index(request: HttpRequest, *, link: str = "") -> HttpResponse:
    context = {
        "platforms": queries.platforms(),
        "refused": queries.refused_by_nobody(),
        "ours": registration.addresses(),
        "domain": _domain(),
        "keys": queries.signing_keys(),
        "link": link,
    }
    return render(request, "lti/installation/index.html", context)


def _platform(
    request: HttpRequest, platform: Platform, form: Form | None, *, deployment_form: DeploymentForm | None = None
) -> HttpResponse:
    bad = deployment_form is not None or (form is not None and form.is_bound)
    if form is None:
        initial = {name: getattr(platform, name) for name in SWITCHES}
        form = TrustForm(initial={**initial, "frame_origins": "\n".join(platform.frame_origins)})
    context = {
        "platform": platform,
        "form": form,
        "deployment_form": deployment_form or DeploymentForm(),
        "deployments": queries.deployments(platform),
        "system": facts.known_system(platform),
        "unknown": queries.unknown_deployments(platform),
        "courses": queries.courses(platform, cursor=request.GET.get("cursor")),
        "refused": queries.refused(platform),
        "origins": attempts.frame_origins(platform),
    }
    return render(request, "lti/installation/platform.html", context, status=Invalid.status if bad else 200)


def _domain() -> str:
    return attempts.origin_of(settings.BASE_URL).partition("://")[2]
