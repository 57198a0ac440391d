"""Direct messages: the conversations one has, and the choice of people for a new one."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from tertulia.channels import queries, services
from tertulia.channels.pages.common import ids_in, is_part, me, place_of, show
from tertulia.kernel.errors import Invalid

FIRST = 8
"""People offered before anybody is searched for."""


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def direct(request: HttpRequest, workspace: str) -> HttpResponse:
    """Lists one's conversations and people to write to; POST `person_ids` opens a conversation with them."""
    place = place_of(request, workspace)
    if request.method == "POST":
        chosen = ids_in(request.POST.getlist("person_ids"))
        if not chosen:
            raise Invalid(_("Choose at least one person to write to."))
        return redirect(services.open_direct(actor=me(request), workspace=place.workspace, person_ids=chosen))
    q = request.GET.get("q", "").strip()[:80]
    # Who was ticked before a search without scripts stays ticked.
    chosen = ids_in(request.GET.getlist("person_ids"))[: services.MOST_PEOPLE]
    people = queries.people_to_message(place, q, limit=20 if q else FIRST)
    context = {
        "q": q,
        "chosen": queries.people_to_message(place, ids=chosen),
        "people": [person for person in people if person.pk not in chosen],
        "most": services.MOST_PEOPLE - 1,
    }
    if is_part(request):
        return render(request, "channels/_people.html", {"place": place, **context})
    return show(request, place, "direct", {"conversations": queries.conversations(place), **context})
