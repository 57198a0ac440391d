"""A fake LMS: the platform's side of LTI 1.3 as far as a tool sees it, with real keys and real HTTP on 127.0.0.1.

It is a fake: it knows no courses and asks nobody who they are. What it signs, a test may bend in any way.
"""

from __future__ import annotations

import html
import json
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import parse_qs, urlencode, urlsplit

from django.conf import settings
from django.test import Client
from joserfc import jwt
from joserfc.jwk import RSAKey

from .gradebook import Asked, FakeGradebook

if TYPE_CHECKING:  # what the test client returns has a name in the stubs only
    from django.test.client import _MonkeyPatchedWSGIResponse

    Response: TypeAlias = _MonkeyPatchedWSGIResponse
else:
    from django.http import HttpResponse as Response

LTI = "https://purl.imsglobal.org/spec/lti/claim/"
DL = "https://purl.imsglobal.org/spec/lti-dl/claim/"
MEMBERSHIP = "http://purl.imsglobal.org/vocab/lis/v2/membership"
INSTRUCTOR = f"{MEMBERSHIP}#Instructor"
LEARNER = f"{MEMBERSHIP}#Learner"
TARGET = f"{settings.BASE_URL}/lti/launch"
DROP = object()
"""In claims: leave this one out."""

_REFUSALS: dict[str, tuple[int, bytes, dict[str, str]]] = {
    "down": (503, b"", {}),
    "throttled": (429, b"{}", {"Retry-After": "120"}),
    "busy": (503, b"", {"Retry-After": "Wed, 21 Oct 2099 07:28:00 GMT"}),
    "canvas": (403, b"403 Forbidden (Rate Limit Exceeded)", {"X-Rate-Limit-Remaining": "0.0"}),
    "too-many": (403, b'{"error": "above_response_limit", "explanation": "..."}', {}),
    "gone": (410, b"", {}),
    "expired": (401, b"", {}),
}
_KEYS: dict[str, RSAKey] = {}


def key(kid: str) -> RSAKey:
    """A private key of this name; made once for all tests."""
    if kid not in _KEYS:
        _KEYS[kid] = RSAKey.generate_key(2048, parameters={"kid": kid, "use": "sig", "alg": "RS256"}, private=True)
    return _KEYS[kid]


class Server(ThreadingHTTPServer):
    """Answers for its `platform`, from the beginning on."""

    platform: FakePlatform

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop serving."""
        self.shutdown()
        self.server_close()
        self._thread.join()


@dataclass
class FakePlatform:
    """`mode` says how its JWKS answers: `ok`, `down`, `slow`, `huge`, `html` or `redirect`; `asked` counts."""

    kids: list[str] = field(default_factory=lambda: ["one"])
    client_id: str = "tertulia-client"
    mode: str = "ok"
    asked: int = 0
    registered: list[dict[str, Any]] = field(default_factory=list)
    tokens_shown: list[str] = field(default_factory=list)
    deployment_given: str = "1"
    members: list[dict[str, Any]] = field(default_factory=list)
    roster: str = "ok"
    """How its roster answers, two people a page: `ok`, or from the second page on `down`, `elsewhere`, `loop`, `html`,
    `other` (another course's); `throttled` (429), `busy` (503 with a date), `canvas` (its 403), `low` (an allowance
    that runs out), `too-many` (Open edX), `gone` (410); `expired` (401)."""
    pages_asked: list[int] = field(default_factory=list)
    gradebook: FakeGradebook = field(default_factory=FakeGradebook)
    assertions: list[dict[str, str]] = field(default_factory=list)
    tool: str = ""
    """Where Tertulia serves, for browsers that open `/course` here."""
    storage: bool = False
    """Offer the platform's own storage (postMessages) to the tool."""
    launching: dict[str, Any] = field(default_factory=dict)
    """What launches from its pages claim, besides or instead of what `claims` says."""
    answering: threading.Event = field(default_factory=threading.Event)
    """Cleared, launches from its pages are signed and then wait until it is set again; `waiting` counts them."""
    waiting: int = 0
    server: Server = field(default_factory=Server)
    """Where it is; one that was there before may have left it to this one."""

    def __post_init__(self) -> None:
        self.answering.set()
        self.server.platform = self
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def close(self) -> None:
        """Stop serving."""
        self.answering.set()
        self.server.close()

    @property
    def fields(self) -> dict[str, str]:
        """What an owner enters of it."""
        return {
            "name": "Fake LMS",
            "issuer": self.url,
            "client_id": self.client_id,
            "auth_url": f"{self.url}/auth",
            "token_url": f"{self.url}/token",
            "jwks_url": f"{self.url}/jwks",
        }

    def claims(self, asked_with: str, /, **changes: Any) -> dict[str, Any]:
        """The claims of a launch by a learner of a course; names of LTI claims need no prefix."""
        moment = int(time.time())
        claims: dict[str, Any] = {
            "iss": self.url,
            "aud": self.client_id,
            "sub": "user-1",
            "exp": moment + 300,
            "iat": moment,
            "nonce": asked_with,
            "name": "Lena Learner",
            f"{LTI}version": "1.3.0",
            f"{LTI}message_type": "LtiResourceLinkRequest",
            f"{LTI}deployment_id": "1",
            f"{LTI}target_link_uri": TARGET,
            f"{LTI}roles": [LEARNER],
            f"{LTI}context": {"id": "course-1", "title": "Baking"},
            f"{LTI}resource_link": {"id": "link-1", "title": "Unit 1"},
        }
        for name, value in changes.items():
            full = name if name in OPENID else f"{LTI}{name}"
            if value is DROP:
                claims.pop(full, None)
            else:
                claims[full] = value
        return claims

    def sign(self, claims: Mapping[str, Any], *, kid: str | None = "", by: str = "", **header: Any) -> str:
        """These claims as an id_token; `kid` "" names the newest key, None names none; `by` signs with another key."""
        name = self.kids[-1] if kid == "" else kid
        head = {"alg": "RS256", **({"kid": name} if name else {}), **header}
        return jwt.encode(head, dict(claims), key(by or self.kids[-1]), algorithms=["RS256"])


OPENID = {"iss", "aud", "azp", "sub", "exp", "iat", "nbf", "nonce", "name", "given_name", "family_name", "email",
          "email_verified"}  # fmt: skip


@dataclass
class Begun:
    """A launch that has begun in a browser."""

    state: str
    nonce: str
    query: Mapping[str, str]
    response: Response


def begin(client: Client, platform: FakePlatform, *, get: bool = False, **sent: str) -> Begun:
    """Login initiation, as the platform has the browser do it."""
    data = {"iss": platform.url, "login_hint": "7", "target_link_uri": TARGET, "client_id": platform.client_id, **sent}
    response = client.get("/lti/login", data) if get else client.post("/lti/login", data)
    assert response.status_code == 302, response.content.decode()
    query = {name: values[0] for name, values in parse_qs(urlsplit(response["Location"]).query).items()}
    return Begun(query["state"], query["nonce"], query, response)


def end(client: Client, begun: Begun, token: str, *, framed: bool = False, **sent: str) -> Response:
    """The platform's form, posted by the browser."""
    headers = {"Sec-Fetch-Dest": "iframe" if framed else "document"}
    answer: Response = client.post("/lti/launch", {"id_token": token, "state": begun.state, **sent}, headers=headers)
    return answer


def launch(
    client: Client, platform: FakePlatform, *, framed: bool = False, roles: Sequence[str] = (LEARNER,), **changes: Any
) -> Response:
    """A whole launch."""
    begun = begin(client, platform)
    token = platform.sign(platform.claims(begun.nonce, roles=list(roles), **changes))
    return end(client, begun, token, framed=framed)


def deep_link(client: Client, platform: FakePlatform, **changes: Any) -> Response:
    """A deep linking request of an instructor."""
    begun = begin(client, platform)
    chosen = {
        "deep_link_return_url": f"{platform.url}/deep",
        "accept_types": ["ltiResourceLink"],
        "accept_presentation_document_targets": ["iframe"],
        "data": "opaque <data>",
        **changes.pop("deep", {}),
    }
    claims = platform.claims(
        begun.nonce,
        **{"message_type": "LtiDeepLinkingRequest", "roles": [INSTRUCTOR], "resource_link": DROP, **changes},
    )
    return end(client, begun, platform.sign({**claims, f"{DL}deep_linking_settings": chosen}))


class _Handler(BaseHTTPRequestHandler):
    @property
    def platform(self) -> FakePlatform:
        assert isinstance(self.server, Server)
        return self.server.platform

    def do_GET(self) -> None:
        if self.path == "/jwks":
            self.platform.asked += 1
            self._jwks()
        elif self.path == "/course":
            self._bytes(_course(self.platform).encode(), kind="text/html")
        elif self.path.startswith("/auth?"):
            form = _form(self.platform, self.path).encode()
            self.platform.waiting += 1
            self.platform.answering.wait()
            self.platform.waiting -= 1
            self._bytes(form, kind="text/html")
        elif self.path.startswith("/roster?"):
            self._roster()
        elif self.path.startswith("/ags/"):
            self._gradebook("GET", b"")
        elif self.path == "/openid-configuration":
            self._send(_configuration(self.platform))
        else:
            self._send({}, 404)

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/token":
            self.platform.assertions.append({name: values[0] for name, values in parse_qs(content.decode()).items()})
            self._send({"access_token": "roster-token", "token_type": "Bearer", "expires_in": 3600})
            return
        if self.path.startswith("/ags/"):
            self._gradebook("POST", content)
            return
        body = json.loads(content)
        self.platform.registered.append(body)
        self.platform.tokens_shown.append(self.headers.get("Authorization", ""))
        tool = {**body["https://purl.imsglobal.org/spec/lti-tool-configuration"]}
        if self.platform.deployment_given:
            tool["deployment_id"] = self.platform.deployment_given
        self._send(
            {**body, "client_id": "given-client", "https://purl.imsglobal.org/spec/lti-tool-configuration": tool}
        )

    def _roster(self) -> None:
        if self.headers.get("Authorization") != "Bearer roster-token":
            self._send({}, 401)
            return
        asked = parse_qs(urlsplit(self.path).query)
        page, known = int(asked.get("page", ["0"])[0]), asked.get("course", ["course-1"])[0]
        mode = self.platform.roster if page else "ok"
        self.platform.pages_asked.append(page)
        if mode in _REFUSALS:
            status, text, headers = _REFUSALS[mode]
            self._bytes(text, status, headers=headers)
            return
        if mode == "html":
            self._bytes(b"<html>")
            return
        following = {"elsewhere": "http://localhost:1/roster?page=2", "loop": f"{self.platform.url}/roster?page=1"}
        more = len(self.platform.members) > 2 * page + 2
        link = following.get(mode, f"{self.platform.url}/roster?course={known}&page={page + 1}" if more else "")
        course = "other" if mode == "other" else known
        body = {"id": "x", "context": {"id": course}, "members": self.platform.members[2 * page : 2 * page + 2]}
        headers = {"X-Rate-Limit-Remaining": "12.5"} if mode == "low" else {}
        self._bytes(json.dumps(body).encode(), link=f'<{link}>; rel="next"' if link else "", headers=headers)

    def _gradebook(self, method: str, content: bytes) -> None:
        scopes = self.platform.assertions[-1]["scope"].split() if self.platform.assertions else []
        kind = self.headers.get("Content-Type", "")
        asked = Asked(method, self.path, content, kind, frozenset(scopes), f"{self.platform.url}/ags")
        status, body, headers = self.platform.gradebook.answer(asked)
        self._bytes(body, status, headers=headers)

    def _jwks(self) -> None:
        keys = {"keys": [key(kid).as_dict(private=False) for kid in self.platform.kids]}
        if self.platform.mode == "down":
            self._send({}, 503)
        elif self.platform.mode == "redirect":
            self._send({}, 302, location=f"{self.platform.url}/elsewhere")
        elif self.platform.mode == "html":
            self._bytes(b"<html>Sign in</html>")
        elif self.platform.mode == "huge":
            self._bytes(json.dumps({**keys, "junk": "x" * 3_000_000}).encode())
        elif self.platform.mode == "slow":
            self._drip(json.dumps(keys).encode())
        else:
            self._send(keys)

    def _drip(self, content: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        for place in range(len(content)):
            try:
                self.wfile.write(content[place : place + 1])
                self.wfile.flush()
            except OSError:
                return
            time.sleep(0.05)

    def _send(self, body: Mapping[str, Any], status: int = 200, location: str = "", link: str = "") -> None:
        self._bytes(json.dumps(body).encode(), status, location, link=link)

    def _bytes(
        self,
        content: bytes,
        status: int = 200,
        location: str = "",
        kind: str = "application/json",
        link: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        for name, value in (("Location", location), ("Link", link), *(headers or {}).items()):
            if value:
                self.send_header(name, value)
        self.end_headers()
        try:
            self.wfile.write(content)
        except OSError:
            return  # the tool has heard enough

    def log_message(self, *args: Any) -> None:
        del args


def _configuration(platform: FakePlatform) -> dict[str, Any]:
    return {
        "issuer": platform.url,
        "authorization_endpoint": f"{platform.url}/auth",
        "token_endpoint": f"{platform.url}/token",
        "jwks_uri": f"{platform.url}/jwks",
        "registration_endpoint": f"{platform.url}/register",
        "https://purl.imsglobal.org/spec/lti-platform-configuration": {"product_family_code": "fake"},
    }


_STORAGE = """
const kept = {};
addEventListener("message", ({ data, origin, source }) => {
  if (origin !== TOOL || !data || !/^lti[.](put|get)_data$/.test(data.subject)) return;
  if (data.subject === "lti.put_data") kept[data.key] = data.value;
  const { subject, message_id, key } = data;
  source.postMessage({ subject: `${subject}.response`, message_id, key, value: kept[key] }, origin);
});
"""


def _course(platform: FakePlatform) -> str:
    """A page of a course with us in a frame, and the platform's storage if it has one."""
    sent = {
        "iss": platform.url,
        "login_hint": "7",
        "target_link_uri": f"{platform.tool}/lti/launch",
        "client_id": platform.client_id,
        **({"lti_storage_target": "_parent"} if platform.storage else {}),
    }
    script = _STORAGE.replace("TOOL", json.dumps(platform.tool))
    frame = f"{platform.tool}/lti/login?{urlencode(sent)}"
    return f"""<!DOCTYPE html><html lang="en"><title>Course</title><h1>Course</h1><script>{script}</script>
<iframe name="tool" width="1100" height="700" title="Tertulia" src="{html.escape(frame)}"></iframe>"""


def _form(platform: FakePlatform, path: str) -> str:
    """The platform's answer, which the browser posts to us."""
    query = {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}
    usual = {
        "target_link_uri": f"{platform.tool}/lti/launch",
        "launch_presentation": {"document_target": "iframe"},
    }
    claims = platform.claims(query["nonce"], **{**usual, **platform.launching})
    fields = {"id_token": platform.sign(claims), "state": query["state"]}
    inputs = "".join(f'<input type="hidden" name="{n}" value="{html.escape(v)}">' for n, v in fields.items())
    action = html.escape(query["redirect_uri"])
    form = f'<!DOCTYPE html><form method="post" action="{action}">{inputs}</form>'
    return f"{form}<script>document.forms[0].submit()</script>"
