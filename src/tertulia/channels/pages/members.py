"""Coming, going, and who is in a channel."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from tertulia.channels import queries, services
from tertulia.channels.access import Seat
from tertulia.channels.pages.common import back, ids_in, is_part, me, seat_of, show
from tertulia.kernel.errors import Invalid, NotFound


@login_required
@require_POST
def join(request: HttpRequest, workspace: str, channel: str) -> HttpResponse:
    """Joins the channel and goes there."""
    seat = seat_of(request, workspace, channel)
    services.join(actor=me(request), channel=seat.channel)
    return back(request, seat.channel.get_absolute_url())


@login_required
@require_POST
def leave(request: HttpRequest, workspace: str, channel: str) -> HttpResponse:
    """Leaves the channel."""
    seat = seat_of(request, workspace, channel)
    services.leave(actor=me(request), channel=seat.channel)
    messages.success(request, _("You left “%(name)s”.") % {"name": seat.name})
    return redirect("channels:home", seat.place.workspace.slug)


@login_required
@require_POST
def preferences(request: HttpRequest, workspace: str, channel: str) -> HttpResponse:
    """Mutes, favours or hides the channel for oneself: `muted`, `favourite`, `hidden` are 1 or 0."""
    seat = seat_of(request, workspace, channel)
    wishes = {name: request.POST[name] == "1" for name in ("muted", "favourite", "hidden") if name in request.POST}
    services.set_preferences(actor=me(request), channel=seat.channel, **wishes)
    if wishes.get("hidden"):
        return redirect("channels:home", seat.place.workspace.slug)
    return back(request, seat.channel.get_absolute_url())


@login_required
@require_safe
def members(request: HttpRequest, workspace: str, channel: str) -> HttpResponse:
    """Who is in the channel. htmx gets the side panel alone, or only the lists that `part` names."""
    return _members(request, seat_of(request, workspace, channel))


@login_required
@require_POST
def add(request: HttpRequest, workspace: str, channel: str) -> HttpResponse:
    """Adds the people ticked."""
    seat = seat_of(request, workspace, channel)
    ids = ids_in(request.POST.getlist("person_ids"))
    if not ids:
        raise Invalid(_("Choose at least one person to add."))
    joined = services.add_people(actor=me(request), channel=seat.channel, person_ids=ids)
    messages.success(
        request,
        ngettext("%(count)s person is in now.", "%(count)s people are in now.", len(joined)) % {"count": len(joined)},
    )
    return _to_members(seat)


@login_required
@require_POST
def remove(request: HttpRequest, workspace: str, channel: str, person_id: uuid.UUID) -> HttpResponse:
    """Takes somebody out of the channel."""
    seat = seat_of(request, workspace, channel)
    services.remove_person(actor=me(request), channel=seat.channel, person_id=person_id)
    if person_id == seat.person_id:
        return redirect("channels:home", seat.place.workspace.slug)
    messages.success(request, _("They are no longer in the channel."))
    return _to_members(seat)


@login_required
@require_POST
def manager(request: HttpRequest, workspace: str, channel: str, person_id: uuid.UUID) -> HttpResponse:
    """Appoints a manager (`manager=1`), or lets one go."""
    seat = seat_of(request, workspace, channel)
    services.set_manager(
        actor=me(request),
        channel=seat.channel,
        person_id=person_id,
        is_manager=request.POST.get("manager") == "1",
    )
    return _to_members(seat)


@login_required
@require_POST
def add_group(request: HttpRequest, workspace: str, channel: str) -> HttpResponse:
    """Adds a whole group."""
    seat = seat_of(request, workspace, channel)
    group = next((found for i in ids_in(request.POST.getlist("group_id")) if (found := queries.group(seat, i))), None)
    if group is None:
        raise Invalid(_("Choose a group to add."))
    joined = services.add_group(actor=me(request), channel=seat.channel, group=group)
    messages.success(
        request,
        ngettext(
            "%(group)s is in; %(count)s person came with it.",
            "%(group)s is in; %(count)s people came with it.",
            len(joined),
        )
        % {"group": group.name, "count": len(joined)},
    )
    return _to_members(seat)


@login_required
@require_POST
def remove_group(request: HttpRequest, workspace: str, channel: str, group_id: uuid.UUID) -> HttpResponse:
    """Lets a group go."""
    seat = seat_of(request, workspace, channel)
    group = queries.group(seat, group_id)
    if group is None:
        raise NotFound
    left = services.remove_group(actor=me(request), channel=seat.channel, group=group)
    messages.success(
        request,
        ngettext("%(count)s person left with the group.", "%(count)s people left with the group.", len(left))
        % {"count": len(left)},
    )
    return _to_members(seat)


def _members(request: HttpRequest, seat: Seat) -> HttpResponse:
    q, wanted = (request.GET.get(name, "").strip()[:80] for name in ("q", "add"))
    context: dict[str, Any] = {
        "seat": seat,
        "size": queries.member_count(seat.channel.pk),
        "found": queries.members(seat, q=q, cursor=request.GET.get("cursor")),
        "q": q,
        "add": wanted,
        "addable": queries.addable_people(seat, wanted) if seat.may_add else [],
        "groups": queries.groups(seat),
        "addable_groups": queries.addable_groups(seat) if seat.may_manage and not seat.is_frozen else [],
        "managing": seat.may_manage and not seat.is_frozen,
    }
    if is_part(request):
        part = {"members": "_member_list", "addable": "_addable"}.get(request.GET.get("part", ""), "_members")
        return render(request, f"channels/{part}.html", context)
    return show(request, seat.place, "members", context, current=seat.channel)


def _to_members(seat: Seat) -> HttpResponse:
    return redirect("channels:members", seat.place.workspace.slug, seat.channel.slug)
