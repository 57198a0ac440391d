"""Secrets at rest that must be read again: of use only to who has the installation's own key."""

from __future__ import annotations

import base64

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

KEY_BYTES = 32


def seal(secret: str, *, purpose: str) -> bytes:
    """Encrypted and authenticated (Fernet) under a key derived from the installation's own for this purpose only
    (HKDF, RFC 5869); nothing stays nothing.
    """
    return _box(purpose).encrypt(secret.encode()) if secret else b""


def unseal(sealed: bytes | memoryview, *, purpose: str) -> str:
    """What `seal` was given for the same purpose; "" if the installation's key is another one now."""
    try:
        return _box(purpose).decrypt(bytes(sealed)).decode() if sealed else ""
    except InvalidToken:
        return ""


def _box(purpose: str) -> Fernet:
    derived = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=purpose.encode())
    return Fernet(base64.urlsafe_b64encode(derived.derive(settings.SECRET_KEY.encode())))
