"""The product's addresses, and one that answers nothing."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import path

from tertulia.config import urls

handler400, handler403, handler404, handler500 = urls.handler400, urls.handler403, urls.handler404, urls.handler500


def empty(_request: HttpRequest) -> HttpResponse:
    """Nothing, after all middleware."""
    return HttpResponse()


urlpatterns = [path("empty", empty), *urls.urlpatterns]
