"""Two lanes: the fast one, and Django alone. Every case goes down both, and the answers are compared."""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import Callable, Iterator, MutableMapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest
from django.db import connections
from django.test import RequestFactory

from live.world import World
from standing import standing
from tertulia.config import problems
from tertulia.config.wsgi import application as django
from tertulia.kernel.errors import Refusal
from tertulia.live.lane import Lane
from tertulia.people import services as people
from tertulia.people.models import Person

Message = MutableMapping[str, Any]
HEADERS = ["content-type", "retry-after", "www-authenticate", "allow"]
_NONCE = re.compile(r" 'nonce-[^']*'")
GUARDS = ["content-security-policy", "x-frame-options", "x-content-type-options", "referrer-policy"]


@dataclass
class Answer:
    """What came back, and whether the fast lane gave it."""

    status: int
    headers: dict[str, str]
    body: bytes
    fast: bool

    @property
    def json(self) -> Any:
        """The body."""
        return msgspec.json.decode(self.body)

    def same(self, *, but: tuple[str, ...] = ()) -> tuple[Any, ...]:
        """What must not depend on the lane; `but`: fields that two posts never share."""
        html = self.headers["content-type"].startswith("text/html")
        said = self.body if html or not self.body else self.json
        if isinstance(said, dict):
            said = {name: value for name, value in said.items() if name not in but}
        guards = {name: sorted(_NONCE.sub("", self.headers.get(name, "")).split("; ")) for name in GUARDS}
        names = [*HEADERS, "content-language"] if html else HEADERS
        return self.status, {name: self.headers.get(name) for name in names}, guards, said


@dataclass
class Ask:
    """One request: `who` with a token, or `session` with a browser's session and its form token."""

    method: str
    path: str
    body: bytes = b""
    who: str | None = None
    session: str | None = None
    headers: dict[str, str] = field(default_factory=dict)


class Lanes:
    """`lanes.fast(ask)` and `lanes.plain(ask)`."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.lane = Lane()

    def close(self) -> None:
        """Give the connections back."""
        self.run(self.lane.close())
        self.loop.close()
        connections.close_all()

    def run(self, work: Any) -> Any:
        """On the lane's loop."""
        return self.loop.run_until_complete(work)

    def fast(self, ask: Ask) -> Answer:
        """Through the fast lane, which may hand it on to Django."""
        return self.together([ask])[0]

    def together(self, asks: list[Ask]) -> list[Answer]:
        """Several at the same moment."""

        async def all_of_them() -> list[Answer | bytes]:
            return list(await asyncio.gather(*(self._through(ask) for ask in asks)))

        found = self.run(all_of_them())
        return [
            answer if isinstance(answer, Answer) else self._django(ask, answer)
            for ask, answer in zip(asks, found, strict=True)
        ]

    def plain(self, ask: Ask) -> Answer:
        """Through Django alone."""
        return self._django(ask, ask.body)

    async def _through(self, ask: Ask) -> Answer | bytes:
        """An answer, or the body that Django shall receive."""
        sent: list[Message] = []
        waiting = [{"type": "http.request", "body": ask.body, "more_body": False}]

        async def receive() -> Message:
            return waiting.pop()

        async def send(message: Message) -> None:
            sent.append(message)

        address = urlsplit(ask.path)
        scope = {
            "type": "http",
            "method": ask.method,
            "path": address.path,
            "query_string": address.query.encode(),
            "scheme": "http",
            "client": ("127.0.0.1", 5),
            "headers": [(name.lower().encode(), value.encode()) for name, value in _headers(ask).items()],
        }
        try:
            rest = await self.lane(scope, receive, send)
        except Refusal as refusal:
            response = problems.problem(refusal)
            headers = {name.lower(): value for name, value in response.items()}
            return Answer(response.status_code, headers, response.content, fast=True)
        if rest is not None:
            return bytes((await rest())["body"])
        headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return Answer(sent[0]["status"], headers, sent[1]["body"], fast=True)

    def _django(self, ask: Ask, body: bytes) -> Answer:
        headers = _headers(ask)
        environ = (
            RequestFactory()
            .generic(ask.method, ask.path, body, content_type=headers.pop("content-type", ""), headers=headers)
            .environ
        )
        environ["wsgi.input"] = io.BytesIO(body)
        got: dict[str, Any] = {}

        def start(status: str, lines: list[tuple[str, str]], _info: Any = None, /) -> Callable[[bytes], object]:
            got.update(status=int(status[:3]), headers={name.lower(): value for name, value in lines})
            return got.__contains__

        response: Any = django(environ, start)
        content = b"".join(response)
        return Answer(got["status"], got["headers"], content, fast=False)


def _headers(ask: Ask) -> dict[str, str]:
    headers = {"host": "localhost"}
    if ask.body:
        headers |= {"content-type": "application/json", "content-length": str(len(ask.body))}
    if ask.who:
        headers["authorization"] = f"Bearer {ask.who}"
    if ask.session:
        token = "a" * 32
        headers["cookie"] = f"tertulia_session={ask.session}; tertulia_csrf={token}; tertulia_workspace=course"
        headers |= {"x-csrftoken": token, "origin": "http://localhost"}
    return headers | ask.headers


@pytest.fixture
def world(transactional_db: None) -> World:
    """Olga owns, Ina teaches, Mia and Ben learn, Gus is a guest, Otto is outside."""
    del transactional_db
    return standing(World)


@pytest.fixture
def lanes(transactional_db: None) -> Iterator[Lanes]:
    """Both lanes."""
    del transactional_db
    both = Lanes()
    yield both
    both.close()


@pytest.fixture
def token() -> Callable[..., str]:
    """Makes a token of somebody's."""

    def make(person: Person, *scopes: str) -> str:
        _token, raw = people.create_token(
            actor=person, name="tests", scopes=list(scopes) or ["posts:write"], expires_at=None
        )
        return raw

    return make
