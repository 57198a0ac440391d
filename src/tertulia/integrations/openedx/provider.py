"""Open edX as a provider: OAuth 2.0 (not OpenID Connect), whose access token is a JWT with the claims.

Facts, from edx-platform's `oauth_dispatch` and `user_authn`: the endpoints below; `token_type=jwt` asks for a JWT and
`asymmetric_jwt` for one that is signed by the platform's private key (else by a secret shared among its services, which
proves nothing to us); its public keys are at `/auth/jwks.json`; `iss` and `aud` are settings of the platform
(JWT_ISSUER, JWT_AUDIENCE), not our client. A person's username never changes, and is how its roster, webhooks and REST
interface name people: it is the subject here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from allauth.socialaccount.models import SocialApp, SocialLogin, SocialToken
from django.http import HttpRequest
from django.utils.translation import gettext as _

from tertulia.kernel.fetching import Unreachable
from tertulia.people.models import Kind
from tertulia.people.sign_in import tokens
from tertulia.people.sign_in.arriving import Arrival
from tertulia.people.sign_in.oauth import Adapter, OAuthProvider
from tertulia.people.sign_in.providers import Provider
from tertulia.people.sign_in.refusals import NotBelieved

AUDIENCE = "openedx"
ALGORITHMS = ("RS256", "RS384", "RS512")


def address(record: Provider, path: str) -> str:
    """A page of this platform."""
    return record.address.removesuffix("/") + path


def issuer(record: Provider) -> str:
    """What the platform's tokens call it."""
    return record.token_issuer or address(record, "/oauth2")


class OpenedxAdapter(Adapter):
    """One Open edX platform."""

    kind = Kind.OPENEDX
    extra = {"token_type": "jwt", "asymmetric_jwt": "true"}

    @property
    def authorize_url(self) -> str:
        """Where people sign in."""
        return address(self.record, "/oauth2/authorize")

    @property
    def access_token_url(self) -> str:
        """Where codes become tokens."""
        return address(self.record, "/oauth2/access_token")

    def complete_login(
        self, request: HttpRequest, app: SocialApp, token: SocialToken, *, response: Mapping[str, Any]
    ) -> SocialLogin:
        """Who came, by the access token, verified by the platform's public keys."""
        del app, response
        claims = tokens.read(
            token.token,
            find_keys=lambda kid: tokens.keys(
                address(self.record, "/auth/jwks.json"), chosen=self.record.address, kid=kid
            ),
            issuer=issuer(self.record),
            audience=self.record.audience or AUDIENCE,
            algorithms=ALGORITHMS,
        )
        if not isinstance(claims.get("preferred_username"), str) or not claims["preferred_username"]:
            raise NotBelieved(_("Its token does not say who it is about (preferred_username)."))
        return self.get_provider().sociallogin_from_response(request, claims)


class OpenedxProvider(OAuthProvider):
    """An Open edX platform, as allauth sees it."""

    id = "openedx"
    name = "Open edX"
    package = "tertulia.integrations.openedx"
    oauth2_adapter_class = OpenedxAdapter

    def get_scope(self) -> list[str]:
        """What we ask for."""
        return ["user_id", "profile", "email"]

    def arrival(self, response: Mapping[str, Any]) -> Arrival:
        """The claims of `oauth_dispatch.jwt`. Its `email_verified` says that the account was activated."""
        parts = " ".join(str(response[part]) for part in ("given_name", "family_name") if response.get(part))
        return Arrival(
            provider=self.record.slug,
            issuer=issuer(self.record),
            subject=response["preferred_username"],
            name=str(response.get("name") or parts or response["preferred_username"]),
            email=str(response.get("email") or ""),
            email_verified=self.record.trusts(response.get("email_verified")),
        )

    def leaving_address(self, request: HttpRequest, leaving: dict[str, Any]) -> str:
        """The platform's own page for signing out."""
        del request, leaving
        return address(self.record, "/logout")

    @staticmethod
    def issuer_of(record: Provider) -> str:
        """The issuer of the identities that come by it."""
        return issuer(record)

    @staticmethod
    def settle(record: Provider) -> dict[str, str]:
        """The platform does not tell its issuer and audience: what was typed stays."""
        del record
        return {}

    @staticmethod
    def try_out(record: Provider) -> str:
        """Ask the platform for its keys; says what works. Raises Unreachable."""
        url = address(record, "/auth/jwks.json")
        tokens.forget(url)
        try:
            usable = tokens.keys(url, chosen=record.address)
        except Unreachable as trouble:
            raise Unreachable(
                _("%(trouble)s Its public keys are needed: is JWT_PUBLIC_SIGNING_JWK_SET set on the platform?")
                % {"trouble": trouble}
            ) from None
        return _("It answers and publishes %(count)d keys.") % {"count": len(usable.keys)}


provider_classes = [OpenedxProvider]
