"""Scores reach the gradebook: once it is on, of learners only, late rather than wrong, and never twice as two."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from procrastinate.contrib.django.models import ProcrastinateJob

from standing import standing
from tertulia.integrations.lti import jobs
from tertulia.integrations.lti.models import Grade, Link, Score
from tertulia.integrations.lti.services import grades, scores
from tertulia.kernel.clock import now
from tertulia.posts import access as post_access
from tertulia.posts import services as posts
from tertulia.posts.models import Post

from .gradebook import SCOPE
from .grading import Class
from .platform import FakePlatform
from .world import World


@pytest.fixture
def course(world: World, fake: FakePlatform) -> Class:
    """A class; nothing counts yet."""
    return standing(Class, world, fake)


def _now() -> None:
    """The pauses are over."""
    Grade.objects.update(not_before=None)
    Score.objects.update(not_before=None)


def _problem(grade: Grade) -> str:
    return Grade.objects.get(pk=grade.pk).problem


def _waiting() -> list[ProcrastinateJob]:
    return list(ProcrastinateJob.objects.filter(task_name="tertulia.integrations.lti.jobs.send_scores", status="todo"))


def test_off_by_default_nobody_is_told_anything(course: Class, fake: FakePlatform) -> None:
    course.say("ana", "one two three")
    course.count()
    assert (_waiting(), fake.gradebook.columns) == ([], {})


def test_a_column_is_made_once_and_scores_are_sent(course: Class, fake: FakePlatform) -> None:
    grade = course.grade()
    course.say("ana", "one two three")
    for words in ("one two three", "four five six", "seven eight nine"):
        course.say("ben", words)
    course.send(grade)
    [column] = fake.gradebook.columns.values()
    assert column == {"scoreMaximum": 10, "label": "Talking", "resourceId": str(grade.pk), "tag": "participation"}
    assert course.heard() == {"ana": 5.0, "ben": 10.0}
    score = fake.gradebook.scores["made-0", "ana"]
    assert (score["scoreMaximum"], score["activityProgress"], score["gradingProgress"]) == (
        10,
        "InProgress",
        "FullyGraded",
    )
    assert fake.gradebook.scores["made-0", "ben"]["activityProgress"] == "Completed"
    course.send(grade)  # nothing is new: nothing is said
    assert len(fake.gradebook.heard) == 2


def test_a_score_follows_what_stands(course: Class) -> None:
    grade = course.grade()
    said = course.say("ana", "one two three")
    course.say("ana", "four five six")
    course.send(grade)
    ana = course.world.person("ana")
    post, seat = post_access.post(ana, said)
    posts.delete(actor=ana, post=post, seat=seat)
    course.send(grade)
    assert course.heard() == {"ana": 5.0}


def test_timestamps_are_strictly_newer_whatever_the_clock_says(course: Class, fake: FakePlatform) -> None:
    grade = course.grade()
    course.say("ana", "one two three")
    course.send(grade)
    Score.objects.update(stamp=now() + timedelta(minutes=5))  # our clock was ahead, and is set back
    course.say("ana", "four five six")
    course.send(grade)
    first, second = (datetime.fromisoformat(score["timestamp"]) for score in fake.gradebook.heard)
    assert second > first + timedelta(minutes=4)
    assert course.heard() == {"ana": 10.0}


def test_an_answer_that_was_lost_makes_no_second_column_and_no_conflict(course: Class, fake: FakePlatform) -> None:
    grade = course.grade()
    course.say("ana", "one two three")
    fake.gradebook.lost = 1
    course.send(grade)
    assert len(fake.gradebook.columns) == 1
    assert "502" in _problem(grade)
    fake.gradebook.lost = 1  # now the answer to the score
    _now()
    course.send(grade)
    _now()
    course.send(grade)
    assert len(fake.gradebook.columns) == 1
    assert [score["scoreGiven"] for score in fake.gradebook.heard] == [5.0, 5.0]
    assert course.heard() == {"ana": 5.0}
    assert _problem(grade) == ""


def test_a_newer_score_of_elsewhere_is_tried_again_later_and_told(course: Class, fake: FakePlatform) -> None:
    grade = course.grade()
    course.say("ana", "one two three")
    course.send(grade)
    fake.gradebook.scores["made-0", "ana"]["timestamp"] = (now() + timedelta(hours=1)).isoformat()
    course.say("ana", "four five six")
    course.send(grade)
    score = Score.objects.get()
    assert (score.due, score.attempts) == (True, 1)
    assert "newer score" in score.problem
    for _again in range(scores.MOST_ATTEMPTS):
        _now()
        course.send(grade)
    assert not Score.objects.get().due
    fake.gradebook.scores["made-0", "ana"]["timestamp"] = "2020-01-01T00:00:00+00:00"
    jobs.recount_grades(0)  # at night
    course.send(grade)
    assert course.heard() == {"ana": 10.0}
    assert Score.objects.get().problem == ""


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        ((429, b"", {"Retry-After": "90"}), 90),
        ((429, b"", {}), 60),
        ((403, b"403 Forbidden (Rate Limit Exceeded)", {}), 60),
        ((503, b"", {"Retry-After": "30"}), 30),
        ((500, b"oh", {}), 60),
        ((401, b"", {}), 60),
    ],
)
def test_it_waits_as_told_and_loses_nobody(course: Class, fake: FakePlatform, answer: Any, seconds: int) -> None:
    grade = course.grade()
    course.say("ana", "one two three")
    course.send(grade)
    course.say("ben", "one two three")
    fake.gradebook.fails.append(answer)
    course.send(grade)
    assert course.heard() == {"ana": 5.0}
    grade.refresh_from_db()
    assert grade.problem
    assert grade.not_before is not None
    assert abs((grade.not_before - now()).total_seconds() - seconds) < 5
    course.send(grade)  # too early
    assert len(fake.gradebook.heard) == 1
    _now()
    course.send(grade)
    assert course.heard() == {"ana": 5.0, "ben": 5.0}


def test_an_allowance_that_runs_out_is_spared(course: Class, fake: FakePlatform) -> None:
    grade = course.grade()
    for who in ("ana", "ben"):
        course.say(who, "one two three")
    fake.gradebook.headers = {"X-Rate-Limit-Remaining": "3.5"}
    course.send(grade)
    assert len(course.heard()) == 1
    course.send(grade)  # too early
    assert len(course.heard()) == 1
    _now()
    course.send(grade)
    assert len(course.heard()) == 2


def test_whom_the_platform_does_not_take_stands_on_the_page_and_holds_up_nobody(
    course: Class, fake: FakePlatform
) -> None:
    grade = course.grade()
    fake.gradebook.strangers = {"ana"}
    course.say("ana", "one two three")
    course.say("ben", "one two three")
    course.send(grade)
    assert course.heard() == {"ben": 5.0}
    score = Score.objects.get(subject="ana")
    assert (score.due, "not a student" in score.problem) == (False, True)
    fake.gradebook.strangers = set()
    course.say("ana", "four five six")
    course.send(grade)
    assert course.heard()["ana"] == 10.0


def test_the_places_own_column_is_used_and_its_points_hold(world: World, fake: FakePlatform) -> None:
    fake.gradebook.add("own", scoreMaximum=40)
    course = Class(world, fake, line_item="own")
    grade = course.grade(link_id=course.link.pk)
    course.say("ana", "one two three")
    course.send(grade)
    assert list(fake.gradebook.columns) == ["own"]
    assert course.heard() == {"ana": 20.0}
    assert fake.gradebook.scores["own", "ana"]["scoreMaximum"] == 40
    course.count()
    assert Post.objects.filter(text__contains="give all 40 points").exists()  # learners read what holds


def test_a_place_without_a_column_gets_one_of_its_own(course: Class, fake: FakePlatform) -> None:
    grade = course.grade(link_id=course.link.pk)
    course.say("ana", "one two three")
    course.send(grade)
    [column] = fake.gradebook.columns.values()
    assert column["resourceLinkId"] == "link-1"


def test_only_the_scopes_that_were_claimed_are_asked_for(world: World, fake: FakePlatform) -> None:
    fake.gradebook.add("own")
    course = Class(world, fake, line_item="own", scopes=(f"{SCOPE}score", f"{SCOPE}result.readonly"))
    grade = course.grade(link_id=course.link.pk)
    course.say("ana", "one two three")
    course.send(grade)
    assert fake.assertions[-1]["scope"] == f"{SCOPE}score"
    assert fake.gradebook.scores["own", "ana"]["scoreGiven"] == 5.0  # of the points that were entered here
    assert course.heard() == {"ana": 5.0}


def test_switched_off_nothing_is_sent_and_on_again_everything(course: Class) -> None:
    grade = course.grade()
    course.say("ana", "one two three")
    course.count()
    grades.switch(actor=course.world.ida, grade=grade, on=False)
    jobs.send_scores(str(grade.pk))  # the job that waited
    course.send(grade)
    assert course.heard() == {}
    course.say("ana", "four five six")
    grades.switch(actor=course.world.ida, grade=grade, on=True)
    course.send(grade)
    assert course.heard() == {"ana": 10.0}


def test_a_column_that_was_removed_is_not_made_anew_unasked(course: Class, fake: FakePlatform) -> None:
    grade = course.grade()
    course.say("ana", "one two three")
    course.send(grade)
    fake.gradebook.columns.clear()
    fake.gradebook.scores.clear()
    course.say("ana", "four five six")
    course.send(grade)
    grade.refresh_from_db()
    assert (grade.is_on, "removed" in grade.problem) == (False, True)
    _now()
    course.send(grade)
    assert fake.gradebook.columns == {}
    grades.switch(actor=course.world.ida, grade=grade, on=True)
    course.send(grade)
    assert course.heard() == {"ana": 10.0}


def test_one_job_waits_however_often_people_write(course: Class) -> None:
    course.grade()
    for number in range(5):
        course.say("ana", f"one two three {number}")
        course.count()
    assert len(_waiting()) == 1


def test_who_writes_while_a_score_is_on_its_way_is_sent_again(course: Class, monkeypatch: pytest.MonkeyPatch) -> None:
    grade = course.grade()
    course.say("ana", "one two three")
    course.count()
    real = scores._arrived

    def meanwhile(*arguments: Any) -> None:
        monkeypatch.undo()
        course.say("ana", "four five six")
        course.count()
        real(*arguments)

    monkeypatch.setattr(scores, "_arrived", meanwhile)
    jobs.send_scores(str(grade.pk))
    assert course.heard() == {"ana": 5.0}
    assert Score.objects.get().due
    jobs.send_scores(str(grade.pk))
    assert course.heard() == {"ana": 10.0}


def test_no_score_goes_to_hosts_that_nobody_chose(course: Class, fake: FakePlatform) -> None:
    other = FakePlatform()
    try:
        Link.objects.update(ags=fake.gradebook.claim(other.url))
        stored = {"scopes": [f"{SCOPE}score", f"{SCOPE}lineitem"], "line_items": f"{other.url}/ags/lineitems?type_id=1"}
        Link.objects.update(ags=stored)
        grade = course.grade(link_id=course.link.pk)
        course.say("ana", "one two three")
        course.send(grade)
        assert "no token of ours" in _problem(grade)
        assert other.gradebook.columns == {}
    finally:
        other.close()


@pytest.mark.parametrize(
    "answer",
    [
        (200, b"<html>", {}),
        (201, b"[]", {}),
        (201, b'{"id": "javascript:alert(1)"}', {}),
        (201, b'{"id": 7}', {}),
        (201, b"x" * 2_000_000, {}),
    ],
)
def test_hostile_answers_are_told_and_do_no_harm(course: Class, fake: FakePlatform, answer: Any) -> None:
    grade = course.grade()
    course.say("ana", "one two three")
    fake.gradebook.fails += [(200, b"[]", {}), answer]
    course.send(grade)
    assert _problem(grade)
    assert course.heard() == {}
    _now()
    course.send(grade)
    assert course.heard() == {"ana": 5.0}


@pytest.mark.parametrize("maximum", [0, -5, "many", True, None, 1e300])
def test_odd_points_of_a_column_are_not_used(world: World, fake: FakePlatform, maximum: object) -> None:
    fake.gradebook.add("own", scoreMaximum=maximum)
    course = Class(world, fake, line_item="own")
    grade = course.grade(link_id=course.link.pk)
    course.say("ana", "one two three")
    course.send(grade)
    assert course.heard() == {"ana": 5.0}


@pytest.mark.parametrize(
    ("line_item", "expected"),
    [
        ("https://m.example/items/1/lineitem?type_id=2", "https://m.example/items/1/lineitem/scores?type_id=2"),
        ("https://c.example/api/lti/courses/5/line_items/2", "https://c.example/api/lti/courses/5/line_items/2/scores"),
        ("https://e.example/lti-ags/1/", "https://e.example/lti-ags/1/scores"),
    ],
)
def test_where_scores_go(line_item: str, expected: str) -> None:
    assert scores.scores_url(line_item) == expected


def test_what_a_platform_has_not_allowed_is_said_in_words(world: World, fake: FakePlatform) -> None:
    course = Class(world, fake, scopes=())
    from tertulia.kernel.errors import Conflict

    with pytest.raises(Conflict, match="has not offered its gradebook"):
        course.grade()
    course.claim = {"scopes": (f"{SCOPE}lineitem",)}
    course.launch("ida", roles=["Instructor"])
    with pytest.raises(Conflict, match="does not let Tertulia send scores"):
        course.grade()
    course.claim = {"scopes": (f"{SCOPE}score",)}
    course.launch("ida", roles=["Instructor"])
    with pytest.raises(Conflict, match="does not let Tertulia make columns"):
        course.grade()
    course.claim = {}
    course.launch("ida", roles=["Instructor"])
    course.grade()


def test_once_the_platform_allows_it_a_launch_by_the_instructor_sends_what_waited(
    course: Class, fake: FakePlatform
) -> None:
    grade = course.grade(link_id=course.link.pk)
    course.say("ana", "one two three")
    course.claim = {"scopes": (f"{SCOPE}score",)}
    course.launch("eva")
    course.send(grade)
    assert "does not let Tertulia make columns" in _problem(grade)
    assert fake.gradebook.columns == {}
    course.claim = {}
    course.launch("ida", roles=["Instructor"])
    course.send(grade)
    assert course.heard() == {"ana": 5.0}
    assert _problem(grade) == ""
