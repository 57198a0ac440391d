"""Our own key pair in SAML: providers encrypt assertions for it, and know our requests for signing out by it."""

from __future__ import annotations

import base64
import hashlib
from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from tertulia.kernel.signing import KeyRing
from tertulia.people.models import SamlKey

KEYS = KeyRing(model=SamlKey, purpose="tertulia saml keys", name="SAML key")
LIFE = timedelta(days=365 * 20)


def pair() -> dict[str, str]:
    """The certificate and the private key, as allauth's settings call them; the same each time, for others keep the
    certificate.

    The certificate vouches for itself, as is usual in SAML's metadata. It is made anew of the key and when that was
    made: RSA signatures by PKCS #1 v1.5 are always the same.
    """
    row, key = KEYS.current()
    private = load_pem_private_key(key.as_pem(private=True), password=None)
    assert isinstance(private, RSAPrivateKey)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Tertulia")])
    begins = row.created_at.replace(microsecond=0)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(int.from_bytes(hashlib.sha256(row.kid.encode()).digest()[:16]) or 1)
        .not_valid_before(begins)
        .not_valid_after(begins + LIFE)
        .sign(private, SHA256())
    )
    return {
        "x509cert": base64.b64encode(certificate.public_bytes(Encoding.DER)).decode(),
        "private_key": key.as_pem(private=True).decode(),
    }
