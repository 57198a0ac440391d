"""OpenID Connect (Core 1.0, Discovery 1.0): code, PKCE and nonce; the ID token is always verified by published keys."""

from __future__ import annotations

import hmac
import logging
from collections.abc import Mapping
from typing import Any

from allauth.core.internal.httpkit import add_query_params
from allauth.socialaccount.models import SocialApp, SocialLogin, SocialToken
from django.http import HttpRequest
from django.utils.translation import gettext as _

from tertulia.kernel import fetching
from tertulia.kernel.fetching import Unreachable
from tertulia.people.models import Kind
from tertulia.people.sign_in import tokens
from tertulia.people.sign_in.arriving import Arrival, named_groups
from tertulia.people.sign_in.oauth import Adapter, Client, OAuthProvider, nonce_of
from tertulia.people.sign_in.providers import Provider
from tertulia.people.sign_in.refusals import NotBelieved

WELL_KNOWN = "/.well-known/openid-configuration"
NEEDED = ("authorization_endpoint", "token_endpoint", "jwks_uri")

logger = logging.getLogger("tertulia.people.sign_in")


def discovery_address(issuer: str) -> str:
    """Where an issuer describes itself (Discovery 4.1)."""
    return issuer.removesuffix("/") + WELL_KNOWN


def discovered(record: Provider) -> dict[str, Any]:
    """What the issuer says of itself, which must name itself to the letter (Discovery 4.3). Raises Unreachable."""
    url = discovery_address(record.address)
    found = tokens.published(url, chosen=record.address)
    if not isinstance(found, dict):
        raise Unreachable(_("%(url)s is not the description of an OpenID provider.") % {"url": url})
    if found.get("issuer") != record.address:
        raise Unreachable(
            _("%(url)s calls itself “%(found)s”. Enter exactly that as the address.")
            % {"url": url, "found": str(found.get("issuer"))[: fetching.SHOWN]}
        )
    missing = [name for name in NEEDED if not isinstance(found.get(name), str)]
    if missing:
        raise Unreachable(_("%(url)s does not name its %(missing)s.") % {"url": url, "missing": ", ".join(missing)})
    fetching.check_address(found["authorization_endpoint"])
    return found


class OidcAdapter(Adapter):
    """One OpenID provider."""

    kind = Kind.OIDC

    @property
    def found(self) -> dict[str, Any]:
        """The provider's description."""
        return discovered(self.record)

    @property
    def authorize_url(self) -> str:
        """Where people sign in."""
        return str(self.found["authorization_endpoint"])

    @property
    def access_token_url(self) -> str:
        """Where codes become tokens."""
        return str(self.found["token_endpoint"])

    @property
    def basic_auth(self) -> bool:
        """How we say who we are; the default of Discovery 3 is HTTP Basic."""
        methods = self.found.get("token_endpoint_auth_methods_supported")
        return not (isinstance(methods, list) and "client_secret_post" in methods)

    def get_access_token_data(
        self, request: HttpRequest, app: SocialApp, client: Client, pkce_code_verifier: str | None = None
    ) -> dict[str, Any]:
        """The token endpoint's answer, unless it was another provider that sent the person back (RFC 9207)."""
        sender = request.GET.get("iss")
        promised = self.found.get("authorization_response_iss_parameter_supported") is True
        if (sender is not None or promised) and sender != self.record.address:
            raise NotBelieved(_("Another provider sent this answer, or nobody knows which."))
        return super().get_access_token_data(request, app, client, pkce_code_verifier)

    def complete_login(
        self, request: HttpRequest, app: SocialApp, token: SocialToken, *, response: Mapping[str, Any]
    ) -> SocialLogin:
        """Who came, by the ID token, and by the userinfo endpoint what the token does not say."""
        del app
        id_token = response.get("id_token")
        if not isinstance(id_token, str):
            raise NotBelieved(_("It gave no ID token. Is this an OpenID provider?"))
        claims = tokens.read(
            id_token,
            find_keys=lambda kid: tokens.keys(self.found["jwks_uri"], chosen=self.record.address, kid=kid),
            issuer=self.record.address,
            audience=self.record.client_id,
        )
        nonce = claims.get("nonce")
        if not self.verifier or not isinstance(nonce, str):
            raise NotBelieved(_("Its ID token is not an answer to this sign-in: it has no nonce."))
        if not hmac.compare_digest(nonce.encode(), nonce_of(self.verifier).encode()):
            raise NotBelieved(_("Its ID token is not an answer to this sign-in: its nonce is another one."))
        shared = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if (shared or "azp" in claims) and claims.get("azp") != self.record.client_id:
            raise NotBelieved(_("Its ID token was made for another program (azp)."))
        if not isinstance(claims.get("sub"), str):
            raise NotBelieved(_("Its ID token does not say who it is about (sub)."))
        return self.get_provider().sociallogin_from_response(request, {**self._told(token.token, claims), **claims})

    def _told(self, access_token: str, claims: Mapping[str, Any]) -> dict[str, Any]:
        """What the userinfo endpoint adds (Core 5.3), if it is of the same person."""
        url = self.found.get("userinfo_endpoint")
        told_all = "email" in claims and "name" in claims and _groups(claims, self.record.groups_claim) is not None
        if not isinstance(url, str) or told_all:
            return {}
        headers = {"Authorization": f"Bearer {access_token}"}
        told = fetching.fetch(url, chosen=self.record.address, headers=headers).json()
        if not isinstance(told, dict) or told.get("sub") != claims["sub"]:
            raise NotBelieved(_("Its userinfo endpoint speaks of somebody else."))
        return told


class OidcProvider(OAuthProvider):
    """An OpenID provider, as allauth sees it."""

    id = "oidc"
    name = "OpenID Connect"
    package = "tertulia.people.sign_in.oidc"
    oauth2_adapter_class = OidcAdapter

    def get_scope(self) -> list[str]:
        """What we ask for; groups only where the provider has a scope for them, as some need."""
        wanted = ["openid", "profile", "email"]
        scopes = discovered(self.record).get("scopes_supported")
        return (
            [*wanted, "groups"]
            if self.record.groups_claim and isinstance(scopes, list) and "groups" in scopes
            else wanted
        )

    def more_params(self, verifier: str) -> dict[str, str]:
        """The nonce."""
        return {"nonce": nonce_of(verifier)}

    def arrival(self, response: Mapping[str, Any]) -> Arrival:
        """Standard claims (Core 5.1)."""
        names = (response.get(name) for name in ("name", "preferred_username"))
        whole = " ".join(str(response[part]) for part in ("given_name", "family_name") if response.get(part))
        said = [str(name) for name in names if name]
        return Arrival(
            provider=self.record.slug,
            issuer=self.record.address,
            subject=str(response["sub"]),
            name=(str(response["name"]) if response.get("name") else whole) or (said[0] if said else ""),
            email=str(response.get("email") or ""),
            email_verified=self.record.trusts(response.get("email_verified")),
            groups=_groups(response, self.record.groups_claim),
        )

    def leaving_address(self, request: HttpRequest, leaving: dict[str, Any]) -> str:
        """RP-Initiated Logout 1.0, without a hint that would have to be kept for it."""
        del leaving
        url = discovered(self.record).get("end_session_endpoint")
        if not isinstance(url, str):
            return ""
        fetching.check_address(url)
        back = request.build_absolute_uri("/")
        address: str = add_query_params(url, {"client_id": self.record.client_id, "post_logout_redirect_uri": back})
        return address

    @staticmethod
    def issuer_of(record: Provider) -> str:
        """The issuer of the identities that come by it."""
        return record.address

    @staticmethod
    def settle(record: Provider) -> dict[str, str]:
        """The address as the provider itself spells it: many differ in the slash at the end."""
        url = discovery_address(record.address)
        tokens.forget(url)
        found = tokens.published(url, chosen=record.address)
        spelt = found.get("issuer") if isinstance(found, dict) else None
        if isinstance(spelt, str) and spelt.removesuffix("/") == record.address.removesuffix("/"):
            return {"address": spelt}
        discovered(record)
        return {}

    @staticmethod
    def try_out(record: Provider) -> str:
        """Ask the provider for its description and keys; says what works. Raises Unreachable."""
        tokens.forget(discovery_address(record.address))
        found = discovered(record)
        tokens.forget(found["jwks_uri"])
        usable = tokens.keys(found["jwks_uri"], chosen=record.address)
        return _("It answers, describes itself and publishes %(count)d keys.") % {"count": len(usable.keys)}


def _groups(said: Mapping[str, Any], claim: str) -> list[str] | None:
    """The directory groups in this claim; a name with dots may lead into claims, as Keycloak's `realm_access.roles`."""
    if claim in said:
        return named_groups(said[claim])
    found: Any = said
    for part in claim.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return named_groups(found)
