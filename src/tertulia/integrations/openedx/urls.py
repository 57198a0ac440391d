"""Where Open edX platforms send people back to; allauth puts this under `/accounts/`."""

from __future__ import annotations

from django.urls import path

from tertulia.integrations.openedx.provider import OpenedxAdapter
from tertulia.people.sign_in.oauth import pages

login, callback = pages(OpenedxAdapter)

urlpatterns = [
    path("openedx/<slug:slug>/login/", login, name="openedx_login"),
    path("openedx/<slug:slug>/login/callback/", callback, name="openedx_callback"),
]
