"""Taking part is a grade only if somebody who runs the course says so; learners read what counts, and what was sent."""

from __future__ import annotations

from datetime import timedelta

import pytest

from standing import standing
from tertulia.channels import services as channels
from tertulia.channels.models import Visibility
from tertulia.integrations.lti import jobs
from tertulia.integrations.lti.models import Grade
from tertulia.integrations.lti.services import grades
from tertulia.kernel.clock import now
from tertulia.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from tertulia.kernel.models import AuditEntry
from tertulia.posts.models import Post
from tertulia.workspaces import services as workspaces

from .grading import Class
from .platform import FakePlatform
from .world import World, signed_in


@pytest.fixture
def course(world: World, fake: FakePlatform) -> Class:
    """A class; nothing counts yet."""
    return standing(Class, world, fake)


def _notice(course: Class) -> Post:
    return Post.objects.filter(channel=course.hall, body__contains="Taking part here counts", deleted_at=None).get()


def _base(course: Class) -> str:
    return f"/w/{course.world.workspace.slug}/lti"


FORM = {"label": "Talking", "maximum": "10", "wanted": "2", "fewest_words": "3", "until": ""}


def test_the_page_makes_a_grade(course: Class) -> None:
    ida = signed_in(course.world.ida)
    path = f"{_base(course)}/{course.context.pk}/grades"
    assert "taking part is graded in this course" in ida.get(path).content.decode()
    assert "A new grade of the activity “Unit 1”" in ida.get(f"{path}/new").content.decode()
    answer = ida.post(f"{path}/new", {**FORM, "link": "column", "channels": [str(course.hall.pk)]})
    grade = Grade.objects.get()
    assert answer["Location"] == f"{_base(course)}/grades/{grade.pk}"
    assert "Talking" in ida.get(path).content.decode()
    entry = AuditEntry.objects.get(verb="made a grade")
    assert (entry.actor, entry.after["points"]) == (course.world.ida, 10)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"label": " "}, "label"),
        ({"maximum": 0}, "maximum"),
        ({"maximum": 1001}, "maximum"),
        ({"wanted": 0}, "wanted"),
        ({"fewest_words": 501}, "fewest_words"),
        ({"channel_ids": []}, "channels"),
    ],
)
def test_what_cannot_be_a_grade(course: Class, changes: dict[str, object], field: str) -> None:
    with pytest.raises(Invalid) as caught:
        course.grade(**changes)
    assert caught.value.field == field
    assert not Grade.objects.exists()


def test_only_who_runs_the_workspace_may(course: Class) -> None:
    grade = course.grade()
    pages = (f"/{course.context.pk}/grades", f"/{course.context.pk}/grades/new", f"/grades/{grade.pk}")
    for person in (course.world.person("ana"), course.world.otto, course.world.olga):
        client = signed_in(person)
        for page in pages:
            assert client.get(f"{_base(course)}{page}").status_code == 404
        assert client.post(f"{_base(course)}/grades/{grade.pk}/switch").status_code == 404
        with pytest.raises(NotFound):
            grades.switch(actor=person, grade=grade, on=False)
    ida = signed_in(course.world.ida)
    for page in pages:
        assert ida.get(f"{_base(course)}{page}").status_code == 200
        assert ida.get(f"/w/{course.world.other.slug}/lti{page}").status_code == 404


def test_channels_are_those_that_the_instructor_may_post_in(course: Class) -> None:
    world = course.world
    ana = world.person("ana")
    workspaces.change_role(actor=world.ida, workspace=world.workspace, person=ana, role="instructor")
    hidden = channels.create_channel(actor=ana, workspace=world.workspace, name="Hidden", visibility=Visibility.PRIVATE)
    elsewhere = channels.create_channel(actor=world.otto, workspace=world.other, name="Elsewhere")
    unjoined = channels.create_channel(actor=ana, workspace=world.workspace, name="Unjoined")
    for channel in (hidden, elsewhere):
        with pytest.raises(NotFound):
            course.grade(channel_ids=[channel.pk])
    with pytest.raises(Forbidden):
        course.grade(channel_ids=[unjoined.pk])


def test_a_place_has_one_grade_that_is_on(course: Class) -> None:
    first = course.grade(link_id=course.link.pk)
    with pytest.raises(Conflict, match="has a grade that is on"):
        course.grade(link_id=course.link.pk)
    grades.switch(actor=course.world.ida, grade=first, on=False)
    course.grade(link_id=course.link.pk)
    with pytest.raises(Conflict, match="has a grade that is on"):
        grades.switch(actor=course.world.ida, grade=first, on=True)


def test_learners_are_told_where_they_write(course: Class) -> None:
    grade = course.grade()
    notice = _notice(course)
    assert notice.author == course.world.ida
    assert notice.pinned_at is not None
    assert "2 contributions of at least 3 words each give all 10 points" in notice.text
    assert f"{_base(course)}/mine" in notice.body
    course.count()
    course.count()
    assert _notice(course).pk == notice.pk  # said once
    grades.change_grade(
        actor=course.world.ida, grade=grade, channel_ids=[course.hall.pk], wanted=5, fewest_words=3,
        until=now() + timedelta(days=1),
    )  # fmt: skip
    changed = _notice(course)
    assert changed.pk == notice.pk
    assert "5 contributions" in changed.text
    assert "It counts until" in changed.text
    grades.switch(actor=course.world.ida, grade=Grade.objects.get(), on=False)
    over = Post.objects.get(pk=notice.pk)
    assert "It counts no more." in over.text
    assert over.pinned_at is None
    grades.switch(actor=course.world.ida, grade=Grade.objects.get(), on=True)
    assert _notice(course).pk == notice.pk
    assert _notice(course).pinned_at is not None


def test_a_channel_that_counts_no_more_says_so(course: Class) -> None:
    world = course.world
    grade = course.grade()
    notice = _notice(course)
    other = channels.create_channel(actor=world.ida, workspace=world.workspace, name="Other")
    grades.change_grade(actor=world.ida, grade=grade, channel_ids=[other.pk], wanted=2, fewest_words=3, until=None)
    assert "It counts no more." in Post.objects.get(pk=notice.pk).text
    assert Post.objects.filter(channel=other, body__contains="Taking part here counts").exists()


def test_a_units_thread_says_so_even_if_it_is_made_later(course: Class) -> None:
    course.grade(link_id=course.link.pk, channel_ids=[])
    thread = course.link.thread
    assert thread is not None
    assert Post.objects.filter(root=thread, body__contains="Taking part here counts").count() == 1
    course.count()
    assert Post.objects.filter(root=thread, body__contains="Taking part here counts").count() == 1


def test_a_notice_that_was_removed_is_said_again(course: Class) -> None:
    course.grade()
    from tertulia.posts import access as post_access
    from tertulia.posts import services as posts

    first = _notice(course)
    post, seat = post_access.post(course.world.ida, first.pk)
    posts.delete(actor=course.world.ida, post=post, seat=seat)
    course.count()
    assert _notice(course).pk != first.pk


def test_learners_see_what_was_sent_of_them(course: Class) -> None:
    grade = course.grade()
    path = f"{_base(course)}/mine"
    ana = signed_in(course.world.person("ana"))
    page = ana.get(path).content.decode()
    assert "Talking" in page
    assert "nothing yet" in page
    course.say("ana", "one two three")
    course.say("ben", "one two three")
    course.say("ben", "four five six")
    course.send(grade)
    page = ana.get(path).content.decode()
    assert "5 of 10 points" in page
    assert "Ben" not in page
    grades.switch(actor=course.world.ida, grade=grade, on=False)
    assert "counts no more" in ana.get(path).content.decode()
    assert "is not graded" in signed_in(course.world.person("eva")).get(path).content.decode()
    assert signed_in(course.world.otto).get(path).status_code == 404


def test_the_page_tells_whose_score_was_sent_and_whose_not(course: Class, fake: FakePlatform) -> None:
    grade = course.grade()
    fake.gradebook.strangers = {"ben"}
    course.say("ana", "one two three")
    course.say("ben", "one two three")
    course.send(grade)
    page = signed_in(course.world.ida).get(f"{_base(course)}/grades/{grade.pk}").content.decode()
    assert "1 arrived, 0 waiting, 1 not taken." in page
    assert "not a student" in page
    fake.gradebook.fails.append((503, b"", {}))
    course.say("ana", "four five six")
    course.send(grade)
    page = signed_in(course.world.ida).get(f"{_base(course)}/grades/{grade.pk}").content.decode()
    assert "answers 503" in page


def test_the_pages_say_what_the_platform_does_not_allow(world: World, fake: FakePlatform) -> None:
    course = Class(world, fake, scopes=())
    ida = signed_in(world.ida)
    path = f"{_base(course)}/{course.context.pk}/grades"
    for page in (path, f"{path}/new"):
        assert "has not offered its gradebook" in ida.get(page).content.decode()
    assert ida.post(f"{path}/new", {**FORM, "link": "column"}).status_code == 422


def test_switching_by_the_page(course: Class) -> None:
    grade = course.grade()
    ida = signed_in(course.world.ida)
    path = f"{_base(course)}/grades/{grade.pk}"
    assert ida.post(f"{path}/switch")["Location"] == path
    assert "This grade is off" in ida.get(path).content.decode()
    jobs.count_grades(0)
    ida.post(f"{path}/switch", {"on": "1"})
    ida.post(f"{path}/switch", {"on": "1"})  # twice is once
    assert Grade.objects.get().is_on
    assert AuditEntry.objects.filter(verb="switched a grade on").count() == 1
    answer = ida.post(path, {"wanted": "7", "fewest_words": "3", "until": "", "channels": [str(course.hall.pk)]})
    assert answer.status_code == 302
    assert Grade.objects.get().wanted == 7
    assert ida.post(path, {"wanted": "0", "fewest_words": "3", "until": ""}).status_code == 422
