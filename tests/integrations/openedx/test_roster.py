"""The roster by REST: read page by page, told when it is whole, and never otherwise."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tertulia.enrolments.models import Key, Registration
from tertulia.integrations.openedx.models import Course, Fetch, Piece, State
from tertulia.integrations.openedx.services import connections, planning, rosters
from tertulia.kernel.clock import now
from tertulia.kernel.errors import Conflict
from tertulia.people import services as people

from .fake_platform import RUN, TITLE, FakePlatform
from .world import World, log, posted

ENROLMENTS = "/api/enrollment/v1/enrollments"


def test_everybody_is_told_with_what_the_platform_says(world: World, platform: FakePlatform) -> None:
    names = platform.enrol_class(230)
    platform.enrol("ana", mode="verified")
    platform.enrol("gone", quiet=True)
    platform.unenrol("gone", quiet=True)
    platform.cohort("ana", "Mornings")
    fetch = world.fetch()
    assert fetch.state == State.DONE
    assert world.active() == {*names, "ana"}
    assert world.told()["gone"] is False
    ana = world.registration("ana")
    assert ana.facts == {
        Key.PLATFORM: [platform.origin.removeprefix("http://")],
        Key.COURSE: ["Ateneo+BAKE101"],
        Key.RUN: [RUN],
        Key.TRACK: ["verified"],
        Key.COHORT: ["Mornings"],
    }
    assert (ana.email, ana.name) == ("ana@example.org", "Ana")
    assert world.course.people == 231
    assert not Piece.objects.exists()
    assert "231 people are in the course (requests: 3)" in log(fetch)
    assert "Applied: 231 people are in the course; 232 new" in log(fetch)


def test_the_course_is_called_by_its_title(world: World) -> None:
    world.platform.enrol("ana")
    world.fetch()
    assert world.course.title == TITLE
    assert world.connection.system.values.get(key=Key.RUN).title == TITLE


def test_who_left_is_out_and_who_came_back_is_in(world: World, platform: FakePlatform) -> None:
    platform.enrol_class(9)
    world.fetch()
    platform.unenrol("learner0003")
    world.fetch()
    assert "learner0003" not in world.active()
    platform.enrol("learner0003", mode="honor")
    world.fetch()
    assert world.registration("learner0003").facts[Key.TRACK] == ["honor"]
    assert len(world.active()) == 9


def test_more_than_ten_cohorts_and_a_large_one(world: World, platform: FakePlatform) -> None:
    """The platform gives ten at a time unless it is asked for more, and does not say how many there are."""
    names = platform.enrol_class(120)
    for name in names[:105]:
        platform.cohort(name, "Large", quiet=True)
    for number, name in enumerate(names[105:]):
        platform.cohort(name, f"Small {number}", quiet=True)
    assert world.fetch().state == State.DONE
    assert world.registration(names[104]).facts[Key.COHORT] == ["Large"]
    assert world.registration(names[119]).facts[Key.COHORT] == ["Small 14"]


def test_links_to_an_inner_address_are_not_followed(world: World, platform: FakePlatform) -> None:
    """A platform behind a proxy names itself by an address that nobody can reach, and our token goes nowhere else."""
    platform.links_as = "http://lms:8000"
    platform.enrol_class(250)
    assert world.fetch().state == State.DONE
    assert len(world.active()) == 250


def test_a_course_that_nobody_was_ever_in(world: World) -> None:
    assert world.fetch().state == State.DONE
    assert world.told() == {}


def test_an_empty_list_removes_nobody(world: World, platform: FakePlatform) -> None:
    """It answers so for a course that it has lost."""
    platform.enrol_class(9)
    world.fetch()
    platform.enrolments[RUN].clear()
    fetch = world.fetch()
    assert fetch.state == State.FAILED
    assert "empty" in log(fetch)
    assert len(world.active()) == 9


def test_many_leave_only_when_somebody_confirms(world: World, platform: FakePlatform) -> None:
    names = platform.enrol_class(30)
    world.fetch()
    for name in names[:12]:
        platform.unenrol(name)
    fetch = world.fetch()
    assert fetch.state == State.ASKING
    assert world.course.state == State.ASKING
    assert len(world.active()) == 30
    rosters.confirm(actor=world.olga, fetch=fetch)
    assert len(world.active()) == 18
    assert "Olga has confirmed it" in log(fetch)
    assert world.course.state == State.DONE


def test_a_roster_that_asks_makes_way_for_the_next(world: World, platform: FakePlatform) -> None:
    names = platform.enrol_class(30)
    world.fetch()
    for name in names[:12]:
        platform.unenrol(name)
    asking = world.fetch()
    for name in names[:12]:
        platform.enrol(name)
    assert world.fetch().state == State.DONE
    asking.refresh_from_db()
    assert asking.state == State.OVER
    with pytest.raises(Conflict):
        rosters.confirm(actor=world.olga, fetch=asking)
    assert len(world.active()) == 30


def test_a_share_of_the_owners_own(world: World, platform: FakePlatform) -> None:
    names = platform.enrol_class(30)
    world.fetch()
    connections.change_connection(actor=world.olga, connection=world.connection, largest_share=50)
    for name in names[:12]:
        platform.unenrol(name)
    assert world.fetch().state == State.DONE
    assert len(world.active()) == 18


def test_cohorts_that_cannot_be_read_stay_as_they_were(world: World, platform: FakePlatform) -> None:
    platform.enrol("ana")
    platform.cohort("ana", "Mornings")
    world.fetch()
    platform.sees_cohorts = False
    fetch = world.fetch()
    assert fetch.state == State.DONE
    assert "cohorts cannot be read" in log(fetch)
    assert world.registration("ana").facts[Key.COHORT] == ["Mornings"]
    platform.sees_cohorts = True
    platform.cohorts[RUN].clear()
    world.fetch()
    assert Key.COHORT not in world.registration("ana").facts


def test_names_and_addresses_only_of_who_is_not_known(world: World, platform: FakePlatform) -> None:
    platform.enrol("ana")
    platform.account("ben", is_active=False)
    platform.enrol("ben")
    people.arrive(issuer=f"{platform.origin}/oauth2", subject="ana", name="Ana", email="", email_verified=False)
    fetch = world.fetch()
    assert "asked for 1 people" in log(fetch)
    assert world.registration("ana").email == ""
    ben = world.registration("ben")
    assert (ben.name, ben.email) == ("Ben", ""), "nobody has confirmed that address"


def test_without_names_people_are_told_all_the_same(world: World, platform: FakePlatform) -> None:
    platform.enrol("ana")
    platform.sees_accounts = False
    fetch = world.fetch()
    assert fetch.state == State.DONE
    assert "known by their user names" in log(fetch)
    assert world.active() == {"ana"}
    connections.change_connection(actor=world.olga, connection=world.connection, reads_accounts=False)
    platform.asked.clear()
    world.fetch()
    assert "/api/user/v1/accounts" not in platform.asked


def test_without_staff_rights_it_says_what_to_do(world: World, platform: FakePlatform) -> None:
    platform.enrol("ana")
    platform.is_staff = False
    fetch = world.fetch()
    assert fetch.state == State.FAILED
    assert "has to be staff" in log(fetch)


def test_a_wrong_secret_says_what_to_do(world: World, platform: FakePlatform) -> None:
    platform.roster_client = ("roster-client", "another")
    platform.expire_tokens()
    fetch = world.fetch()
    assert fetch.state == State.FAILED
    assert "gives no token to this client ID and secret" in log(fetch)


def test_a_platform_that_is_switched_off_here_is_not_asked(world: World, platform: FakePlatform) -> None:
    begun = world.begin()
    connections.change_connection(actor=world.olga, connection=world.connection, is_active=False)
    platform.asked.clear()
    world.work()
    assert platform.asked == []
    assert Fetch.objects.get(pk=begun.pk).state == State.FAILED


def test_news_during_the_fetch_counts_more(world: World, platform: FakePlatform) -> None:
    """Ana enrolled while the list was being read: her webhook is newer than the list, which does not have her."""
    platform.enrol_class(9)
    world.fetch()
    begun = world.begin()
    event = platform.enrol("ana")
    platform.enrolments[RUN].pop("ana")
    secret = world.secret()
    platform.subscribe(f"{world.hook()}/{secret}")
    assert platform.send([event], post=posted) == [200]
    world.work(wait=True)
    assert Fetch.objects.get(pk=begun.pk).state == State.DONE
    assert "ana" in world.active()


def test_every_night_and_every_hour(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    night = now().replace(hour=2, minute=7)

    def begun(moment: datetime) -> bool:
        """Whether a roster begins at this moment."""
        world.work(wait=True)
        monkeypatch.setattr(planning, "now", lambda: moment)
        planning.begin_what_is_due()
        return "fetch_roster" in world.waiting_jobs()

    def asked(moment: datetime, every: int) -> None:
        """A roster was begun at this moment."""
        connections.change_connection(actor=world.olga, connection=world.connection, every=every)
        Course.objects.update(asked_at=moment)

    asked(night, 24)
    assert not begun(night + timedelta(hours=1)), "once a night"
    assert not begun(night + timedelta(hours=20)), "by night"
    assert begun(night + timedelta(days=1))
    asked(night + timedelta(hours=10), 24)
    assert begun(night + timedelta(days=1)), "although somebody asked for it by day"
    asked(night, 24)
    assert begun(night + timedelta(days=1, hours=8)), "a night was missed"
    asked(night, 6)
    assert not begun(night + timedelta(hours=5))
    assert begun(night + timedelta(hours=6))
    asked(night, 0)
    assert not begun(night + timedelta(days=30)), "only when asked for"


def test_old_logs_go(world: World, platform: FakePlatform) -> None:
    platform.enrol("ana")
    kept = world.fetch()
    old = world.fetch()
    Fetch.objects.filter(pk=old.pk).update(began_at=now() - timedelta(days=100))
    planning.drop_old()
    assert not Fetch.objects.filter(pk=old.pk).exists()
    assert Fetch.objects.filter(pk=kept.pk).exists()
    assert Registration.objects.filter(subject="ana").exists()
