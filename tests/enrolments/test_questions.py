"""Questions to members, and the rules that use their answers."""

from __future__ import annotations

import pytest
from django.test import Client

from tertulia.enrolments import services
from tertulia.enrolments.models import Answer, Key, Question
from tertulia.enrolments.records import Draft
from tertulia.enrolments.services import questions
from tertulia.enrolments.services.questions import Wording
from tertulia.kernel.errors import Conflict, Forbidden, Invalid
from tertulia.people.models import Person
from tertulia.workspaces import access
from tertulia.workspaces import services as workspace_services
from tertulia.workspaces.models import Role

from .rules_world import RulesWorld
from .test_rule_pages import browser

ASK = "/w/course/enrolments/questions"
ANSWER = "/w/course/questions"


@pytest.fixture
def world(db: None) -> RulesWorld:
    """Course and Campus."""
    del db
    return RulesWorld()


@pytest.fixture
def ana(world: RulesWorld) -> Person:
    """A learner."""
    return world.member("ana")


def track(world: RulesWorld, **wording: object) -> Question:
    """Which track?"""
    values = {"title": "Which track are you on?", "word": "Track", "choices": ["Design", "Code"], **wording}
    return services.ask(actor=world.olga, workspace=world.course, wording=Wording(**values))  # type: ignore[arg-type]


def say(who: Person, question: Question, *values: str) -> None:
    """Somebody answers."""
    place = access.workspace(who, "course")
    services.answer(actor=who, place=place, said={question.pk: values})


def test_who_answers_design_is_in_design_until_they_answer_otherwise(world: RulesWorld, ana: Person) -> None:
    world.rule("Design", (Key.ANSWER, ["Track=Design"]), role="here", groups=["Design"], channels=["secret"])
    question = track(world)
    say(ana, question, "Design")
    assert world.groups("ana") == {"Design"}
    assert "secret" in world.channels("ana")
    say(ana, question, "Code")
    assert world.groups("ana") == set()
    assert "secret" not in world.channels("ana")
    assert world.role("ana") is Role.LEARNER


def test_several_questions_and_several_choices(world: RulesWorld, ana: Person) -> None:
    both = (Key.ANSWER, ["City=Lyon", "City=Paris"])
    world.rule("France", both, role="here", groups=["France"])
    city = track(world, word="City", kind="several", choices=["Lyon", "Paris", "Rome"])
    say(ana, track(world), "Code")
    say(ana, city, "Rome", "Lyon")
    assert world.groups("ana") == {"France"}
    say(ana, city, "Rome")
    assert world.groups("ana") == set()


def test_answers_hold_nobody_in_a_workspace_and_come_back_with_them(world: RulesWorld, ana: Person) -> None:
    world.rule("Design", (Key.ANSWER, ["Track=Design"]), role="here", groups=["Design"])
    say(ana, track(world), "Design")
    workspace_services.remove_member(actor=world.olga, workspace=world.course, person=ana)
    questions.follow_members(world.course.pk, [ana.pk], are_in=False)
    services.apply_all()
    assert world.members() == set()
    workspace_services.add_member(actor=world.olga, workspace=world.course, person=ana, role=Role.LEARNER)
    questions.follow_members(world.course.pk, [ana.pk], are_in=True)
    assert world.groups("ana") == {"Design"}


def test_deleting_a_question_takes_back_what_its_answers_gave(world: RulesWorld, ana: Person) -> None:
    world.rule("Design", (Key.ANSWER, ["Track=Design"]), role="here", groups=["Design"])
    question = track(world)
    say(ana, question, "Design")
    services.delete_question(actor=world.olga, question=question)
    assert world.groups("ana") == set()
    assert not Answer.objects.exists()


@pytest.mark.parametrize("values", [("Cooking",), ("Design", "Code"), ("x" * 201,)])
def test_what_is_no_answer_is_refused(world: RulesWorld, ana: Person, values: tuple[str, ...]) -> None:
    with pytest.raises(Invalid):
        say(ana, track(world), *values)
    assert not Answer.objects.exists()


def test_what_must_be_answered_can_not_be_left_empty_but_passed_over(world: RulesWorld, ana: Person) -> None:
    question = track(world, optional=False)
    with pytest.raises(Invalid):
        say(ana, question)
    services.pass_over(actor=ana, place=access.workspace(ana, "course"))
    assert Answer.objects.get().values == []


@pytest.mark.parametrize(
    ("wording", "field"),
    [
        ({"title": " "}, "title"),
        ({"word": ""}, "word"),
        ({"word": "a=b"}, "word"),
        ({"choices": ["one"]}, "choices"),
        ({"choices": [str(n) for n in range(31)]}, "choices"),
        ({"kind": "song"}, "kind"),
    ],
)
def test_what_is_no_question_is_refused(world: RulesWorld, wording: dict[str, object], field: str) -> None:
    with pytest.raises(Invalid) as caught:
        track(world, **wording)
    assert caught.value.field == field


def test_ten_questions_are_enough(world: RulesWorld) -> None:
    for number in range(10):
        track(world, word=f"Q{number}")
    with pytest.raises(Conflict):
        track(world, word="Q11")


def test_learners_ask_nothing(world: RulesWorld, ana: Person) -> None:
    with pytest.raises(Forbidden):
        services.ask(actor=ana, workspace=world.course, wording=Wording(title="x", word="x", choices=["a", "b"]))


def test_that_staff_see_answers_is_never_switched_on_afterwards(world: RulesWorld) -> None:
    question = track(world)
    wording = Wording(title="Which?", choices=["Design", "Code"], staff_see=True)
    assert not services.change_question(actor=world.olga, question=question, wording=wording).staff_see


def test_pages(world: RulesWorld, ana: Person) -> None:
    olga, learner = browser(world.olga), browser(ana)
    assert "Nothing is asked here" in learner.get(ANSWER).content.decode()
    typed = {
        "title": "Which <b>track</b>?",
        "word": "Track",
        "kind": "one",
        "choices": "Design\nCode",
        "optional": "on",
    }
    assert olga.post(ASK, typed).status_code == 302
    question = Question.objects.get()
    assert "have a question for you" in learner.get("/w/course/channels").content.decode()
    page = learner.get(ANSWER).content.decode()
    assert "Which &lt;b&gt;track&lt;/b&gt;?" in page
    assert "see your answer" not in page
    assert learner.post(ANSWER, {str(question.pk): "Design"}).status_code == 302
    assert "question for you" not in learner.get("/w/course/channels").content.decode()
    shown = olga.get(f"{ASK}/{question.pk}").content.decode()
    assert "1 answer" in shown
    assert "Ana" not in shown
    assert learner.get(f"{ASK}/{question.pk}").status_code == 403
    assert olga.post(f"{ASK}/{question.pk}/delete").status_code == 302
    assert not Question.objects.exists()


def test_staff_see_who_said_what_only_where_people_are_told(world: RulesWorld, ana: Person) -> None:
    question = track(world, staff_see=True, help="<script>")
    page = browser(ana).get(ANSWER).content.decode()
    assert "see your answer" in page
    assert "<script>." not in page
    assert "&lt;script&gt;" in page
    say(ana, question, "Code")
    assert "Ana" in browser(world.olga).get(f"{ASK}/{question.pk}").content.decode()


def test_each_sees_only_their_own_answers(world: RulesWorld, ana: Person) -> None:
    question = track(world, kind="text", choices=[])
    say(ana, question, "very secret")
    ben = browser(world.member("ben"))
    assert "very secret" not in ben.get(ANSWER).content.decode()
    assert "very secret" in browser(ana).get(ANSWER).content.decode()


def test_passing_over_hides_the_card_and_keeps_the_questions(world: RulesWorld, ana: Person) -> None:
    track(world)
    learner: Client = browser(ana)
    learner.post(ANSWER + "/pass")
    assert "question for you" not in learner.get("/w/course/channels").content.decode()
    assert "Which track" in learner.get(ANSWER).content.decode()


@pytest.mark.parametrize("staff_see", [True, False])
def test_a_preview_names_people_only_where_staff_see_answers(world: RulesWorld, ana: Person, staff_see: bool) -> None:
    say(ana, track(world, staff_see=staff_see), "Design")
    draft = Draft(name="", conditions=[(Key.ANSWER, ["Track=Design"])], role="here", groups=["Design"])
    preview = services.preview(actor=world.olga, workspace=world.course, draft=draft)
    assert preview.counts["changed"] == 1
    assert bool(preview.lines.get("changed")) is staff_see


def test_an_answer_to_a_question_of_another_workspace_is_no_answer(world: RulesWorld, ana: Person) -> None:
    other = workspace_services.create_workspace(actor=world.olga, slug="other", name="Other", template="blank")
    wording = Wording(title="Which?", word="Track", choices=["Design", "Code"])
    question = services.ask(actor=world.olga, workspace=other, wording=wording)
    say(ana, question, "Design")
    assert not Answer.objects.exists()
