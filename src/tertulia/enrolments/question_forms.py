"""What the pages of questions ask for."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tertulia.enrolments.forms import Form
from tertulia.enrolments.models import Question, QuestionKind
from tertulia.enrolments.services.questions import LONGEST_ANSWER, WORD_LENGTH, Wording


class QuestionForm(Form):
    """A question, as those who run a workspace write it."""

    title = forms.CharField(label=_("Question"), max_length=160)
    help = forms.CharField(label=_("Explanation"), max_length=300, required=False)
    word = forms.CharField(
        label=_("Short name for rules"),
        max_length=WORD_LENGTH,
        help_text=_("For example Track: a rule can then ask for Track=Design. It cannot be changed afterwards."),
    )
    kind = forms.ChoiceField(
        label=_("How it is answered"),
        choices=QuestionKind.choices,
        initial=QuestionKind.ONE.value,
        widget=forms.RadioSelect,
    )
    choices = forms.CharField(
        label=_("Choices"),
        required=False,
        max_length=4000,
        help_text=_("One a line."),
        widget=forms.Textarea(attrs={"rows": 5}),
    )
    optional = forms.BooleanField(label=_("It need not be answered"), required=False, initial=True)
    staff_see = forms.BooleanField(
        label=_("Owners and operations see who said what"),
        required=False,
        help_text=_("Whoever answers is told so. Otherwise they see only how many said what."),
    )

    def __init__(self, *args: Any, question: Question | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if question is not None:
            del self.fields["word"], self.fields["kind"]
            if not question.staff_see:
                del self.fields["staff_see"]

    @classmethod
    def initial_of(cls, question: Question) -> dict[str, object]:
        """The fields of a question."""
        names = ("title", "help", "optional", "staff_see")
        return {**{name: getattr(question, name) for name in names}, "choices": "\n".join(question.choices)}

    def wording(self) -> Wording:
        """The question as it was typed, once the form is valid."""
        said = {key: value for key, value in self.cleaned_data.items() if key != "choices"}
        return Wording(**said, choices=self.cleaned_data["choices"].splitlines())


class AnswerForm(Form):
    """All questions of a workspace with one member's answers. Fields are called after the questions' ids."""

    def __init__(self, *args: Any, questions: Sequence[tuple[Question, Sequence[str] | None]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.ids = {str(question.pk): question.pk for question, _values in questions}
        for question, values in questions:
            self.fields[str(question.pk)] = _field(question, values or ())

    def said(self) -> Mapping[uuid.UUID, Sequence[str]]:
        """The answers, by question."""
        return {
            key: answer if isinstance(answer, list) else [answer]
            for name, key in self.ids.items()
            for answer in [self.cleaned_data[name]]
        }


def _field(question: Question, values: Sequence[str]) -> forms.Field:
    seen = _("Owners and operations of this workspace see your answer.") if question.staff_see else ""
    common: dict[str, Any] = {
        "label": question.title,
        "help_text": " ".join(str(part) for part in (question.help, seen) if part),
        "required": not question.optional,
    }
    if question.kind == QuestionKind.TEXT:
        return forms.CharField(max_length=LONGEST_ANSWER, initial=values[0] if values else "", **common)
    choices = [(choice, choice) for choice in question.choices]
    if question.kind == QuestionKind.SEVERAL:
        return forms.MultipleChoiceField(
            choices=choices, initial=list(values), widget=forms.CheckboxSelectMultiple, **common
        )
    none = [("", _("No answer"))] if question.optional else []
    return forms.ChoiceField(
        choices=[*choices, *none], initial=values[0] if values else "", widget=forms.RadioSelect, **common
    )
