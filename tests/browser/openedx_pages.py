"""A platform with courses, rosters and events in the house, so that the pages about Open edX have something to show."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from playwright.sync_api import Page

from tertulia.integrations.openedx.models import Connection, Course, Event, Fetch, Outcome, Stage, State, Unknown
from tertulia.integrations.openedx.services.connections import add_connection, new_webhook_secret
from tertulia.integrations.openedx.words import Kind, Line
from tertulia.kernel.clock import now

from .house import House

RUN = "course-v1:Ateneo+BAKE101+2026_T1"


def openedx(path: str) -> Callable[[Page, House], None]:
    """Ana goes to a page about Open edX; `{edx}` and `{course}` are filled in."""

    def go(page: Page, house: House) -> None:
        with house.site.database():
            connection = Connection.objects.first() or _furnish(house)
            course = connection.courses.get(key=RUN)
        filled = path.format(edx=connection.pk, course=course.pk)
        answer = page.goto(filled)
        assert answer
        assert answer.status == 200, filled

    return go


def secret(page: Page, house: House) -> None:
    """A new secret is shown, this once."""
    openedx("/installation/openedx/{edx}/webhooks")(page, house)
    page.get_by_role("button", name="Make a new secret").click()
    page.locator("#ask").get_by_role("button", name="Make a new one").click()
    page.get_by_role("heading", name="The secret").wait_for()


def _furnish(house: House) -> Connection:
    made = add_connection(
        actor=house.ana,
        name="Campus",
        address="https://courses.example.org",
        client_id="tertulia",
        client_secret="a-secret",
        follow=[RUN, "course-v1:Ateneo+BREAD+*"],
    )
    Course.objects.filter(key=RUN).update(title="Baking for Beginners", people=231, roster_at=now(), state=State.ASKING)
    Course.objects.create(connection=made, key="course-v1:Ateneo+BREAD+1", title="Bread", is_followed=True)
    Course.objects.create(connection=made, key="course-v1:Ateneo+CAKE+1", title="Cake")
    course, moment = made.courses.get(key=RUN), now() - timedelta(minutes=4)
    lines = [
        Line(moment, Kind.STARTED),
        Line(moment, Kind.WAITED, {"seconds": 47, "pace": 30}),
        Line(moment, Kind.TROUBLE, {"why": "/api/enrollment/v1/enrollments answers 500.", "seconds": 30}),
        Line(moment, Kind.RESUMED),
        Line(moment, Kind.READ, {"stage": Stage.ENROLMENTS, "count": 231, "pages": 3}),
        Line(moment, Kind.ASKS, {"why": "60 of 231 people would leave, more than 20 %."}),
    ]
    shown = {"pages": 7, "waits": 1, "people": 231, "began_at": moment, "beat_at": moment}
    told = {"active": 231, "new": 4, "changed": 1, "gone": 2, "waiting": 12}
    done = [Line(moment, Kind.STARTED).stored, Line(moment, Kind.TOLD, told).stored]
    Fetch.objects.create(course=course, state=State.DONE, lines=done, **shown)
    Fetch.objects.create(
        course=course, by=house.ana, state=State.ASKING, lines=[each.stored for each in lines], **shown
    )
    new_webhook_secret(actor=house.ana, connection=made)
    said = {"mode": "verified", "cohort": "", "active": True, "title": "", "email": "", "name": ""}
    event = {"connection": made, "subject": "ben", "scope": RUN, "said": said, "happened_at": moment}
    kind = "course.enrollment.created"
    Event.objects.create(key="1", type=kind, outcome=Outcome.TOLD, times=2, **event)
    Event.objects.create(key="2", type=kind, outcome=Outcome.FAILED, **event)
    Unknown.objects.create(connection=made, type="auth.session.login.completed", times=12)
    return made
