"""The owners' pages: connecting a platform, trying it, choosing courses, reading what happened."""

from __future__ import annotations

import json

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tertulia.integrations.openedx import asking, following
from tertulia.integrations.openedx.models import Connection, Course, Event, Fetch, State, Unknown
from tertulia.integrations.openedx.services import connections, courses
from tertulia.integrations.openedx.words import Kind as Said
from tertulia.integrations.openedx.words import Line
from tertulia.kernel.clock import now
from tertulia.kernel.errors import NotFound
from tertulia.kernel.models import AuditEntry
from tertulia.people import services as people
from tertulia.people.models import Kind, Person, SignInProvider
from tertulia.people.sign_in import providers

from .fake_platform import RUN, FakePlatform
from .world import World, posted, signed_in

PATH = "/installation/openedx"


def fields(platform: FakePlatform, **changes: object) -> dict[str, object]:
    """The form, filled in."""
    client_id, client_secret = platform.roster_client
    filled = {
        "name": "Campus",
        "address": f"{platform.origin}/",
        "client_id": client_id,
        "client_secret": client_secret,
        "follow": f"{RUN}\n\n {RUN} \n",
        "every": "24",
        "largest_share": "20",
        "reads_accounts": "on",
        "is_active": "on",
    }
    return filled | changes


def test_a_platform_is_connected_and_read(owner: Person, platform: FakePlatform) -> None:
    browser = signed_in(owner)
    assert "No platform is connected yet" in browser.get(PATH).content.decode()
    answer = browser.post(f"{PATH}/add", fields(platform))
    made = Connection.objects.get()
    assert answer["Location"] == f"{PATH}/{made.pk}"
    assert (made.address, made.follow) == (platform.origin, [RUN])
    assert made.system.issuer == f"{platform.origin}/oauth2"
    platform.enrol("ana")
    world = World(owner, platform, made)
    world.work(wait=True)
    assert world.active() == {"ana"}
    page = browser.get(answer["Location"]).content.decode()
    assert "Baking for Beginners" in page
    assert "done" in page
    assert "1 course is followed" in browser.get(PATH).content.decode()
    assert AuditEntry.objects.get(verb="connected").after["follow"] == [RUN]


def test_its_people_are_those_who_sign_in_by_it(owner: Person, platform: FakePlatform) -> None:
    SignInProvider.objects.create(
        slug="campus", kind=Kind.OPENEDX, name="Campus", address=f"{platform.origin}/", token_issuer="https://a/oauth2",
        client_id="x", secret=providers.sealed("x"), trust="never",
    )  # fmt: skip
    signed_in(owner).post(f"{PATH}/add", fields(platform))
    made = Connection.objects.get()
    assert made.system.issuer == "https://a/oauth2"
    SignInProvider.objects.update(token_issuer="")
    connections.try_out(actor=owner, connection=made)
    assert Connection.objects.get().system.issuer == f"{platform.origin}/oauth2"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "\u200b"),
        ("address", "javascript:alert(1)"),
        ("address", "https://user:pass@lms.example.org"),
        ("address", "https://lms.example.org/?x=1"),
        ("address", "https://lms.example.org/ x"),
        ("client_id", "a\u0000b"),
        ("client_secret", ""),
        ("follow", "two words"),
        ("follow", "x" * 300),
        ("follow", "\n".join(f"course-{number}" for number in range(200))),
        ("every", "5"),
        ("largest_share", "101"),
    ],
)
def test_what_cannot_be_used_is_told_at_its_field(
    owner: Person, platform: FakePlatform, field: str, value: str
) -> None:
    answer = signed_in(owner).post(f"{PATH}/add", fields(platform, **{field: value}))
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert not Connection.objects.exists()
    assert platform.roster_client[1] not in answer.content.decode()


def test_a_platform_is_connected_once(world: World, platform: FakePlatform) -> None:
    answer = signed_in(world.olga).post(f"{PATH}/add", fields(platform))
    assert answer.status_code == 422
    assert "connected already" in answer.content.decode()


def test_settings_change_and_the_secret_stays(world: World, platform: FakePlatform) -> None:
    browser, path = signed_in(world.olga), f"{PATH}/{world.connection.pk}/settings"
    page = browser.get(path).content.decode()
    assert platform.roster_client[1] not in page
    assert RUN in page
    assert browser.post(path, fields(platform, client_secret="", every="6", name="School")).status_code == 302
    changed = Connection.objects.get()
    assert (changed.every, changed.name, changed.system.name) == (6, "School", "School")
    asking.forget_token(changed)
    assert asking.token(changed)
    entry = AuditEntry.objects.get(verb="changed", object_kind="Open edX platform")
    assert entry.after == {"name": "School", "every": 6}
    platform.roster_client = ("roster-client", "second")
    browser.post(path, fields(platform, client_secret="second"))
    assert asking.token(Connection.objects.get()), "a new secret asks for a new token"
    told = json.dumps(list(AuditEntry.objects.values_list("before", "after")), default=str)
    assert "second" not in told
    assert "roster-secret" not in told


def test_trying_it_says_what_works(world: World, platform: FakePlatform) -> None:
    platform.enrol("ana")
    platform.account("tertulia_roster")
    browser, path = signed_in(world.olga), f"{PATH}/{world.connection.pk}/try"
    page = browser.post(path).content.decode()
    assert page.count(">works<") == 5
    assert "It acts as “tertulia_roster”" in page
    platform.is_staff = False
    page = browser.post(path).content.decode()
    assert page.count(">works<") == 2
    assert "has to be staff of the whole platform" in page
    platform.fail_next("throttled", "/courses/", retry_after="40")
    assert "no more requests for 40 seconds" in browser.post(path).content.decode()


def test_trying_it_stops_at_the_token(world: World, platform: FakePlatform) -> None:
    platform.roster_client = ("roster-client", "another")
    browser, path = signed_in(world.olga), f"{PATH}/{world.connection.pk}/try"
    page = browser.post(path).content.decode()
    assert page.count("does not work") == 1
    assert "Client credentials" in page
    platform.stop()
    assert "cannot be reached" in browser.post(path).content.decode()


def test_courses_are_ticked_and_unticked(world: World, platform: FakePlatform) -> None:
    for number in range(150):
        platform.add_course(f"course-v1:Ateneo+C{number:03}+1", f"Course {number:03}")
    courses.ask_for_list(actor=world.olga, connection=world.connection)
    world.work()
    assert world.connection.courses.count() == 151
    browser, path = signed_in(world.olga), f"{PATH}/{world.connection.pk}/courses"
    page = browser.get(path, {"text": "course 14"}).content.decode()
    assert page.count('name="course"') == 10
    key = "course-v1:Ateneo+C140+1"
    assert "by a pattern" in browser.get(path, {"text": "baking"}).content.decode()
    browser.post(path, {"shown": [key, "course-v1:Ateneo+C141+1", RUN], "course": [key]})
    followed = set(Course.objects.filter(is_followed=True).values_list("key", flat=True))
    assert followed == {key, RUN}, "what a pattern follows needs no tick"
    assert Fetch.objects.filter(course__key=key).count() == 1
    browser.post(path, {"shown": [key], "course": []})
    assert not Course.objects.get(key=key).is_followed
    entry = AuditEntry.objects.filter(verb="chose courses").order_by("-pk")[0]
    assert entry.after == {"followed": [], "no longer": [key]}


def test_a_list_that_cannot_be_read_forgets_nothing(world: World, platform: FakePlatform) -> None:
    platform.add_course("course-v1:Ateneo+BREAD+1")
    platform.fail_next("broken", "/api/courses", times=50)
    courses.ask_for_list(actor=world.olga, connection=world.connection)
    world.work(wait=True)
    assert world.connection.courses.count() == 1
    page = signed_in(world.olga).get(f"{PATH}/{world.connection.pk}/courses").content.decode()
    assert "answers 500" in page
    platform.failures.clear()
    platform.courses.clear()
    courses.ask_for_list(actor=world.olga, connection=world.connection)
    world.work(wait=True)
    assert world.course.is_followed


def test_patterns_are_no_expressions(world: World) -> None:
    follow = ["course-v1:A?+[x]+*", "*a*a*a*a*a*a*a*a*a*a*a*a*b"]
    connections.change_connection(actor=world.olga, connection=world.connection, follow=follow)
    connection = Connection.objects.get()
    assert following.matches(connection, "course-v1:A?+[x]+1")
    assert not following.matches(connection, "course-v1:AB+x+1")
    assert not following.matches(connection, "a" * 250)
    assert not Course.objects.get(key=RUN).is_followed


def test_the_log_can_be_read_and_the_roster_asked_for(world: World, platform: FakePlatform) -> None:
    browser, path = signed_in(world.olga), f"{PATH}/{world.connection.pk}/courses/{world.course.pk}"
    names = platform.enrol_class(30)
    platform.account("evil", name="<b>Evil</b>")
    assert browser.post(f"{path}/fetch")["Location"] == path
    world.work()
    page = browser.get(path).content.decode()
    assert "30 people are in the course" in page
    assert "Olga" in page
    for name in names[:20]:
        platform.unenrol(name)
    platform.fail_next("throttled", "/enrollments", retry_after="50")
    browser.post(f"{path}/fetch")
    world.work()
    assert "goes on by itself" in browser.get(path).content.decode()
    assert "waits for the platform" in browser.post(f"{path}/fetch", follow=True).content.decode()
    world.work(wait=True)
    page = browser.get(path).content.decode()
    assert "It is right: apply it" in page
    assert "20 of 30 people" in page
    assert "1 course needs you" in browser.get(PATH).content.decode()
    browser.post(f"{path}/confirm")
    assert len(world.active()) == 10
    assert Fetch.objects.filter(state=State.DONE).exists()
    assert browser.post(f"{path}/confirm").status_code == 404, "nothing asks any more"


def test_webhooks_are_set_up_and_read_in_words(world: World, platform: FakePlatform) -> None:
    browser, path = signed_in(world.olga), f"{PATH}/{world.connection.pk}/webhooks"
    assert "nothing is taken" in browser.get(path).content.decode()
    shown = browser.post(f"{path}/secret")
    secret = shown.context["secret"]
    assert shown.content.decode().count(secret) >= 2
    assert secret not in browser.get(path).content.decode()
    platform.subscribe(f"{world.hook()}/{secret}")
    platform.account("evil", name="x")
    platform.enrol("<script>")
    platform.enrol("ana", mode="verified")
    platform.cohort("ana", "Mornings")
    platform.unenrol("ana")
    platform.certify("ana")
    platform.log_in("ana")
    platform.send_webhooks(times=2, post=posted)
    page = browser.get(path).content.decode()
    for sentence in (
        "&lt;script&gt; is enrolled in Baking for Beginners (audit)",
        "ana is enrolled in Baking for Beginners (verified)",
        "ana is in the cohort “Mornings” of Baking for Beginners",
        "ana left Baking for Beginners",
        "ana got a certificate of Baking for Beginners",
        "(came 2 times)",
        "auth.session.login.completed",
    ):
        assert sentence in page, sentence
    assert "<script>" not in page.replace("<script type", "")
    assert "5 events came in the last week" in browser.get(f"{PATH}/{world.connection.pk}").content.decode()
    browser.post(f"{path}/secret", {"off": "1"})
    assert posted(f"{world.hook()}/{secret}", b"{}", {"Content-Type": "application/json"}) == 401


def test_removing_a_platform_removes_nobody(world: World, platform: FakePlatform) -> None:
    platform.enrol("ana")
    world.fetch()
    signed_in(world.olga).post(f"{PATH}/{world.connection.pk}/remove")
    assert not Connection.objects.exists()
    assert world.active() == {"ana"}


def test_only_owners_see_any_of_it(world: World) -> None:
    mia = people.create_person(email="mia@example.org", display_name="Mia", verified=True)
    one = f"{PATH}/{world.connection.pk}"
    reading = [PATH, f"{PATH}/add", one, f"{one}/settings", f"{one}/courses", f"{one}/webhooks"]
    reading.append(f"{one}/courses/{world.course.pk}")
    writing = [f"{one}/try", f"{one}/remove", f"{one}/courses/list", f"{one}/webhooks/secret"]
    writing += [f"{one}/courses/{world.course.pk}/{verb}" for verb in ("fetch", "confirm")]
    browser = signed_in(mia)
    assert {browser.get(path).status_code for path in reading} == {404}
    assert {browser.post(path).status_code for path in [reading[1], *reading[3:5], *writing]} == {404}
    assert {Client().get(path).status_code for path in reading} == {302}
    assert {signed_in(world.olga).get(path).status_code for path in reading} == {200}
    with pytest.raises(NotFound):
        connections.new_webhook_secret(actor=mia, connection=world.connection)
    with pytest.raises(NotFound):
        connections.try_out(actor=mia, connection=world.connection)


def test_a_course_of_another_platform_is_not_here(world: World) -> None:
    other = connections.add_connection(
        actor=world.olga, name="Other", address="http://127.0.0.1:9", client_id="x", client_secret="y"
    )
    assert signed_in(world.olga).get(f"{PATH}/{other.pk}/courses/{world.course.pk}").status_code == 404


def furnish(world: World, numbers: range) -> None:
    """Something of everything that the pages list."""
    course, moment = world.course, now()
    for number in numbers:
        Course.objects.create(connection=world.connection, key=f"k{number}", title="T", is_followed=True, state="done")
        Fetch.objects.create(
            course=course,
            by=world.olga,
            state="done",
            began_at=moment,
            beat_at=moment,
            lines=[Line(moment, Said.STARTED).stored],
        )
        said = {"mode": "audit", "cohort": "", "active": True}
        heard = {"type": "course.enrollment.created", "subject": "ana", "scope": f"k{number}", "said": said}
        Event.objects.create(connection=world.connection, key=str(number), happened_at=moment, **heard)
        Unknown.objects.create(connection=world.connection, type=str(number))
        connections.add_connection(
            actor=world.olga,
            name="Other",
            address=f"http://127.0.0.1:{9000 + number}",
            client_id="x",
            client_secret="y",
        )


def test_twice_the_rows_the_same_number_of_queries(world: World) -> None:
    browser, one = signed_in(world.olga), f"{PATH}/{world.connection.pk}"
    pages = [
        PATH,
        one,
        f"{one}/courses",
        f"{one}/courses?text=k",
        f"{one}/webhooks",
        f"{one}/courses/{world.course.pk}",
    ]

    def counted() -> list[int]:
        found = []
        for page in pages:
            with CaptureQueriesContext(database) as queries:
                assert browser.get(page).status_code == 200
            found.append(len(queries))
        return found

    furnish(world, range(5))
    counted()  # who is signed in is remembered from here on
    before = counted()
    furnish(world, range(5, 15))
    assert counted() == before
