"""The public keys of a platform: kept, asked for anew when one is missing, but never in a storm."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from tertulia.integrations.lti.models import Platform
from tertulia.integrations.lti.refusals import Reason, Wrong
from tertulia.kernel import fetching
from tertulia.kernel.clock import now

FRESH = timedelta(hours=6)
"""How long a copy is used without asking: the longest that a key which its platform has withdrawn is believed here,
while the platform can be reached."""
STALE = timedelta(hours=48)
"""How long it is used when the platform cannot be reached."""
PAUSE = timedelta(seconds=30)
"""Between two requests to one platform, whatever launches say."""
MOST_KEYS = 50
FEWEST_BITS = 2048  # RFC 7518, 3.3


def platform_key(platform: Platform, kid: str) -> RSAKey:
    """The platform's key of this name.

    The JWKS is asked for when there is no fresh copy, or the copy lacks the key; at most every 30 seconds, and once
    for all who wait at the same time. Raises Wrong (UNKNOWN_KID, NO_KEYS).
    """
    key = _known(platform, kid)
    if key is not None and _younger(platform, FRESH):
        return key
    error = ""
    with transaction.atomic():
        # Whoever comes meanwhile waits here for at most `fetching.SECONDS`, and then finds what was fetched.
        locked = Platform.objects.select_for_update(no_key=True).get(pk=platform.pk)
        key = _known(locked, kid)
        if key is not None and _younger(locked, FRESH):
            return key
        if locked.keys_tried_at is None or locked.keys_tried_at < now() - PAUSE:
            error = _fetch(locked)
            key = _known(locked, kid)
    if key is not None and _younger(locked, STALE):
        return key
    if error or not _younger(locked, STALE):
        raise Wrong(Reason.NO_KEYS, platform=platform, error=error or locked.jwks_url)
    raise Wrong(Reason.UNKNOWN_KID, platform=platform, kid=kid)


def _fetch(platform: Platform) -> str:
    """Ask for the keys, and keep them; returns what went wrong."""
    platform.keys_tried_at = now()
    error = ""
    try:
        platform.jwks = {"keys": _usable(fetching.fetch(platform.jwks_url).json())}
        platform.keys_at = platform.keys_tried_at
    except fetching.Unreachable as failure:
        error = str(failure).removesuffix(".")
    platform.save(update_fields=["jwks", "keys_at", "keys_tried_at"])
    return error


def _usable(body: Any) -> list[dict[str, Any]]:
    """The RSA keys for signatures in a JWKS (RFC 7517, 5: what is not understood is passed over)."""
    keys = body.get("keys") if isinstance(body, dict) else None
    if not isinstance(keys, list):
        raise fetching.Unreachable(_("The JWKS address does not answer with a JWKS."))
    fit = [key for key in keys if isinstance(key, dict) and key.get("kty") == "RSA" and isinstance(key.get("kid"), str)]
    fit = [key for key in fit if key.get("use", "sig") == "sig" and key.get("alg", "RS256") == "RS256"]
    wanted = ("kty", "kid", "n", "e")
    return [{name: key[name] for name in wanted if isinstance(key.get(name), str)} for key in fit[:MOST_KEYS]]


def _known(platform: Platform, kid: str) -> RSAKey | None:
    for key in platform.jwks.get("keys", []):
        if key["kid"] == kid:
            try:
                found = RSAKey.import_key(key)
            except (JoseError, ValueError, KeyError):
                return None
            return found if found.raw_value.key_size >= FEWEST_BITS else None
    return None


def _younger(platform: Platform, age: timedelta) -> bool:
    return platform.keys_at is not None and platform.keys_at > now() - age
