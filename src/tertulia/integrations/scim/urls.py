"""Addresses of SCIM: everything below a workspace's directory goes to one function, so that all answers are SCIM's."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt


@csrf_exempt
def directory(request: HttpRequest, slug: str, rest: str) -> HttpResponse:
    """The endpoint. Its types take long to import, which only processes that directories ask shall pay."""
    from tertulia.integrations.scim.endpoints import endpoint

    return endpoint(request, slug, rest)


urlpatterns = [path("scim/v2/w/<slug:slug>/<path:rest>", directory, name="scim")]
