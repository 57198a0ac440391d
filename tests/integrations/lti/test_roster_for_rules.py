"""The roster of a course without a workspace of its own, fetched for rules of enrolment alone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from procrastinate.contrib.django.models import ProcrastinateJob

from tertulia.enrolments import services as enrolments
from tertulia.enrolments.models import Key, Kind, Registration, Rule
from tertulia.enrolments.records import Draft
from tertulia.integrations.lti import jobs
from tertulia.integrations.lti.models import Context, Deployment, RosterFetch
from tertulia.integrations.lti.services import courses, facts
from tertulia.integrations.lti.services.platforms import change_platform
from tertulia.kernel.clock import now
from tertulia.kernel.models import AuditEntry
from tertulia.people.models import Person
from tertulia.workspaces import services as workspaces
from tertulia.workspaces.models import Membership, Role, Workspace

from .platform import INSTRUCTOR, LEARNER, FakePlatform, begin, end, launch
from .world import World, signed_in

NRPS = "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"
BREWING = {"id": "course-2", "title": "Brewing", "label": "BR1"}
STATE = RosterFetch.State


def _open(fake: FakePlatform, sub: str = "teacher", role: str = INSTRUCTOR) -> None:
    """Somebody opens Tertulia in Brewing, which says where its roster is."""
    browser = Client()
    begun = begin(browser, fake)
    claims = fake.claims(begun.nonce, sub=sub, roles=[role], name=sub.capitalize(), context=BREWING)
    claims[NRPS] = {"context_memberships_url": f"{fake.url}/roster?course=course-2"}
    assert end(browser, begun, fake.sign(claims)).status_code == 302


def _member(subject: str, role: str = LEARNER, **changes: Any) -> dict[str, Any]:
    return {"user_id": subject, "status": "Active", "roles": [role], "name": subject.capitalize(), **changes}


def _rule(world: World, **how: Any) -> Rule:
    """Olga's rule of the installation: one workspace for each course."""
    draft = Draft(**{"name": "A workspace for each course", "per": Key.CONTEXT.value, "leaving": "remove", **how})
    return enrolments.write_rule(actor=world.olga, workspace=None, draft=draft)


def _sent() -> list[dict[str, Any]]:
    """What waits to be fetched: the arguments of the jobs."""
    found = ProcrastinateJob.objects.filter(task_name="tertulia.integrations.lti.jobs.fetch_roster", status="todo")
    return [job.args for job in found.order_by("id")]


def _run() -> None:
    """Does what waits, once."""
    waiting = _sent()
    ProcrastinateJob.objects.filter(task_name="tertulia.integrations.lti.jobs.fetch_roster").delete()
    for arguments in waiting:
        jobs.fetch_roster(**arguments)


def _brewing() -> Context:
    return Context.objects.get(context_id="course-2")


@pytest.fixture
def school(world: World, fake: FakePlatform) -> World:
    """Rosters are fetched for rules, there is one, and Brewing has five learners of whom none has ever come."""
    change_platform(actor=world.olga, platform=world.platform, rosters_for_rules=True)
    _rule(world)
    fake.members = [_member("teacher", INSTRUCTOR), *(_member(f"quiet-{number}") for number in range(5))]
    return world


@pytest.fixture
def verified(school: World, fake: FakePlatform) -> World:
    """Its addresses are trusted, so that everybody has an account and is in; the roster was fetched once."""
    change_platform(actor=school.olga, platform=school.platform, mail_verified=True)
    fake.members = [{**member, "email": f"{member['user_id']}@example.org"} for member in fake.members]
    _open(fake)
    _run()
    return school


def _members(name: str = "Brewing") -> set[str]:
    rows = Membership.objects.filter(workspace=Workspace.objects.get(name=name))
    return set(rows.values_list("person__display_name", flat=True))


EVERYBODY = {"Olga", "Teacher", "Quiet-0", "Quiet-1", "Quiet-2", "Quiet-3", "Quiet-4"}


def test_everybody_on_the_roster_is_in_before_they_ever_came(verified: World) -> None:
    del verified
    assert _members() == EVERYBODY
    fetch = RosterFetch.objects.get()
    assert (fetch.state, fetch.people_count) == (STATE.DONE, 6)
    assert (fetch.counts["new"], fetch.counts["waiting"]) == (5, 0)
    home = Workspace.objects.get(name="Brewing")
    assert _brewing().workspace is None  # the rule's workspace is not the course's own
    assert Membership.objects.get(workspace=home, person__display_name="Quiet-3").role == Role.LEARNER


def test_whom_nobody_can_prove_waits_and_is_in_at_the_first_click(school: World, fake: FakePlatform) -> None:
    del school
    _open(fake)
    _run()
    assert _members() == {"Olga", "Teacher"}
    told = Registration.objects.filter(scope="1 course-2", subject__startswith="quiet")
    assert (told.count(), told.filter(person=None, active=True, email="").count()) == (5, 5)
    assert RosterFetch.objects.get().counts["waiting"] == 5
    _open(fake, sub="quiet-2", role=LEARNER)
    assert _members() == {"Olga", "Teacher", "Quiet-2"}


def test_who_left_the_course_is_out(verified: World, fake: FakePlatform) -> None:
    del verified
    fake.members = [member for member in fake.members if member["user_id"] != "quiet-4"]
    jobs.fetch_rosters(0)
    _run()
    assert _members() == EVERYBODY - {"Quiet-4"}
    fake.members.append(_member("quiet-4", email="quiet-4@example.org"))
    jobs.fetch_rosters(0)
    _run()
    assert _members() == EVERYBODY


@pytest.mark.parametrize("mode", ["down", "html", "elsewhere", "loop", "other"])
def test_a_roster_that_is_not_whole_changes_nothing(verified: World, fake: FakePlatform, mode: str) -> None:
    del verified
    fake.members = [*fake.members[:-1], _member("new", email="new@example.org")]
    fake.roster = mode
    jobs.fetch_rosters(0)
    _run()
    assert _members() == EVERYBODY
    assert _brewing().roster_problem


def test_an_empty_roster_changes_nothing(verified: World, fake: FakePlatform) -> None:
    del verified
    fake.members = []
    jobs.fetch_rosters(0)
    _run()
    assert _members() == EVERYBODY
    assert "empty" in _brewing().roster_problem


def test_too_many_wait_until_an_owner_says_so(verified: World, fake: FakePlatform) -> None:
    fake.members = fake.members[:3]
    jobs.fetch_rosters(0)
    _run()
    assert _members() == EVERYBODY
    path = f"/installation/lti/courses/{_brewing().pk}"
    owner = signed_in(verified.olga)
    page = owner.get(path).content.decode()
    assert "More people than usual would have to leave" in page
    assert "look at it" in owner.get(f"/installation/lti/{verified.platform.pk}").content.decode()
    assert owner.post(f"{path}/roster", {"confirmed": "1"})["Location"] == path
    _run()
    assert _members() == {"Olga", "Teacher", "Quiet-0", "Quiet-1"}
    entry = AuditEntry.objects.get(verb="confirmed the roster")
    assert (entry.actor_id, entry.after["course"]) == (verified.olga.pk, "Brewing")
    assert "Told to rules: 3 gone, 3 as before" in owner.get(path).content.decode()


def test_it_goes_on_where_it_was_and_still_for_rules_alone(school: World, fake: FakePlatform) -> None:
    del school
    _open(fake)
    fake.roster = "throttled"
    _run()
    assert RosterFetch.objects.get().state == STATE.RUNNING
    assert [job["for_rules"] for job in _sent()] == [True]
    fake.roster = "ok"
    asked = len(fake.pages_asked)
    RosterFetch.objects.update(not_before=now() - timedelta(seconds=1))
    _run()
    assert fake.pages_asked[asked:] == [1, 2]
    assert Registration.objects.filter(scope="1 course-2", active=True).count() == 6


def test_it_is_sent_once_for_a_new_course_not_at_every_launch(school: World, fake: FakePlatform) -> None:
    del school
    _open(fake)
    _open(fake)
    assert _sent() == [{"context_id": str(_brewing().pk), "confirmed": False, "for_rules": True}]
    _run()
    _open(fake)
    assert _sent() == []


def test_switched_off_nothing_is_asked(world: World, fake: FakePlatform) -> None:
    _rule(world)
    _open(fake)
    jobs.fetch_rosters(0)
    assert _sent() == []
    path = f"/installation/lti/courses/{_brewing().pk}"
    owner = signed_in(world.olga)
    assert "are not fetched for rules" in owner.get(path).content.decode()
    assert owner.post(f"{path}/roster").status_code == 409
    jobs.fetch_roster(str(_brewing().pk), for_rules=True)  # one that was sent before
    assert (fake.pages_asked, fake.assertions) == ([], [])
    assert not RosterFetch.objects.exists()


def test_switched_off_in_the_middle_it_ends(verified: World, fake: FakePlatform) -> None:
    fake.roster = "throttled"
    fake.members = fake.members[:-1]
    jobs.fetch_rosters(0)
    _run()
    change_platform(actor=verified.olga, platform=verified.platform, rosters_for_rules=False)
    RosterFetch.objects.update(not_before=None)
    asked, fake.roster = len(fake.pages_asked), "ok"
    _run()
    assert len(fake.pages_asked) == asked
    newest = RosterFetch.objects.filter(context=_brewing()).order_by("-id")[0]
    assert (newest.state, newest.pages.count()) == (STATE.FAILED, 0)
    assert _members() == EVERYBODY


def test_a_home_of_its_own_is_filled_by_nobody_unasked(school: World, fake: FakePlatform) -> None:
    """The course was given a workspace between the launch and the job."""
    _open(fake)
    home = courses.set_up(actor=school.person("teacher"), context=_brewing(), name="Brewers").workspace
    assert home is not None
    fake.members = [_member("teacher", INSTRUCTOR), _member("user-1")]
    launch(Client(), fake, sub="user-1")  # known here, by another course
    _run()
    assert fake.pages_asked == []
    assert _members("Brewers") == {"Teacher"}
    assert Context.objects.get(pk=_brewing().pk).roster_at is None
    jobs.fetch_rosters(0)
    assert _sent() == []
    Context.objects.filter(pk=_brewing().pk).update(roster_nightly=True)  # as its people say, from now on
    jobs.fetch_rosters(0)
    _run()
    assert "Lena Learner" in _members("Brewers")


def test_every_night_exactly_those_courses(verified: World, fake: FakePlatform) -> None:
    rule = Rule.objects.get()
    address = f"{fake.url}/roster?x"

    def course(name: str, **how: Any) -> Context:
        made = {"deployment_id": "1", "nrps_url": address, "label": name, **how}
        return Context.objects.create(platform=verified.platform, context_id=name, **made)

    wanted = {_brewing(), course("another")}
    course("no-roster", nrps_url="")
    course("refused", deployment_id="2")
    course("own", workspace=verified.workspace)
    course("listed", workspace=verified.workspace, launches_admit=False)
    nightly = course("nightly", workspace=verified.workspace, roster_nightly=True)
    jobs.fetch_rosters(0)
    sent = {(job["context_id"], job.get("for_rules", False)) for job in _sent()}
    assert sent == {(str(nightly.pk), False), *((str(each.pk), True) for each in wanted)}

    def for_rules() -> set[str]:
        ProcrastinateJob.objects.all().delete()
        jobs.fetch_rosters(0)
        return {Context.objects.get(pk=job["context_id"]).context_id for job in _sent() if job.get("for_rules")}

    home = Workspace.objects.get(name="Brewing")
    workspaces.archive_workspace(actor=verified.olga, workspace=home)  # the course is over
    assert for_rules() == {"another"}
    workspaces.restore_workspace(actor=verified.olga, workspace=home)
    change_platform(actor=verified.olga, platform=verified.platform, token_url="")
    assert for_rules() == set()
    change_platform(actor=verified.olga, platform=verified.platform, token_url=f"{fake.url}/token", is_active=False)
    assert for_rules() == set()
    change_platform(actor=verified.olga, platform=verified.platform, is_active=True)
    assert for_rules() == {"course-2", "another"}
    enrolments.switch_rule(actor=verified.olga, rule=rule, is_on=False)
    assert for_rules() == set()


@pytest.mark.parametrize(
    ("conditions", "how", "expected"),
    [
        ([("context", ["course-2"])], {}, True),
        ([("context", ["course-3"])], {}, False),
        ([("course", ["XY", "BR*"])], {}, True),
        ([("course", ["BR"])], {}, False),
        ([("role", ["learner"])], {}, True),
        ([("role", ["learner"]), ("course", ["BR1"])], {}, True),
        ([("role", ["learner"]), ("course", ["BR2"])], {}, False),
        ([("role", ["learner"]), ("domain", ["example.org"])], {}, True),
        ([("role", ["learner"]), ("run", ["one"])], {}, False),
        ([("domain", ["example.org"])], {}, False),
        ([("group", ["staff"])], {}, False),
        ([("platform", ["https://lms.example.org"])], {}, False),
        ([], {"system": "ours"}, True),
        ([("domain", ["example.org"])], {"system": "ours"}, True),
        ([("context", ["course-3"])], {"system": "ours"}, False),
        ([("context", ["course-2"])], {"system": "another"}, False),
    ],
)
def test_only_where_a_rule_could_be_about_the_course(
    world: World, fake: FakePlatform, conditions: list[tuple[str, list[str]]], how: dict[str, str], expected: bool
) -> None:
    change_platform(actor=world.olga, platform=world.platform, rosters_for_rules=True)
    ours = facts.system_of(world.platform)
    another = enrolments.open_system(kind=Kind.LTI, name="Another", issuer="https://another.example.org")
    for system in (ours, another):
        enrolments.lend_system(actor=world.olga, system=system, is_open=False, workspaces=[world.other])
    chosen = {"ours": ours.pk, "another": another.pk}.get(how.get("system", ""))
    draft = Draft(name="Brewers", conditions=conditions, system_id=chosen)
    enrolments.write_rule(actor=world.otto, workspace=world.other, draft=draft)
    _open(fake)
    assert bool(_sent()) is expected


@pytest.mark.parametrize("has_people", [True, False])
def test_a_rule_that_may_not_see_it_any_more_only_lets_people_go(
    world: World, fake: FakePlatform, has_people: bool
) -> None:
    change_platform(actor=world.olga, platform=world.platform, rosters_for_rules=True)
    system = facts.system_of(world.platform)
    enrolments.lend_system(actor=world.olga, system=system, is_open=False, workspaces=[world.other])
    conditions = [("context", ["course-2"]), *([] if has_people else [("role", ["mentor"])])]
    draft = Draft(name="Brewers", conditions=conditions, system_id=system.pk)
    enrolments.write_rule(actor=world.otto, workspace=world.other, draft=draft)
    _open(fake)
    ProcrastinateJob.objects.all().delete()
    enrolments.lend_system(actor=world.olga, system=system, is_open=False, workspaces=[])
    jobs.fetch_rosters(0)
    assert bool(_sent()) is has_people


@pytest.mark.parametrize(("per", "expected"), [("course", True), ("platform", True), ("run", False), ("domain", False)])
def test_rules_of_the_installation_by_what_they_make_workspaces_for(
    world: World, fake: FakePlatform, per: str, expected: bool
) -> None:
    change_platform(actor=world.olga, platform=world.platform, rosters_for_rules=True)
    _rule(world, per=per)
    _open(fake)
    assert bool(_sent()) is expected


def test_who_has_left_leaves_also_when_the_author_of_the_rule_is_gone(verified: World, fake: FakePlatform) -> None:
    """A rule that gives nothing any more still lets people go."""
    Person.objects.filter(pk=verified.olga.pk).update(is_owner=False)
    fake.members = [*fake.members[:-1], _member("new", email="new@example.org")]
    jobs.fetch_rosters(0)
    _run()
    assert _members() == EVERYBODY - {"Quiet-4"}


def test_a_rule_about_the_whole_platform_leads_there_from_each_course(world: World, fake: FakePlatform) -> None:
    system = facts.system_of(world.platform)
    enrolments.lend_system(actor=world.olga, system=system, is_open=True, workspaces=[])
    draft = Draft(name="Everybody", system_id=system.pk)
    enrolments.write_rule(actor=world.otto, workspace=world.other, draft=draft)
    answer = launch(Client(), fake, sub="brewer", context=BREWING)
    assert answer["Location"] == world.other.get_absolute_url()


def test_only_owners_of_the_installation_see_and_ask(verified: World) -> None:
    path = f"/installation/lti/courses/{_brewing().pk}"
    teacher = verified.person("teacher")
    for client in (signed_in(teacher), signed_in(verified.ida), signed_in(verified.otto)):
        assert client.get(path).status_code == 404
        assert client.post(f"{path}/roster").status_code == 404
    assert Client().post(f"{path}/roster").status_code == 302
    assert _sent() == []
    owner = signed_in(verified.olga)
    assert "Fetch the roster" in owner.get(path).content.decode()
    owner.post(f"{path}/roster")
    assert len(_sent()) == 1


def test_a_course_with_a_home_is_left_to_its_people(school: World) -> None:
    path = f"/installation/lti/courses/{school.context.pk}"
    owner = signed_in(school.olga)
    page = owner.get(path).content.decode()
    assert ("a workspace of its own" in page, "Fetch the roster" in page) == (True, False)
    assert owner.post(f"{path}/roster").status_code == 409


def test_the_platforms_page_says_how_it_went_and_whose_rules_see_it(verified: World) -> None:
    owner = signed_in(verified.olga)
    path = f"/installation/lti/{verified.platform.pk}"
    system = facts.known_system(verified.platform)
    assert system is not None
    page = owner.get(path).content.decode()
    assert f'href="/installation/lti/courses/{_brewing().pk}"' in page
    assert "6 people" in page
    assert "It is open to no workspace." in page
    assert f'href="/installation/systems/{system.pk}"' in page
    enrolments.lend_system(actor=verified.olga, system=system, is_open=False, workspaces=[verified.other])
    assert "It is open to: <bdi>Other</bdi>" in owner.get(path).content.decode()


def test_a_deployment_that_is_refused_tells_no_more(verified: World, fake: FakePlatform) -> None:
    Deployment.objects.all().delete()
    asked = len(fake.pages_asked)
    jobs.fetch_roster(str(_brewing().pk), for_rules=True)
    assert len(fake.pages_asked) == asked
    page = signed_in(verified.olga).get(f"/installation/lti/courses/{_brewing().pk}").content.decode()
    assert "deployment are refused" in page
