"""Asking an outside system by HTTP: never for long, never for much, never where it was not meant to go.

An owner of the installation chose the system's own address, so it may be on a private network, as a campus's or a
trial's is. What that system then names - its keys, its token endpoint - may not lead from outside into that network.
"""

from __future__ import annotations

import io
import ipaddress
import json
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPResponse
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlencode, urlsplit

import urllib3
from django.conf import settings
from django.utils.translation import gettext as _
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util import parse_url

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

SECONDS = 5.0
MOMENT = 0.1
"""Seconds that the last address of a host has when those before it took all the time."""
MOST_BYTES = 1024 * 1024
SHOWN = 200


class Unreachable(Exception):
    """An outside system gave no usable answer. The text is a sentence for its administrator; it holds no secret."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; `headers` are found in any case."""

    status: int
    content: bytes
    headers: Mapping[str, str]

    def json(self) -> Any:
        """The content read as JSON. Raises Unreachable."""
        try:
            return json.loads(self.content)
        except (ValueError, RecursionError):
            raise Unreachable(_("It does not answer with JSON.")) from None


def fetch(
    url: str,
    *,
    chosen: str | None = None,
    form: Mapping[str, str] | None = None,
    json_body: object = None,
    headers: Mapping[str, str] | None = None,
    any_status: bool = False,
    seconds: float | None = None,
) -> Answer:
    """GET `url`, or POST `form` or `json_body` to it: within 5 seconds (or `seconds`) from the connection to the last
    byte, at most 1 MiB, redirects not followed.

    `chosen` is the address that an owner entered for this system; by default it is `url` itself. Raises Unreachable,
    also for a status that is not 2xx unless `any_status`.
    """
    addresses = _check(url, url if chosen is None else chosen)
    sent = {"Accept": "application/json", "User-Agent": "Tertulia", **(headers or {})}
    body: str | None = None
    if form is not None:
        body = urlencode(form)
        sent["Content-Type"] = "application/x-www-form-urlencoded"
    elif json_body is not None:
        body = json.dumps(json_body)
        sent.setdefault("Content-Type", "application/json")
    try:
        response = _ask(url, addresses, body, sent, SECONDS if seconds is None else seconds)
        try:
            content = _read(response, url)
        finally:
            response.close()
    except urllib3.exceptions.HTTPError as error:
        raise Unreachable(
            _("%(url)s cannot be reached (%(error)s).") % {"url": url[:SHOWN], "error": type(error).__name__}
        ) from None
    status = response.status
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        raise Unreachable(
            _("%(url)s leads on to %(location)s. Enter the address that it leads to.")
            % {"url": url[:SHOWN], "location": response.headers.get("Location", "?")[:SHOWN]}
        )
    if not any_status and not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        raise Unreachable(_("%(url)s answers %(status)d.") % {"url": url[:SHOWN], "status": status})
    return Answer(status, content, response.headers)


def check_address(url: str) -> str:
    """The address itself. Raises Unreachable for one that nobody may enter: without encryption, unless we have none."""
    schemes = {"https"} if settings.BASE_URL.startswith("https://") else {"https", "http"}
    try:
        parts = urlsplit(url)
        usable = parts.scheme in schemes and parts.hostname and parts.username is None and (parts.port or 1)
    except ValueError:
        usable = False
    if not usable or not url.isprintable() or " " in url:
        raise Unreachable(_("“%(url)s” is not an address that begins with https://.") % {"url": url[:SHOWN]})
    return url


def check_stranger(url: str) -> str:
    """As `check_address`, for one that no owner of ours entered: it must not lead into our own network.

    Where we are on a private network ourselves (a campus, a trial), so may be what we talk to; but never addresses at
    which only the machine's own surroundings answer.
    """
    _check(url, settings.BASE_URL)
    return url


def _ask(
    url: str, addresses: Sequence[Address], body: str | None, headers: Mapping[str, str], seconds: float
) -> urllib3.BaseHTTPResponse:
    """Ask at one of the addresses that were checked. Were the name looked up once more, it could lead elsewhere by now
    (DNS rebinding); so it is only what the certificate is for and the `Host` says.
    """
    target = parse_url(url)
    name = (target.host or "").strip("[]")
    named = {"assert_hostname": name, "server_hostname": name} if target.scheme == "https" else {}
    end = time.monotonic() + seconds
    for number, address in enumerate(addresses, start=1):
        pool = _pool.connection_from_host(str(address), target.port, target.scheme, pool_kwargs=named)
        try:
            return pool.urlopen(
                "GET" if body is None else "POST",
                target.request_uri,
                body=body,
                headers={**headers, "Host": target.netloc or ""},
                timeout=urllib3.Timeout(total=max(MOMENT, end - time.monotonic())),
                redirect=False,
                retries=False,
                preload_content=False,
            )
        except (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError):
            if number == len(addresses):
                raise
    raise AssertionError("a name that was looked up has an address")


def _check(url: str, chosen: str) -> list[Address]:
    """The addresses at which to ask."""
    check_address(url)
    host = urlsplit(url).hostname or ""
    addresses = _addresses(host)
    if any(address.is_link_local or address.is_multicast or address.is_unspecified for address in addresses):
        raise Unreachable(_("%(host)s is an address at which no such system can be.") % {"host": host})
    home = urlsplit(chosen).hostname or ""
    if host != home and not _are_public(addresses) and _are_public(_addresses(home)):
        raise Unreachable(
            _("%(host)s is on a private network. From %(home)s, which is public, that is not followed.")
            % {"home": home, "host": host}
        )
    return addresses


def _are_public(addresses: Sequence[Address]) -> bool:
    return all(address.is_global for address in addresses)


def _addresses(host: str) -> list[Address]:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Unreachable(_("There is no such host as %(host)s.") % {"host": host[:SHOWN]}) from None
    return list(dict.fromkeys(_plain(ipaddress.ip_address(str(entry[4][0]).partition("%")[0])) for entry in found))


def _plain(address: Address) -> Address:
    return (isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped) or address


def _read(response: urllib3.BaseHTTPResponse, url: str) -> bytes:
    content = bytearray()
    try:
        while piece := response.read1(64 * 1024, decode_content=False):
            content += piece
            if len(content) > MOST_BYTES:
                raise Unreachable(_("%(url)s answers with far too much.") % {"url": url[:SHOWN]})
    except urllib3.exceptions.ReadTimeoutError:
        raise Unreachable(_("%(url)s is too slow.") % {"url": url[:SHOWN]}) from None
    return bytes(content)


class _Until(io.RawIOBase):
    """Reads from a socket until a moment. A socket's own timeout begins anew with each byte of a slow drip."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._end = time.monotonic() + (sock.gettimeout() or SECONDS)
        self._raw = cast("io.RawIOBase", sock.makefile("rb", buffering=0))

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        """As every raw stream. Raises TimeoutError."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._sock.settimeout(left)
        return cast("int | None", self._raw.readinto(buffer))

    def close(self) -> None:
        """Give the socket back."""
        self._raw.close()
        super().close()


class _Response(HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp.close()
        self.fp = io.BufferedReader(_Until(sock))


class _Http(HTTPConnection):
    response_class = _Response


class _Https(HTTPSConnection):
    response_class = _Response


class _HttpPool(HTTPConnectionPool):
    ConnectionCls = _Http


class _HttpsPool(HTTPSConnectionPool):
    ConnectionCls = _Https


_pool = urllib3.PoolManager(maxsize=4, retries=False)
_pool.pool_classes_by_scheme = {"http": _HttpPool, "https": _HttpsPool}
