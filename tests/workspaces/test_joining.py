"""The directory, open workspaces, asking to join and deciding."""

from __future__ import annotations

import pytest
from django.core import mail
from procrastinate.contrib.django.models import ProcrastinateJob

from tertulia.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from tertulia.kernel.ids import new_id
from tertulia.kernel.models import AuditEntry
from tertulia.workspaces import access, jobs, queries, services
from tertulia.workspaces.access import RANK
from tertulia.workspaces.models import Role

from .world import World, client, person


def open_up(world: World, joining: str) -> None:
    """Course takes people in this way."""
    services.update_workspace(actor=world.olga, workspace=world.course, joining=joining)


def test_unlisted_ones_do_not_exist_for_others(world: World) -> None:
    ann = person("ann")
    for verb in (services.join_open, services.ask_to_join):
        with pytest.raises(NotFound):
            verb(actor=ann, workspace=world.course)
    answers = [client(ann).get(f"/workspaces/{slug}") for slug in ("course", "nowhere")]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert "Course" not in client(ann).get("/workspaces").text


def test_an_open_one_lets_anybody_in_once(world: World) -> None:
    open_up(world, "open")
    ann = person("ann")
    browser = client(ann)
    assert "Learn to bake." in browser.get("/workspaces").text
    assert "Join" in browser.get("/workspaces/course").text
    assert browser.post("/workspaces/course")["Location"] == "/w/course"
    assert world.role_of(ann) is Role.LEARNER
    services.join_open(actor=ann, workspace=world.course)
    assert AuditEntry.objects.filter(verb="joined", actor=ann).count() == 1
    assert browser.get("/workspaces/course")["Location"] == "/w/course"
    with pytest.raises(Forbidden, match="does not take requests"):
        services.ask_to_join(actor=person("ben"), workspace=world.course)


def test_a_closed_one_in_the_directory_cannot_be_joined(world: World) -> None:
    services.update_workspace(actor=world.olga, workspace=world.course, listed=True)
    ann = person("ann")
    page = client(ann).get("/workspaces/course")
    assert (page.status_code, "by invitation only" in page.text) == (200, True)
    answer = client(ann).post("/workspaces/course")
    assert answer.status_code == 403
    with pytest.raises(Forbidden):
        services.join_open(actor=ann, workspace=world.course)
    assert world.role_of(ann) is None


def test_archived_ones_leave_the_directory(world: World) -> None:
    open_up(world, "open")
    services.archive_workspace(actor=world.olga, workspace=world.course)
    ann = person("ann")
    assert queries.directory(ann).items == []
    with pytest.raises(NotFound):
        access.joinable(ann, "course")
    with pytest.raises(NotFound):
        services.join_open(actor=ann, workspace=world.course)
    page = client(world.olga).get("/workspaces")
    assert "1 archived workspace" in page.text


def test_asking_and_being_let_in(world: World) -> None:
    open_up(world, "request")
    ann = person("ann")
    browser = client(ann)
    assert browser.post("/workspaces/course", {"message": " Please! "}).status_code == 302
    assert "You asked to join" in browser.get("/workspaces/course").text
    assert "You asked to join" in browser.get("/workspaces").text
    services.ask_to_join(actor=ann, workspace=world.course, message="Pretty please!")
    (request,) = queries.requests(world.place(world.olga)).items
    assert request.message == "Pretty please!"
    staff = client(world.member(Role.MODERATOR))
    assert "Pretty please!" in staff.get("/w/course/requests").text
    assert staff.post(f"/w/course/requests/{ann.pk}", {"decision": "accept", "role": "mentor"}).status_code == 302
    assert world.role_of(ann) is Role.MENTOR
    assert queries.request_count(world.place(world.olga)) == 0
    jobs.send_welcome(**ProcrastinateJob.objects.get(task_name="tertulia.workspaces.jobs.send_welcome").args)
    (sent,) = mail.outbox
    assert (sent.to, sent.subject) == (["ann@example.org"], "You are in: Course")
    assert "/w/course" in sent.body
    with pytest.raises(Conflict, match="in Course already"):
        services.ask_to_join(actor=ann, workspace=world.course)


def test_the_welcome_of_somebody_gone_is_not_sent(world: World) -> None:
    jobs.send_welcome(membership_id=str(new_id()))
    assert (world.course.name, mail.outbox) == ("Course", [])


def test_being_turned_down_is_quiet_and_not_for_ever(world: World) -> None:
    open_up(world, "request")
    ann = person("ann")
    services.ask_to_join(actor=ann, workspace=world.course)
    browser = client(world.olga)
    assert browser.post(f"/w/course/requests/{ann.pk}", {"decision": "decline"}).status_code == 302
    assert world.role_of(ann) is None
    assert not ProcrastinateJob.objects.filter(task_name__endswith="send_welcome").exists()
    late = browser.post(f"/w/course/requests/{ann.pk}", {"decision": "accept"}, follow=True)
    assert "Nobody asks any more" in late.text
    services.ask_to_join(actor=ann, workspace=world.course)
    assert queries.has_asked(world.course, ann)


def test_taking_a_request_back(world: World) -> None:
    open_up(world, "request")
    ann = person("ann")
    services.ask_to_join(actor=ann, workspace=world.course)
    assert client(ann).post("/workspaces/course/withdraw").status_code == 302
    assert not queries.has_asked(world.course, ann)
    services.withdraw_request(actor=ann, workspace=world.course)


def test_a_request_ends_when_one_gets_in_otherwise(world: World) -> None:
    open_up(world, "request")
    ann = person("ann")
    services.ask_to_join(actor=ann, workspace=world.course)
    services.accept_invitation(actor=ann, secret=world.invite())
    assert not queries.has_asked(world.course, ann)


@pytest.mark.parametrize("role", Role)
def test_who_decides_and_as_what(world: World, role: Role) -> None:
    open_up(world, "request")
    ann, actor = person("ann"), world.member(role)
    services.ask_to_join(actor=ann, workspace=world.course)
    browser = client(actor)
    if RANK[role] > RANK[Role.MODERATOR]:
        assert browser.get("/w/course/requests").status_code == 403
        assert browser.post(f"/w/course/requests/{ann.pk}", {"decision": "accept"}).status_code == 403
        with pytest.raises(Forbidden):
            services.decide_request(actor=actor, workspace=world.course, person_id=ann.pk, accept=False)
        return
    assert browser.get("/w/course/requests").status_code == 200
    high = {"decision": "accept", "role": "owner"}
    assert browser.post(f"/w/course/requests/{ann.pk}", high).status_code == (302 if role is Role.OWNER else 403)
    assert world.role_of(ann) is (Role.OWNER if role is Role.OWNER else None)


def test_a_long_message_is_refused_and_kept(world: World) -> None:
    open_up(world, "request")
    ann = person("ann")
    with pytest.raises(Invalid, match="501 characters"):
        services.ask_to_join(actor=ann, workspace=world.course, message="x" * 501)
    page = client(ann).post("/workspaces/course", {"message": "x" * 501})
    assert "x" * 501 in page.text
    assert not queries.has_asked(world.course, ann)


def test_the_directory_shows_ones_own_and_listed_ones(world: World) -> None:
    open_up(world, "open")
    ann = person("ann")
    assert [found.name for found in queries.directory(ann).items] == ["Course"]
    assert [(found.name, getattr(found, "role", None)) for found in queries.directory(world.otto).items] == [
        ("Course", None),
        ("Other", "owner"),
    ]
    assert [found.name for found in queries.directory(world.otto, q="HIDDEN").items] == ["Other"]
    assert queries.directory(ann, q="hidden").items == []
    page = client(ann).get("/workspaces?q=hidden")
    assert "Nothing found" in page.text
    assert "Hidden things" not in page.text


def test_the_directory_tells_the_newcomer_what_to_do(world: World) -> None:
    assert world.course.pk
    assert "by invitation" in client(person("ann")).get("/workspaces").text
    assert "Make the first one" in client(world.root).get("/workspaces").text
