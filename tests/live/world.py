"""The people of these tests, made by the real services: whatever they do reaches the bus as it does in the product.

Olga owns the workspace Course, Ina teaches there, Mia and Ben learn, Gus is a guest; Otto is outside and owns Other.
"""

from __future__ import annotations

from typing import Any, TypedDict
from uuid import UUID

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore

from tertulia.channels import access as channel_access
from tertulia.channels import services as channel_services
from tertulia.channels.access import Seat
from tertulia.channels.models import Channel
from tertulia.people import services as people_services
from tertulia.people.models import Person
from tertulia.posts import access as post_access
from tertulia.posts import services as post_services
from tertulia.posts.models import Post
from tertulia.posts.queries import PostState
from tertulia.workspaces import services as workspace_services
from tertulia.workspaces.models import Role

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def person(handle: str, **fields: Any) -> Person:
    """Somebody with a verified account."""
    return people_services.create_person(
        email=f"{handle}@example.org", handle=handle, display_name=handle.capitalize(), verified=True, **fields
    )


def sign_in(one: Person) -> str:
    """A new session of theirs; returns its key."""
    session = SessionStore()
    session[SESSION_KEY] = str(one.pk)
    session[BACKEND_SESSION_KEY] = BACKEND
    session[HASH_SESSION_KEY] = one.get_session_auth_hash()
    session.create()
    assert session.session_key is not None
    return str(session.session_key)


class World:
    """A workspace with a default channel (`general`), a public one (`chatter`) and a private one (`secret`)."""

    def __init__(self) -> None:
        self.olga = person("olga", is_owner=True)
        self.otto = person("otto", is_owner=True)
        self.course = workspace_services.create_workspace(
            actor=self.olga, slug="course", name="Course", template="blank"
        )
        self.other = workspace_services.create_workspace(actor=self.otto, slug="other", name="Other", template="blank")
        self.ina = self.member("ina", Role.INSTRUCTOR)
        self.mia = self.member("mia")
        self.ben = self.member("ben")
        self.gus = self.member("gus", Role.GUEST)
        self.general = Channel.objects.get(workspace=self.course, slug="general")
        self.chatter = self.channel("Chatter", self.mia)
        self.secret = self.channel("Secret", self.mia, visibility="private")

    def member(self, handle: str, role: Role = Role.LEARNER) -> Person:
        """One more member of Course."""
        made = person(handle)
        workspace_services.add_member(actor=self.olga, workspace=self.course, person=made, role=role)
        return made

    def channel(self, name: str, *people: Person, **fields: Any) -> Channel:
        """A channel made by Ina, with these people in it too."""
        made = channel_services.create_channel(actor=self.ina, workspace=self.course, name=name, **fields)
        if people:
            self.add(made, *people)
        return made

    def add(self, channel: Channel, *people: Person) -> None:
        """Ina brings people into a channel."""
        channel_services.add_people(actor=self.ina, channel=channel, person_ids=[one.pk for one in people])


def seat(one: Person, channel: Channel) -> Seat:
    """Their seat in a channel, read anew."""
    return channel_access.channel(one, channel.pk)


def say(one: Person, channel: Channel, body: str = "Hello", root: UUID | None = None) -> PostState:
    """Post, as that person does."""
    state, _created = post_services.post(actor=one, seat=seat(one, channel), body=body, root_id=root)
    return state


class At(TypedDict):
    """What the verbs on a post that is there take."""

    post: Post
    seat: Seat


def at(one: Person, post_id: UUID) -> At:
    """A post as that person sees it."""
    post, its_seat = post_access.post(one, post_id)
    return {"post": post, "seat": its_seat}
