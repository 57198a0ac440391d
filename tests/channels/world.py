"""The people of these tests, made by the real services.

Olga owns the workspace Course, Ina teaches there, Mia and Ben learn, Gus is a guest; Otto is outside and owns Other.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.test import Client

from tertulia.channels import access, services
from tertulia.channels.access import Seat
from tertulia.channels.models import Channel, ChannelMembership
from tertulia.people import services as people_services
from tertulia.people.models import Person
from tertulia.workspaces import access as workspace_access
from tertulia.workspaces import services as workspace_services
from tertulia.workspaces.access import Place
from tertulia.workspaces.models import Group, Role


def person(handle: str, **fields: Any) -> Person:
    """Somebody with a verified account."""
    return people_services.create_person(
        email=f"{handle}@example.org", handle=handle, display_name=handle.capitalize(), verified=True, **fields
    )


class World:
    """A workspace with one default channel (`general`), and one who is not in it."""

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

    def member(self, handle: str, role: Role = Role.LEARNER) -> Person:
        """One more member of Course."""
        made = person(handle)
        workspace_services.add_member(actor=self.olga, workspace=self.course, person=made, role=role)
        return made

    def channel(self, name: str, *people: Person, by: Person | None = None, **fields: Any) -> Channel:
        """A channel made by Ina (or somebody else), with these people in it too."""
        maker = by or self.ina
        made = services.create_channel(actor=maker, workspace=self.course, name=name, **fields)
        if people:
            services.add_people(actor=maker, channel=made, person_ids=[one.pk for one in people])
        return made

    def secret(self, *people: Person, name: str = "Secret plans") -> Channel:
        """A private channel of Ina's, with these people."""
        return self.channel(name, *people, visibility="private")

    def group(self, slug: str, *people: Person) -> Group:
        """A group of members."""
        made = workspace_services.create_group(actor=self.olga, workspace=self.course, name=slug, slug=slug)
        self.set_group(made, *people)
        return made

    def set_group(self, group: Group, *people: Person) -> None:
        """Who is in a group from now on."""
        workspace_services.set_group_members(actor=self.olga, group=group, person_ids=[one.pk for one in people])

    def place(self, one: Person) -> Place:
        """Their place in Course."""
        return workspace_access.workspace(one, "course")

    def bar_learners(self) -> None:
        """Learners may no longer message each other."""
        workspace_services.update_workspace(actor=self.olga, workspace=self.course, learners_may_message=False)


def seat(one: Person, channel: Channel) -> Seat:
    """Their seat in a channel, read anew."""
    return access.channel(one, channel.pk)


def fresh(channel: Channel) -> Channel:
    """The channel, read anew."""
    return Channel.objects.select_related("workspace").get(pk=channel.pk)


def inside(channel: Channel) -> set[str]:
    """The handles of those in a channel."""
    return set(ChannelMembership.objects.filter(channel=channel).values_list("person__handle", flat=True))


def via(channel: Channel, one: Person) -> uuid.UUID | None:
    """The group that alone holds somebody in a channel."""
    return ChannelMembership.objects.get(channel=channel, person=one).via_group_id


def client(one: Person | None = None) -> Client:
    """A browser, with this person signed in."""
    made = Client()
    if one is not None:
        made.force_login(one)
    return made
