"""Reading a signed token of an outside system: by its published keys, and nothing that they do not vouch for."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, TypeGuard

from django.core.cache import cache
from django.utils.translation import gettext as _
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import Key, KeySet, import_key
from joserfc.jws import extract_compact

from tertulia.kernel import fetching
from tertulia.kernel.clock import now
from tertulia.kernel.fetching import Unreachable
from tertulia.people.sign_in.refusals import NotBelieved

# Public-key algorithms only (RFC 8725, 3.1 and 3.2): with a shared secret, or none, anybody could have signed.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
LEEWAY = 60  # seconds that clocks may differ
KEPT = 600  # seconds that published keys and addresses are used without asking again
PAUSE = 30  # seconds between two questions for keys that we do not know, whatever tokens say
PUBLIC = frozenset({"RSA", "EC", "OKP"})
LONGEST = 32_000


def published(url: str, *, chosen: str) -> Any:
    """The JSON at `url`, not older than ten minutes. Raises Unreachable."""
    key = f"sign-in:{url}"
    kept = cache.get(key)
    if kept is None:
        kept = fetching.fetch(url, chosen=chosen).json()
        if isinstance(kept, str):  # Open edX wraps its keys in a JSON string
            kept = _unwrap(kept)
        cache.set(key, kept, KEPT)
    return kept


def forget(url: str) -> None:
    """The next `published` asks."""
    cache.delete(f"sign-in:{url}")


def keys(url: str, *, chosen: str, kid: str | None = None) -> KeySet:
    """The public keys at `url`; asked for again, at most every 30 seconds, if none of them is called `kid`.

    Raises Unreachable.
    """
    found = _usable(published(url, chosen=chosen))
    if kid is not None and kid not in {key.get("kid") for key in found} and cache.add(f"sign-in:again:{url}", 1, PAUSE):
        forget(url)
        found = _usable(published(url, chosen=chosen))
    read = [key for key in map(_read_key, found) if key is not None]
    if not read:
        raise Unreachable(
            _("%(url)s publishes no key that signatures could be verified by.") % {"url": url[: fetching.SHOWN]}
        )
    return KeySet(read)


def read(
    token: str,
    *,
    find_keys: Callable[[str | None], KeySet],
    issuer: str,
    audience: str,
    algorithms: Sequence[str] = ALGORITHMS,
) -> dict[str, Any]:
    """The claims of a token that `issuer` signed for `audience` and that holds now (RFC 7519; OpenID Connect Core
    3.1.3.7, without the nonce). Raises NotBelieved, and what `find_keys` raises.
    """
    if len(token) > LONGEST:
        raise NotBelieved(_("Its token is far too long."))
    try:
        header = extract_compact(token.encode()).headers()
    except (JoseError, ValueError, TypeError, KeyError):
        raise NotBelieved(_("What it sent as a token is none.")) from None
    algorithm, kid = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in algorithms:
        raise NotBelieved(
            _("Its token is signed by “%(algorithm)s”; only signatures by a published key are believed.")
            % {"algorithm": str(algorithm)[:20]}
        )
    try:
        claims = jwt.decode(token, find_keys(kid if isinstance(kid, str) else None), algorithms=[algorithm]).claims
    except (JoseError, ValueError, TypeError, KeyError, RecursionError):
        raise NotBelieved(_("Its token is not signed by any of its published keys.")) from None
    return _check(claims, issuer=issuer, audience=audience)


def _check(claims: dict[str, Any], *, issuer: str, audience: str) -> dict[str, Any]:
    if claims.get("iss") != issuer:
        raise NotBelieved(
            _("Its token names “%(found)s” as issuer; expected is “%(wanted)s”.")
            % {"found": str(claims.get("iss"))[: fetching.SHOWN], "wanted": issuer}
        )
    meant_for = claims.get("aud")
    meant_for = meant_for if isinstance(meant_for, list) else [meant_for]
    if audience not in meant_for:
        raise NotBelieved(
            _("Its token is for “%(found)s”; expected is “%(wanted)s”.")
            % {"found": ", ".join(map(str, meant_for))[: fetching.SHOWN], "wanted": audience}
        )
    moment = now().timestamp()
    expires, issued = claims.get("exp"), claims.get("iat")
    if not _is_moment(expires) or expires + LEEWAY <= moment:
        raise NotBelieved(_("Its token has expired or does not say when it does. Look at the clocks of both machines."))
    if not _is_moment(issued) or issued - LEEWAY > moment:
        raise NotBelieved(_("Its token is from the future. Look at the clocks of both machines."))
    begins = claims.get("nbf", issued)
    if not _is_moment(begins) or begins - LEEWAY > moment:
        raise NotBelieved(_("Its token does not hold yet. Look at the clocks of both machines."))
    return claims


def _is_moment(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < float("inf")


def _usable(body: Any) -> list[dict[str, Any]]:
    """The public keys for signatures (RFC 7517, 5: what is not understood is passed over)."""
    found = body.get("keys") if isinstance(body, dict) else None
    if not isinstance(found, list):
        raise Unreachable(_("Its keys are not a JWKS."))
    return [
        key
        for key in found
        if isinstance(key, dict) and key.get("kty") in PUBLIC and key.get("use", "sig") == "sig" and "d" not in key
    ]


def _read_key(key: dict[str, Any]) -> Key | None:
    try:
        return import_key(key)
    except (JoseError, ValueError, TypeError, KeyError):
        return None


def _unwrap(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise Unreachable(_("It does not answer with JSON.")) from None
