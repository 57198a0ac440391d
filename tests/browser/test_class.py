"""A class comes by REST, and one of them by LTI. She talks, leaves, and is out, whatever comes late.

The registrar's program sends the class; an Open edX tells of some of them too, by roster and webhooks; LTI signs in.
The learning platforms are fakes, with their real shapes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection as database
from playwright.sync_api import Page, expect

from integrations.lti.platform import DROP, FakePlatform
from integrations.openedx.fake_platform import RUN
from integrations.openedx.fake_platform import FakePlatform as FakeOpenedx
from tertulia.channels.models import Channel
from tertulia.enrolments import services as enrolments
from tertulia.enrolments.models import Key
from tertulia.enrolments.records import Draft
from tertulia.integrations.lti.models import Context, Placement, Target
from tertulia.integrations.lti.services import courses
from tertulia.integrations.lti.services.platforms import add_platform
from tertulia.integrations.openedx.models import Connection, Fetch, State
from tertulia.integrations.openedx.services import connections, rosters
from tertulia.people.models import Person
from tertulia.workspaces.models import Membership, Workspace

from .conftest import PATIENCE, Desk
from .site import Site
from .talking import composer, live, post, say, settled

SIZE = 2_000
LEA = {"external_id": "s-0007", "email": "lea.7@school.example", "name": "Lea Ortiz"}
OTHERS = [
    {"external_id": f"s-{number:04}", "email": f"student.{number}@school.example", "name": f"Student {number}"}
    for number in range(8, SIZE + 7)
]


@dataclass
class Course:
    """`fake` is the LMS; the course's link leads to `circle`, a private channel of the workspace."""

    site: Site
    fake: FakePlatform
    owner: Person
    workspace: Workspace
    circle: Channel
    link: str

    def put(self, page: Page, people: list[Mapping[str, Any]], mode: str = "merge") -> Mapping[str, int]:
        """A list as the registrar's program sends it; gives back what happened, counted."""
        answer = page.request.put(
            f"{self.site.url}/api/v1/workspaces/{self.workspace.slug}/enrolments",
            headers={"Authorization": f"Bearer {self.site.token(self.owner)}"},
            data={"mode": mode, "source": "Registrar", "people": [{**one, **self.gives} for one in people]},
        )
        assert answer.ok, answer.text()
        counts: Mapping[str, int] = answer.json()["counts"]
        return counts

    @property
    def gives(self) -> Mapping[str, Any]:
        """What everybody of the class gets."""
        return {"role": "learner", "groups": ["Spring class"], "channels": [self.circle.slug]}

    def members(self) -> int:
        """How many the workspace has."""
        with self.site.database():
            return Membership.objects.filter(workspace=self.workspace).count()

    def click(self, page: Page) -> None:
        """Lea clicks at the link in her course."""
        page.goto(self._login)

    def begin_click(self, page: Page) -> None:
        """Lea clicks, and the LMS's answer is on its way until `end_click`."""
        self.fake.answering.clear()
        page.evaluate("(address) => { location.href = address }", self._login)
        while not self.fake.waiting:
            page.wait_for_timeout(20)

    def end_click(self) -> None:
        """The LMS's answer arrives."""
        self.fake.answering.set()

    @property
    def _login(self) -> str:
        sent = {"iss": self.fake.url, "login_hint": "7", "target_link_uri": self.link, "client_id": self.fake.client_id}
        return f"{self.site.url}/lti/login?{urlencode(sent)}"


@pytest.fixture
def course(site: Site) -> Iterator[Course]:
    """A workspace whose registrar's list says who is in the course, and an LMS that is trusted with addresses."""
    owner = site.person("Olga", is_owner=True)
    fake = FakePlatform(tool=site.url)
    workspace = site.workspace(owner, f"class-{fake.server.server_port}", name="Class of spring", template="course")
    circle = site.new_channel(workspace, owner, "Spring circle", visibility="private")
    with site.database():
        platform = add_platform(actor=owner, deployments=["1"], mail_verified=True, **fake.fields)  # type: ignore[arg-type]  # a plain mapping
        context = Context.objects.create(
            platform=platform, deployment_id="1", context_id="course-1", title="Baking", workspace=workspace,
            set_up_by=owner,
        )  # fmt: skip
        courses.change_course(
            actor=owner, context=context, unit_channel=None, channel_ids=[], groups=[], role_map={},
            launches_admit=False,
        )  # fmt: skip
        placement = Placement.objects.create(context=context, target=Target.CHANNEL, channel=circle, by=owner)
    fake.launching = {"sub": "7f1c", "name": LEA["name"], "email": LEA["email"]}
    fake.launching |= {"target_link_uri": f"{site.url}/lti/at/{placement.pk}", "launch_presentation": DROP}
    yield Course(site, fake, owner, workspace, circle, f"{site.url}/lti/at/{placement.pk}")
    fake.close()


@dataclass
class Campus:
    """An Open edX (a fake) that tells of Lea and two others, and a rule that lets its learners into the circle."""

    site: Site
    fake: FakeOpenedx
    owner: Person
    connection: Connection

    def begin_roster(self, page: Page) -> None:
        """A roster begins, and is told to wait after its first page, on which Lea stands."""
        self.fake.fail_next("throttled", "/enrollments", after=1, retry_after="3600")
        with self.site.database():
            self.fetch = rosters.start(course=self.connection.courses.get(key=RUN), actor=self.owner)
        self._wait(page, State.WAITING)

    def end_roster(self, page: Page) -> None:
        """The hour is over, and the roster goes on to its end."""
        with self.site.database():
            Connection.objects.update(paused_until=None)
            with database.cursor() as cursor:
                cursor.execute("UPDATE procrastinate_jobs SET scheduled_at = now() WHERE queue_name = 'rosters'")
        self._wait(page, State.DONE)

    def first_roster(self, page: Page) -> None:
        """The roster that follows connecting is there."""
        with self.site.database():
            found = Fetch.objects.filter(course__connection=self.connection).first()
        while found is None:
            page.wait_for_timeout(100)
            with self.site.database():
                found = Fetch.objects.filter(course__connection=self.connection).first()
        self.fetch = found
        self._wait(page, State.DONE)

    def _wait(self, page: Page, state: State) -> None:
        tries = PATIENCE // 100
        for _try in range(tries):
            with self.site.database():
                self.fetch.refresh_from_db()
            if self.fetch.state == state:
                return
            page.wait_for_timeout(100)
        pytest.fail(f"The roster is {self.fetch.state}, not {state}: {self.fetch.lines}")


@pytest.fixture
def openedx() -> Iterator[FakeOpenedx]:
    """A fake Open edX where Lea and two others are enrolled; rosters of one person a page."""
    with FakeOpenedx(page_size=1) as fake:
        for username, one in zip(("lea", "student-8", "student-9"), [LEA, *OTHERS], strict=False):
            fake.account(username, email=one["email"], name=one["name"])
            fake.enrol(username)
        yield fake


def connect(course: Course, fake: FakeOpenedx) -> Campus:
    """Connect the platform, its webhooks too, and write the rule."""
    owner, site = course.owner, course.site
    client, secret = fake.roster_client
    with site.database():
        connection = connections.add_connection(
            actor=owner, name="Campus", address=fake.origin, client_id=client, client_secret=secret, follow=[RUN],
            mail_verified=True,
        )  # fmt: skip
        draft = Draft(name="Baking", conditions=[(Key.RUN, [RUN])], channels=[course.circle.slug])
        enrolments.write_rule(actor=owner, workspace=course.workspace, draft=draft)
        word = connections.new_webhook_secret(actor=owner, connection=connection)
    fake.subscribe(f"{site.url}/openedx/{connection.pk}/openedx-webhooks/{word}")
    return Campus(site, fake, owner, connection)


def test_a_class_comes_by_itself_and_who_leaves_is_out_whatever_comes_late(
    browse: Desk, course: Course, openedx: FakeOpenedx
) -> None:
    program, lea, owner = browse(), browse(), browse(course.owner)
    place = f"/w/{course.workspace.slug}/c/{course.circle.slug}"

    # She clicks before anybody has told of her: nobody gets an account by that.
    course.click(lea)
    expect(lea.locator("body")).to_contain_text("You are not on the list of “Baking”")

    # The class comes, twice; Open edX tells of her too.
    assert course.put(program, [LEA, *OTHERS], "mirror")["created"] == SIZE
    assert course.put(program, [LEA, *OTHERS], "mirror")["unchanged"] == SIZE
    campus = connect(course, openedx)
    campus.first_roster(program)
    assert course.members() == SIZE + 1

    # One click: signed in, in the private channel, as herself.
    course.click(lea)
    expect(lea).to_have_url(course.site.url + place)
    live(lea)
    say(lea, "Good morning, everybody")
    settled(lea)
    owner.goto(place)
    expect(post(owner, "Good morning, everybody")).to_contain_text("Lea Ortiz")

    # While a roster has her on its first page, and her next click is on its way, she leaves the course.
    campus.begin_roster(program)
    again = lea.context.new_page()
    course.begin_click(again)
    campus.fake.unenrol("lea")
    assert course.put(program, [{**LEA, "active": False}])["kept"] == 1  # Open edX has not said so yet
    assert course.members() == SIZE + 1

    # It tells the newest first: that she left, and then, late, that she came; each twice.
    assert set(campus.fake.send_webhooks(order="reversed", times=2)) == {200}
    assert course.members() == SIZE

    # The page that is open says so by itself.
    expect(lea.locator("body")).not_to_contain_text("Good morning, everybody")
    expect(composer(lea)).to_have_count(0)

    # The roster ends, and the click arrives: neither brings her back, nor does another click.
    campus.end_roster(program)
    course.end_click()
    expect(again.locator("body")).to_contain_text("You are not on the list of “Baking”")
    course.click(again)
    expect(again.locator("body")).to_contain_text("You are not on the list of “Baking”")
    assert course.members() == SIZE
    answer = lea.goto(place)
    assert answer
    assert answer.status == 404
    expect(post(owner, "Good morning, everybody")).to_be_visible()  # what she has given stays
