"""Our own keys: made when first needed, two published at a time, the newer one signing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from joserfc import jwt
from joserfc.jwk import RSAKey

from tertulia.integrations.lti.models import SigningKey
from tertulia.kernel import audit
from tertulia.kernel.clock import now
from tertulia.kernel.sealing import seal, unseal
from tertulia.people.models import Person

BITS = 2048
ALGORITHM = "RS256"
"""What every platform must understand (1EdTech Security Framework 1.0, 5.1)."""
PUBLISHED_AFTER = timedelta(days=7)
"""How long a key that signs no more is still published: longer than any platform keeps what we signed, or our JWKS."""
_PURPOSE = "tertulia lti private keys"  # what is sealed opens under this very word only
_LOCK = 7_233_041  # key of an advisory lock; any number that nothing else uses


def public_keys() -> dict[str, list[dict[str, Any]]]:
    """Our JWKS (RFC 7517): the key that signs, and those retired lately."""
    _current()
    alive = SigningKey.objects.exclude(retired_at__lt=now() - PUBLISHED_AFTER).order_by("-created_at")
    return {"keys": [key.public for key in alive]}


def sign(claims: Mapping[str, Any]) -> str:
    """These claims as a JWT of ours (RS256, with its `kid`)."""
    key, private = _current()
    return jwt.encode({"alg": ALGORITHM, "kid": key.kid, "typ": "JWT"}, dict(claims), private, algorithms=[ALGORITHM])


def rotate(*, actor: Person) -> SigningKey:
    """From now on a new key signs; the old one is published for another week."""
    with transaction.atomic():
        _hold()
        SigningKey.objects.filter(retired_at=None).update(retired_at=now())
        key, _private = _make()
        audit.record(actor=actor, verb="rotated", object_kind="LTI key", object_id=key.kid)
    return key


def drop_retired() -> int:
    """Forget keys that are not published any more; returns how many."""
    return SigningKey.objects.filter(retired_at__lt=now() - PUBLISHED_AFTER).delete()[0]


def _current() -> tuple[SigningKey, RSAKey]:
    """The key that signs. One that cannot be read, because the installation's secret changed, is replaced."""
    found = _readable()
    if found is not None:
        return found
    with transaction.atomic():
        _hold()
        found = _readable()
        if found is None:
            SigningKey.objects.filter(retired_at=None).update(retired_at=now())
            found = _make()
    return found


def _readable() -> tuple[SigningKey, RSAKey] | None:
    key = SigningKey.objects.filter(retired_at=None).order_by("-created_at").first()
    secret = unseal(key.sealed, purpose=_PURPOSE) if key else ""
    return (key, RSAKey.import_key(json.loads(secret))) if key and secret else None


def _make() -> tuple[SigningKey, RSAKey]:
    private = RSAKey.generate_key(BITS, parameters={"use": "sig", "alg": ALGORITHM}, private=True, auto_kid=True)
    sealed = seal(json.dumps(private.as_dict(private=True)), purpose=_PURPOSE)
    key = SigningKey.objects.create(
        kid=str(private.kid), public=private.as_dict(private=False), sealed=sealed, created_at=now()
    )
    return key, private


def _hold() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
