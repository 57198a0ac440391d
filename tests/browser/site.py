"""The running product, and ways to put people and places into it without clicking through a browser."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection
from django.test.utils import override_settings
from playwright.sync_api import BrowserContext
from pytest_django.plugin import DjangoDbBlocker

from cli.program import Serving
from tertulia.channels import access as channel_access
from tertulia.channels import services as channels
from tertulia.channels.models import Channel
from tertulia.kernel.clock import now
from tertulia.people import services as people
from tertulia.people.models import Person
from tertulia.people.scopes import SCOPES
from tertulia.posts import services as posts
from tertulia.posts.services import NewPost
from tertulia.posts.states import PostState
from tertulia.workspaces import services as workspaces
from tertulia.workspaces.models import Role, Workspace

# Those of the running product, where the tests' own quick one is not known.
THEIR_HASHERS = ["django.contrib.auth.hashers.ScryptPasswordHasher"]


class Site:
    """`url` is where it serves; inside `with site.database():` Django's ORM and our services act on its database."""

    def __init__(self, serving: Serving, database_name: str, blocker: DjangoDbBlocker, folder: Path) -> None:
        self.url = serving.url
        self.serving = serving
        self._folder = folder
        self._name = database_name
        self._blocker = blocker
        self._numbers = itertools.count(1)

    @contextmanager
    def database(self) -> Iterator[None]:
        """Not the test database: what is written here is committed and the running product sees it."""
        # Playwright keeps an event loop in this thread; nothing else runs in it while we talk to the database.
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
        ours = connection.settings_dict["NAME"]
        connection.close()
        connection.settings_dict["NAME"] = self._name
        try:
            with self._blocker.unblock(), override_settings(PASSWORD_HASHERS=THEIR_HASHERS):
                yield
        finally:
            connection.close()
            connection.settings_dict["NAME"] = ours
            del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]

    def person(self, name: str, *, is_owner: bool = False, password: str | None = None) -> Person:
        """A new person with a confirmed address; the same name twice makes two people. Without a password they cannot
        sign in by themselves, only by `sign_in`.
        """
        email = f"{name.split(maxsplit=1)[0].lower()}.{next(self._numbers)}@example.org"
        with self.database():
            return people.create_person(
                email=email, display_name=name, password=password, verified=True, is_owner=is_owner
            )

    def workspace(self, owner: Person, slug: str, *, name: str = "", template: str = "blank") -> Workspace:
        """A new workspace of the owner's, who owns the installation for that."""
        with self.database():
            Person.objects.filter(pk=owner.pk).update(is_owner=True)
            owner.refresh_from_db()
            return workspaces.create_workspace(actor=owner, slug=slug, name=name or slug, template=template)

    def member(self, workspace: Workspace, owner: Person, person: Person, role: Role = Role.LEARNER) -> None:
        """Put a person into a workspace."""
        with self.database():
            workspaces.add_member(actor=owner, workspace=workspace, person=person, role=role)

    def channel(self, workspace: Workspace, slug: str) -> Channel:
        """A channel that is there."""
        with self.database():
            return Channel.objects.get(workspace=workspace, slug=slug)

    def new_channel(
        self, workspace: Workspace, owner: Person, name: str, *people: Person, visibility: str = "public"
    ) -> Channel:
        """One more channel of the owner's, with these people in it."""
        with self.database():
            made = channels.create_channel(actor=owner, workspace=workspace, name=name, visibility=visibility)
            if people:
                channels.add_people(actor=owner, channel=made, person_ids=[person.pk for person in people])
            return made

    def say(self, person: Person, channel: Channel, body: str, root_id: UUID | None = None) -> PostState:
        """Somebody posts; whoever looks at the channel sees it appear."""
        with self.database():
            seat = channel_access.channel(person, channel.pk)
            state, _created = posts.post(actor=person, seat=seat, body=body, root_id=root_id)
            return state

    def fill(
        self, channel: Channel, authors: Sequence[Person], bodies: Sequence[str], moments: Sequence[datetime]
    ) -> None:
        """A past for a channel: its authors speak in turn, at these moments."""
        with self.database():
            posts.create_posts(
                [
                    NewPost(channel_id=channel.pk, author_id=author.pk, body=body, created_at=moment)
                    for author, body, moment in zip(itertools.cycle(authors), bodies, moments, strict=False)
                ],
                silent=True,
            )

    def world(self, slug: str) -> World:
        """A workspace of Ana's with a channel `table`, in which Ben sits too."""
        ana, ben = self.person("Ana Ruiz"), self.person("Ben Okoro")
        workspace = self.workspace(ana, slug, name=slug.capitalize())
        self.member(workspace, ana, ben)
        table = self.new_channel(workspace, ana, "table", ben)
        return World(self, workspace, ana, ben, table)

    def mailed(self, email: str) -> str:
        """The newest mail to an address, as text."""
        mails = sorted((self._folder / "mail").iterdir(), key=lambda mail: mail.stat().st_mtime, reverse=True)
        return next(text for text in (mail.read_text() for mail in mails) if f"To: {email}" in text)

    def mailed_code(self, email: str) -> str:
        """The code that the newest mail to an address brings."""
        found = re.search(r"^\s*([0-9A-Z]{3,4}-?[0-9A-Z]{3,4})\s*$", self.mailed(email), re.MULTILINE)
        assert found
        return found[1]

    def token(self, person: Person) -> str:
        """An access token that may do everything the person may."""
        with self.database():
            _token, raw = people.create_token(
                actor=person, name="browser tests", scopes=list(SCOPES), expires_at=now() + timedelta(days=1)
            )
        return raw

    def sign_in(self, context: BrowserContext, person: Person) -> None:
        """Give a browser the person's session, as if they had signed in."""
        with self.database():
            session = SessionStore()
            session[SESSION_KEY] = str(person.pk)
            session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
            session[HASH_SESSION_KEY] = person.get_session_auth_hash()
            session.save()
        key = str(session.session_key)
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": key, "url": self.url}])


@dataclass(frozen=True)
class World:
    """Ana owns a workspace, Ben learns in it, both sit at the table."""

    site: Site
    workspace: Workspace
    ana: Person
    ben: Person
    table: Channel

    @property
    def path(self) -> str:
        """The address of the table."""
        return f"/w/{self.workspace.slug}/c/{self.table.slug}"
