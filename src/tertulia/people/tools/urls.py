"""The protocol's addresses; allauth knows them by the names `idp:oidc:…`."""

from __future__ import annotations

from django.urls import include, path

from tertulia.people.tools import authorization, endpoints

app_name = "idp"

_oidc = [
    path(".well-known/openid-configuration", endpoints.configuration, name="configuration"),
    path(".well-known/jwks.json", endpoints.jwks, name="jwks"),
    path("oidc/authorize", authorization.ask, name="authorization"),
    path("oidc/go-on", authorization.go_on, name="go_on"),
    path("oidc/token", endpoints.token, name="token"),
    path("oidc/userinfo", endpoints.userinfo, name="userinfo"),
    path("oidc/revoke", endpoints.revoke, name="revoke"),
    path("oidc/sign-out", endpoints.sign_out, name="logout"),
]

urlpatterns = [path("", include((_oidc, "oidc")))]
