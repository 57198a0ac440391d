"""A FAKE Open edX on 127.0.0.1: real HTTP with the real endpoints' shapes, paging and errors, and trouble on demand.

It is a fake. Nobody learns there, and no line of it is edx-platform's; what it answers was read off that project's
`oauth_dispatch`, `enrollments`, `course_groups`, `user_api` and `course_api`. By hand, from the repository's root:

    .venv/bin/python -m tests.integrations.openedx.fake_platform --port 8720
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Literal, Self, get_args
from urllib.parse import parse_qs, urlsplit

import urllib3

from . import fake_events
from .fake_answers import Answers, Asked, Reply
from .fake_events import Event

RUN = "course-v1:Ateneo+BAKE101+2026_T1"
TITLE = "Baking for Beginners"

Trouble = Literal[
    "expired", "forbidden", "missing", "throttled", "throttled-in-words", "broken", "away", "garbage", "cut", "slow"
]
Order = Literal["happened", "reversed", "shuffled"]
Form = Literal["openedx-webhooks", "openedx-webhooks-form", "openedx-webhooks-old-form", "eox-hooks"]
Post = Callable[[str, bytes, Mapping[str, str]], int]


@dataclass
class Account:
    """Somebody's account there. `is_active`: they have opened the link in the platform's mail."""

    username: str
    email: str
    name: str
    is_active: bool = True


@dataclass
class Enrolled:
    """One line of a course's enrolments; who leaves keeps it, switched off."""

    mode: str
    is_active: bool
    created: datetime


@dataclass
class Failure:
    """What the next requests to addresses with `path` in them get, after `after` good ones."""

    trouble: Trouble
    path: str
    after: int
    times: int
    retry_after: str


@dataclass
class Hook:
    """An address that is told of events."""

    address: str
    form: Form
    headers: Mapping[str, str]
    extra: Mapping[str, str]


@dataclass
class FakePlatform:
    """The platform and its server. Everything may be changed while it runs.

    `roster_client` may use the client credentials grant; its user is staff unless `is_staff` is False. `sees_cohorts`
    and `sees_accounts` take these from it. `page_size` is that of enrolments, `seconds` how slow each answer is,
    `token_seconds` how long tokens last.
    """

    roster_client: tuple[str, str] = ("roster-client", "roster-secret")
    sign_in_client: tuple[str, str] = ("lms-client", "lms-secret")
    is_staff: bool = True
    sees_cohorts: bool = True
    sees_accounts: bool = True
    page_size: int = 100
    seconds: float = 0.0
    token_seconds: int = 3600
    links_as: str = ""
    """The origin that `next` links are made of; a platform behind a proxy often names an inner one."""
    accounts: dict[str, Account] = field(default_factory=dict)
    courses: dict[str, str] = field(default_factory=dict)
    enrolments: dict[str, dict[str, Enrolled]] = field(default_factory=dict)
    cohorts: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    """Those that `send_webhooks` has not sent yet."""
    hooks: list[Hook] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    """Paths, in the order in which they were asked for."""
    answers: dict[str, Callable[[], tuple[int, str, bytes]]] = field(default_factory=dict)
    """Path -> what to answer instead."""
    origin: str = ""
    _server: ThreadingHTTPServer | None = None

    def __post_init__(self) -> None:
        self._clock = datetime.now(UTC) - timedelta(days=30)
        self.behaviour = Answers(self)
        self.add_course(RUN, TITLE)

    # The people and courses of the platform.

    def add_course(self, run: str, title: str = "") -> None:
        """A course run that nobody is in."""
        self.courses[run] = title or run
        self.enrolments.setdefault(run, {})
        self.cohorts.setdefault(run, {})

    def account(self, username: str, *, email: str = "", name: str = "", is_active: bool = True) -> Account:
        """Somebody's account; made if need be."""
        if username not in self.accounts:
            known = Account(username, email or f"{username}@example.org", name or username.title(), is_active)
            self.accounts[username] = known
        return self.accounts[username]

    def enrol(self, username: str, run: str = RUN, *, mode: str = "audit", quiet: bool = False) -> Event:
        """Somebody enrols, comes back, or changes their track; an event waits to be sent, unless `quiet`."""
        self.account(username)
        line = self.enrolments[run].get(username)
        if line is None:
            self._clock += timedelta(milliseconds=1)
            self.enrolments[run][username] = Enrolled(mode, is_active=True, created=self._clock)
        else:
            line.mode, line.is_active = mode, True
        kind = fake_events.CREATED if line is None else fake_events.CHANGED
        return self._happened(kind, self._enrolment(username, run), quiet=quiet)

    def enrol_class(self, count: int, run: str = RUN, *, prefix: str = "learner", mode: str = "audit") -> list[str]:
        """Many at once, without events; returns their usernames."""
        names = [f"{prefix}{number:04}" for number in range(count)]
        for username in names:
            self.enrol(username, run, mode=mode, quiet=True)
        return names

    def unenrol(self, username: str, run: str = RUN, *, quiet: bool = False) -> Event:
        """Somebody leaves a course."""
        self.enrolments[run][username].is_active = False
        return self._happened(fake_events.UNENROLLED, self._enrolment(username, run), quiet=quiet)

    def cohort(self, username: str, name: str, run: str = RUN, *, quiet: bool = False) -> Event:
        """Put somebody into a cohort; people are in one at most."""
        for members in self.cohorts[run].values():
            if username in members:
                members.remove(username)
        self.cohorts[run].setdefault(name, []).append(username)
        data = {"user": self._user(username), "course": self._course(run), "name": name}
        return self._happened(fake_events.COHORT, data, quiet=quiet)

    def certify(self, username: str, run: str = RUN) -> Event:
        """Somebody gets a certificate."""
        data = {"user": self._user(username), "course": self._course(run), "mode": "verified", "grade": "0.9"}
        return self._happened(fake_events.CERTIFICATE, {**data, "current_status": "downloadable", "name": "Baker"})

    def log_in(self, username: str) -> Event:
        """Somebody signs in there: an event that says nothing of courses."""
        return self._happened(fake_events.LOGIN, self._user(username))

    # Trouble.

    def fail_next(
        self, trouble: Trouble, path: str = "/api/", *, after: int = 0, times: int = 1, retry_after: str = "30"
    ) -> None:
        """Let the next `times` requests whose path contains `path` fail, once `after` of them have gone well."""
        if trouble not in get_args(Trouble):
            raise ValueError(trouble)
        self.failures.append(Failure(trouble, path, after, times, retry_after))

    def expire_tokens(self) -> None:
        """No token that was handed out counts any more."""
        self.behaviour.tokens.clear()

    # Webhooks.

    def subscribe(
        self,
        address: str,
        form: Form = "openedx-webhooks",
        *,
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, str] | None = None,
    ) -> None:
        """Tell this address of events. `extra`: the `extra_fields` of eox-hooks."""
        self.hooks.append(Hook(address, form, dict(headers or {}), dict(extra or {})))

    def send_webhooks(self, order: Order = "happened", *, times: int = 1, post: Post | None = None) -> list[int]:
        """Send what has happened since the last time, each event `times` times; returns the answers' statuses."""
        waiting, self.events = [*self.events], []
        return self.send(waiting, order, times=times, post=post)

    def send(
        self, events: Sequence[Event], order: Order = "happened", *, times: int = 1, post: Post | None = None
    ) -> list[int]:
        """Send these events, whether or not they were sent before."""
        waiting = [event for event in events for _time in range(times)]
        if order == "reversed":
            waiting.reverse()
        if order == "shuffled":
            waiting = [*waiting[1::2], *waiting[::2]]
        return [(post or _post)(hook.address, *_body(hook, event)) for event in waiting for hook in self.hooks]

    # Sign-in.

    def sign_in_as(self, username: str, **claims: Any) -> None:
        """Who sits at the browser: `/oauth2/authorize` sends them straight back as this person."""
        who = self.account(username)
        told = {"preferred_username": username, "email": who.email, "name": who.name, "email_verified": who.is_active}
        self.behaviour.who = told | claims

    def code_for(self, location: str, **claims: Any) -> dict[str, str]:
        """What a browser brings back when somebody of these claims signs in at `location`."""
        return self.behaviour.code_for(location, **claims)

    # The server.

    def start(self, port: int = 0) -> Self:
        """Serve, in a thread, on a free port by default; `origin` is the address then."""
        platform = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer("")

            def do_POST(self) -> None:
                self._answer(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())

            def _answer(self, body: str) -> None:
                parts = urlsplit(self.path)
                form = {name: values[0] for name, values in parse_qs(body, keep_blank_values=True).items()}
                query = {name: values[0] for name, values in parse_qs(parts.query).items()}
                asked = Asked(self.command, parts.path, query, form, self.headers.get("Authorization", ""), self.path)
                reply = platform.reply(asked)
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(reply.body)))
                self.end_headers()
                with suppress(OSError):  # who asked may have heard enough
                    self.wfile.write(reply.body[: len(reply.body) // 2] if reply.is_cut else reply.body)

            def log_message(self, *_args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self.origin = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Be away. `start` with the same port comes back."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()
            self._server = None

    def __enter__(self) -> Self:
        return self if self._server else self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def reply(self, asked: Asked) -> Reply:
        """The answer to one request: what was ordered for it, else the honest one."""
        self.asked.append(asked.path)
        time.sleep(self.seconds)
        instead = self.answers.get(asked.path)
        if instead is not None:
            status, kind, body = instead()
            return Reply(status, body, {"Content-Type": kind})
        failure = self._failure(asked.path)
        return self.behaviour.fail(failure.trouble, failure.retry_after, asked) if failure else self.behaviour.of(asked)

    def _failure(self, path: str) -> Failure | None:
        for failure in self.failures:
            if failure.path not in path:
                continue
            if failure.after:
                failure.after -= 1
                continue
            failure.times -= 1
            if not failure.times:
                self.failures.remove(failure)
            return failure
        return None

    def _happened(self, kind: str, data: dict[str, Any], *, quiet: bool = False) -> Event:
        event = Event(kind, data)
        if not quiet:
            self.events.append(event)
        return event

    def _user(self, username: str) -> dict[str, Any]:
        who = self.account(username)
        pii = {"username": username, "email": who.email, "name": who.name}
        return {"id": len(username), "is_active": who.is_active, "pii": pii}

    def _course(self, run: str) -> dict[str, Any]:
        return {"course_key": run, "display_name": self.courses[run], "start": None, "end": None}

    def _enrolment(self, username: str, run: str) -> dict[str, Any]:
        line = self.enrolments[run][username]
        about = {"user": self._user(username), "course": self._course(run), "mode": line.mode}
        return {**about, "is_active": line.is_active, "creation_date": str(line.created), "created_by": None}


def _body(hook: Hook, event: Event) -> tuple[bytes, dict[str, str]]:
    makers = {
        "openedx-webhooks": fake_events.as_json,
        "openedx-webhooks-form": fake_events.as_form,
        "openedx-webhooks-old-form": fake_events.as_form_of_old,
    }
    maker = makers.get(hook.form)
    body, kind = maker(event) if maker else fake_events.as_fields(event, hook.extra)
    return body, {"Content-Type": kind, **hook.headers}


def _post(address: str, body: bytes, headers: Mapping[str, str]) -> int:
    return int(urllib3.request("POST", address, body=body, headers=headers, retries=False, timeout=20).status)


if __name__ == "__main__":
    from .fake_by_hand import main

    main()
