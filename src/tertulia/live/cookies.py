"""The cookies that a request brings: where a browser keeps its session."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from http.cookies import CookieError, SimpleCookie


@lru_cache(maxsize=2000)
def cookies(sent: bytes) -> Mapping[str, str]:
    """The names and values in a `Cookie` header; none where it cannot be read, and none with NUL: it is not ours."""
    jar: SimpleCookie = SimpleCookie()
    with suppress(CookieError):
        jar.load(sent.decode("latin-1"))
    return {name: morsel.value for name, morsel in jar.items() if "\0" not in morsel.value}
