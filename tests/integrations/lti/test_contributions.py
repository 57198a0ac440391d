"""What counts as taking part: what stands, of enough words, once, of learners, in time."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from standing import standing
from tertulia.channels import services as channels
from tertulia.enrolments import services as enrolments
from tertulia.enrolments.models import Kind
from tertulia.enrolments.records import Entry, Mode
from tertulia.integrations.lti.models import Grade, Learner, Score
from tertulia.integrations.lti.services import contributions, grades
from tertulia.kernel.clock import now
from tertulia.posts import access as post_access
from tertulia.posts import services as posts
from tertulia.posts.models import Post

from .grading import Class
from .platform import INSTRUCTOR, FakePlatform
from .world import World


@pytest.fixture
def course(world: World, fake: FakePlatform) -> Class:
    """A class whose talk in the hall counts."""
    made = standing(Class, world, fake)
    made.grade()
    return made


def test_posts_and_replies_of_enough_words_count(course: Class) -> None:
    root = course.say("ana", "one two three")
    course.say("ana", "four five")
    course.say("ben", "an answer of five words", root_id=root)
    course.say("ben", "another answer of five", root_id=root)
    assert course.count() == {"ana": 1, "ben": 2}


def test_before_anybody_contributes_there_is_no_score(course: Class) -> None:
    course.say("eva", "too short")
    assert course.count() == {}


def test_the_same_words_count_once(course: Class) -> None:
    for words in ("I bake bread", "i BAKE  bread", " I bake bread "):
        course.say("ana", words.replace("  ", " "))
    assert course.count() == {"ana": 1}


@pytest.mark.parametrize(
    ("words", "counts"),
    [
        ("私はパンを焼く", True),
        ("パン", False),
        ("我今天烤了面包", True),
        ("ฉันอบขนมปัง", True),
        ("😀 😀", False),
        ("a b c", True),
    ],
)
def test_words_without_spaces_are_words(course: Class, words: str, *, counts: bool) -> None:
    course.say("ana", words)
    assert course.count() == ({"ana": 1} if counts else {})


def test_what_is_removed_counts_no_more_and_what_comes_back_does(course: Class) -> None:
    world = course.world
    course.say("ana", "one two three")
    own, removed = course.say("ana", "four five six"), course.say("ana", "seven eight nine")
    assert course.count() == {"ana": 3}
    for actor, post_id in ((world.person("ana"), own), (world.ida, removed)):
        post, seat = post_access.post(actor, post_id)
        posts.delete(actor=actor, post=post, seat=seat)
    assert course.count() == {"ana": 1}
    post, seat = post_access.post(world.person("ana"), own)
    posts.undelete(actor=world.person("ana"), post=post, seat=seat)
    assert course.count() == {"ana": 2}


def test_an_edit_that_leaves_too_little_counts_no_more(course: Class) -> None:
    said = course.say("ana", "one two three")
    course.count()
    post, seat = post_access.post(course.world.person("ana"), said)
    posts.edit(actor=course.world.person("ana"), post=post, seat=seat, body="never mind")
    assert course.count() == {"ana": 0}


def test_other_channels_and_conversations_do_not_count(course: Class) -> None:
    world = course.world
    other = channels.create_channel(actor=world.ida, workspace=world.workspace, name="Other")
    channels.add_people(actor=world.ida, channel=other, person_ids=[world.person("ana").pk])
    course.say("ana", "one two three", channel=other)
    direct = channels.open_direct(actor=world.person("ana"), workspace=world.workspace, person_ids=[world.ida.pk])
    course.say("ana", "one two three", channel=direct)
    assert course.count() == {}


def test_only_learners_of_the_course_count_and_the_page_names_the_others(course: Class) -> None:
    world = course.world
    source = enrolments.open_source(actor=world.ida, workspace=world.workspace, name="List", kind=Kind.FILE)
    entry = Entry("otto", email="otto@example.org", channels=[str(course.hall.pk)])
    enrolments.enrol(source=source, people=[entry], mode=Mode.MERGE, actor=world.ida)
    from tertulia.channels import access as channel_access

    posts.post(actor=world.otto, seat=channel_access.channel(world.otto, course.hall.pk), body="I came another way")
    course.say("ida", "I am the instructor here")
    assert course.count() == {}
    grade = Grade.objects.select_related("context").get()
    assert contributions.outside(grade) == ([world.otto], False)
    # They connect their account by a launch: what they wrote counts.
    Learner.objects.create(context=course.context, person=world.otto, subject="otto", since=now())
    assert course.count() == {"otto": 1}
    assert contributions.outside(grade) == ([], False)


def test_a_learner_who_becomes_an_instructor_is_graded_no_more(course: Class) -> None:
    course.say("ana", "one two three")
    course.count()
    course.launch("ana", roles=[INSTRUCTOR])
    course.say("ana", "four five six")
    assert course.count() == {"ana": 1}


def test_it_counts_until_its_date(course: Class) -> None:
    grade = Grade.objects.get()
    course.say("ana", "one two three")
    rule: dict[str, Any] = {"channel_ids": [course.hall.pk], "wanted": 2, "fewest_words": 3}
    grades.change_grade(actor=course.world.ida, grade=grade, until=now() - timedelta(minutes=1), **rule)
    assert course.count() == {}
    grades.change_grade(actor=course.world.ida, grade=grade, until=now() + timedelta(minutes=1), **rule)
    assert course.count() == {"ana": 1}


def test_a_stricter_rule_counts_everybody_anew(course: Class) -> None:
    course.say("ana", "one two three")
    course.say("ana", "one two three four five six")
    assert course.count() == {"ana": 2}
    rule: dict[str, Any] = {"channel_ids": [course.hall.pk], "wanted": 2, "until": None}
    grades.change_grade(actor=course.world.ida, grade=Grade.objects.get(), fewest_words=5, **rule)
    assert course.count() == {"ana": 1}


def test_in_a_units_thread_only_its_replies_count(world: World, fake: FakePlatform) -> None:
    course = Class(world, fake)
    thread = course.link.thread
    assert thread is not None
    Post.objects.filter(pk=thread.pk).update(author=world.person("ana"))  # as if she had come first
    course.grade(link_id=course.link.pk, channel_ids=[])
    course.say("ana", "one two three", root_id=thread.pk)
    course.say("ben", "one two three")
    assert course.count() == {"ana": 1}


def test_a_thread_that_was_made_anew_loses_nobodys_words(world: World, fake: FakePlatform) -> None:
    course = Class(world, fake)
    course.grade(link_id=course.link.pk, channel_ids=[])
    thread = course.link.thread
    assert thread is not None
    course.say("ana", "one two three", root_id=thread.pk)
    assert course.count() == {"ana": 1}
    other = channels.create_channel(actor=world.ida, workspace=world.workspace, name="Other")
    from tertulia.integrations.lti.services import courses

    courses.change_course(
        actor=world.ida, context=course.context, unit_channel=other.pk, channel_ids=[course.hall.pk, other.pk],
        groups=[], role_map={},
    )  # fmt: skip
    course.launch("ana")
    new = course.link.thread
    assert new is not None
    assert new != thread
    course.say("ana", "four five six", root_id=new.pk, channel=other)
    assert course.count() == {"ana": 2}


def test_only_what_is_new_is_read(course: Class) -> None:
    for number in range(20):
        course.say(("ana", "ben", "eva")[number % 3], f"words of number {number}")
    course.count()
    grade = Grade.objects.select_related("context__platform", "context__workspace", "link__thread", "by").get()
    with CaptureQueriesContext(connection) as idle:
        contributions.count(grade)
    assert not any("posts_post" in query["sql"] for query in idle.captured_queries)
    course.say("ana", "one more of mine")
    with CaptureQueriesContext(connection) as busy:
        contributions.count(grade)
    assert sum("posts_post" in query["sql"] for query in busy.captured_queries) == 1
    assert Score.objects.get(subject="ana").counted == 8


def test_a_course_without_a_workspace_is_not_counted(course: Class) -> None:
    from tertulia.integrations.lti.services import courses

    course.say("ana", "one two three")
    courses.disconnect(actor=course.world.ida, context=course.context)
    assert course.count() == {}


def test_one_courses_trouble_is_not_the_others(course: Class, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = Grade.objects.get(), course.grade(label="Again")
    real = contributions.count

    def broken(grade: Grade) -> int:
        if grade.pk == first.pk:
            raise RuntimeError
        return real(grade)

    monkeypatch.setattr(contributions, "count", broken)
    course.say("ana", "one two three")
    course.count()
    assert list(Score.objects.values_list("grade", flat=True)) == [second.pk]


def test_channels_that_are_gone_do_no_harm(course: Class) -> None:
    Grade.objects.update(channels=[uuid.uuid4()])
    assert course.count() == {}
