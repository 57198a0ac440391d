"""Where another list says who is in a course, launches only sign in."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from tertulia.enrolments import services as enrolments
from tertulia.enrolments.models import Kind
from tertulia.enrolments.records import Entry, Mode
from tertulia.integrations.lti.models import Context, Refused
from tertulia.integrations.lti.services import courses, roster
from tertulia.integrations.lti.services.platforms import change_platform
from tertulia.kernel.clock import now
from tertulia.kernel.errors import Conflict
from tertulia.people.models import Identity, Person
from tertulia.workspaces.models import Membership, Role

from .platform import INSTRUCTOR, FakePlatform, launch
from .world import World, signed_in, who


@pytest.fixture
def listed(world: World) -> World:
    """Lena is on the registrar's list, which says who is in the course; the platform's addresses are verified."""
    change_platform(actor=world.olga, platform=world.platform, mail_verified=True)
    _registrar(world, Entry(external_id="17", email="lena@example.org", name="Lena"))
    _decide(world)
    return world


def _registrar(world: World, *people: Entry) -> None:
    source = enrolments.open_source(actor=world.ida, workspace=world.workspace, name="Registrar", kind=Kind.REST)
    enrolments.enrol(source=source, people=people, mode=Mode.MERGE, actor=world.ida)


def _decide(world: World, *, confirmed: bool = False) -> None:
    courses.change_course(
        actor=world.ida, context=world.context, unit_channel=None, channel_ids=[], groups=[], role_map={},
        roster_nightly=True, launches_admit=False, confirmed=confirmed,
    )  # fmt: skip


def _lena_left(world: World) -> None:
    _registrar(world, Entry(external_id="17", active=False))


def test_who_is_on_the_list_is_signed_in_and_gets_nothing_else(listed: World, fake: FakePlatform) -> None:
    visitor = Client()
    answer = launch(visitor, fake, email="lena@example.org")
    assert answer["Location"] == listed.workspace.get_absolute_url()
    assert who(visitor) == str(Person.objects.get(email="lena@example.org").pk)
    _lena_left(listed)
    assert listed.role("user-1") is None


def test_who_left_the_list_is_told_so_and_is_not_signed_in(listed: World, fake: FakePlatform) -> None:
    launch(Client(), fake, email="lena@example.org")
    _lena_left(listed)
    visitor = Client()
    answer = launch(visitor, fake, email="lena@example.org")
    assert answer.status_code == 403
    assert "not on the list" in answer.content.decode()
    assert (who(visitor), listed.role("user-1")) == ("", None)
    assert not Refused.objects.exists()  # nothing that an administrator had to mend


def test_whom_nobody_knows_gets_no_account(listed: World, fake: FakePlatform) -> None:
    del listed
    answer = launch(Client(), fake, sub="user-2", email="stranger@example.org")
    assert (answer.status_code, "not on the list" in answer.content.decode()) == (403, True)
    assert not Identity.objects.filter(subject="user-2").exists()
    assert not Person.objects.filter(email="stranger@example.org").exists()


def test_who_runs_the_course_comes_in_all_the_same(listed: World, fake: FakePlatform) -> None:
    assert launch(Client(), fake, sub="user-3", roles=[INSTRUCTOR]).status_code == 302
    assert listed.role("user-3") is Role.INSTRUCTOR


def test_no_roster_is_fetched(listed: World) -> None:
    context = Context.objects.select_related("platform", "workspace").get(pk=listed.context.pk)
    assert not context.roster_nightly
    context.nrps_url = f"{listed.fake.url}/roster"
    with pytest.raises(Conflict, match="Another list"):
        roster.ask_for_roster(actor=listed.ida, context=context)


def test_handing_over_takes_back_what_launches_gave_once_confirmed(world: World, fake: FakePlatform) -> None:
    launch(Client(), fake)
    launch(Client(), fake, sub="user-3", roles=[INSTRUCTOR])
    with pytest.raises(Conflict, match="1 person is here by this course alone"):
        _decide(world)
    world.context.refresh_from_db()
    assert (world.context.launches_admit, world.role("user-1")) == (True, Role.LEARNER)
    _decide(world, confirmed=True)
    assert (world.role("user-1"), world.role("user-3"), world.role("ida")) == (None, Role.INSTRUCTOR, Role.OWNER)


def test_whom_the_list_has_stays_when_it_takes_over(world: World, fake: FakePlatform) -> None:
    change_platform(actor=world.olga, platform=world.platform, mail_verified=True)
    launch(Client(), fake, email="lena@example.org")
    _registrar(world, Entry(external_id="17", email="lena@example.org", name="Lena"))
    _decide(world)  # nothing to confirm
    assert world.role("user-1") is Role.LEARNER
    _lena_left(world)
    assert world.role("user-1") is None


def test_the_page_asks_before_it_lets_people_go(world: World, fake: FakePlatform) -> None:
    launch(Client(), fake)
    ida = signed_in(world.ida)
    address = f"/lti/courses/{world.context.pk}"
    shown = ida.get(address).context["form"]
    sent = {name: value for name, value in shown.initial.items() if value not in (None, False)} | {
        "launches_admit": "no"
    }
    refused = ida.post(address, sent)
    assert refused.status_code == Conflict.status
    assert "Save, and let them go" in refused.content.decode()
    assert ida.post(address, {**sent, "confirmed": "1"}).status_code == 302
    assert world.role("user-1") is None


def test_a_launch_from_before_somebody_left_does_not_bring_them_back(world: World, fake: FakePlatform) -> None:
    """The roster that has come meanwhile is newer: she was on her way when she left."""
    launch(Client(), fake)
    source = Context.objects.select_related("source__workspace").get(pk=world.context.pk).source
    assert source is not None
    left = now() + timedelta(seconds=30)
    enrolments.enrol(source=source, people=[Entry(external_id="user-1", active=False)], mode=Mode.MERGE, as_of=left)
    visitor = Client()
    answer = launch(visitor, fake)
    assert (answer.status_code, who(visitor)) == (403, "")
    assert not Membership.objects.filter(workspace=world.workspace, person=world.person("user-1")).exists()
