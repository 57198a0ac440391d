"""What the fake Open edX answers: addresses, parameters, shapes, paging and errors as edx-platform has them.

Facts worth knowing, each from that project: enrolments are paged by a cursor and take no page size
(`CourseEnrollmentsApiListPagination`); cohorts come as a bare list, ten at a time unless `page_size` asks for up to a
hundred, and a page too many is 404 (`CohortHandler`); accounts that do not exist are left out, and none at all is 404;
errors of most views lose their headers, `Retry-After` too, and keep a sentence (`DeveloperErrorViewMixin`).
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, RSAKey

if TYPE_CHECKING:
    from .fake_platform import FakePlatform

SHARED = OctKey.import_key("lms-secret-shared-among-services")
SERVICE_USER = "tertulia_roster"
LARGEST_PAGE = 100
SMALL_PAGE = 10
_KEY: list[RSAKey] = []


@dataclass(frozen=True)
class Asked:
    """One request; `query` and `form` by name, `url` as it was asked for."""

    method: str
    path: str
    query: Mapping[str, str]
    form: Mapping[str, str]
    authorization: str
    url: str


@dataclass
class Reply:
    """One answer. `is_cut`: the connection breaks in the middle of it."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    is_cut: bool = False


class Answers:
    """The honest answers of a platform, and the dishonest."""

    def __init__(self, platform: FakePlatform) -> None:
        self.platform = platform
        if not _KEY:
            _KEY.append(RSAKey.generate_key(2048, {"kid": "openedx"}))
        self.key = _KEY[0]
        self.codes: dict[str, dict[str, Any]] = {}
        self.tokens: dict[str, str] = {}
        self.who: dict[str, Any] = {}
        self.knows_asymmetric = True  # old releases sign by a shared secret whatever is asked

    def of(self, asked: Asked) -> Reply:
        """The honest answer."""
        path = unquote(asked.path)
        pages = {
            # JWT_PUBLIC_SIGNING_JWK_SET is a string of JSON, and edx-platform encodes it once more.
            "/auth/jwks.json": lambda: say(200, json.dumps(KeySet([self.key]).as_dict(private=False))),
            "/oauth2/authorize": lambda: self._authorize(asked.url),
            "/oauth2/access_token": lambda: self._token(asked.form),
            "/logout": lambda: html(200, "<title>There</title><h1>Signed out there</h1>"),
        }
        if path in pages:
            return pages[path]()
        if not path.startswith("/api/"):
            return html(404, "<h1>Page not found</h1>")
        if self._user(asked) is None:
            return say(401, {"developer_message": "Error decoding signature."}, {"WWW-Authenticate": 'JWT realm="api"'})
        return self._api(path, asked)

    def fail(self, trouble: str, retry_after: str, asked: Asked) -> Reply:
        """The answer to a request that is to fail."""
        words = f"Request was throttled. Expected available in {retry_after} seconds."
        if trouble == "slow":
            time.sleep(float(retry_after))
        if trouble in ("slow", "cut"):
            reply = self.of(asked)
            reply.is_cut = trouble == "cut"
            return reply
        replies = {
            "expired": say(401, {"developer_message": "Token has expired."}),
            "forbidden": say(403, {"developer_message": "You do not have permission to perform this action."}),
            "missing": say(404, {"developer_message": "Not found."}),
            "throttled": say(429, {"detail": words}, {"Retry-After": retry_after}),
            "throttled-in-words": say(429, {"developer_message": words}),
            "broken": html(500, "<h1>Server Error (500)</h1>"),
            "away": html(503, "<h1>Maintenance</h1>", {"Retry-After": retry_after}),
            "garbage": html(200, "<!DOCTYPE html><title>Welcome</title>"),
        }
        return replies[trouble]

    def code_for(self, location: str, **claims: Any) -> dict[str, str]:
        """What the browser brings back when somebody of these claims signs in at `location`."""
        parts = urlsplit(location)
        assert parts.path == "/oauth2/authorize"
        asked = dict(parse_qsl(parts.query))
        code = f"code-{len(self.codes)}"
        self.codes[code] = {"asked": asked, "claims": claims}
        return {"code": code, "state": asked["state"]}

    def _authorize(self, url: str) -> Reply:
        brought = self.code_for(url, **self.who)
        target = dict(parse_qsl(urlsplit(url).query))["redirect_uri"]
        return Reply(302, b"", {"Location": f"{target}?{urlencode(brought)}"})

    def _token(self, form: Mapping[str, str]) -> Reply:
        is_service = form.get("grant_type") == "client_credentials"
        known = self.platform.roster_client if is_service else self.platform.sign_in_client
        if (form.get("client_id"), form.get("client_secret")) != known:
            return say(401, {"error": "invalid_client"})
        claims: Mapping[str, Any] = {"preferred_username": SERVICE_USER, "scopes": ["read", "write"]}
        if not is_service:
            told = self.codes.pop(form.get("code", ""), {"asked": {"redirect_uri": None}})
            if form.get("redirect_uri") != told["asked"]["redirect_uri"] or not form.get("code_verifier"):
                return say(400, {"error": "invalid_grant"})
            claims = told["claims"]
        if form.get("token_type", "").lower() != "jwt":
            return say(200, {"access_token": "opaque", "token_type": "Bearer", "scope": "profile"})
        token = self._signed(claims, form)
        if is_service:
            self.tokens[token] = SERVICE_USER
        answer = {"access_token": token, "token_type": "JWT", "expires_in": self.platform.token_seconds}
        return say(200, {**answer, "scope": "read write user_id profile email"})

    def _signed(self, claims: Mapping[str, Any], form: Mapping[str, str]) -> str:
        moment = int(time.time())
        whole = {
            "aud": "openedx",
            "exp": moment + self.platform.token_seconds,
            "grant_type": form.get("grant_type", "authorization-code"),
            "iat": moment,
            "iss": f"{self.platform.origin}/oauth2",
            "preferred_username": "vera_p",
            "scopes": ["user_id", "profile", "email"],
            "version": "1.2.0",
            "sub": "4dcef3b5d1c8b7f3a2b8f0a0f7b0c7bd",
            "filters": [],
            "is_restricted": False,
            "email_verified": True,
            "user_id": 7,
            "email": "vera@example.org",
            "name": "Vera Paz",
            "family_name": "",
            "given_name": "",
            "administrator": False,
            "superuser": False,
            "jti": f"{moment}-{len(self.tokens)}",
        } | dict(claims)
        if form.get("asymmetric_jwt") and self.knows_asymmetric:
            return jwt.encode({"alg": "RS512", "kid": "openedx"}, whole, self.key, algorithms=["RS512"])
        return jwt.encode({"alg": "HS256"}, whole, SHARED)

    def _user(self, asked: Asked) -> str | None:
        kind, _blank, token = asked.authorization.partition(" ")
        return self.tokens.get(token) if kind == "JWT" else None

    def _api(self, path: str, asked: Asked) -> Reply:
        if path == "/api/enrollment/v1/enrollments":
            return self._enrolments(asked)
        if path == "/api/courses/v1/courses/":
            return self._courses(asked)
        if path == "/api/user/v1/accounts":
            return self._accounts(asked)
        parts = path.removeprefix("/api/cohorts/v1/courses/").strip("/").split("/")
        if path.startswith("/api/cohorts/v1/courses/") and parts[1:2] == ["cohorts"]:
            return self._cohorts(parts, asked)
        return say(404, {"detail": "Not found."})

    def _enrolments(self, asked: Asked) -> Reply:
        if not self.platform.is_staff:
            return say(403, {"developer_message": "You do not have permission to perform this action."})
        run = asked.query.get("course_id", "")
        if not run.startswith("course-v1:"):
            return say(
                400, {"field_errors": {"course_id": {"developer_message": f"'{run}' is not a valid course id."}}}
            )
        lines = sorted(self.platform.enrolments.get(run, {}).items(), key=lambda item: item[1].created, reverse=True)
        if "cursor" in asked.query:
            before = datetime.fromisoformat(base64.b64decode(asked.query["cursor"]).decode().removeprefix("p="))
            lines = [line for line in lines if line[1].created < before]
        page = lines[: self.platform.page_size]
        results = [
            {
                "created": line.created.isoformat().replace("+00:00", "Z"),
                "mode": line.mode,
                "is_active": line.is_active,
                "user": username,
                "course_id": run,
            }
            for username, line in page
        ]
        following = None
        if len(lines) > len(page):
            cursor = base64.b64encode(f"p={page[-1][1].created.isoformat()}".encode()).decode()
            following = self._link(asked, {"course_id": run, "cursor": cursor})
        return say(200, {"next": following, "previous": None, "results": results})

    def _courses(self, asked: Asked) -> Reply:
        if "username" not in asked.query:
            return say(400, {"field_errors": {"username": {"developer_message": "A username is required."}}})
        listed = sorted(self.platform.courses.items())
        page, size = int(asked.query.get("page", 1)), _size(asked)
        shown = listed[(page - 1) * size : page * size]
        if not shown and page > 1:
            return say(404, {"developer_message": "Invalid page."})
        more = page * size < len(listed)
        following = self._link(asked, {**asked.query, "page": str(page + 1)}) if more else None
        results = [
            {
                "blocks_url": f"{self.platform.origin}/api/courses/v2/blocks/?course_id={quote(run, safe='')}",
                "course_id": run,
                "id": run,
                "end": None,
                "hidden": False,
                "name": title,
                "number": run.split("+")[1],
                "org": run.split("+")[0].removeprefix("course-v1:"),
                "pacing": "instructor",
                "short_description": "",
                "start": "2026-09-01T00:00:00Z",
            }
            for run, title in shown
        ]
        paging = {"next": following, "previous": None, "count": len(listed), "num_pages": -(-len(listed) // size)}
        return say(200, {"results": results, "pagination": paging})

    def _accounts(self, asked: Asked) -> Reply:
        wanted = asked.query.get("username", "").strip(",").split(",")
        found = [self.platform.accounts[name] for name in wanted if name in self.platform.accounts]
        if not found:
            return say(404, {"developer_message": "Not found."})
        picture = {"has_image": False, "image_url_small": f"{self.platform.origin}/static/default_30.png"}
        told: list[dict[str, Any]] = []
        for who in found:
            shared = {"username": who.username, "profile_image": picture, "account_privacy": "private"}
            full = {**shared, "name": who.name, "email": who.email, "is_active": who.is_active, "goals": ""}
            told.append(full if self.platform.is_staff and self.platform.sees_accounts else shared)
        return say(200, told)

    def _cohorts(self, parts: Sequence[str], asked: Asked) -> Reply:
        run = parts[0]
        if run not in self.platform.courses or not self.platform.sees_cohorts or not self.platform.is_staff:
            return say(404, {"developer_message": "Course not found."})
        groups = list(self.platform.cohorts[run].items())
        page, size = int(asked.query.get("page", 1)), _size(asked)
        if len(parts) == 2:
            shown = groups[(page - 1) * size : page * size]
            if not shown and page > 1:
                return say(404, {"developer_message": "Invalid page."})
            return say(
                200,
                [
                    {
                        "name": name,
                        "id": groups.index((name, members)) + 1,
                        "user_count": len(members),
                        "assignment_type": "manual",
                        "user_partition_id": None,
                        "group_id": None,
                    }
                    for name, members in shown
                ],
            )
        if not parts[2].isdigit() or not 0 < int(parts[2]) <= len(groups):
            return say(404, {"developer_message": f"Cohort (ID {parts[2]}) not found for {run}"})
        people = groups[int(parts[2]) - 1][1]
        following = self._link(asked, {**asked.query, "page": str(page + 1)}) if page * size < len(people) else None
        known = [self.platform.accounts[name] for name in people[(page - 1) * size : page * size]]
        results = [{"username": who.username, "email": who.email, "name": who.name} for who in known]
        paging = {"count": len(people), "num_pages": max(1, -(-len(people) // size)), "current_page": page}
        return say(200, {"next": following, "previous": None, **paging, "start": (page - 1) * size, "results": results})

    def _link(self, asked: Asked, query: Mapping[str, str]) -> str:
        return f"{self.platform.links_as or self.platform.origin}{asked.path}?{urlencode(query)}"


def say(status: int, body: Any, headers: Mapping[str, str] | None = None) -> Reply:
    """JSON."""
    return Reply(status, json.dumps(body).encode(), {"Content-Type": "application/json", **(headers or {})})


def html(status: int, text: str, headers: Mapping[str, str] | None = None) -> Reply:
    """A page."""
    return Reply(status, text.encode(), {"Content-Type": "text/html", **(headers or {})})


def _size(asked: Asked) -> int:
    return max(1, min(LARGEST_PAGE, int(asked.query.get("page_size", SMALL_PAGE))))
