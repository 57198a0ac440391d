"""What OpenID Connect and Open edX have in common: OAuth 2.0 with a code and PKCE (RFC 6749, 7636)."""

from __future__ import annotations

import base64
import hashlib
import logging
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote_plus

from allauth.account.utils import get_next_redirect_url
from allauth.core.internal.httpkit import add_query_params
from allauth.socialaccount.models import SocialApp, SocialToken
from allauth.socialaccount.providers.oauth2.client import OAuth2Client
from allauth.socialaccount.providers.oauth2.provider import OAuth2Provider
from allauth.socialaccount.providers.oauth2.utils import generate_code_challenge
from allauth.socialaccount.providers.oauth2.views import OAuth2Adapter, OAuth2CallbackView, OAuth2LoginView
from allauth.utils import build_absolute_uri
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from tertulia.kernel import fetching
from tertulia.kernel.fetching import Unreachable
from tertulia.people import throttles
from tertulia.people.sign_in import providers
from tertulia.people.sign_in.arriving import ArrivalProvider
from tertulia.people.sign_in.refusals import NotBelieved, ProviderAway, SignInFailed

logger = logging.getLogger("tertulia.people.sign_in")


class Client(OAuth2Client):  # type: ignore[misc]  # allauth ships no types
    """The client of allauth, asking through `fetching`."""

    chosen: str
    extra: Mapping[str, str]

    def get_redirect_url(self, authorization_url: str, scope: list[str], extra_params: Mapping[str, Any]) -> str:
        """Where the person goes; an authorization endpoint may have a query of its own (RFC 6749, 3.1)."""
        url: str = add_query_params(
            authorization_url,
            {
                "client_id": self.consumer_key,
                "redirect_uri": self.callback_url,
                "scope": " ".join(scope),
                "response_type": "code",
                "state": self.state,
                **{name: value.decode() if isinstance(value, bytes) else value for name, value in extra_params.items()},
            },
        )
        return url

    def get_access_token(
        self, code: str, pkce_code_verifier: str | None = None, extra_data: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """The token endpoint's answer. Raises Unreachable, NotBelieved."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.callback_url,
            **self.extra,
            **(extra_data or {}),
        }
        if pkce_code_verifier:
            form["code_verifier"] = pkce_code_verifier
        headers = {}
        if self.basic_auth and self.consumer_secret:
            pair = f"{quote_plus(self.consumer_key)}:{quote_plus(self.consumer_secret)}"  # RFC 6749, 2.3.1
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            form["client_id"] = self.consumer_key
            if self.consumer_secret:
                form["client_secret"] = self.consumer_secret
        answer = fetching.fetch(self.access_token_url, chosen=self.chosen, form=form, headers=headers, any_status=True)
        told = answer.json()
        if not isinstance(told, dict) or not isinstance(told.get("access_token"), str):
            said = told.get("error") if isinstance(told, dict) else None
            raise NotBelieved(
                _("It gave no token for the code; it answered %(status)d “%(error)s”.")
                % {"status": answer.status, "error": str(said)[:80]}
            )
        return told


class Adapter(OAuth2Adapter):  # type: ignore[misc]  # allauth ships no types
    """The adapter of allauth for one of several systems of a kind."""

    client_class = Client
    kind: str
    extra: Mapping[str, str] = {}

    def __init__(self, request: HttpRequest, slug: str) -> None:
        super().__init__(request)
        self.record = providers.enabled_one(slug, self.kind)
        self.verifier = ""

    def get_provider(self) -> Any:
        """The provider, as configured."""
        from allauth.socialaccount.providers import registry

        return registry.get_class(self.kind)(self.request, app=providers.as_app(self.record))

    def get_callback_url(self, request: HttpRequest, app: SocialApp) -> str:
        """Where the system sends people back to."""
        del app
        path = reverse(f"{self.kind}_callback", args=[self.record.slug])
        url: str = build_absolute_uri(request, path)
        return url

    def get_client(self, request: HttpRequest, app: SocialApp) -> Client:
        """The client that asks for tokens."""
        client: Client = super().get_client(request, app)
        client.chosen = self.record.address
        client.extra = self.extra
        return client

    def get_access_token_data(
        self, request: HttpRequest, app: SocialApp, client: Client, pkce_code_verifier: str | None = None
    ) -> dict[str, Any]:
        """The token endpoint's answer; the verifier is kept, for the nonce was made from it."""
        self.verifier = pkce_code_verifier or ""
        told: dict[str, Any] = super().get_access_token_data(request, app, client, pkce_code_verifier)
        return told

    def parse_token(self, data: Mapping[str, Any]) -> SocialToken:
        """One that allauth wants; it is used for nothing and not stored."""
        return SocialToken(token=data["access_token"])


class OAuthProvider(ArrivalProvider, OAuth2Provider):  # type: ignore[misc]  # allauth ships no types
    """The provider of allauth with PKCE always, and nothing that an address of ours could change about the request."""

    oauth2_adapter_class: type[Adapter]

    def get_oauth2_adapter(self, request: HttpRequest) -> Adapter:
        """Who speaks to the system."""
        return self.oauth2_adapter_class(request, self.record.slug)

    def get_pkce_params(self) -> dict[str, Any]:
        """A fresh verifier, its challenge and the nonce that is made from it (OpenID Connect Core 15.5.2)."""
        params: dict[str, Any] = generate_code_challenge()
        return {**params, **self.more_params(params["code_verifier"])}

    def more_params(self, verifier: str) -> dict[str, str]:
        """What else goes along; `verifier` stays here, and is a secret."""
        del verifier
        return {}

    def get_redirect_from_request_kwargs(self, request: HttpRequest) -> dict[str, Any]:
        """Only where to go afterwards, and whether to sign in or to link; scopes and the rest are not the visitor's."""
        kwargs = {"process": "connect" if request.GET.get("process") == "connect" else "login"}
        wanted = get_next_redirect_url(request)
        return {**kwargs, "next_url": wanted} if wanted else kwargs


def nonce_of(verifier: str) -> str:
    """A nonce bound to this sign-in: without the verifier nobody can tell it, and it tells nothing of the verifier."""
    return hashlib.sha256(b"nonce\0" + verifier.encode()).hexdigest()


def pages(adapter: type[Adapter]) -> tuple[Callable[..., HttpResponse], Callable[..., HttpResponse]]:
    """The two pages of a kind: where signing in begins, and where the system sends people back to."""

    @never_cache
    @require_GET
    def login(request: HttpRequest, slug: str) -> HttpResponse:
        throttles.spend_elsewhere(request)
        return believing(request, adapter(request, slug), OAuth2LoginView)

    @never_cache
    @require_GET
    def callback(request: HttpRequest, slug: str) -> HttpResponse:
        throttles.spend_elsewhere(request)
        return believing(request, adapter(request, slug), OAuth2CallbackView)

    return login, callback


def believing(request: HttpRequest, adapter: Adapter, view: Any) -> HttpResponse:
    """The page, or a refusal that says what is wrong with the other side; details are logged without secrets."""
    record = adapter.record
    try:
        response: HttpResponse = view.adapter_view(adapter)(request)
    except Unreachable as trouble:
        logger.warning("the sign-in provider %s is away: %s", record.slug, trouble)
        raise ProviderAway(record.name, str(trouble)) from None
    except NotBelieved as trouble:
        logger.warning("a sign-in by %s was not believed: %s", record.slug, trouble)
        raise SignInFailed(record.name, str(trouble)) from None
    return response
