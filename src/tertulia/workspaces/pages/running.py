"""Running a workspace: settings, archiving, the log, groups, invitations."""

from __future__ import annotations

import uuid

from django.conf import settings as django_settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tertulia.kernel.errors import Invalid, Refusal
from tertulia.workspaces import access, doors, queries, services
from tertulia.workspaces.access import Permission, Place
from tertulia.workspaces.forms import LinkForm, MailForm, SettingsForm
from tertulia.workspaces.pages._common import explain, reader, sent, show
from tertulia.workspaces.services import Mailed


@require_http_methods(["GET", "POST"])
@login_required
def settings(request: HttpRequest, slug: str) -> HttpResponse:
    """Name, goal, address, who may come in; archiving at the end."""
    place = access.workspace(reader(request), slug)
    access.check(place, Permission.MANAGE_WORKSPACE)
    fields = ("name", "goal", "slug", "joining", "listed", "learners_may_message")
    form = SettingsForm(sent(request), initial={field: getattr(place.workspace, field) for field in fields})
    refusal: Refusal | None = None
    if request.method == "POST":
        refusal = Invalid("")
        if form.is_valid():
            try:
                changed = services.update_workspace(
                    actor=reader(request), workspace=place.workspace, **form.cleaned_data
                )
            except Refusal as caught:
                refusal = caught
                explain(form, refusal)
            else:
                messages.success(request, _("Saved."))
                return redirect("workspaces:settings", changed.slug)
    return show(request, place, "settings", {"form": form}, refusal=refusal)


@require_POST
@login_required
def archive(request: HttpRequest, slug: str) -> HttpResponse:
    """Archives at once: it can be undone."""
    place = access.workspace(reader(request), slug)
    services.archive_workspace(actor=reader(request), workspace=place.workspace)
    undo = reverse("workspaces:restore", args=[place.workspace.slug])
    text = _("%(workspace)s is archived: it can still be read.") % {"workspace": place.workspace.name}
    messages.success(request, text, extra_tags=f"undo={undo}")
    return redirect("workspaces:settings", place.workspace.slug)


@require_POST
@login_required
def restore(request: HttpRequest, slug: str) -> HttpResponse:
    """Undoes `archive`."""
    place = access.workspace(reader(request), slug)
    services.restore_workspace(actor=reader(request), workspace=place.workspace)
    messages.success(request, _("%(workspace)s is open again.") % {"workspace": place.workspace.name})
    return redirect("workspaces:settings", place.workspace.slug)


@require_GET
@login_required
def log(request: HttpRequest, slug: str) -> HttpResponse:
    """Who changed what, newest first."""
    place = access.workspace(reader(request), slug)
    access.check(place, Permission.SEE_LOG)
    return show(request, place, "log", {"found": queries.log(place, cursor=request.GET.get("cursor"))})


@require_http_methods(["GET", "POST"])
@login_required
@never_cache
def invitations(request: HttpRequest, slug: str) -> HttpResponse:
    """Invitations made so far, and the two forms that make more. A new link is shown once, in the answer."""
    place = access.workspace(reader(request), slug)
    access.check(place, Permission.INVITE)
    channels = doors.channel_choices(place)
    by_mail = request.method == "POST" and request.POST.get("by") == "mail"
    by_link = request.method == "POST" and not by_mail
    link_form = LinkForm(request.POST if by_link else None, place=place, channels=channels)
    mail_form = MailForm(request.POST if by_mail else None, place=place, channels=channels)
    refusal: Refusal | None = None
    link, mailed = "", None
    if request.method == "POST":
        form = mail_form if by_mail else link_form
        refusal = Invalid("")
        if form.is_valid():
            try:
                if by_mail:
                    mailed = _mail(request, place, mail_form)
                else:
                    link = _make_link(request, place, link_form)
            except Refusal as caught:
                refusal = caught
                explain(form, refusal)
            else:
                refusal = None
                if mailed is not None and not mailed.skipped:
                    return redirect("workspaces:invitations", place.workspace.slug)
    context = {
        "found": queries.invitations(place, cursor=request.GET.get("cursor")),
        "link_form": link_form,
        "mail_form": mail_form,
        "link": link,
        "mailed": mailed,
        "grantable": {role.value for role in access.grantable(place)},
    }
    return show(request, place, "invitations", context, refusal=refusal)


def _make_link(request: HttpRequest, place: Place, form: LinkForm) -> str:
    _invitation, secret = services.create_invitation(
        actor=reader(request),
        workspace=place.workspace,
        role=form.cleaned_data["role"],
        channel_ids=form.channel_ids,
        expires_at=form.expires_at,
        max_uses=form.cleaned_data["max_uses"],
    )
    return f"{django_settings.BASE_URL}{reverse('workspaces:accept', args=[secret])}"


def _mail(request: HttpRequest, place: Place, form: MailForm) -> Mailed:
    mailed = services.mail_invitations(
        actor=reader(request),
        workspace=place.workspace,
        emails=form.addresses(),
        role=form.cleaned_data["role"],
        channel_ids=form.channel_ids,
        expires_at=form.expires_at,
    )
    if mailed.sent:
        messages.success(
            request, _("Invitations are on their way to: %(emails)s.") % {"emails": ", ".join(mailed.sent)}
        )
    return mailed


@require_POST
@login_required
def revoke_invitation(request: HttpRequest, slug: str, invitation_id: uuid.UUID) -> HttpResponse:
    """Takes an invitation back."""
    place = access.workspace(reader(request), slug)
    access.check(place, Permission.INVITE)
    invitation = access.invitation(place, invitation_id)
    services.revoke_invitation(actor=reader(request), invitation=invitation)
    messages.success(request, _("The invitation no longer works."))
    return redirect("workspaces:invitations", place.workspace.slug)
