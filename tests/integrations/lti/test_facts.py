"""What an LMS says of people is there for rules; a course that only rules hold leads where they put its people."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from tertulia.enrolments import services as enrolments
from tertulia.enrolments.models import Key, Kind, KnownValue, Registration, System
from tertulia.enrolments.records import Draft
from tertulia.integrations.lti import jobs
from tertulia.integrations.lti.models import Context
from tertulia.integrations.lti.services import courses, facts
from tertulia.integrations.lti.services.platforms import add_platform, change_platform
from tertulia.people.models import Identity, Person
from tertulia.workspaces import services as workspaces
from tertulia.workspaces.models import Membership, Role, Workspace

from .platform import INSTRUCTOR, LEARNER, FakePlatform, launch
from .world import World, signed_in, who

BREWING: dict[str, Any] = {"context": {"id": "course-2", "title": "Brewing", "label": "BR1"}}


def _registration(subject: str, context: str = "course-1") -> Registration:
    return Registration.objects.get(subject=subject, scope=f"1 {context}")


def _system(world: World) -> System:
    """The platform's, open to all workspaces."""
    system = facts.system_of(world.platform)
    System.objects.filter(pk=system.pk).update(is_open=True)
    return system


def _rule(world: World, *, workspace: Workspace | None = None, **conditions: str) -> Workspace:
    """Whoever meets these is a learner of the workspace."""
    home = workspace or world.workspace
    owner = Membership.objects.get(workspace=home, role=Role.OWNER).person
    wanted = [(key, [value]) for key, value in conditions.items()]
    draft = Draft(name=f"Rule {sorted(conditions.items())}", conditions=wanted, system_id=_system(world).pk)
    enrolments.write_rule(actor=owner, workspace=home, draft=draft)
    return home


def test_a_launch_tells(world: World, fake: FakePlatform) -> None:
    launch(Client(), fake, context={"id": "course-1", "title": "Baking", "label": "BA1"})
    told = _registration("user-1")
    assert (told.system.kind, told.system.issuer) == (Kind.LTI, fake.url)
    assert told.person == world.person("user-1")
    assert told.facts == {
        "context": ["course-1"], "course": ["BA1"], "role": ["learner"], "platform": [fake.url],
    }  # fmt: skip
    assert _registration("ida").facts["role"] == ["instructor"]
    titles = KnownValue.objects.filter(key__in=["context", "course"]).exclude(title="")
    assert set(titles.values_list("value", "title")) == {("course-1", "Baking"), ("BA1", "Baking")}
    launch(Client(), fake, roles=[INSTRUCTOR])
    assert _registration("user-1").facts["role"] == ["instructor"]


def test_an_unverified_address_is_not_told(world: World, fake: FakePlatform) -> None:
    launch(Client(), fake, email="lena@example.org")
    assert _registration("user-1").email == ""
    assert not System.objects.get(kind=Kind.LTI).mail_verified
    change_platform(actor=world.olga, platform=world.platform, mail_verified=True)
    launch(Client(), fake, email="lena@example.org")
    assert _registration("user-1").email == "lena@example.org"
    assert System.objects.get(kind=Kind.LTI).mail_verified
    # A second registration of the same issuer that is trusted less.
    add_platform(actor=world.olga, **{**fake.fields, "client_id": "second"})  # type: ignore[arg-type]  # a plain mapping
    launch(Client(), fake)
    assert not System.objects.get(kind=Kind.LTI).mail_verified


def test_a_roster_tells_of_those_who_have_never_come(world: World, fake: FakePlatform) -> None:
    for number in range(6):
        launch(Client(), fake, sub=f"user-{number}")
    Context.objects.update(nrps_url=f"{fake.url}/roster?role=x")
    fake.members = [{"user_id": "ida", "roles": [INSTRUCTOR]}, {"user_id": "quiet", "roles": [LEARNER]}]
    fake.members += [{"user_id": f"user-{number}", "roles": [LEARNER]} for number in range(5)]
    jobs.fetch_roster(str(world.context.pk))
    quiet = _registration("quiet")
    assert (quiet.person, quiet.active, quiet.facts["context"]) == (None, True, ["course-1"])
    assert not _registration("user-5").active
    other = workspaces.create_workspace(actor=world.ida, name="Bakers", template="blank", allowed=True)
    _rule(world, workspace=other, context="course-1", role="learner")
    launch(Client(), fake, sub="quiet")
    assert Membership.objects.filter(workspace=other, person=world.person("quiet")).exists()
    assert not Membership.objects.filter(workspace=other, person=world.person("user-5")).exists()


def test_a_roster_that_would_let_many_go_tells_nothing_either(world: World, fake: FakePlatform) -> None:
    for number in range(6):
        launch(Client(), fake, sub=f"user-{number}")
    Context.objects.update(nrps_url=f"{fake.url}/roster?role=x")
    fake.members = [{"user_id": "ida", "roles": [INSTRUCTOR]}]
    jobs.fetch_roster(str(world.context.pk))
    assert "confirm" in Context.objects.get(pk=world.context.pk).roster_problem
    assert _registration("user-5").active
    jobs.fetch_roster(str(world.context.pk), confirmed=True)
    assert not _registration("user-5").active


def test_a_course_that_a_rule_holds_leads_there(world: World, fake: FakePlatform) -> None:
    home = _rule(world, course="BR1")
    visitor = Client()
    answer = launch(visitor, fake, sub="brewer", **BREWING)
    assert answer["Location"] == home.get_absolute_url()
    assert who(visitor) == str(world.person("brewer").pk)
    assert world.role("brewer") is Role.LEARNER
    assert launch(Client(), fake, sub="brewer", **BREWING)["Location"] == home.get_absolute_url()


def test_several_workspaces_are_a_short_choice(world: World, fake: FakePlatform) -> None:
    _rule(world, context="course-2")
    _rule(world, workspace=world.other, course="BR*")
    visitor = Client()
    address = launch(visitor, fake, sub="brewer", **BREWING)["Location"]
    page = visitor.get(address).content.decode()
    assert ">Baking<" in page
    assert ">Other<" in page
    assert "home of its own" not in page
    assert signed_in(world.otto).get(address).status_code == 404
    teacher = Client()
    address = launch(teacher, fake, sub="teacher", roles=[INSTRUCTOR], **BREWING)["Location"]
    assert "home of its own" in teacher.get(address).content.decode()


def test_a_rule_about_another_course_lets_nobody_in(world: World, fake: FakePlatform) -> None:
    _rule(world, context="course-3")
    answer = launch(Client(), fake, sub="brewer", **BREWING)
    assert (answer.status_code, "has no home" in answer.content.decode()) == (409, True)
    assert not Identity.objects.filter(subject="brewer").exists()
    assert not Person.objects.filter(display_name="Lena Learner").exists()
    told = _registration("brewer", "course-2")  # so that whoever writes a rule sees whom it would let in
    assert told.person is None
    _rule(world, context="course-2")
    assert launch(Client(), fake, sub="brewer", **BREWING).status_code == 302


def test_a_rule_of_another_course_is_not_where_this_one_leads(world: World, fake: FakePlatform) -> None:
    _rule(world, workspace=world.other, context="course-3")
    _rule(world, context="course-2")
    launch(Client(), fake, sub="brewer", context={"id": "course-3", "title": "Third"})
    assert launch(Client(), fake, sub="brewer", **BREWING)["Location"] == world.workspace.get_absolute_url()


def test_a_list_of_rules_decides_who_is_in_a_course(world: World, fake: FakePlatform) -> None:
    """The course's launches admit nobody; a rule about the same course does."""
    courses.change_course(
        actor=world.ida, context=world.context, unit_channel=None, channel_ids=[], groups=[], role_map={},
        launches_admit=False,
    )  # fmt: skip
    assert launch(Client(), fake, sub="new").status_code == 403
    assert not Identity.objects.filter(subject="new").exists()
    _rule(world, context="course-1")
    assert launch(Client(), fake, sub="new").status_code == 302
    assert world.role("new") is Role.LEARNER


def test_an_older_launch_does_not_bring_back_who_has_left(world: World, fake: FakePlatform) -> None:
    import time

    _rule(world, context="course-1")
    launch(Client(), fake, sub="user-1")
    Context.objects.update(nrps_url=f"{fake.url}/roster?role=x")
    fake.members = [{"user_id": "ida", "roles": [INSTRUCTOR]}]
    jobs.fetch_roster(str(world.context.pk), confirmed=True)
    assert world.role("user-1") is None
    launch(Client(), fake, sub="user-1", iat=int(time.time()) - 30)
    assert world.role("user-1") is None


@pytest.mark.parametrize(("deployment", "context"), [("1", "c"), ("d" * 255, "c" * 255)])
def test_scopes_fit(world: World, deployment: str, context: str) -> None:
    course = Context(platform=world.platform, deployment_id=deployment, context_id=context)
    other = Context(platform=world.platform, deployment_id=deployment, context_id=context[:-1] + "x")
    assert len(facts.scope_of(course)) <= 255
    assert facts.scope_of(course) != facts.scope_of(other)


def test_roles_are_told_in_our_words() -> None:
    assert set(facts.ROLES.values()) == {"operations", "instructor", "mentor", "learner", "guest"}
    assert Key.ROLE in facts.OURS
