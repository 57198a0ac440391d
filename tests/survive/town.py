"""A community to keep alive: a database with people in it, and what the running product is asked from outside."""

from __future__ import annotations

import http.client
import itertools
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

import psycopg
from django import conf
from django.db import connection
from psycopg.rows import DictRow, dict_row
from pytest_django.plugin import DjangoDbBlocker

from live.world import sign_in
from tertulia.channels import services as channels
from tertulia.channels.models import Channel
from tertulia.kernel.clock import now
from tertulia.people import services as people
from tertulia.people.models import Person
from tertulia.people.scopes import SCOPES
from tertulia.workspaces import services as workspaces
from tertulia.workspaces.models import Workspace

NAME = "learn.test"
"""What every host is called by: people type one address, whichever of them answers."""
PATIENCE = 40.0
"""Seconds until something that should happen is taken not to happen. Nothing waits so long unless it fails."""


@dataclass(frozen=True)
class Somebody:
    """A person with a way in for programs and one for browsers."""

    id: UUID
    handle: str
    token: str
    session: str


@dataclass
class Town:
    """The workspace `town`, its owner Olga and members, in the database at `url`."""

    url: str
    blocker: DjangoDbBlocker
    members: list[Somebody] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    @contextmanager
    def database(self) -> Iterator[None]:
        """Django's ORM and our services act on this database instead of the tests' own, and commit."""
        parts = urlsplit(self.url)
        query = dict(parse_qsl(parts.query))
        there = {
            "NAME": parts.path.strip("/"),
            "USER": parts.username or "",
            "PASSWORD": parts.password or "",
            "HOST": query.get("host") or parts.hostname or "",
            "PORT": query.get("port") or str(parts.port or ""),
        }
        ours = {name: connection.settings_dict[name] for name in there}
        connection.close()
        connection.settings_dict.update(there)
        try:
            with self.blocker.unblock():
                yield
        finally:
            connection.close()
            connection.settings_dict.update(ours)

    def settle(self, count: int) -> None:
        """Put Olga, Mia and so on into it, `count` in all."""
        with self.database():
            owner = people.create_person(email="olga@example.org", display_name="Olga", verified=True, is_owner=True)
            town = workspaces.create_workspace(actor=owner, slug="town", name="Town", template="blank")
            self.members = [_somebody(owner)]
            for number in range(1, count):
                person = people.create_person(
                    email=f"p{number}@example.org", display_name=f"Person {number}", verified=True
                )
                workspaces.add_member(actor=owner, workspace=town, person=person)
                self.members.append(_somebody(person))

    @property
    def olga(self) -> Somebody:
        """Who may do everything."""
        return self.members[0]

    def channel(self, name: str, *, private: bool = False) -> Channel:
        """A new channel in which everybody is; its name gets a number."""
        with self.database():
            owner = Person.objects.get(pk=self.olga.id)
            made = channels.create_channel(
                actor=owner,
                workspace=Workspace.objects.get(slug="town"),
                name=f"{name} {next(self._numbers)}",
                visibility="private" if private else "public",
            )
            others = [somebody.id for somebody in self.members[1:]]
            channels.add_people(actor=owner, channel=made, person_ids=others)
        return made

    def rows(self, query: str, *values: object) -> list[DictRow]:
        """What the database says, past all of the product's code."""
        with psycopg.connect(self.url, row_factory=dict_row, autocommit=True) as server:
            found = server.execute(query.encode(), values)
            return found.fetchall() if found.description else []

    def revision(self, channel: Channel) -> int:
        """The channel's revision now."""
        return int(self.rows("SELECT revision FROM channels_channel WHERE id = %s", channel.pk)[0]["revision"])


@dataclass(frozen=True)
class Door:
    """Where one host is reached."""

    address: str
    port: int

    def connect(self, seconds: float = 15) -> socket.socket:
        """A new connection. Raises OSError."""
        return socket.create_connection((self.address, self.port), timeout=seconds)

    def line(self) -> http.client.HTTPConnection:
        """The same, to send requests on. Raises OSError."""
        line = http.client.HTTPConnection(self.address, self.port)
        line.sock = self.connect()
        return line

    def request(
        self, method: str, path: str, *, token: str = "", session: str = "", body: object = None
    ) -> tuple[int, bytes]:
        """One request on a connection of its own: status and body. Raises OSError or HTTPException."""
        line = self.line()
        try:
            return ask(line, method, path, token=token, session=session, body=body)
        finally:
            line.close()


def ask(
    line: http.client.HTTPConnection, method: str, path: str, *, token: str = "", session: str = "", body: object = None
) -> tuple[int, bytes]:
    """One request on a connection that may be used again."""
    headers = {"Host": NAME}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    if session:
        headers["Cookie"] = f"tertulia_session={session}"
    data = None
    if body is not None:
        headers["Content-Type"] = "application/json"
        data = json.dumps(body)
    line.request(method, path, body=data, headers=headers)
    answer = line.getresponse()
    return answer.status, answer.read()


def settings(**more: str) -> dict[str, Any]:
    """How `tertulia serve` is set up for these tests."""
    return {
        "secret_key": conf.settings.SECRET_KEY,  # so that sessions made here hold there
        "url": f"http://{NAME}",
        "limits": "1000",
        **more,
    }


def _somebody(person: Person) -> Somebody:
    _token, raw = people.create_token(
        actor=person, name="survive", scopes=list(SCOPES), expires_at=now() + timedelta(days=1)
    )
    return Somebody(person.pk, person.handle, raw, sign_in(person))
