"""The tools that owners let in, in allauth's table of clients, and the addresses to which they may have people sent."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

from allauth.idp.oidc.models import Client
from django.conf import settings
from django.utils.translation import gettext as _

from tertulia.kernel.errors import Invalid, NotFound

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
LONGEST = 500


def all_tools() -> list[Client]:
    """All tools, by name. One query."""
    return list(Client.objects.order_by("name", "pk"))


def one(client_id: str) -> Client:
    """A tool. Raises NotFound."""
    client = Client.objects.filter(pk=client_id).first()
    if client is None:
        raise NotFound
    return client


def is_public(client: Client) -> bool:
    """Whether it can keep no secret: it runs in its people's browsers or devices (RFC 6749, 2.1)."""
    return bool(client.type == Client.Type.PUBLIC)


def needs_pkce(client: Client) -> bool:
    """Whether it must prove that it is the one who asked (RFC 7636). Public ones always must (RFC 9700, 2.1.1)."""
    return is_public(client) or bool((client.data or {}).get("needs_pkce", True))


def is_assured(client: Client, address: str) -> bool:
    """Whether it is known who gets what is sent to `address`: on people's own devices any program may listen there, so
    a person is to look each time (RFC 8252, 8.6).
    """
    return not is_public(client) or address.startswith("https://")


def sends_to(client: Client, address: str) -> bool:
    """Whether people may be sent to `address` for this tool: to the letter (RFC 9700, 4.1.3), but any port of their own
    device for a program that runs there (RFC 8252, 7.3).
    """
    known = client.get_redirect_uris()
    if address in known:
        return True
    return is_public(client) and _portless(address) in {_portless(uri) for uri in known if _is_own_device(uri)}


def signs_out_to(client: Client, address: str) -> bool:
    """Whether people may be sent to `address` after signing out: one of those entered for it, to the letter, or, where
    none was, any page beside those that people come back to.
    """
    known = client.get_post_logout_redirect_uris()
    if known:
        return address in known
    try:
        return _origin(address) in {_origin(uri) for uri in client.get_redirect_uris()} - {""}
    except ValueError:
        return False


def check_address(address: str, *, public: bool, field: str) -> str:
    """An address that an owner enters for a tool. Raises Invalid with a sentence that says what is wrong with it."""
    try:
        parts = urlsplit(address)
        whole = bool(parts.scheme) and parts.port != 0 and parts.username is None and not parts.fragment
    except ValueError:
        whole = False
    if not whole or len(address) > LONGEST or not address.isascii() or not address.isprintable() or "*" in address:
        raise Invalid(_("“%(address)s” is not a whole address.") % {"address": address[:80]}, field=field)
    if any(sign in address for sign in " \\\"'<>`{}|^"):
        raise Invalid(
            _("“%(address)s” has a sign in it that addresses have not.") % {"address": address[:80]}, field=field
        )
    if not _may_be(parts, public=public):
        raise Invalid(
            _(
                "“%(address)s” must begin with https://. Only programs on people's own devices may have http://127.0.0.1"
                " or, if they can keep no secret, a name of their own such as org.example.app:/back."
            )
            % {"address": address[:80]},
            field=field,
        )
    return address


def _may_be(parts: SplitResult, *, public: bool) -> bool:
    if parts.scheme == "https":
        return bool(parts.hostname)
    if parts.scheme == "http":
        return bool(parts.hostname) and (parts.hostname in LOOPBACK or settings.BASE_URL.startswith("http://"))
    return public and "." in parts.scheme  # RFC 8252, 7.1


def _is_own_device(address: str) -> bool:
    parts = urlsplit(address)
    return parts.scheme == "http" and parts.hostname in LOOPBACK


def _origin(address: str) -> str:
    parts = urlsplit(address)
    plain = parts.scheme in {"https", "http"} and address.isascii() and address.isprintable() and "\\" not in address
    return f"{parts.scheme}://{parts.netloc.lower()}" if plain else ""


def _portless(address: str) -> str:
    try:
        parts = urlsplit(address)
        if not _is_own_device(address) or parts.username is not None or parts.port == 0:
            return ""
    except ValueError:
        return ""
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return parts._replace(netloc=host or "").geturl()
