"""What tools ask us by themselves, and signing out from a tool; allauth's views, counted, and never kept by a cache."""

from __future__ import annotations

import base64
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from allauth.idp.oidc import views
from allauth.idp.oidc.forms import RPInitiatedLogoutForm
from allauth.idp.oidc.models import Client
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from tertulia.kernel import turns
from tertulia.kernel.errors import TooMany
from tertulia.people import throttles
from tertulia.people.tools import clients
from tertulia.people.tools.leading import Misfit, lead_on
from tertulia.people.tools.scopes import SCOPES

LONGEST = 4000
LONGEST_ID = 100
View = Callable[[HttpRequest], HttpResponse]


@require_safe
def configuration(request: HttpRequest) -> JsonResponse:
    """What we are able to (OpenID Connect Discovery 1.0, 3; RFC 8414). allauth's own promises more than we do."""
    del request

    def at(name: str) -> str:
        return f"{settings.BASE_URL}{reverse(f'idp:oidc:{name}')}"

    ways = ["client_secret_basic", "client_secret_post", "none"]
    response = JsonResponse(
        {
            "issuer": settings.BASE_URL,
            "authorization_endpoint": at("authorization"),
            "token_endpoint": at("token"),
            "userinfo_endpoint": at("userinfo"),
            "jwks_uri": at("jwks"),
            "revocation_endpoint": at("revoke"),
            "end_session_endpoint": at("logout"),
            "scopes_supported": list(SCOPES),
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": [Client.GrantType.AUTHORIZATION_CODE, Client.GrantType.REFRESH_TOKEN],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ways,
            "revocation_endpoint_auth_methods_supported": ways,
            "code_challenge_methods_supported": ["S256"],
            "prompt_values_supported": ["none", "login", "consent", "select_account"],
            "claims_supported": [
                *("iss", "sub", "aud", "exp", "iat", "auth_time", "nonce"),
                *("name", "preferred_username", "nickname", "profile", "zoneinfo", "locale"),
                *("email", "email_verified", "groups"),
            ],
            "claims_parameter_supported": False,
            "request_parameter_supported": False,
            "request_uri_parameter_supported": False,
            "authorization_response_iss_parameter_supported": True,
            "ui_locales_supported": [code for code, _name in settings.LANGUAGES],
            "service_documentation": f"{settings.BASE_URL}{reverse('api:openapi-view')}",
        }
    )
    response["Access-Control-Allow-Origin"] = "*"
    response["Cache-Control"] = "max-age=3600"
    return response


def _for_tools(view: View) -> View:
    """For programs, also in browsers (CORS): no cookie counts here, so nothing is gained by asking from elsewhere."""

    @csrf_exempt
    @never_cache
    def asked(request: HttpRequest) -> HttpResponse:
        if request.method == "OPTIONS":
            response = HttpResponse(status=HTTPStatus.NO_CONTENT)
            response["Access-Control-Allow-Methods"] = "GET, POST"
            response["Access-Control-Allow-Headers"] = "Authorization, Content-Type"
        else:
            try:
                throttles.spend_tool(request)
            except TooMany as refusal:
                said = {"error": "temporarily_unavailable", "error_description": refusal.detail}
                response = JsonResponse(said, status=refusal.status, headers={"Retry-After": str(refusal.retry_after)})
            else:
                error = _error(request)
                response = JsonResponse({"error": error}, status=400) if error else view(request)
        response["Access-Control-Allow-Origin"] = "*"
        return response

    return asked


def _error(request: HttpRequest) -> str:
    """What allauth would stumble over: signs that nothing here may have (RFC 6749, appendix A; ids and codes are looked
    up), and resources that tokens are for (RFC 8707), which we do not offer.
    """
    scheme, _blank, pair = request.headers.get("Authorization", "").partition(" ")
    try:
        pair = base64.b64decode(pair).decode() if scheme.lower() == "basic" else ""
    except ValueError:
        return "invalid_request"
    said = [pair, *(value for name in request.POST for value in request.POST.getlist(name))]
    ids = [pair.partition(":")[0], request.POST.get("client_id", ""), request.POST.get("code", "")]
    plain = all(value.isascii() and value.isprintable() and len(value) <= LONGEST for value in said)
    if not plain or any(len(value) > LONGEST_ID or " " in value for value in ids):
        return "invalid_request"
    return "invalid_target" if "resource" in request.POST else ""


@transaction.atomic
def _token(request: HttpRequest) -> HttpResponse:
    """A code or a refresh token is good once, also if it is sent twice at the same moment."""
    for name in ("code", "refresh_token"):
        if request.POST.get(name):
            turns.take("tools", name, request.POST[name])
    response: HttpResponse = views.token(request)
    return response


jwks = views.jwks
token = _for_tools(_token)
userinfo = _for_tools(views.user_info)
revoke = _for_tools(views.revoke)


class SignOutForm(RPInitiatedLogoutForm):  # type: ignore[misc]  # allauth ships no types
    """allauth's form, with our rule for where people may be sent."""

    def clean(self) -> dict[str, Any]:
        """What of the question can be believed; without a tool that we know, nobody is sent anywhere."""
        address = self.cleaned_data.pop("post_logout_redirect_uri", "")
        data: dict[str, Any] = super().clean()
        client = data.get("client")
        if client and address and not clients.signs_out_to(client, address):
            raise ValidationError("post_logout_redirect_uri")
        data["post_logout_redirect_uri"] = address if client else ""
        return data


class _SignOut(views.LogoutView):  # type: ignore[misc]  # allauth ships no types
    """RP-Initiated Logout 1.0. Who comes is always asked whether to sign out here, too."""

    form_class = SignOutForm
    template_name = "people/tools/sign_out.html"

    def form_invalid(self, _form: RPInitiatedLogoutForm) -> HttpResponse:
        raise Misfit(_("the address after signing out is not one that was entered for it"))

    def _handle(self, form: RPInitiatedLogoutForm, op_logout: bool) -> HttpResponse:
        response: HttpResponse = super()._handle(form, op_logout)
        return lead_on(self.request, response["Location"], name=self._name(form))

    def get_context_data(self, **context: object) -> dict[str, object]:
        return {**super().get_context_data(**context), "tool": self._name(context["form"])}

    @staticmethod
    def _name(form: object) -> str:
        client = getattr(form, "cleaned_data", {}).get("client")
        return str(client.name) if client else ""


sign_out = never_cache(csrf_exempt(require_http_methods(["GET", "HEAD", "POST"])(_SignOut.as_view())))
