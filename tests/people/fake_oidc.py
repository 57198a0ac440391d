"""A fake OpenID provider on 127.0.0.1: real HTTP, real discovery, real signatures, and every mistake on demand.

It is a fake: nobody signs in there, `code_for` hands out codes as if somebody had.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote_plus, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

CLIENT = "tertulia:client/1"
SECRET = "s3cret+with/odd=chars"

Reply = tuple[int, str, bytes]


@dataclass
class Fake:
    """What it does can be changed while it runs."""

    origin: str = ""
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one"}))
    codes: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    description: dict[str, Any] = field(default_factory=dict)
    answers: dict[str, Callable[[], Reply]] = field(default_factory=dict)
    """Path -> what to answer instead."""
    who: dict[str, Any] = field(default_factory=dict)
    """Who is signed in there, for browsers: `/authorize` sends them straight back."""
    sign: Callable[[dict[str, Any]], str] | None = None
    """Claims -> token, instead of an honest signature."""

    @property
    def issuer(self) -> str:
        return f"{self.origin}/realms/campus"

    def code_for(self, location: str, **claims: Any) -> dict[str, str]:
        """What the browser brings back when somebody of these claims signs in at `location`."""
        asked = dict(parse_qsl(urlsplit(location).query))
        code = f"code-{len(self.codes)}"
        self.codes[code] = {"asked": asked, "claims": {"nonce": asked.get("nonce"), **claims}}
        return {"code": code, "state": asked["state"], "iss": self.issuer}

    def token(self, claims: dict[str, Any]) -> str:
        """A signed ID token."""
        moment = int(time.time())
        whole = {"iss": self.issuer, "aud": CLIENT, "iat": moment, "exp": moment + 300, **claims}
        whole = {name: value for name, value in whole.items() if value is not None}
        return self.sign(whole) if self.sign else jwt.encode({"alg": "RS256", "kid": "one"}, whole, self.key)

    def authorize(self, address: str) -> Reply:
        """The browser is sent back at once."""
        asked = dict(parse_qsl(urlsplit(address).query))
        brought = self.code_for(address, **self.who)
        return 302, f"{asked['redirect_uri']}?{urlencode(brought)}", b""

    def reply(self, path: str, form: dict[str, str], authorization: str) -> Reply:
        """The honest answers."""
        if path == "/logout":
            return 200, "text/html", b"<title>There</title><h1>Signed out there</h1>"
        if path == "/realms/campus/.well-known/openid-configuration":
            return _json(
                {
                    "issuer": self.issuer,
                    "authorization_endpoint": f"{self.origin}/authorize?policy=one",
                    "token_endpoint": f"{self.origin}/token",
                    "userinfo_endpoint": f"{self.origin}/userinfo",
                    "jwks_uri": f"{self.origin}/jwks",
                    "end_session_endpoint": f"{self.origin}/logout",
                    **self.description,
                }
            )
        if path == "/jwks":
            return _json(KeySet([self.key]).as_dict(private=False))
        if path == "/token":
            return self._tokens(form, authorization)
        if path == "/userinfo":
            return _json(json.loads(base64.b64decode(authorization.removeprefix("Bearer "))))
        return 404, "text/plain", b"no"

    def _tokens(self, form: dict[str, str], authorization: str) -> Reply:
        told = self.codes.pop(form.get("code", ""), None)
        pair = base64.b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
        if (unquote_plus(pair[0]), unquote_plus(pair[2])) != (CLIENT, SECRET):
            return 401, "application/json", b'{"error": "invalid_client"}'
        if told is None or form.get("redirect_uri") != told["asked"]["redirect_uri"]:
            return 400, "application/json", b'{"error": "invalid_grant"}'
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if _base64(digest) != told["asked"]["code_challenge"]:
            return 400, "application/json", b'{"error": "invalid_grant"}'
        userinfo = told["claims"].pop("userinfo", {"sub": told["claims"].get("sub")})
        access = base64.b64encode(json.dumps(userinfo).encode()).decode()
        return _json({"access_token": access, "token_type": "Bearer", "id_token": self.token(told["claims"])})


def unsigned(claims: dict[str, Any]) -> str:
    """An `alg: none` token."""
    return f"{_part({'alg': 'none'})}.{_part(claims)}."


def signed_with_public_key(key: RSAKey) -> Callable[[dict[str, Any]], str]:
    """An HS256 token whose secret is what everybody knows: the public key."""

    def sign(claims: dict[str, Any]) -> str:
        said = f"{_part({'alg': 'HS256', 'kid': 'one'})}.{_part(claims)}"
        return f"{said}.{_base64(hmac.digest(key.as_pem(private=False), said.encode(), 'sha256'))}"

    return sign


def _part(value: Any) -> str:
    return _base64(json.dumps(value).encode())


def _base64(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _json(body: Any) -> Reply:
    return 200, "application/json", json.dumps(body).encode()


@contextmanager
def running(fake: Any) -> Iterator[Any]:
    """Serve a fake for as long as the block lasts."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer({})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            self._answer({name: values[0] for name, values in parse_qs(body, keep_blank_values=True).items()})

        def _answer(self, form: dict[str, str]) -> None:
            path = urlsplit(self.path).path
            fake.asked.append(path)
            instead = fake.answers.get(path)
            if path == "/authorize":
                instead = partial(fake.authorize, self.path)
            status, kind, body = instead() if instead else fake.reply(path, form, self.headers.get("Authorization", ""))
            self.send_response(status)
            self.send_header("Content-Type", kind)
            if kind.startswith("http"):
                self.send_header("Location", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with suppress(OSError):  # who asked may have heard enough
                self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    fake.origin = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
