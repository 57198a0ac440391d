"""Keys that we sign with ourselves: RSA, made when first needed, sealed at rest; the newest signs, and those retired
lately are still published, so that what they signed can be verified.

Each package that signs has a table of its own (from `models.SigningKeyFields`) and one `KeyRing` over it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import QuerySet
from joserfc import jwt
from joserfc.jwk import RSAKey

from tertulia.kernel import audit, turns
from tertulia.kernel.clock import now
from tertulia.kernel.models import SigningKeyFields
from tertulia.kernel.sealing import seal, unseal

if TYPE_CHECKING:  # the kernel lies below people
    from tertulia.people.models import Person

BITS = 2048
ALGORITHM = "RS256"
"""What everybody must understand (OpenID Connect Core 15.1; 1EdTech Security Framework 1.0, 5.1)."""
PUBLISHED_AFTER = timedelta(days=7)
"""How long a key that signs no more is still published: longer than anybody keeps what we signed, or our JWKS."""


@dataclass(frozen=True)
class KeyRing:
    """The keys in one table. `purpose`: what is sealed opens under this very word only; `name`: in the audit log."""

    model: type[SigningKeyFields]
    purpose: str
    name: str

    def public(self) -> dict[str, list[dict[str, Any]]]:
        """Our JWKS (RFC 7517): the key that signs, and those retired lately."""
        self.current()
        return {"keys": [key.public for key in self._alive()]}

    def sign(self, claims: Mapping[str, Any]) -> str:
        """These claims as a JWT of ours (RS256, with its `kid`)."""
        row, private = self.current()
        header = {"alg": ALGORITHM, "kid": row.kid, "typ": "JWT"}
        return jwt.encode(header, dict(claims), private, algorithms=[ALGORITHM])

    def current(self) -> tuple[SigningKeyFields, RSAKey]:
        """The key that signs. One that cannot be read, because the installation's secret changed, is replaced."""
        found = self._readable()
        if found is not None:
            return found
        with transaction.atomic():
            turns.take(self.purpose)
            found = self._readable()
            if found is None:
                self._rows.filter(retired_at=None).update(retired_at=now())
                found = self._make()
        return found

    def published(self) -> list[tuple[SigningKeyFields, RSAKey]]:
        """All keys whose public half is published, the newest first, as far as they can be read."""
        self.current()
        opened = ((row, self._open(row)) for row in self._alive())
        return [(row, private) for row, private in opened if private is not None]

    def rotate(self, *, actor: Person) -> SigningKeyFields:
        """From now on a new key signs; the old one is published for another week."""
        with transaction.atomic():
            turns.take(self.purpose)
            self._rows.filter(retired_at=None).update(retired_at=now())
            row, _private = self._make()
            audit.record(actor=actor, verb="rotated", object_kind=self.name, object_id=row.kid)
        return row

    def drop_retired(self) -> int:
        """Forget keys that are not published any more; returns how many."""
        return self._rows.filter(retired_at__lt=now() - PUBLISHED_AFTER).delete()[0]

    @property
    def _rows(self) -> QuerySet[SigningKeyFields]:
        return self.model._default_manager.all()  # noqa: SLF001 - Django's public name for the manager of any model

    def _alive(self) -> list[SigningKeyFields]:
        alive = self._rows.exclude(retired_at__lt=now() - PUBLISHED_AFTER)
        return list(alive.order_by("-created_at"))

    def _readable(self) -> tuple[SigningKeyFields, RSAKey] | None:
        row = self._rows.filter(retired_at=None).order_by("-created_at").first()
        private = self._open(row) if row else None
        return (row, private) if row and private else None

    def _open(self, row: SigningKeyFields) -> RSAKey | None:
        secret = unseal(row.sealed, purpose=self.purpose)
        return RSAKey.import_key(json.loads(secret)) if secret else None

    def _make(self) -> tuple[SigningKeyFields, RSAKey]:
        private = RSAKey.generate_key(BITS, parameters={"use": "sig", "alg": ALGORITHM}, private=True, auto_kid=True)
        row = self._rows.create(
            kid=str(private.kid),
            public=private.as_dict(private=False),
            sealed=seal(json.dumps(private.as_dict(private=True)), purpose=self.purpose),
            created_at=now(),
        )
        return row, private
