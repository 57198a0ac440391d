"""The world of these tests: Olga owns the installation, and a fake Open edX is connected to it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection as database
from django.test import Client

from tertulia.enrolments.models import Registration
from tertulia.integrations.openedx import jobs
from tertulia.integrations.openedx.models import Connection, Course, Event, Fetch
from tertulia.integrations.openedx.services import connections, rosters
from tertulia.integrations.openedx.words import read
from tertulia.people.models import Person

from .fake_platform import RUN, FakePlatform

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
TASKS: dict[str, Callable[..., None]] = {
    "tertulia.integrations.openedx.jobs.fetch_roster": jobs.fetch_roster,
    "tertulia.integrations.openedx.jobs.list_courses": jobs.list_courses,
    "tertulia.integrations.openedx.jobs.apply_event": jobs.apply_event,
}


@dataclass
class World:
    """`platform` is the fake one; `connection` how it is connected."""

    olga: Person
    platform: FakePlatform
    connection: Connection

    @property
    def course(self) -> Course:
        """The fake's first course, read anew."""
        return Course.objects.select_related("connection__system").get(connection=self.connection, key=RUN)

    def begin(self) -> Fetch:
        """Ask for a roster."""
        return rosters.start(course=self.course, actor=self.olga)

    def fetch(self) -> Fetch:
        """Fetch a roster, with all its waits, to its end."""
        begun = self.begin()
        self.work(wait=True)
        begun.refresh_from_db()
        return begun

    def work(self, *, wait: bool = False, most: int = 100) -> int:
        """Run the jobs that are there, like a worker; with `wait`, also those that are scheduled, as if it were time.

        Returns how many ran.
        """
        done = 0
        while done < most:
            if wait:
                self.let_time_pass()
            with database.cursor() as cursor:
                cursor.execute(
                    "SELECT id, task_name, args FROM procrastinate_jobs WHERE status = 'todo' AND task_name = ANY(%s)"
                    " AND (scheduled_at IS NULL OR scheduled_at <= now() + interval '1 second') ORDER BY id LIMIT 1",
                    [list(TASKS)],
                )
                found = cursor.fetchone()
                if found is None:
                    break
                cursor.execute("DELETE FROM procrastinate_jobs WHERE id = %s", [found[0]])
            args = json.loads(found[2]) if isinstance(found[2], str) else found[2]
            TASKS[found[1]](**args)
            done += 1
        return done

    def let_time_pass(self) -> None:
        """Whatever waits need wait no more."""
        Connection.objects.update(paused_until=None)
        with database.cursor() as cursor:
            cursor.execute("UPDATE procrastinate_jobs SET scheduled_at = NULL WHERE status = 'todo'")
            cursor.execute("DELETE FROM kernel_limit")

    def waiting_jobs(self) -> list[str]:
        """The jobs that wait, by the last part of their names."""
        with database.cursor() as cursor:
            cursor.execute("SELECT task_name FROM procrastinate_jobs WHERE status = 'todo' ORDER BY id")
            return [name.rpartition(".")[2] for (name,) in cursor.fetchall() if name in TASKS]

    def told(self) -> dict[str, bool]:
        """Who is in the course and who was, as enrolments know it: username -> active."""
        rows = Registration.objects.filter(system=self.connection.system, scope=RUN)
        return dict(rows.values_list("subject", "active"))

    def active(self) -> set[str]:
        """Who is in the course."""
        return {name for name, is_active in self.told().items() if is_active}

    def registration(self, username: str) -> Registration:
        """What is known of somebody in the course."""
        return Registration.objects.get(system=self.connection.system, scope=RUN, subject=username)

    def secret(self) -> str:
        """A secret for webhooks."""
        return connections.new_webhook_secret(actor=self.olga, connection=self.connection)

    def hook(self, form: str = "openedx-webhooks") -> str:
        """The address for webhooks, without a secret."""
        return f"/openedx/{self.connection.pk}/{form}"

    def event(self, event_id: str) -> Event:
        """A kept event."""
        return Event.objects.get(connection=self.connection, key=event_id)


def posted(address: str, body: bytes, headers: Mapping[str, str]) -> int:
    """Post as a program without a session: for `FakePlatform.send_webhooks(post=…)`."""
    return int(post(address, body, headers).status_code)


def post(address: str, body: bytes, headers: Mapping[str, str]) -> Any:
    """The same; the whole answer."""
    others = {name: value for name, value in headers.items() if name != "Content-Type"}
    client = Client(enforce_csrf_checks=True)
    return client.post(address, data=body, content_type=headers.get("Content-Type", ""), headers=others)


def signed_in(person: Person) -> Client:
    """A browser in which they are signed in."""
    client = Client()
    client.force_login(person, backend=BACKEND)
    return client


def log(fetch: Fetch) -> str:
    """The whole log, as it is read."""
    return "\n".join(read(stored).text for stored in Fetch.objects.get(pk=fetch.pk).lines)
