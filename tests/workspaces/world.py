"""The people of these tests: Olga owns Course, others have each role in it, Otto is outside and owns Other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.test import Client

from tertulia.kernel.clock import now
from tertulia.people import services as people_services
from tertulia.people.models import Person
from tertulia.workspaces import access, services
from tertulia.workspaces.access import Place
from tertulia.workspaces.models import Membership, Role, Template, Workspace


def person(handle: str, **fields: Any) -> Person:
    """Somebody with a verified account."""
    return people_services.create_person(
        email=f"{handle}@example.org", handle=handle, display_name=handle.capitalize(), verified=True, **fields
    )


class World:
    """One workspace with a member of each role, another workspace, and its owner outside of the first."""

    def __init__(self) -> None:
        self.root = person("root", is_owner=True)
        self.olga = person("olga", is_owner=True)
        self.otto = person("otto", is_owner=True)
        self.course = services.create_workspace(
            actor=self.olga, slug="course", name="Course", goal="Learn to bake.", template=Template.BLANK
        )
        self.other = services.create_workspace(
            actor=self.otto, slug="other", name="Other", goal="Hidden things.", template=Template.BLANK
        )
        self.people = {Role.OWNER: self.olga}

    def member(self, role: Role = Role.LEARNER, handle: str = "") -> Person:
        """The member with this role; or another one, if a handle is given."""
        if handle:
            return self._join(handle, role)
        if role not in self.people:
            self.people[role] = self._join(role.value, role)
        return self.people[role]

    def _join(self, handle: str, role: Role) -> Person:
        made = person(handle)
        services.add_member(actor=self.olga, workspace=self.course, person=made, role=role)
        return made

    def crowd(self, count: int) -> None:
        """So many learners at once: learner00, learner01 …; as bare rows, because lists need many."""
        people = [
            Person(handle=f"learner{number:02}", display_name=f"Learner{number:02}", email=f"l{number}@example.org")
            for number in range(count)
        ]
        Person.objects.bulk_create(people)
        Membership.objects.bulk_create(Membership(workspace=self.course, person=one) for one in people)

    def role_of(self, one: Person) -> Role | None:
        """Their role in Course, read anew."""
        found = Membership.objects.filter(workspace=self.course, person=one).first()
        return Role(found.role) if found else None

    def place(self, one: Person) -> Place:
        """Their place in Course."""
        return access.workspace(one, "course")

    def invite(self, **how: Any) -> str:
        """The secret of an invitation by Olga."""
        how.setdefault("expires_at", now() + timedelta(days=1))
        _made, secret = services.create_invitation(actor=how.pop("actor", self.olga), workspace=self.course, **how)
        return secret

    def fresh(self, workspace: Workspace | None = None) -> Workspace:
        """Course (or another one), read anew."""
        return Workspace.objects.get(pk=(workspace or self.course).pk)


@contextmanager
def undone() -> Iterator[None]:
    """What is written inside is taken back, so that many cases can share one world."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def client(one: Person | None = None) -> Client:
    """A browser, with this person signed in."""
    made = Client()
    if one is not None:
        made.force_login(one)
    return made
