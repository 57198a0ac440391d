"""What the sign-in page needs to know of outside systems."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import template

from tertulia.people.sign_in import providers

register = template.Library()


@dataclass(frozen=True)
class Outside:
    """The outside systems, each a name and where signing in by it begins, and whether to show the local form."""

    ways: list[tuple[str, str]]
    shows_local: bool
    only_these: bool


@register.simple_tag(takes_context=True)
def outside_sign_in(context: dict[str, Any]) -> Outside:
    """For the sign-in page; where the reader wanted to go (`next`) is kept. One query."""
    request = context["request"]
    wanted = request.GET.get("next") or request.POST.get("next") or ""
    onward = {"next": wanted} if wanted else {}
    found = [(one.name, providers.login_address(one, **onward)) for one in providers.enabled()]
    only = bool(found) and providers.only_owners_locally()
    return Outside(found, shows_local=not only or "local" in request.GET or request.method == "POST", only_these=only)
