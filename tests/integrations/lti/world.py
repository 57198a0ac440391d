"""The people of these tests: Olga owns the installation, Ida is an instructor of Baking, Otto owns another place."""

from __future__ import annotations

from django.test import Client

from tertulia.integrations.lti.models import Context, Platform
from tertulia.integrations.lti.services import courses
from tertulia.integrations.lti.services.platforms import add_platform
from tertulia.people import services as people
from tertulia.people.models import Identity, Person
from tertulia.workspaces import services as workspaces
from tertulia.workspaces.models import Membership, Role, Workspace

from .platform import INSTRUCTOR, FakePlatform, launch

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


class World:
    """`platform` is the fake one as it is set up here; `context` its course, connected to `workspace` by Ida."""

    def __init__(self, fake: FakePlatform) -> None:
        self.fake = fake
        self.olga = _person("olga", is_owner=True)
        self.otto = _person("otto")
        self.other = workspaces.create_workspace(actor=self.otto, name="Other", template="blank", allowed=True)
        self.platform: Platform = add_platform(actor=self.olga, deployments=["1"], **fake.fields)  # type: ignore[arg-type]  # a plain mapping
        answer = launch(Client(), fake, roles=[INSTRUCTOR], sub="ida", name="Ida Instructor", resource_link={"id": "0"})
        assert answer.status_code == 302, answer.content.decode()
        self.ida = self.person("ida")
        self.context = courses.set_up(actor=self.ida, context=Context.objects.get(), name="Baking")
        assert self.context.workspace is not None
        self.workspace: Workspace = self.context.workspace

    def person(self, subject: str) -> Person:
        """Who came from the fake LMS under this subject."""
        return Identity.objects.select_related("person").get(issuer=self.fake.url, subject=subject).person

    def role(self, subject: str) -> Role | None:
        """Their role in the workspace, read anew."""
        found = Membership.objects.filter(workspace=self.workspace, person=self.person(subject)).first()
        return Role(found.role) if found else None


def six_learners(fake: FakePlatform) -> None:
    """Six learners launch, and the platform says where its roster is."""
    for number in range(6):
        launch(Client(), fake, sub=f"user-{number}")
    Context.objects.update(nrps_url=f"{fake.url}/roster?role=x")


def _person(handle: str, *, is_owner: bool = False) -> Person:
    return people.create_person(
        email=f"{handle}@example.org",
        handle=handle,
        display_name=handle.capitalize(),
        verified=True,
        is_owner=is_owner,
        password="correct horse battery",
    )


def signed_in(person: Person) -> Client:
    """A browser in which they are signed in."""
    client = Client()
    client.force_login(person, backend=BACKEND)
    return client


def who(client: Client) -> str:
    """The id of whoever is signed in; "" for nobody."""
    return str(client.session.get("_auth_user_id", ""))
