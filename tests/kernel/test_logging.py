"""The log holds no secrets."""

from __future__ import annotations

import pytest

from tertulia.kernel.logging import STARS, hide_secrets


@pytest.mark.parametrize(
    "name",
    ["password", "new_password", "SECRET_KEY", "token", "csrftoken", "Authorization", "Cookie", "api_key", "code"],
)
def test_what_is_named_like_a_secret_is_starred(name: str) -> None:
    assert hide_secrets(None, "info", {name: "open sesame"}) == {name: STARS}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("postgresql://ana:sesame@db:5432/name", f"postgresql://ana:{STARS}@db:5432/name"),
        ("smtp://:sesame@mail", f"smtp://:{STARS}@mail"),
        ("Authorization: Bearer tert_abc.def", f"Authorization: Bearer {STARS}"),
        ("see http://example.org/a:b@c", "see http://example.org/a:b@c"),
        ("Internal Server Error: /join/abc-DEF_123", f"Internal Server Error: /join/{STARS}"),
        ("/accounts/password/reset/key/3-abc/", f"/accounts/password/reset/key/{STARS}/"),
        ("nothing to hide", "nothing to hide"),
    ],
)
def test_secrets_inside_text_are_starred(text: str, expected: str) -> None:
    assert hide_secrets(None, "info", {"event": text}) == {"event": expected}


def test_the_rest_stays() -> None:
    event = {"status_code": 500, "path": "/w/course", "person_id": "1"}
    assert hide_secrets(None, "info", dict(event)) == event
