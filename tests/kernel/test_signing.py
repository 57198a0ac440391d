"""Keys that we sign with: made when needed, sealed, turned over, and gone in the end."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from joserfc import jwt
from joserfc.jwk import KeySet

from tertulia.kernel.clock import now
from tertulia.kernel.models import AuditEntry
from tertulia.kernel.signing import PUBLISHED_AFTER, KeyRing
from tertulia.people import services
from tertulia.people.models import ToolKey

RING = KeyRing(model=ToolKey, purpose="tests", name="test key")


def _keys() -> KeySet:
    return KeySet.import_key_set(RING.public())  # type: ignore[arg-type]  # a JWKS as it is published


@pytest.mark.django_db
def test_the_first_signature_makes_a_key_and_the_next_uses_it() -> None:
    signed = [RING.sign({"n": n}) for n in range(2)]
    assert ToolKey.objects.count() == 1
    assert [jwt.decode(one, _keys(), algorithms=["RS256"]).claims["n"] for one in signed] == [0, 1]
    assert "d" not in RING.public()["keys"][0]


@pytest.mark.django_db
def test_turned_over_the_old_one_verifies_for_a_week() -> None:
    owner = services.create_person(email="olga@example.org", verified=True, is_owner=True)
    old = RING.sign({"n": 1})
    row = RING.rotate(actor=owner)
    assert jwt.decode(RING.sign({}), _keys(), algorithms=["RS256"]).header["kid"] == row.kid
    assert jwt.decode(old, _keys(), algorithms=["RS256"]).claims["n"] == 1
    assert [one.kid for one, _private in RING.published()] == [key["kid"] for key in RING.public()["keys"]]
    assert AuditEntry.objects.get(verb="rotated").object_kind == "test key"
    assert RING.drop_retired() == 0
    ToolKey.objects.exclude(pk=row.kid).update(retired_at=now() - PUBLISHED_AFTER - timedelta(seconds=1))
    assert len(RING.public()["keys"]) == 1
    assert RING.drop_retired() == 1


@pytest.mark.django_db
def test_another_secret_of_the_installation_makes_another_key(settings: Any) -> None:
    old = RING.current()[0].kid
    settings.SECRET_KEY = "another secret that is long enough to be one of an installation"
    assert RING.current()[0].kid != old
    assert len(RING.public()["keys"]) == 2, "what the old one signed can still be verified"
    assert [row.kid for row, _private in RING.published()] == [RING.current()[0].kid], "but nobody can sign by it"


@pytest.mark.django_db(transaction=True)
def test_of_many_first_signatures_at_once_one_makes_the_key() -> None:
    def first() -> str:
        try:
            return RING.current()[0].kid
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        kids = {one.result() for one in [pool.submit(first) for _number in range(4)]}
    assert len(kids) == 1
    assert ToolKey.objects.count() == 1
