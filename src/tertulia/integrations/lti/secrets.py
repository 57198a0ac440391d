"""Random words that are good once, and what is kept of them."""

from __future__ import annotations

import hashlib
import secrets

BYTES = 32


def new_secret() -> str:
    """256 random bits, fit for addresses."""
    return secrets.token_urlsafe(BYTES)


def digest(secret: str) -> bytes:
    """What is stored of a secret: enough to know it again, not to use it."""
    return hashlib.sha256(secret.encode()).digest()
