"""The hot routes: creating a post, reading a channel's posts (as JSON and as HTML), marking it as read."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Annotated, Any, Final
from urllib.parse import parse_qsl
from uuid import UUID

import msgspec
from django.conf import settings
from django.db import InterfaceError, OperationalError

from tertulia.channels import access as channels
from tertulia.channels.access import Seat
from tertulia.kernel import limits
from tertulia.kernel.clock import now
from tertulia.kernel.errors import NotFound, TooMany
from tertulia.kernel.rest import MAX_BIGINT
from tertulia.live.database import Database
from tertulia.live.lane import asking
from tertulia.live.lane.answers import Answers, Message, Send
from tertulia.live.lane.asking import Asker, Headers
from tertulia.live.lane.memory import Memory
from tertulia.live.lane.pages import NewestPages, read_html, read_json
from tertulia.live.lane.reading import Reader, reader_of
from tertulia.live.postbox import Postbox
from tertulia.people.models import Person
from tertulia.posts import queries, remembered, services, wire
from tertulia.posts.rest_schemas import client_uuid
from tertulia.posts.services import Letter
from tertulia.workspaces.middleware import COOKIE as LAST_WORKSPACE

Scope = Message
Receive = Callable[[], Awaitable[Message]]
Notice = dict[str, Any]

START: Final = "/api/v1/channels/"
PAGES: Final = "/w/"
PART: Final = re.compile(r"/w/([a-z0-9-]{1,60})/c/([a-z0-9_-]{1,64})/posts")
ID_END: Final = len(START) + 36
LARGEST: Final = 256 * 1024
"""Bytes of a body that is read here; a post of the longest text is smaller."""
MOST: Final = 20_000
REMEMBERED: Final = 60.0
"""Seconds for which rights are remembered at most, should a notice that takes them away be missed."""
PAGE: Final = 50
LARGEST_PAGE: Final = 200


class NewPost(msgspec.Struct, forbid_unknown_fields=True):
    """A body that Django would take, too (`posts.rest_schemas.NewPostIn`)."""

    body: str
    root_id: UUID | None = None
    client_id: Annotated[str, msgspec.Meta(min_length=1, max_length=100)] | None = None
    attachment_ids: Annotated[list[UUID], msgspec.Meta(max_length=100)] = []
    alts: Annotated[list[str], msgspec.Meta(max_length=100)] = []


class ReadTo(msgspec.Struct, forbid_unknown_fields=True):
    """As `posts.rest_schemas.ReadIn`."""

    seq: Annotated[int, msgspec.Meta(ge=0, le=MAX_BIGINT)]


class NotHere(Exception):
    """Something that Django answers."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request of ours: who asks, what they are in the channel."""

    asker: Asker
    seat: Seat


_decode_post = msgspec.json.Decoder(NewPost).decode
_decode_read = msgspec.json.Decoder(ReadTo).decode


class Lane:
    """The fast lane of one web process."""

    def __init__(self) -> None:
        self._database = Database()
        self._postbox = Postbox()
        self._askers: Memory[str, Asker] = Memory(MOST, REMEMBERED)
        self._seats: Memory[Hashable, Seat] = Memory(MOST, REMEMBERED)
        self._pages = NewestPages(self._database, read_json)
        self._parts = NewestPages(self._database, read_html)
        self._answers = Answers()

    async def close(self) -> None:
        """Let what is being written finish."""
        await self._postbox.close()
        await self._database.close()

    def heard(self, notice: Notice) -> None:
        """A notice of the bus (`kernel.bus.KINDS`): forget what it makes doubtful."""
        match notice["kind"]:
            case "posts":
                for channel, revision in notice["revisions"].items():
                    self._changed(UUID(channel), int(revision))
            case "joined" | "left":
                self._forget(UUID(notice["person"]))
            case "channel":
                self._forget(UUID(notice["channel"]))
            case "workspace":
                self._forget(UUID(notice["workspace"]))
            case "identity":
                person = UUID(notice["person"])
                self._askers.forget(person)
                self._forget(person)

    def missed(self) -> None:
        """Notices may have been missed: forget everything."""
        for memory in (self._askers, self._seats, self._pages, self._parts):
            memory.forget_all()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> Receive | None:
        """Answer the request; where that is Django's to do, return how Django shall receive it.

        Raises Busy: nothing was accepted, or it is not known whether it was.
        """
        path: str = scope["path"]
        method: str = scope["method"]
        rest = path.startswith(START) and path[ID_END:] in {"/posts", "/read"}
        if not rest and not (path.startswith(PAGES) and path.endswith("/posts") and method == "GET"):
            return receive
        try:
            headers: Headers = dict(scope["headers"])
            if not rest:
                await self._part(scope, headers, path, send)
            elif method == "POST":
                body, receive = await _body(headers, receive)
                await self._write(scope, headers, path, body, send)
            elif method == "GET" and path.endswith("/posts"):
                await self._list(scope, headers, path, send)
            else:
                return receive
        except (NotHere, NotFound, msgspec.DecodeError, UnicodeDecodeError, OperationalError, InterfaceError):
            return receive
        return None

    async def _write(self, scope: Scope, headers: Headers, path: str, body: bytes, send: Send) -> None:
        if path.endswith("/posts"):
            new = _decode_post(body)
            if any("\0" in text for text in (new.body, new.client_id or "", *new.alts)):
                raise NotHere
            asked = await self._asked(scope, headers, path, "posts:write")
            letter = Letter(
                actor=asked.asker.person,
                seat=asked.seat,
                body=new.body,
                root_id=new.root_id,
                client_id=client_uuid(new.client_id),
                file_ids=new.attachment_ids,
                alts=new.alts,
            )
            delivered = await self._postbox.post(letter, _address(scope))
            if delivered is None:
                raise NotHere
            self._changed(asked.seat.channel.pk, delivered.revision)
            await self._answers.json(scope, headers, send, delivered.body, status=201 if delivered.created else 200)
        else:
            seq = _decode_read(body).seq
            asked = await self._asked(scope, headers, path, "posts:write")
            done = await self._database.read(_mark_read, asked.asker.person, asked.seat, seq, _address(scope))
            if done is None:
                raise NotHere
            await self._answers.json(scope, headers, send, done)

    async def _list(self, scope: Scope, headers: Headers, path: str, send: Send) -> None:
        which = _place(scope["query_string"]) if scope["query_string"] else {}
        asked = await self._asked(scope, headers, path, "posts:read")
        channel_id = asked.seat.channel.pk
        if which.get("limit", PAGE) == PAGE and which.keys() <= {"limit"}:
            body = (await self._pages.get(asked.seat)).body
        else:
            body = await self._database.read(_read_page, channel_id, which)
        await self._answers.json(scope, headers, send, body)

    async def _part(self, scope: Scope, headers: Headers, path: str, send: Send) -> None:
        """A part of a conversation for a browser: `posts:part`."""
        address = PART.fullmatch(path)
        cookies = asking.cookies_in(headers)
        if address is None or b"authorization" in headers or cookies.get(LAST_WORKSPACE) != address[1]:
            raise NotHere
        which = _place(scope["query_string"]) if scope["query_string"] else {}
        if "limit" in which:
            raise NotHere
        person = (await self._asker(scope, headers)).person
        reader = reader_of(
            person,
            headers.get(b"accept-language", b"").decode("latin-1"),
            cookies.get(settings.LANGUAGE_COOKIE_NAME, ""),
        )
        if which:
            body = await self._database.read(_read_part, person, address[1], address[2], which, reader)
        else:
            key = (person.pk, address[1], address[2])
            seat = await self._seat(
                key, lambda: self._database.read(channels.channel_by_slug, person, address[1], address[2])
            )
            body = (await self._parts.get(seat)).body(reader)
        await self._answers.html(scope, headers, send, body, reader.language)

    async def _asked(self, scope: Scope, headers: Headers, path: str, need: str) -> _Asked:
        """Who asks, and their seat in the channel. Raises NotHere or NotFound."""
        asker = await self._asker(scope, headers)
        if not asker.grant.allows(need):
            raise NotHere
        try:
            channel_id = UUID(path[len(START) : ID_END])
        except ValueError:
            raise NotHere from None
        person = asker.person
        read = lambda: self._database.read(channels.channel, person, channel_id)  # noqa: E731 - one expression
        return _Asked(asker, await self._seat((person.pk, channel_id), read))

    async def _seat(self, key: Hashable, read: Callable[[], Awaitable[Seat]]) -> Seat:
        seat = self._seats.get(key)
        if seat is None:
            seat = await self._seats.fetch(key, read, _seat_tags)
            if seat.is_direct:
                # Who may write here depends on who has blocked whom, which no notice tells of.
                self._seats.forget_key(key)
        return seat

    async def _asker(self, scope: Scope, headers: Headers) -> Asker:
        if not asking.is_our_host(headers.get(b"host", b"").decode("latin-1")):
            raise NotHere
        read: Callable[[str], Asker | None]
        if b"authorization" in headers:
            key, read = asking.token_in(headers), asking.by_token
        else:
            key, read = asking.cookies_in(headers).get(settings.SESSION_COOKIE_NAME), asking.by_session
            if key and scope["method"] != "GET" and not asking.comes_from_our_pages(scope, headers):
                raise NotHere
        if not key:
            raise NotHere
        asker = self._askers.get(key)
        if asker is not None and asker.until is not None and asker.until <= now():
            raise NotHere
        return asker or await self._askers.fetch(key, lambda: self._find(read, key), lambda found: (found.person.pk,))

    async def _find(self, read: Callable[[str], Asker | None], key: str) -> Asker:
        found = await self._database.read(read, key)
        if found is None:
            raise NotHere
        return found

    def _forget(self, about: Hashable) -> None:
        for memory in (self._seats, self._pages, self._parts):
            memory.forget(about)

    def _changed(self, channel_id: UUID, revision: int) -> None:
        for pages in (self._pages, self._parts):
            pages.changed(channel_id, revision)


def _address(scope: Scope) -> str:
    """Where the request comes from, as Django's `REMOTE_ADDR`."""
    return str((scope.get("client") or ("",))[0])


def _seat_tags(seat: Seat) -> tuple[Hashable, ...]:
    return (seat.person_id, seat.channel.pk, seat.place.workspace.pk)


def _place(query: bytes) -> dict[str, int]:
    """Which posts: what is sent as plain whole numbers, each once; everything else is for Django to judge."""
    try:
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, strict_parsing=True)
    except ValueError:
        raise NotHere from None
    found = {name: int(text) for name, text in pairs if text.isascii() and text.isdigit()}
    sides = found.keys() & {"before", "after", "around"}
    if len(found) < len(pairs) or not found.keys() <= {"before", "after", "around", "limit"} or len(sides) > 1:
        raise NotHere
    if not 1 <= found.get("limit", PAGE) <= LARGEST_PAGE or any(found[side] > MAX_BIGINT for side in sides):
        raise NotHere
    return found


def _read_page(channel_id: UUID, which: dict[str, int]) -> bytes:
    found = queries.page(
        channel_id,
        before=which.get("before"),
        after=which.get("after"),
        around=which.get("around"),
        limit=which.get("limit", PAGE),
    )
    return wire.page(found, forward="after" in which)


def _read_part(person: Person, workspace: str, slug: str, which: dict[str, int], reader: Reader) -> bytes:
    with reader.reading():
        seat = channels.channel_by_slug(person, workspace, slug)
        side, seq = next(iter(which.items()))
        return remembered.page(seat, {side: seq}).part()  # type: ignore[misc]  # `side` is one of the three


def _mark_read(person: Person, seat: Seat, seq: int, address: str) -> bytes | None:
    try:
        limits.spend(limits.ADDRESS, address)
    except TooMany:
        return None
    services.mark_read(actor=person, seat=seat, seq=seq)
    return wire.reading(queries.unread(person, seat.channel.pk))


async def _body(headers: Headers, receive: Receive) -> tuple[bytes, Receive]:
    """A small JSON body, and a `receive` that gives it once more. Raises NotHere before reading any other."""
    length = headers.get(b"content-length", b"")
    kind = headers.get(b"content-type", b"").partition(b";")[0].strip()
    if not length.isdigit() or int(length) > LARGEST or kind != b"application/json" or b"expect" in headers:
        raise NotHere
    message = await receive()
    parts: bytes = message.get("body", b"")
    while message["type"] == "http.request" and message.get("more_body", False):
        message = await receive()
        parts += message.get("body", b"")
    if message["type"] != "http.request":
        raise NotHere
    waiting = [{"type": "http.request", "body": parts, "more_body": False}]

    async def again() -> Message:
        return waiting.pop() if waiting else await receive()

    return parts, again
