"""The roster (NRPS): whole or not at all, and never more leave than may."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from joserfc import jwt
from joserfc.jwk import KeySet
from procrastinate.contrib.django.models import ProcrastinateJob

from standing import standing
from tertulia.enrolments.models import Source
from tertulia.integrations.lti import jobs
from tertulia.integrations.lti.models import Context, RosterFetch
from tertulia.integrations.lti.services import keys, roster_pages
from tertulia.integrations.lti.services.platforms import change_platform
from tertulia.kernel.clock import now
from tertulia.people.models import Person
from tertulia.workspaces import services as workspaces
from tertulia.workspaces.models import Role

from .platform import INSTRUCTOR, LEARNER, FakePlatform, launch
from .world import World, signed_in, six_learners

NRPS = "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"


def _member(subject: str, **changes: object) -> dict[str, object]:
    return {"user_id": subject, "status": "Active", "roles": [LEARNER], "name": subject.capitalize(), **changes}


@pytest.fixture
def class_of_six(world: World, fake: FakePlatform) -> World:
    """Ida and six learners have launched, and the platform has said where its roster is."""
    standing(six_learners, fake)
    fake.members = [_member("ida", roles=[INSTRUCTOR]), *(_member(f"user-{number}") for number in range(6))]
    return world


def _fetch(world: World, *, confirmed: bool = False) -> str:
    """Fetches, as the job does; returns the problem."""
    jobs.fetch_roster(str(world.context.pk), confirmed=confirmed)
    return Context.objects.get(pk=world.context.pk).roster_problem


def test_who_left_the_course_leaves_the_workspace(class_of_six: World, fake: FakePlatform) -> None:
    world = class_of_six
    fake.members = [member for member in fake.members if member["user_id"] != "user-5"]
    assert _fetch(world) == ""
    assert world.role("user-5") is None
    assert world.role("user-4") is Role.LEARNER
    assert world.role("ida") is Role.OWNER  # who made the workspace stays its owner


def test_who_is_inactive_there_is_out_here_and_comes_back(class_of_six: World, fake: FakePlatform) -> None:
    world = class_of_six
    fake.members[-1]["status"] = "Inactive"
    _fetch(world)
    assert world.role("user-5") is None
    launch(Client(), fake, sub="user-5")
    assert world.role("user-5") is Role.LEARNER


def test_we_ask_as_the_standard_says(class_of_six: World, fake: FakePlatform) -> None:
    _fetch(class_of_six)
    [sent] = fake.assertions
    assert sent["grant_type"] == "client_credentials"
    assert sent["scope"].endswith("/contextmembership.readonly")
    published = KeySet.import_key_set(keys.public_keys())  # type: ignore[arg-type]  # a JWKS
    claims = jwt.decode(sent["client_assertion"], published, algorithms=["RS256"]).claims
    assert (claims["iss"], claims["sub"], claims["aud"]) == (fake.client_id, fake.client_id, f"{fake.url}/token")
    assert {"jti", "iat", "exp"} <= set(claims)


@pytest.mark.parametrize("mode", ["down", "html", "elsewhere", "loop", "other"])
def test_a_roster_that_is_not_whole_removes_nobody(class_of_six: World, fake: FakePlatform, mode: str) -> None:
    world = class_of_six
    fake.members = fake.members[:-1]
    fake.roster = mode
    assert _fetch(world)
    assert all(world.role(f"user-{number}") is Role.LEARNER for number in range(6))


def test_an_empty_roster_removes_nobody(class_of_six: World, fake: FakePlatform) -> None:
    fake.members = []
    assert "empty" in _fetch(class_of_six)
    assert class_of_six.role("user-0") is Role.LEARNER


def test_many_leave_only_when_confirmed(class_of_six: World, fake: FakePlatform) -> None:
    world = class_of_six
    fake.members = fake.members[:3]
    assert "confirm" in _fetch(world)
    assert world.role("user-5") is Role.LEARNER
    assert _fetch(world, confirmed=True) == ""
    assert world.role("user-5") is None
    assert world.role("user-1") is Role.LEARNER


def test_a_launch_after_the_roster_was_begun_counts_more(class_of_six: World, fake: FakePlatform) -> None:
    """The roster is of a moment ago, and does not know of who has just come."""
    world = class_of_six
    listed = now() - timedelta(seconds=5)
    launch(Client(), fake, sub="late")
    context = Context.objects.select_related("workspace", "platform").get(pk=world.context.pk)
    begun = roster_pages.begin(context, confirmed=True)
    RosterFetch.objects.filter(pk=begun.pk).update(started_at=listed)
    assert _fetch(world) == ""
    assert world.role("late") is Role.LEARNER


def test_strangers_come_in_only_by_verified_addresses(class_of_six: World, fake: FakePlatform) -> None:
    world = class_of_six
    fake.members += [_member("new", email="new@example.org"), _member("nobody")]
    assert _fetch(world) == ""
    assert not Person.objects.filter(email="new@example.org").exists()
    change_platform(actor=world.olga, platform=world.platform, mail_verified=True)
    assert _fetch(world) == ""
    made = Person.objects.get(email="new@example.org")
    launch(Client(), fake, sub="new", email="new@example.org")
    assert world.person("new") == made
    assert world.role("new") is Role.LEARNER


def test_what_staff_gave_stays(class_of_six: World) -> None:
    world = class_of_six
    otto = world.otto
    workspaces.add_member(actor=world.ida, workspace=world.workspace, person=otto)
    assert _fetch(world) == ""
    assert world.workspace.memberships.filter(person=otto).exists()
    assert Source.objects.filter(workspace=world.workspace).count() == 1


def test_the_page_asks_for_it(class_of_six: World) -> None:
    world = class_of_six
    path = f"/lti/courses/{world.context.pk}"
    ida = signed_in(world.ida)
    assert "Fetch the roster" in ida.get(path).content.decode()
    assert ida.post(f"{path}/roster")["Location"] == path
    job = ProcrastinateJob.objects.get(task_name="tertulia.integrations.lti.jobs.fetch_roster")
    assert job.args == {"context_id": str(world.context.pk), "confirmed": False}
    assert signed_in(world.otto).post(f"{path}/roster").status_code == 404


def test_without_a_roster_the_page_offers_none(world: World) -> None:
    path = f"/lti/courses/{world.context.pk}"
    ida = signed_in(world.ida)
    assert "Fetch the roster" not in ida.get(path).content.decode()
    assert ida.post(f"{path}/roster").status_code == 409


def test_every_night_for_those_who_want_it(class_of_six: World) -> None:
    jobs.fetch_rosters(0)
    waiting = ProcrastinateJob.objects.filter(task_name="tertulia.integrations.lti.jobs.fetch_roster")
    assert not waiting.exists()
    Context.objects.filter(pk=class_of_six.context.pk).update(roster_nightly=True)
    jobs.fetch_rosters(0)
    assert waiting.count() == 1


def test_a_launch_says_where_the_roster_is(world: World, fake: FakePlatform) -> None:
    from .platform import begin, end

    browser = Client()
    begun = begin(browser, fake)
    claims = {**fake.claims(begun.nonce), NRPS: {"context_memberships_url": f"{fake.url}/roster?x"}}
    end(browser, begun, fake.sign(claims))
    assert Context.objects.get(pk=world.context.pk).nrps_url == f"{fake.url}/roster?x"
    launch(browser, fake)
    assert Context.objects.get(pk=world.context.pk).nrps_url == f"{fake.url}/roster?x"
