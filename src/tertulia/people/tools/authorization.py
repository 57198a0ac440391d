"""The authorization endpoint (OpenID Connect Core 3.1.2): somebody comes from a tool, and goes back with a code.

The view is allauth's. What it leaves to chance is decided here, and oauthlib is handed only what is left of the
question: addresses to the letter, PKCE by S256, `prompt`, `max_age`, `id_token_hint`, and consent, which is remembered
for each tool.
"""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from allauth.account.adapter import get_adapter
from allauth.account.authentication import get_authentication_records
from allauth.core.internal.httpkit import add_query_params
from allauth.idp.oidc.forms import AuthorizationForm
from allauth.idp.oidc.internal.oauthlib.server import get_server
from allauth.idp.oidc.internal.tokens import decode_jwt_token
from allauth.idp.oidc.models import Client
from allauth.idp.oidc.views import AuthorizationView
from django import forms
from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from oauthlib.oauth2.rfc6749 import errors

from tertulia.people import queries, services, throttles
from tertulia.people.models import Person
from tertulia.people.sign_in import arriving, providers
from tertulia.people.tools import clients
from tertulia.people.tools.adapter import note_signed_in_at
from tertulia.people.tools.leading import Misfit, lead_on
from tertulia.people.tools.scopes import OPENID, SCOPES

HANDED_ON = ("response_type", "client_id", "redirect_uri", "state", "nonce", "code_challenge", "code_challenge_method")
CHALLENGE_LENGTH = 43  # of a SHA-256 in base64url (RFC 7636, 4.2)
SINCE = "since"
_SIGNER = Signer(salt="tertulia.people.tools")


class ConsentForm(AuthorizationForm):  # type: ignore[misc]  # allauth ships no types
    """All that the tool asks for, or nothing: a tool that lacks what it counts on breaks in ways nobody understands."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.pop("email", None)
        self.fields["scopes"].widget = forms.MultipleHiddenInput()


class Authorization(AuthorizationView):  # type: ignore[misc]  # allauth ships no types
    """The page that asks, where it has to. `goes_on`: the person has just signed in here, on the way."""

    form_class = ConsentForm
    template_name = "people/tools/consent.html"
    goes_on = False

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Count, then answer. Raises TooMany."""
        throttles.spend_elsewhere(request)
        response: HttpResponse = super().dispatch(request, *args, **kwargs)
        return response

    def get(self, request: HttpRequest, *_args: Any, **_kwargs: Any) -> HttpResponse:
        """Somebody comes from a tool. Raises Misfit where they cannot be sent back with an error."""
        asked = request.GET
        self.client = _client(asked.get("client_id", ""), asked.get("redirect_uri", ""))
        error = _error(request, self.client)
        if error:
            return self._send_back(*error)
        prompts = set(asked.get("prompt", "").split())
        since = self._since(prompts)
        if since is None:
            return self._send_back("invalid_request", "max_age is no number")
        if not request.user.is_authenticated or (since and _signed_in_at(request) * 1000 < since):
            return self._send_back("login_required") if "none" in prompts else self._to_sign_in(since)
        if not _is_hinted(request, self.client):
            return self._send_back("login_required")
        return self._decide(prompts)

    def form_valid(self, form: ConsentForm) -> HttpResponse:
        """A code for the tool, and the consent noted."""
        person, client = self.request.user, clients.one(self._request_info["client_id"])
        response: HttpResponse = super().form_valid(form)
        address = response.get("Location", "")
        code = parse_qs(urlsplit(address).query).get("code")
        if not address:
            raise Misfit(_("it has been changed here since it asked"))
        if code:
            assert isinstance(person, Person)
            services.allow(actor=person, client=client, scopes=form.cleaned_data["scopes"])
            note_signed_in_at(code[0], int(_signed_in_at(self.request)))
        return self._leave(address, client)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """What the tool would learn, in words and as it stands."""
        context: dict[str, Any] = super().get_context_data(**kwargs)
        redirect_uri = self._request_info["redirect_uri"]
        return {
            **context,
            "tool": context["client"],
            "home": urlsplit(redirect_uri).hostname or urlsplit(redirect_uri).scheme,
            "learns": [(scope, SCOPES[scope]) for scope in SCOPES if scope in self._scopes],
            "workspaces": [name for name in queries.groups_for_tools(self.request.user.pk) if _is_plain(name)],
        }

    def _decide(self, prompts: set[str]) -> HttpResponse:
        """Ask, or go on where nothing is to be asked."""
        request, asked = self.request, self.request.GET
        handed = {name: asked[name] for name in HANDED_ON if name in asked}
        known = set(self.client.get_scopes())
        wanted = [scope for scope in asked.get("scope", OPENID).split() if scope in known]  # RFC 6749, 3.3
        handed["scope"] = " ".join(wanted or [OPENID])
        try:
            self._scopes, self._request_info = get_server().validate_authorization_request(
                f"{request.path}?{urlencode(handed)}", "GET", "", {}
            )
        except errors.FatalClientError as error:
            raise Misfit(error.description or error.error) from None
        except errors.OAuth2Error as error:
            return self._send_back(error.error, error.description or "")
        assert isinstance(request.user, Person)
        agreed = self.client.skip_consent or queries.has_allowed(request.user, self.client.pk, self._scopes)
        assured = clients.is_assured(self.client, asked["redirect_uri"])
        if agreed and assured and not prompts & {"consent", "select_account"}:
            response: HttpResponse = self._skip_consent()
            return response
        if "none" in prompts:
            return self._send_back("consent_required")
        page: HttpResponse = self.render_to_response(self.get_context_data())
        return page

    def _since(self, prompts: set[str]) -> int | None:
        """After when (milliseconds since 1970) they must have signed in, 0 if whenever; None for what is no time."""
        if self.goes_on and SINCE in self.request.GET:
            try:
                return int(_SIGNER.unsign(self.request.GET[SINCE]))
            except (BadSignature, ValueError):
                return None
        moment = int(time.time() * 1000)
        longest = self.request.GET.get("max_age", "")
        if longest and not (longest.isascii() and longest.isdigit() and len(longest) < 10):  # noqa: PLR2004 - 30 years
            return None
        if "login" in prompts:
            return moment
        return max(1, moment - int(longest) * 1000) if longest else 0

    def _to_sign_in(self, since: int) -> HttpResponse:
        """To the page for signing in, or for doing so again; from there back to here."""
        onward = self.request.GET.copy()
        prompts = set(onward.get("prompt", "").split()) - {"login"}
        onward["prompt"] = " ".join(sorted(prompts))
        onward.pop("max_age", None)
        if since:
            onward[SINCE] = _SIGNER.sign(str(since))
        return redirect(_sign_in_address(self.request, f"{reverse('idp:oidc:go_on')}?{onward.urlencode()}"))

    def _respond_with_access_denied(self) -> HttpResponse:
        self.client = clients.one(self._request_info["client_id"])
        state = self._request_info.get("state")
        said = {"error": "access_denied", **({"state": state} if state else {})}
        return self._leave(add_query_params(self._request_info["redirect_uri"], said), self.client)

    def _send_back(self, error: str, description: str = "") -> HttpResponse:
        """Back to the tool without a code (Core 3.1.2.6)."""
        asked = self.request.GET
        said = {"error": error, "error_description": description, "state": asked.get("state", "")}
        told = {name: value for name, value in said.items() if value}
        return self._leave(add_query_params(asked["redirect_uri"], told), self.client)

    def _leave(self, address: str, client: Client) -> HttpResponse:
        """Back to the tool, which hears who sends (RFC 9207)."""
        address = add_query_params(address, {"iss": settings.BASE_URL})
        if self.goes_on or self.request.method == "POST":
            return lead_on(self.request, address, name=client.name)
        response = HttpResponse(status=302)  # not Django's, which knows few schemes
        response["Location"] = address
        return response


ask = never_cache(csrf_exempt(Authorization.as_view()))
go_on = never_cache(csrf_exempt(Authorization.as_view(goes_on=True)))


def _client(client_id: str, address: str) -> Client:
    client = Client.objects.filter(pk=client_id).first() if client_id else None
    if client is None:
        raise Misfit(_("nobody here knows a tool with its client ID"))
    if not clients.sends_to(client, address):
        raise Misfit(_("the address to come back to (redirect_uri) is not one that was entered for it"))
    return client


def _error(request: HttpRequest, client: Client) -> tuple[str, str] | None:
    """What of the question cannot be answered."""
    asked = request.GET
    challenge, prompts = asked.get("code_challenge", ""), asked.get("prompt", "").split()
    method = asked.get("code_challenge_method")
    refusals = [
        (any(len(values) > 1 for _name, values in asked.lists()), "invalid_request", "a parameter is there twice"),
        ("request" in asked, "request_not_supported", ""),
        ("request_uri" in asked, "request_uri_not_supported", ""),
        ("resource" in asked, "invalid_target", "tokens are for our userinfo endpoint only"),
        (asked.get("response_mode", "query") != "query", "invalid_request", "response_mode must be query"),
        ("none" in prompts and len(prompts) > 1, "invalid_request", "prompt none goes with nothing else"),
        (
            challenge and (method != "S256" or len(challenge) != CHALLENGE_LENGTH),
            "invalid_request",
            "code_challenge_method must be S256",
        ),
        (
            not challenge and clients.needs_pkce(client),
            "invalid_request",
            "code_challenge is missing (PKCE, RFC 7636)",
        ),
    ]
    return next(((error, description) for is_so, error, description in refusals if is_so), None)


def _is_hinted(request: HttpRequest, client: Client) -> bool:
    """Whether the person is the one of the tool's hint, if it gave one of ours (Core 3.1.2.1, `id_token_hint`)."""
    hint = request.GET.get("id_token_hint")
    said = decode_jwt_token(hint, client_id=client.pk, verify_exp=False, verify_iss=True) if hint else None
    return said is None or said.get("sub") == str(request.user.pk)


def _signed_in_at(request: HttpRequest) -> float:
    """In seconds since 1970."""
    assert isinstance(request.user, Person)
    records = get_authentication_records(request, request.user)
    if records:
        return float(records[-1]["at"])
    return request.user.last_login.timestamp() if request.user.last_login else 0.0


def _sign_in_address(request: HttpRequest, onward: str) -> str:
    """Where to sign in; who has no way of proving it again here does it where they came from, or from the beginning."""
    query = f"?{urlencode({'next': onward})}"
    person = request.user
    if isinstance(person, Person):
        ways = get_adapter(request).get_reauthentication_methods(person)
        if ways:
            return f"{ways[0]['url']}{query}"
        came_by = (request.session.get(arriving.CAME_BY) or {}).get("provider")
        provider = next((one for one in providers.enabled() if one.slug == came_by), None)
        if provider is not None:
            return providers.login_address(provider, next=onward)
        get_adapter(request).logout(request)
    return f"{reverse('account_login')}{query}"


def _is_plain(name: str) -> bool:
    return ":" not in name and "/" not in name
