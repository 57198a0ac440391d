"""Where allauth's OpenID provider asks us: who we are, what is said of somebody, which keys sign."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any, Literal

from allauth.account.models import EmailAddress
from allauth.idp.oidc.adapter import DefaultOIDCAdapter
from allauth.idp.oidc.internal.private_keys import filter_keys
from allauth.idp.oidc.models import Client, PrivateKey
from django.conf import settings
from django.core.cache import cache
from django.db import transaction

from tertulia.kernel.signing import PUBLISHED_AFTER, KeyRing
from tertulia.people import queries
from tertulia.people.models import Consent, Person, ToolKey

KEYS = KeyRing(model=ToolKey, purpose="tertulia tool keys", name="sign-in key")
CODE_SECONDS = 60


class ToolAdapter(DefaultOIDCAdapter):  # type: ignore[misc]  # allauth ships no types
    """allauth's questions about tools."""

    def get_issuer(self) -> str:
        """Our address as the operator set it, whatever name this request came by."""
        return str(settings.BASE_URL)

    def get_user_sub(self, client: Client, user: Person) -> str:
        """A person's id: the same for all tools (a public subject, OpenID Connect Core 8) and in REST, for ever."""
        del client
        return str(user.pk)

    def get_user_by_sub(self, client: Client, sub: str) -> Person | None:
        """Whom a code is about, if they may still sign in and have not taken back what they allowed."""
        try:
            person_id = uuid.UUID(sub)
        except ValueError:
            return None
        with transaction.atomic():  # within a token request it stays locked until the token is written
            consents = Consent.objects.select_for_update(of=("self",)).select_related("person")
            consent = consents.filter(client=client, person_id=person_id, person__is_active=True).first()
        return consent.person if consent else None

    def get_claims(
        self,
        purpose: Literal["id_token", "userinfo"],
        user: Person,
        client: Client,
        scopes: Iterable[str],
        email: str | None = None,
        **more: Any,
    ) -> dict[str, Any]:
        """What a tool learns: what the person allowed, as far as owners still allow it (Core 5.1, 5.4).

        An address only if it is confirmed: too many tools believe one without asking.
        """
        del purpose, email, more
        allowed = set(scopes) & set(client.get_scopes())
        claims: dict[str, Any] = {"sub": self.get_user_sub(client, user)}
        if "profile" in allowed:
            claims |= {
                "name": user.display_name,
                "preferred_username": user.handle,
                "nickname": user.handle,
                "profile": f"{settings.BASE_URL}{user.get_absolute_url()}",
                "zoneinfo": user.time_zone,
                "locale": user.language or settings.LANGUAGE_CODE,
            }
        if "email" in allowed and _is_confirmed(user):
            claims |= {"email": user.email, "email_verified": True}
        if "groups" in allowed:
            claims["groups"] = queries.groups_for_tools(user.pk)
        return claims

    def populate_id_token(self, id_token: dict[str, Any], client: Client, scopes: Iterable[str], **more: Any) -> None:
        """When the person signed in (Core 2, `auth_time`), which the code carries from the browser to the tool."""
        del client, scopes, more
        signed_in_at = cache.get(_key(self.request.POST.get("code", "")))
        if signed_in_at is not None:
            id_token["auth_time"] = signed_in_at

    def list_private_keys(
        self, *, did_activate: Literal[True] | None = None, is_active: Literal[True] | None = None
    ) -> list[PrivateKey]:
        """Our keys; those retired still verify for a while."""
        found = [
            PrivateKey(
                pem=private.as_pem(private=True).decode(),
                issued_at=row.created_at,
                expires_at=row.retired_at and row.retired_at + PUBLISHED_AFTER,
            )
            for row, private in KEYS.published()
        ]
        return list(filter_keys(found, did_activate=did_activate, is_active=is_active))


def note_signed_in_at(code: str, moment: int) -> None:
    """The ID token for this code says that the person signed in at `moment` (seconds since 1970)."""
    cache.set(_key(code), moment, CODE_SECONDS)


def _is_confirmed(person: Person) -> bool:
    return bool(person.email and EmailAddress.objects.filter(user=person, email=person.email, verified=True).exists())


def _key(code: str) -> str:
    return f"tools:signed-in-at:{code}"[:200]
