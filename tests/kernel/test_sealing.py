"""What is sealed is read with the installation's own key and for its own purpose, by nobody else."""

from __future__ import annotations

from typing import Any

from tertulia.kernel.sealing import seal, unseal

SECRET = "a secret of words and \u00fcmlauts"


def test_what_is_sealed_can_be_read_again() -> None:
    sealed = seal(SECRET, purpose="one")
    assert SECRET.encode() not in sealed
    assert unseal(memoryview(sealed), purpose="one") == SECRET
    assert seal(SECRET, purpose="one") != sealed, "equal secrets do not look equal"
    assert unseal(seal("", purpose="one"), purpose="one") == ""


def test_not_for_another_purpose() -> None:
    assert unseal(seal(SECRET, purpose="one"), purpose="two") == ""


def test_not_if_anybody_changed_it() -> None:
    sealed = bytearray(seal(SECRET, purpose="one"))
    sealed[30] ^= 1
    assert unseal(bytes(sealed), purpose="one") == ""
    assert unseal(b"not sealed at all", purpose="one") == ""


def test_not_with_another_key_of_the_installation(settings: Any) -> None:
    sealed = seal(SECRET, purpose="one")
    settings.SECRET_KEY = "another key, at least fifty characters long, is used from now on"
    assert unseal(sealed, purpose="one") == ""
