"""What the kinds of providers can do, found where allauth keeps them: Open edX lies in a package above this one."""

from __future__ import annotations

from typing import Any, Protocol

from django.http import HttpRequest

from tertulia.people.sign_in.providers import Provider, as_app


class Way(Protocol):
    """One provider, as somebody who signs out meets it."""

    def leaving_address(self, request: HttpRequest, leaving: dict[str, Any]) -> str:
        """Where one signs out there; "" if nowhere. Raises Unreachable."""


class KindOfProvider(Protocol):
    """A kind."""

    def try_out(self, record: Provider) -> str:
        """Asks the other side; a sentence that says what works. Raises Unreachable."""

    def settle(self, record: Provider) -> dict[str, str]:
        """Fields that the other side knows better than who typed them. Raises Unreachable."""

    def issuer_of(self, record: Provider) -> str:
        """The issuer of the identities that come by it; "" while that is not known."""


def kind_of(record: Provider) -> KindOfProvider:
    """The kind of this provider."""
    from allauth.socialaccount.providers import registry

    registry.load()
    kind: KindOfProvider = registry.get_class(record.kind)
    return kind


def way(request: HttpRequest, record: Provider) -> Way:
    """This provider, for a request."""
    from allauth.socialaccount.providers import registry

    registry.load()
    found: Way = registry.get_class(record.kind)(request, app=as_app(record))
    return found
