"""The people of these tests: Olga owns a workspace, Mia and Ben learn in it, Gus is its guest, Otto is outside."""

from __future__ import annotations

import io
from dataclasses import dataclass, field

from django.test import Client
from PIL import Image

from tertulia.channels.models import Channel, ChannelMembership
from tertulia.people import services
from tertulia.people.models import Person
from tertulia.workspaces.models import Membership, Role, Workspace

PASSWORD = "seven quiet herons"


def person(handle: str, **fields: object) -> Person:
    """Somebody with a confirmed account."""
    return services.create_person(
        email=f"{handle}@example.org",
        display_name=handle.capitalize(),
        handle=handle,
        password=PASSWORD,
        verified=True,
        **fields,  # type: ignore[arg-type]  # the tests know their fields
    )


def signed_in(someone: Person) -> Client:
    """A browser in which `someone` is signed in."""
    client = Client()
    client.force_login(someone)
    return client


def png(width: int = 40, height: int = 30, colour: str = "red") -> bytes:
    """A small picture."""
    out = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(out, "PNG")
    return out.getvalue()


@dataclass
class World:
    """One workspace with people in it and one with only Otto."""

    workspace: Workspace = field(init=False)
    olga: Person = field(init=False)
    mia: Person = field(init=False)
    ben: Person = field(init=False)
    gus: Person = field(init=False)
    otto: Person = field(init=False)

    def __post_init__(self) -> None:
        self.workspace = Workspace.objects.create(slug="course", name="Course")
        self.olga = self.member("olga", Role.OWNER)
        self.mia = self.member("mia")
        self.ben = self.member("ben")
        self.gus = self.member("gus", Role.GUEST)
        self.otto = person("otto")
        Membership.objects.create(
            workspace=Workspace.objects.create(slug="otherwhere", name="Otherwhere"), person=self.otto, role=Role.OWNER
        )

    def member(self, handle: str, role: Role = Role.LEARNER) -> Person:
        """One more member."""
        made = person(handle)
        Membership.objects.create(workspace=self.workspace, person=made, role=role)
        return made

    def channel(self, slug: str, *people: Person) -> Channel:
        """A channel of the workspace with these in it."""
        made = Channel.objects.create(workspace=self.workspace, slug=slug, name=slug)
        for one in people:
            ChannelMembership.objects.create(channel=made, person=one)
        return made
