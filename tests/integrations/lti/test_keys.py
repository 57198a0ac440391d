"""Keys: the platform's are fetched, kept, and not asked for in a storm; ours are made, changed and kept safe."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection, connections
from django.test import Client, override_settings
from joserfc import jwt
from joserfc.jwk import KeySet

from tertulia.integrations.lti import platform_keys
from tertulia.integrations.lti.models import Platform, Refused, SigningKey
from tertulia.integrations.lti.platform_keys import platform_key
from tertulia.integrations.lti.refusals import Reason, Wrong
from tertulia.integrations.lti.services import keys
from tertulia.kernel.clock import now
from tertulia.people.services import create_person

from .platform import FakePlatform, launch
from .world import World


def _age(**ages: timedelta) -> None:
    Platform.objects.update(**{name: now() - age for name, age in ages.items()})


def test_keys_that_were_fetched_once_do_for_many_launches(world: World, fake: FakePlatform) -> None:
    del world
    for _each in range(3):
        assert launch(Client(), fake).status_code == 302
    assert fake.asked == 0


def test_a_key_that_was_changed_is_found(world: World, fake: FakePlatform) -> None:
    del world
    _age(keys_tried_at=timedelta(minutes=1))
    fake.kids = ["one", "two"]
    assert launch(Client(), fake).status_code == 302
    assert fake.asked == 1


def test_unknown_keys_make_no_storm(world: World, fake: FakePlatform) -> None:
    world.platform.refresh_from_db()
    _age(keys_tried_at=timedelta(minutes=1))
    for number in range(5):
        with pytest.raises(Wrong) as refused:
            platform_key(Platform.objects.get(), f"made-up-{number}")
        assert refused.value.reason is Reason.UNKNOWN_KID
    assert fake.asked == 1


def test_a_key_that_the_platform_withdrew_is_believed_for_hours_at_most(world: World, fake: FakePlatform) -> None:
    del world
    fake.kids = ["two"]
    _age(keys_tried_at=timedelta(minutes=1), keys_at=platform_keys.FRESH + timedelta(minutes=1))
    with pytest.raises(Wrong):
        platform_key(Platform.objects.get(), "one")


@pytest.mark.parametrize("mode", ["down", "huge", "html", "redirect"])
def test_while_the_platforms_keys_cannot_be_had_known_ones_hold(world: World, fake: FakePlatform, mode: str) -> None:
    del world
    fake.mode = mode
    _age(keys_tried_at=timedelta(minutes=1), keys_at=platform_keys.FRESH + timedelta(minutes=1))
    assert launch(Client(), fake).status_code == 302
    _age(keys_tried_at=timedelta(minutes=1), keys_at=platform_keys.STALE + timedelta(minutes=1))
    assert launch(Client(), fake).status_code == 403
    assert Refused.objects.get().reason == Reason.NO_KEYS


def test_a_slow_platform_is_given_up(world: World, fake: FakePlatform, monkeypatch: pytest.MonkeyPatch) -> None:
    del world
    monkeypatch.setattr("tertulia.kernel.fetching.SECONDS", 0.3)
    fake.mode = "slow"
    Platform.objects.update(jwks={}, keys_at=None, keys_tried_at=None)
    assert launch(Client(), fake).status_code == 403
    line = Refused.objects.get()
    assert (line.reason, "slow" in line.details["error"]) == (Reason.NO_KEYS, True)


@pytest.mark.django_db(transaction=True)
def test_many_at_once_ask_once(fake: FakePlatform) -> None:
    from tertulia.integrations.lti.services.platforms import add_platform

    owner = create_person(email="o@example.org", verified=True, is_owner=True)
    platform = add_platform(actor=owner, **fake.fields)  # type: ignore[arg-type]  # a plain mapping
    found: list[str] = []

    def look() -> None:
        try:
            found.append(str(platform_key(Platform.objects.get(pk=platform.pk), "one").kid))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=look) for _each in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["one"] * 6
    assert fake.asked == 1


def test_our_keys_are_published_without_their_secret(db: None) -> None:
    del db
    answer = Client().get("/lti/jwks")
    assert answer["Cache-Control"] == "public, max-age=3600"
    [key] = answer.json()["keys"]
    assert set(key) == {"kty", "n", "e", "kid", "use", "alg"}
    token = keys.sign({"iss": "us"})
    assert jwt.decode(token, KeySet.import_key_set(answer.json()), algorithms=["RS256"]).claims == {"iss": "us"}
    assert SigningKey.objects.count() == 1


def test_a_changed_key_leaves_the_old_one_readable_for_a_week(world: World) -> None:
    old = keys.sign({"n": 1})
    keys.rotate(actor=world.olga)
    new = keys.sign({"n": 2})
    published = KeySet.import_key_set(keys.public_keys())  # type: ignore[arg-type]  # a JWKS
    assert len(published.keys) == 2
    assert [jwt.decode(token, published, algorithms=["RS256"]).claims["n"] for token in (old, new)] == [1, 2]
    SigningKey.objects.exclude(retired_at=None).update(retired_at=now() - keys.PUBLISHED_AFTER)
    assert len(keys.public_keys()["keys"]) == 1
    assert keys.drop_retired() == 1


def test_the_private_key_cannot_be_read_from_the_database(db: None) -> None:
    del db
    keys.sign({})
    with connection.cursor() as cursor:
        cursor.execute("SELECT sealed, public::text FROM lti_signingkey")
        sealed, public = cursor.fetchone()
    assert b'"d"' not in bytes(sealed)
    assert '"d"' not in public


def test_with_another_installation_secret_a_new_key_is_made(db: None) -> None:
    del db
    keys.sign({})
    with override_settings(SECRET_KEY="another secret of fifty characters at the very least!"):
        token = keys.sign({"n": 1})
        published = KeySet.import_key_set(keys.public_keys())  # type: ignore[arg-type]  # a JWKS
    assert jwt.decode(token, published, algorithms=["RS256"]).claims["n"] == 1
    assert SigningKey.objects.count() == 2
