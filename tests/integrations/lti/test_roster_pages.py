"""A roster that stops in the middle goes on where it was, at its time, and people can read how it went."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from procrastinate.contrib.django.models import ProcrastinateJob

from standing import standing
from tertulia.integrations.lti import jobs
from tertulia.integrations.lti.models import Context, Learner, RosterFetch, RosterPage
from tertulia.integrations.lti.services import asking, roster, roster_pages
from tertulia.integrations.lti.services.platforms import change_platform
from tertulia.kernel.clock import now
from tertulia.workspaces.models import Role

from .platform import INSTRUCTOR, LEARNER, FakePlatform, launch
from .world import World, signed_in, six_learners

STATE = RosterFetch.State


@pytest.fixture
def school(world: World, fake: FakePlatform) -> World:
    """Ida and six learners, on four pages; user-5 has left the course."""
    standing(six_learners, fake)
    learners = [{"user_id": f"user-{number}", "roles": [LEARNER], "name": f"User {number}"} for number in range(5)]
    fake.members = [{"user_id": "ida", "roles": [INSTRUCTOR]}, *learners]
    return world


def _fetch(world: World) -> RosterFetch:
    """One job; returns the newest fetching."""
    jobs.fetch_roster(str(world.context.pk))
    return RosterFetch.objects.filter(context=world.context).order_by("-pk")[0]


def _its_time_has_come() -> None:
    RosterFetch.objects.update(not_before=now() - timedelta(seconds=1))


def _waiting() -> list[ProcrastinateJob]:
    return list(ProcrastinateJob.objects.filter(task_name="tertulia.integrations.lti.jobs.fetch_roster", status="todo"))


@pytest.mark.parametrize(
    ("mode", "least", "most"), [("throttled", 119, 121), ("busy", 3599, 3601), ("canvas", 59, 61), ("down", 59, 61)]
)
def test_it_waits_as_it_is_told_and_goes_on_where_it_was(
    school: World, fake: FakePlatform, mode: str, least: float, most: float
) -> None:
    fake.roster = mode
    fetch = _fetch(school)
    assert (fetch.state, fetch.page_count, fetch.people_count) == (STATE.RUNNING, 1, 2)
    assert fetch.not_before is not None
    assert least < (fetch.not_before - now()).total_seconds() < most
    [job] = _waiting()
    assert job.scheduled_at is not None
    assert abs((job.scheduled_at - fetch.not_before).total_seconds()) < 5
    assert school.role("user-5") is Role.LEARNER
    asked = len(fake.pages_asked)
    _fetch(school)  # too early: nobody is asked
    assert len(fake.pages_asked) == asked
    fake.roster = "ok"
    _its_time_has_come()
    fetch = _fetch(school)
    assert fetch.state == STATE.DONE
    assert fake.pages_asked[asked:] == [1, 2]  # the first page is not asked for again
    assert school.role("user-5") is None
    assert not RosterPage.objects.exists()
    assert Context.objects.get(pk=school.context.pk).roster_problem == ""


def test_a_job_that_was_killed_goes_on_where_it_was(
    school: World, fake: FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = roster_pages._keep

    def killed(fetch: RosterFetch, *rest: object) -> None:
        kept(fetch, *rest)  # type: ignore[arg-type]  # as it came
        if fetch.page_count == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(roster_pages, "_keep", killed)
    with pytest.raises(KeyboardInterrupt):
        _fetch(school)
    monkeypatch.undo()
    assert _fetch(school).state == STATE.DONE
    assert fake.pages_asked == [0, 1, 2]
    assert school.role("user-5") is None


def test_an_allowance_that_runs_out_is_spared(school: World, fake: FakePlatform) -> None:
    fake.roster = "low"
    fetch = _fetch(school)
    assert (fetch.state, fetch.page_count) == (STATE.RUNNING, 2)
    _its_time_has_come()
    assert _fetch(school).state == STATE.DONE  # nothing is left to wait for after the last page


@pytest.mark.parametrize("mode", ["gone", "html", "expired"])
def test_a_page_that_is_not_given_any_more_begins_it_anew_once(school: World, fake: FakePlatform, mode: str) -> None:
    fake.roster = "down"
    before = _fetch(school).started_at
    _its_time_has_come()
    fake.roster = mode
    fetch = _fetch(school)
    assert fake.pages_asked[-2:] == [0, 1]  # from the first page, and it is refused again
    assert fetch.state == STATE.FAILED
    assert fetch.started_at > before
    assert school.role("user-5") is Role.LEARNER


def test_who_came_while_it_waited_stays(school: World, fake: FakePlatform) -> None:
    fake.roster = "down"
    _fetch(school)
    launch(Client(), fake, sub="late")
    fake.roster = "ok"
    _its_time_has_come()
    assert _fetch(school).state == STATE.DONE
    assert school.role("late") is Role.LEARNER


def test_one_of_yesterday_is_begun_anew(school: World, fake: FakePlatform) -> None:
    fake.roster = "down"
    _fetch(school)
    RosterFetch.objects.update(started_at=now() - roster_pages.OLD - timedelta(minutes=1))
    fake.roster = "ok"
    assert _fetch(school).state == STATE.DONE
    assert fake.pages_asked[-3:] == [0, 1, 2]
    assert [each.state for each in roster.fetches(school.context)] == [STATE.DONE, STATE.FAILED]


def test_at_last_it_gives_up(school: World, fake: FakePlatform) -> None:
    fake.roster = "down"
    for _attempt in range(roster.MOST_ATTEMPTS):
        assert _fetch(school).state == STATE.RUNNING or _attempt == roster.MOST_ATTEMPTS - 1
        _its_time_has_come()
    [fetch] = roster.fetches(school.context)
    assert (fetch.state, fetch.problem) == (STATE.FAILED, f"{fake.url}/roster answers 503.")
    assert school.role("user-5") is Role.LEARNER


def test_open_edx_says_that_there_are_too_many(school: World, fake: FakePlatform) -> None:
    fake.roster = "too-many"
    fetch = _fetch(school)
    assert fetch.state == STATE.FAILED
    assert "COURSE_MEMBER_API_ENROLLMENT_LIMIT" in fetch.problem
    assert school.role("user-5") is Role.LEARNER


@pytest.mark.parametrize(
    "member",
    [
        {"user_id": "x" * 300},
        {"user_id": 7},
        {"roles": []},
        {"user_id": "nul\0nul"},
        "ida",
    ],
)
def test_members_that_cannot_be_are_a_roster_that_is_not_whole(
    school: World, fake: FakePlatform, member: object
) -> None:
    fake.members.append(member)  # type: ignore[arg-type]  # that is the point
    assert _fetch(school).state == STATE.FAILED
    assert school.role("user-5") is Role.LEARNER


def test_odd_words_about_members_do_no_harm(school: World, fake: FakePlatform) -> None:
    fake.members[1] |= {"name": "Nul\0la \u202e" * 100, "roles": "Learner", "email": None, "status": None}
    assert _fetch(school).state == STATE.DONE
    assert school.role("user-0") is Role.LEARNER


def test_no_token_goes_to_hosts_that_nobody_chose(school: World, fake: FakePlatform) -> None:
    other = FakePlatform()
    try:
        Context.objects.update(nrps_url=f"{other.url}/roster?role=x")
        other.members = fake.members
        fetch = _fetch(school)
        assert fetch.state == STATE.FAILED
        assert "Other addresses of its pages" in fetch.problem
        assert other.pages_asked == []
        change_platform(actor=school.olga, platform=school.platform, frame_origins=[other.url])
        assert _fetch(school).state == STATE.DONE
    finally:
        other.close()


def test_the_token_is_for_the_roster_only(school: World, fake: FakePlatform) -> None:
    _fetch(school)
    assert fake.assertions[-1]["scope"] == "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"


def test_asked_for_twice_one_job_waits(school: World) -> None:
    path = f"/lti/courses/{school.context.pk}/roster"
    ida = signed_in(school.ida)
    for _again in range(2):
        assert ida.post(path).status_code == 302
    assert len(_waiting()) == 1
    ida.post(path, {"confirmed": "1"})
    assert len(_waiting()) == 2
    assert len({job.lock for job in _waiting()}) == 1  # one after the other


def test_the_page_tells_how_it_went(school: World, fake: FakePlatform) -> None:
    path = f"/lti/courses/{school.context.pk}"
    ida = signed_in(school.ida)
    fake.roster = "throttled"
    _fetch(school)
    page = ida.get(path).content.decode()
    assert "The learning platform asks to wait" in page
    assert "under way" in page
    fake.roster = "ok"
    _its_time_has_come()
    _fetch(school)
    page = ida.get(path).content.decode()
    assert "asks to wait" not in page
    assert "6 people" in page


def test_only_learners_of_the_roster_are_learners(school: World, fake: FakePlatform) -> None:
    subjects = Learner.objects.filter(context=school.context).order_by("subject").values_list("subject", flat=True)
    assert list(subjects) == [f"user-{number}" for number in range(6)]
    fake.members[1]["roles"] = [INSTRUCTOR]
    _fetch(school)
    assert "user-0" not in subjects.all()


def test_retry_after_in_any_form() -> None:
    from tertulia.kernel.fetching import Answer

    def seconds(said: str) -> int:
        return asking._retry_after(Answer(429, b"", {"Retry-After": said}))

    assert (seconds("120"), seconds("0"), seconds("1e9"), seconds("99999999999999999999")) == (120, 5, 0, 3600)
    assert (seconds(""), seconds("soon"), seconds("-3"), seconds("٣")) == (0, 0, 0, 0)
    assert seconds("Wed, 21 Oct 2015 07:28:00 GMT") == 5
