"""What pages need to know about the person who reads them. `people.Person` has these; `ui` may not import `people`."""

from __future__ import annotations

from typing import Any, Protocol, cast

from django.http import HttpRequest


class Reader(Protocol):
    """A signed-in person, as far as the looks of a page depend on them."""

    pk: Any
    time_zone: str  # IANA name, such as Europe/Madrid
    language: str  # language code, or "" to follow the browser
    theme: str  # auto, light or dark
    density: str  # cosy or compact


def reader_of(request: HttpRequest) -> Reader | None:
    """The person reading this page, or None for visitors. Costs the session's two queries the first time."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return None
    return cast("Reader", user)
