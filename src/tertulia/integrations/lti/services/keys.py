"""Our own keys: made when first needed, two published at a time, the newer one signing."""

from __future__ import annotations

from tertulia.integrations.lti.models import SigningKey
from tertulia.kernel.signing import ALGORITHM, PUBLISHED_AFTER, KeyRing

__all__ = ["ALGORITHM", "PUBLISHED_AFTER", "drop_retired", "public_keys", "rotate", "sign"]

_RING = KeyRing(model=SigningKey, purpose="tertulia lti private keys", name="LTI key")

public_keys = _RING.public
sign = _RING.sign
rotate = _RING.rotate
drop_retired = _RING.drop_retired
