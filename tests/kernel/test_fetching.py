"""Outside systems are asked within limits, and nowhere else than where that was meant to go."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tertulia.kernel import fetching
from tertulia.kernel.fetching import Unreachable


class There(ThreadingHTTPServer):
    """Answers as `answer` says."""

    daemon_threads = True
    answer: Callable[[BaseHTTPRequestHandler], None]
    connections = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: There

    def setup(self) -> None:
        super().setup()
        self.server.connections += 1

    def do_GET(self) -> None:
        """As the test says."""
        with suppress(OSError):  # who asked has gone
            self.server.answer(self)

    def do_POST(self) -> None:
        """Likewise."""
        self.do_GET()

    def log_message(self, *_args: object) -> None:
        """Nothing is logged."""


@pytest.fixture
def there() -> Iterator[There]:
    with There(("127.0.0.1", 0), _Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield server
        server.shutdown()


def _send(handler: BaseHTTPRequestHandler, content: bytes, status: int = 200, **headers: str) -> None:
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    handler.wfile.write(content)


def _echo(handler: BaseHTTPRequestHandler) -> None:
    body = handler.rfile.read(int(handler.headers.get("Content-Length", 0))).decode()
    told = {"method": handler.command, "type": handler.headers["Content-Type"], "body": body}
    _send(handler, json.dumps(told).encode(), Link="<next>")


def test_what_is_asked_and_what_comes_back(there: There) -> None:
    there.answer = _echo
    answer = fetching.fetch(there.url)
    assert (answer.status, answer.headers.get("link")) == (200, "<next>")
    assert answer.json() == {"method": "GET", "type": None, "body": ""}
    form = fetching.fetch(there.url, form={"a": "1 &"}).json()
    assert form == {"method": "POST", "type": "application/x-www-form-urlencoded", "body": "a=1+%26"}
    sent = fetching.fetch(there.url, json_body={"a": [1]}).json()
    assert sent == {"method": "POST", "type": "application/json", "body": '{"a": [1]}'}
    assert there.connections == 1, "one connection serves them all"


def _drip_headers(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        handler.wfile.write(b"X-More: 1\r\n")
        time.sleep(0.1)


def _drip_line(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 O")
    while True:
        handler.wfile.write(b"K")
        time.sleep(0.1)


def _drip_body(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    while True:
        handler.wfile.write(b"x")
        time.sleep(0.1)


def _drip_chunks(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        handler.wfile.write(b"1\r\nx\r\n")
        time.sleep(0.1)


def _hang(handler: BaseHTTPRequestHandler) -> None:
    handler.rfile.read(1)  # until who asked goes


@pytest.mark.parametrize("answer", [_drip_line, _drip_headers, _drip_body, _drip_chunks, _hang])
def test_nobody_is_waited_for_longer_than_said(there: There, answer: Callable[[Any], None]) -> None:
    """Each drip lasts for ever, with every byte well within a socket's timeout; so would this test."""
    there.answer = answer
    with pytest.raises(Unreachable, match=r"too slow|cannot be reached"):
        fetching.fetch(there.url, seconds=0.5)
    there.answer = _echo
    assert fetching.fetch(there.url).status == 200, "what was cut off is not read on"


def test_a_huge_answer_is_not_read_to_its_end(there: There) -> None:
    sent = []

    def flood(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            handler.wfile.write(b"x" * 65536)
            sent.append(65536)

    there.answer = flood
    with pytest.raises(Unreachable, match="far too much"):
        fetching.fetch(there.url)
    assert sum(sent) < 100 * fetching.MOST_BYTES


def test_redirects_are_told_not_followed(there: There) -> None:
    there.answer = lambda handler: _send(handler, b"", 302, Location="http://169.254.169.254/")
    with pytest.raises(Unreachable, match=r"leads on to http://169\.254\.169\.254/"):
        fetching.fetch(there.url, any_status=True)


def test_refusals_are_answers_only_to_who_asks_for_them(there: There) -> None:
    there.answer = lambda handler: _send(handler, b'{"error": "no"}', 400)
    assert fetching.fetch(there.url, any_status=True).json() == {"error": "no"}
    with pytest.raises(Unreachable, match="answers 400"):
        fetching.fetch(there.url)


@pytest.mark.parametrize("content", [b"", b"<html>", b"[" * 100_000, b"\xff\xfe\x00"])
def test_what_is_no_json_is_said(there: There, content: bytes) -> None:
    there.answer = lambda handler: _send(handler, content)
    with pytest.raises(Unreachable, match="JSON"):
        fetching.fetch(there.url).json()


def test_a_stranger_leads_nowhere_inside_when_we_are_outside(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    hosts = {"tertulia.example": "93.184.216.34", "inside.example": "10.0.0.7", "outside.example": "93.184.216.35"}
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *_a, **_k: [(0, 0, 0, "", (hosts.get(host, host), 0))])
    settings.BASE_URL = "https://tertulia.example"
    assert fetching.check_stranger("https://outside.example/a") == "https://outside.example/a"
    for url in ("https://inside.example/", "https://127.0.0.1/", "https://169.254.169.254/", "http://outside.example/"):
        with pytest.raises(Unreachable):
            fetching.check_stranger(url)
    hosts["tertulia.example"] = "10.0.0.1"
    fetching.check_stranger("https://inside.example/")
    with pytest.raises(Unreachable):
        fetching.check_stranger("https://169.254.169.254/")


def test_what_is_public_does_not_lead_into_a_private_network(monkeypatch: pytest.MonkeyPatch) -> None:
    hosts = {"id.example": "93.184.216.34", "keys.example": "10.0.0.7", "mapped.example": "::ffff:10.0.0.7"}
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *_a, **_k: [(0, 0, 0, "", (hosts.get(host, host), 0))])
    asked: list[str] = []

    def ask(url: str, *_about: Any) -> None:
        asked.append(url)
        raise Unreachable("stop")

    monkeypatch.setattr(fetching, "_ask", ask)
    public, private = "https://id.example/", "https://10.1.2.3/"
    for url, chosen, goes in (
        ("https://keys.example/jwks", public, False),
        ("https://mapped.example/jwks", public, False),
        ("https://127.0.0.1/jwks", public, False),
        ("https://169.254.169.254/latest/meta-data", "https://169.254.169.254/", False),
        ("https://0.0.0.0/", private, False),
        ("https://id.example/jwks", public, True),
        ("https://10.1.2.3/jwks", private, True),
        ("https://10.0.0.7/jwks", private, True),
    ):
        asked.clear()
        with pytest.raises(Unreachable):
            fetching.fetch(url, chosen=chosen)
        assert bool(asked) is goes, url


@pytest.mark.parametrize(
    "url",
    [
        "ftp://x.example/",
        "file:///etc/passwd",
        "https://user:pw@x.example/",
        "https://x.example:99999/",
        "https:///",
        "",
    ],
)
def test_addresses_that_are_not_asked(url: str) -> None:
    with pytest.raises(Unreachable):
        fetching.check_address(url)


def test_a_host_that_does_not_exist_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_args: object, **_kwargs: object) -> None:
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(Unreachable, match="no such host"):
        fetching.fetch("https://id.example/", chosen="https://id.example/")


def test_without_encryption_only_where_we_have_none_ourselves(settings: Any) -> None:
    fetching.check_address("http://id.example/")
    settings.BASE_URL = "https://tertulia.example"
    with pytest.raises(Unreachable):
        fetching.check_address("http://id.example/")


def _names(monkeypatch: pytest.MonkeyPatch, **answers: list[str]) -> list[str]:
    """From now on each lookup of a name takes its next answer. Returns the lookups, as they come."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def look_up(host: str, port: Any, *args: Any, **kwargs: Any) -> Any:
        if host.endswith(".test"):
            asked.append(host)
            host = answers[host.removesuffix(".test")].pop(0)
        return real(host, port, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return asked


def test_a_name_is_looked_up_once(there: There, monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS rebinding: what was checked is what is asked, whatever the name means by now."""
    there.answer = lambda handler: _send(handler, json.dumps(handler.headers["Host"]).encode())
    asked = _names(monkeypatch, lms=["127.0.0.1", "127.0.0.2"])
    host = f"lms.test:{there.server_port}"
    assert fetching.fetch(f"http://{host}/a?b=c").json() == host
    assert asked == ["lms.test"]


def test_what_turns_private_after_the_check_is_not_asked(there: There, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = _names(monkeypatch, chosen=["93.184.216.34"], keys=["127.0.0.1"])
    with pytest.raises(Unreachable, match="private network"):
        fetching.fetch(f"http://keys.test:{there.server_port}/", chosen="http://chosen.test/")
    assert there.connections == 0
    assert asked == ["keys.test", "chosen.test"]


def test_the_next_address_is_tried_where_nobody_listens(there: There, monkeypatch: pytest.MonkeyPatch) -> None:
    there.answer = lambda handler: _send(handler, b'"here"')
    both = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, 0)) for host in ("127.0.0.3", "127.0.0.1")]
    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *a, **k: both if host == "lms.test" else real(host, *a, **k)
    )
    assert fetching.fetch(f"http://lms.test:{there.server_port}/").json() == "here"
    both.pop()
    with pytest.raises(Unreachable, match="cannot be reached"):
        fetching.fetch(f"http://lms.test:{there.server_port}/")


@pytest.mark.parametrize(("name", "believed"), [("lms.test", True), ("other.test", False)])
def test_the_certificate_is_for_the_name(
    there: There, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, *, believed: bool
) -> None:
    certificate = tmp_path / "certificate.pem"
    certificate.write_bytes(_certificate("lms.test"))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    there.socket = tls.wrap_socket(there.socket, server_side=True)
    there.answer = lambda handler: _send(handler, b'"here"')
    monkeypatch.setitem(fetching._pool.connection_pool_kw, "ca_certs", str(certificate))
    _names(monkeypatch, **{name.removesuffix(".test"): ["127.0.0.1"]})
    url = f"https://{name}:{there.server_port}/"
    if believed:
        assert fetching.fetch(url).json() == "here"
    else:
        with pytest.raises(Unreachable, match="SSLError"):
            fetching.fetch(url)


def _certificate(name: str) -> bytes:
    """A certificate for this name that vouches for itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    whose = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(whose)
        .issuer_name(whose)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return secret + made.public_bytes(Encoding.PEM)
