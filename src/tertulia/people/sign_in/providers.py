"""The outside systems by which people sign in here: those of the owners' pages and those of `TERTULIA_SIGN_IN`."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

from allauth.socialaccount.models import SocialApp
from django.conf import settings
from django.urls import reverse
from django.utils.http import urlencode

from tertulia.kernel.errors import NotFound
from tertulia.kernel.sealing import seal, unseal
from tertulia.people.models import Kind, SignInProvider, Trust

_PURPOSE = "tertulia sign-in secrets"  # what is sealed opens under this very word only


@dataclass(frozen=True, slots=True)
class Provider:
    """One outside system. `id` is None for those of the settings, which no page can change."""

    slug: str
    kind: Kind
    name: str
    address: str
    client_id: str
    trust: Trust
    newcomers: bool
    is_enabled: bool
    audience: str
    token_issuer: str
    groups_claim: str
    metadata: str = field(repr=False)
    _secret: str | bytes = field(repr=False)
    id: uuid.UUID | None = None

    @property
    def secret(self) -> str:
        """What we prove to the provider that we are us with."""
        return self._secret if isinstance(self._secret, str) else unseal(self._secret, purpose=_PURPOSE)

    @property
    def kind_name(self) -> str:
        """As people call it."""
        return str(self.kind.label)

    def trusts(self, claim: object) -> bool:
        """Whether an address is its person's, when the provider claims so (`email_verified`)."""
        return self.trust == Trust.ALWAYS or (self.trust == Trust.CLAIM and claim in (True, "true"))


def configured() -> list[Provider]:
    """All there are, also those that are switched off, by name. One query."""
    found = [*_of_settings(), *(of_row(row) for row in SignInProvider.objects.all())]
    return sorted(found, key=lambda provider: (provider.name.casefold(), provider.slug))


def enabled() -> list[Provider]:
    """Those that people can come by, by name. One query."""
    return [provider for provider in configured() if provider.is_enabled]


def enabled_one(slug: str, kind: str = "") -> Provider:
    """One that people can come by. At most one query. Raises NotFound."""
    fixed = next((provider for provider in _of_settings() if provider.slug == slug), None)
    if fixed is None:
        row = SignInProvider.objects.filter(slug=slug, is_enabled=True).first()
        if row is None:
            raise NotFound
        fixed = of_row(row)
    if kind and fixed.kind != kind:
        raise NotFound
    return fixed


def one(slug: str) -> Provider:
    """One of them, also if it is switched off. Raises NotFound."""
    found = next((provider for provider in configured() if provider.slug == slug), None)
    if found is None:
        raise NotFound
    return found


def only_these() -> bool:
    """Whether members come by these providers alone, and only owners by what is local. At most one query."""
    return only_owners_locally() and bool(enabled())


def only_owners_locally() -> bool:
    """Whether the installation wants that, as soon as there is such a provider."""
    return bool(settings.LOCAL_SIGN_IN == "owners")


def login_address(provider: Provider, **onward: str) -> str:
    """Where signing in by it begins: `next`, and `process="connect"` for adding it to the account that is signed in."""
    path = reverse(f"{provider.kind}_login", args=[provider.slug])
    return f"{path}?{urlencode(onward)}" if onward else path


def sealed(secret: str) -> bytes:
    """A provider's secret as it is stored."""
    return seal(secret, purpose=_PURPOSE)


def as_app(provider: Provider) -> SocialApp:
    """The provider in the form that allauth asks for; never saved."""
    app = SocialApp(
        provider=provider.kind,
        provider_id=provider.slug,
        name=provider.name,
        client_id=provider.slug if provider.kind == Kind.SAML else provider.client_id,
        secret=provider.secret,
    )
    app.record = provider
    return app


def of_row(row: SignInProvider) -> Provider:
    """A provider of the owners' pages as a record."""
    return Provider(
        slug=row.slug,
        kind=Kind(row.kind),
        name=row.name,
        address=row.address,
        client_id=row.client_id,
        _secret=bytes(row.secret),
        metadata=row.metadata,
        audience=row.audience,
        token_issuer=row.token_issuer,
        groups_claim=row.groups_claim,
        trust=Trust(row.trust),
        newcomers=row.newcomers,
        is_enabled=row.is_enabled,
        id=row.pk,
    )


def _of_settings() -> list[Provider]:
    return [
        Provider(
            slug=given.slug,
            kind=Kind(given.kind),
            name=given.name,
            address=given.address,
            client_id=given.client_id,
            _secret=given.secret.get_secret_value(),
            metadata=given.metadata,
            audience=given.audience,
            token_issuer=given.token_issuer,
            groups_claim=given.groups_claim,
            trust=Trust(given.trust),
            newcomers=given.newcomers,
            is_enabled=True,
        )
        for given in settings.SIGN_IN
    ]
