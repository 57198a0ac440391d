"""A channel's details and settings: shown to everybody in it, changed by its managers."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from tertulia.channels import access, queries, services
from tertulia.channels.access import Seat
from tertulia.channels.forms import SettingsForm
from tertulia.channels.models import Visibility
from tertulia.channels.pages.common import explain, is_part, me, seat_of, show
from tertulia.kernel.errors import Invalid, NotFound, Refusal

FIELDS = ("name", "slug", "purpose", "header", "posting", "slow_seconds", "is_default")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: HttpRequest, workspace: str, channel: str) -> HttpResponse:
    """What the channel is for, one's own wishes, and for managers its settings. htmx gets the side panel alone."""
    seat = seat_of(request, workspace, channel)
    form: SettingsForm | None = None
    refusal: Refusal | None = None
    if seat.may_manage and not seat.is_frozen:
        initial = {field: getattr(seat.channel, field) for field in FIELDS}
        form = SettingsForm(request.POST or None, seat=seat, initial=initial)
    if request.method == "POST":
        access.check_manage(seat)
        if form is None:  # archived: the service says so
            services.update_channel(actor=me(request), channel=seat.channel)
        elif form.is_valid():
            try:
                changed = services.update_channel(actor=me(request), channel=seat.channel, **form.cleaned_data)
            except Refusal as caught:
                refusal = caught
                explain(form, refusal)
            else:
                messages.success(request, _("Saved."))
                return redirect(changed)
        else:
            refusal = Invalid("")
    context: dict[str, Any] = {
        "seat": seat,
        "form": form,
        "size": queries.member_count(seat.channel.pk),
    }
    if is_part(request):
        return render(request, "channels/_details.html", context)
    return show(request, seat.place, "settings", context, current=seat.channel, refusal=refusal)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def visibility(request: HttpRequest, workspace: str, channel: str) -> HttpResponse:
    """Asks whether the channel should become private or public, saying who will see what; POST makes it so."""
    seat = seat_of(request, workspace, channel)
    if seat.is_direct:
        raise NotFound
    access.check_manage(seat)
    wanted = Visibility.PUBLIC if seat.channel.visibility == Visibility.PRIVATE else Visibility.PRIVATE
    if request.method == "POST":
        asked = request.POST.get("visibility", "")
        services.change_visibility(actor=me(request), channel=seat.channel, visibility=asked)
        now_private = asked == Visibility.PRIVATE
        messages.success(request, _("The channel is private now.") if now_private else _("The channel is public now."))
        return _home_or_channel(seat, stays=seat.is_member or not now_private)
    context = {"seat": seat, "wanted": wanted, "effect": queries.visibility_effect(seat)}
    return show(request, seat.place, "visibility", context, current=seat.channel)


@login_required
@require_POST
def archive(request: HttpRequest, workspace: str, channel: str) -> HttpResponse:
    """Archives the channel; the toast can undo it."""
    seat = seat_of(request, workspace, channel)
    services.archive_channel(actor=me(request), channel=seat.channel)
    undo = reverse("channels:restore", args=[workspace, channel])
    messages.success(request, _("“%(name)s” is archived.") % {"name": seat.name}, extra_tags=f"undo={undo}")
    return redirect("channels:home", seat.place.workspace.slug)


@login_required
@require_POST
def restore(request: HttpRequest, workspace: str, channel: str) -> HttpResponse:
    """Restores an archived channel."""
    seat = seat_of(request, workspace, channel)
    restored = services.restore_channel(actor=me(request), channel=seat.channel)
    messages.success(request, _("“%(name)s” is open again.") % {"name": seat.name})
    return redirect(restored)


def _home_or_channel(seat: Seat, *, stays: bool) -> HttpResponse:
    return redirect(seat.channel) if stays else redirect("channels:home", seat.place.workspace.slug)
