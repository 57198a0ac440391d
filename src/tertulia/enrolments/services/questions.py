"""Questions that a workspace asks its members: answers are facts, so that a rule can put who says “Design” there."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from tertulia.enrolments.models import NAME_LENGTH, Answer, Key, Kind, Question, QuestionKind, Registration, System
from tertulia.enrolments.records import Registered
from tertulia.enrolments.services.systems import open_system
from tertulia.enrolments.services.telling import tell
from tertulia.kernel import audit
from tertulia.kernel.bulk import among
from tertulia.kernel.clock import now
from tertulia.kernel.errors import Conflict, Invalid
from tertulia.kernel.tidying import line
from tertulia.people.models import Person
from tertulia.workspaces import access
from tertulia.workspaces import services as workspaces
from tertulia.workspaces.access import Place
from tertulia.workspaces.models import Workspace

MOST_QUESTIONS = 10
MOST_CHOICES = 30
LONGEST_ANSWER = 200
WORD_LENGTH = 40


@dataclass(frozen=True, slots=True)
class Wording:
    """A question as somebody writes it. `word` and `kind` count only for a new one."""

    title: str
    word: str = ""
    help: str = ""
    kind: str = QuestionKind.ONE.value
    choices: Sequence[str] = ()
    optional: bool = True
    staff_see: bool = False


def ask(*, actor: Person, workspace: Workspace, wording: Wording) -> Question:
    """A new question to all members. Needs ENROL. Raises NotFound, Forbidden, Invalid, Conflict."""
    with transaction.atomic():
        locked = workspaces.open_to_enrol(actor=actor, workspace=workspace)
        if locked.questions.count() >= MOST_QUESTIONS:
            raise Conflict(_("Ten questions are enough: nobody answers more. Delete one first."))
        word = line(wording.word, field="word", label=_("short name"), longest=WORD_LENGTH, required=True)
        if "=" in word or "*" in word:
            raise Invalid(_("The short name has neither = nor * in it: rules need them."), field="word")
        if locked.questions.filter(word__iexact=word).exists():
            raise Conflict(_("There is a question of this short name already."), type="name-taken", field="word")
        if wording.kind not in QuestionKind.values:
            raise Invalid(_("Choose how it is answered."), field="kind")
        question = Question(workspace=locked, word=word, kind=wording.kind, staff_see=wording.staff_see)
        _write(question, wording)
        question.save(force_insert=True)
        _record(actor, "asked members", question)
    return question


def change_question(*, actor: Person, question: Question, wording: Wording) -> Question:
    """Other words or choices. Answers that are no choice any more stay until their people change them.

    That staff see answers can be switched off, never on: people answered when it was not so.
    """
    with transaction.atomic():
        workspaces.open_to_enrol(actor=actor, workspace=question.workspace)
        question = Question.objects.select_for_update().select_related("workspace").get(pk=question.pk)
        question.staff_see = question.staff_see and wording.staff_see
        _write(question, wording)
        question.save(force_update=True)
        _record(actor, "changed a question", question)
    return question


def delete_question(*, actor: Person, question: Question) -> None:
    """The question and all answers go; rules no longer find anybody by it, and those whom that concerns leave."""
    with transaction.atomic():
        workspaces.open_to_enrol(actor=actor, workspace=question.workspace)
        people = list(question.answers.values_list("person_id", flat=True))
        _record(actor, "deleted a question", question)
        workspace = question.workspace
        question.delete()
        _tell(workspace, people)


def answer(*, actor: Person, place: Place, said: Mapping[uuid.UUID, Sequence[str]]) -> None:
    """What `actor` answers, by question; those left out stay as they are. Rules follow at once.

    Raises Invalid, with the question's id as the field, for what is no choice, or nothing where something is needed.
    """
    access.check_open(place.workspace)
    with transaction.atomic():
        questions = list(place.workspace.questions.filter(pk__in=said).order_by("pk"))
        for question in questions:
            values = _values(question, said[question.pk])
            Answer.objects.update_or_create(
                question=question, person=actor, defaults={"values": values, "answered_at": now()}
            )
        if questions:
            _tell(place.workspace, [actor.pk])


def pass_over(*, actor: Person, place: Place) -> None:
    """Not now: what `actor` has not answered is not asked again by itself."""
    with transaction.atomic():
        for question in place.workspace.questions.exclude(answers__person=actor).order_by("pk"):
            Answer.objects.get_or_create(question=question, person=actor)


def are_answered(workspace_id: uuid.UUID) -> bool:
    """Whether anybody has ever answered a question of this workspace. One query."""
    return System.objects.filter(kind=Kind.ANSWERS, workspace=workspace_id).exists()


def follow_members(workspace_id: uuid.UUID, person_ids: Iterable[uuid.UUID], *, are_in: bool) -> None:
    """Who leaves a workspace has no answers in it for its rules; who comes back has them again."""
    system = System.objects.get(kind=Kind.ANSWERS, workspace=workspace_id)
    known = Registration.objects.filter(system=system, person_id__in=among(person_ids)).exclude(active=are_in)
    people = [Registered(subject=subject, active=are_in) for subject in known.values_list("subject", flat=True)]
    if people:
        tell(system=system, people=people)


def _write(question: Question, wording: Wording) -> None:
    question.title = line(wording.title, field="title", label=_("question"), longest=160, required=True)
    question.help = line(wording.help, field="help", label=_("explanation"), longest=300)
    question.optional = wording.optional
    question.choices = []
    if question.kind == QuestionKind.TEXT:
        return
    texts = (line(text, field="choices", label=_("choice"), longest=NAME_LENGTH) for text in wording.choices)
    question.choices = list(dict.fromkeys(text for text in texts if text))
    if not 2 <= len(question.choices) <= MOST_CHOICES:  # noqa: PLR2004 - one is no choice
        raise Invalid(_("Give it 2 to %(most)s choices.") % {"most": MOST_CHOICES}, field="choices")


def _values(question: Question, said: Sequence[str]) -> list[str]:
    field = str(question.pk)
    values = [line(text, field=field, label=_("answer"), longest=LONGEST_ANSWER) for text in said]
    values = list(dict.fromkeys(value for value in values if value))
    if not values and not question.optional:
        raise Invalid(_("Please answer this one."), field=field)
    if question.kind != QuestionKind.SEVERAL and len(values) > 1:
        raise Invalid(_("Please choose one."), field=field)
    if question.kind != QuestionKind.TEXT and not set(values) <= set(question.choices):
        raise Invalid(_("Please choose one of those that are offered."), field=field)
    return values


def _tell(workspace: Workspace, person_ids: Sequence[uuid.UUID]) -> None:
    system = open_system(kind=Kind.ANSWERS, name=_("Members' answers"), workspace=workspace)
    found: dict[uuid.UUID, list[str]] = {person_id: [] for person_id in person_ids}
    rows = Answer.objects.filter(question__workspace=workspace, person_id__in=among(person_ids))
    for person_id, word, values in rows.values_list("person_id", "question__word", "values"):
        found[person_id] += [f"{word}={value}" for value in values]
    said = [
        Registered(subject=str(person_id), facts={Key.ANSWER: values}, person_id=person_id)
        for person_id, values in found.items()
    ]
    for start in range(0, len(said), 1000):
        tell(system=system, people=said[start : start + 1000])


def _record(actor: Person, verb: str, question: Question) -> None:
    audit.record(
        actor=actor,
        verb=verb,
        object_kind="question",
        object_id=question.pk,
        workspace_id=question.workspace_id,
        after={"name": question.title, "choices": list(question.choices), "staff_see": question.staff_see},
    )
