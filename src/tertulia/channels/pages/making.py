"""The *New channel* dialogue; without scripts, a page."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from tertulia.channels import services
from tertulia.channels.forms import NewChannelForm
from tertulia.channels.pages.common import explain, finish, is_part, me, place_of
from tertulia.kernel.errors import Invalid, Refusal
from tertulia.workspaces.access import Permission, check, check_open


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest, workspace: str) -> HttpResponse:
    """Asks for a new channel's type, name, URL, purpose and header; POST makes it and goes there."""
    place = place_of(request, workspace)
    check_open(place.workspace)
    check(place, Permission.CREATE_CHANNEL)
    form = NewChannelForm(request.POST or None, place=place)
    refusal: Refusal | None = None
    if request.method == "POST" and form.is_valid():
        try:
            channel = services.create_channel(actor=me(request), workspace=place.workspace, **form.cleaned_data)
        except Refusal as caught:
            refusal = caught
            explain(form, refusal)
        else:
            messages.success(request, _("“%(name)s” is ready.") % {"name": channel.name})
            if is_part(request):  # the dialogue: htmx would put the new channel inside it
                return HttpResponse(headers={"HX-Redirect": channel.get_absolute_url()})
            return redirect(channel)
    elif form.errors:
        refusal = Invalid("")
    context = {"place": place, "workspace": place.workspace, "form": form}
    part = is_part(request)
    response = finish(render(request, f"channels/{'_new' if part else 'new'}.html", context), refusal)
    if part and refusal is not None:
        response["HX-Retarget"] = "#new-channel"  # says that this refusal is the form itself, to put in its place
    return response
