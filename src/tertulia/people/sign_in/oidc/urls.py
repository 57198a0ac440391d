"""Where OpenID providers send people back to; allauth puts this under `/accounts/`."""

from __future__ import annotations

from django.urls import path

from tertulia.people.sign_in.oauth import pages
from tertulia.people.sign_in.oidc.provider import OidcAdapter

login, callback = pages(OidcAdapter)

urlpatterns = [
    path("oidc/<slug:slug>/login/", login, name="oidc_login"),
    path("oidc/<slug:slug>/login/callback/", callback, name="oidc_callback"),
]
