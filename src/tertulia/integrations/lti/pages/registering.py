"""An LMS registers itself: its administrator opens the link that our owner gave them, from within the LMS."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods

from tertulia.integrations.lti import access
from tertulia.integrations.lti.pages.common import anywhere
from tertulia.integrations.lti.services import registration
from tertulia.kernel import limits
from tertulia.kernel.errors import Refusal

REGISTERING = limits.Limit("lti-register", times=30, seconds=600)


@csrf_exempt  # whoever holds the secret in the address may; in the LMS's frame there is no form token
@sensitive_variables()
@require_http_methods(["GET", "POST"])
@never_cache
def register(request: HttpRequest, secret: str) -> HttpResponse:
    """Dynamic registration: GET shows with whom, POST does it, so that whoever only looks at a link uses up nothing."""
    limits.spend(REGISTERING, request.META.get("REMOTE_ADDR", ""))
    try:
        link = access.registration(secret)
        sent = request.POST if request.method == "POST" else request.GET
        address, token = sent.get("openid_configuration", ""), sent.get("registration_token", "")
        if not address:
            return _page(request, "lti/register.html", {"offer": None})
        offer = registration.read_offer(address)
        if request.method == "POST":
            platform = registration.register(link=link, offer=offer, token=token)
            return _page(request, "lti/registered.html", {"platform": platform})
    except Refusal as refusal:
        return _page(request, "lti/register.html", {"offer": None, "refusal": refusal}, status=refusal.status)
    return _page(request, "lti/register.html", {"offer": offer, "address": address, "token": token})


def _page(request: HttpRequest, template: str, context: dict[str, object], *, status: int = 200) -> HttpResponse:
    # The LMS shows it in a frame of its own, and is not known yet. Without the secret there is nothing to click on.
    response = anywhere(render(request, template, context, status=status))
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex"
    return response
