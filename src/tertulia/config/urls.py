"""Every address of the house. Each package's own are in its `urls.py`, included at the root."""

from __future__ import annotations

from django.conf import settings
from django.urls import include, path

from tertulia.config.api import api
from tertulia.config.health import health

handler400 = "tertulia.ui.errors.bad_request"
handler403 = "tertulia.ui.errors.forbidden"
handler404 = "tertulia.ui.errors.not_found"
handler429 = "tertulia.people.pages.slow_down"  # allauth's own limits
handler500 = "tertulia.ui.errors.broken"

urlpatterns = [
    path("healthz", health, name="health"),
    path("api/v1/", api.urls),
    path("", include("tertulia.people.urls")),
    path("", include("tertulia.people.tools.urls")),
    path("", include("tertulia.workspaces.urls")),
    path("", include("tertulia.channels.urls")),
    path("", include("tertulia.posts.urls")),
    path("", include("tertulia.enrolments.urls")),
    path("", include("tertulia.integrations.lti.urls")),
    path("", include("tertulia.integrations.openedx.pages.urls")),
    path("", include("tertulia.integrations.scim.urls")),
    path("accounts/", include("allauth.urls")),
]

if settings.DEMO:
    urlpatterns.append(path("", include("tertulia.demo.urls")))
