"""What the pages of grades ask for."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from tertulia.integrations.lti import gradebook
from tertulia.integrations.lti.forms import Form
from tertulia.integrations.lti.models import Context, Grade, Link
from tertulia.integrations.lti.services import grades
from tertulia.workspaces.doors import ChannelChoice

COLUMN = "column"
_MOMENT = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")


class RuleForm(Form):
    """What counts."""

    channels = forms.MultipleChoiceField(
        label=_("Channels that count"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None: contributions count in the thread of the place in the course."),
    )
    wanted = forms.IntegerField(
        label=_("Contributions for all points"), min_value=1, max_value=grades.MOST_WANTED, initial=3
    )
    fewest_words = forms.IntegerField(
        label=_("Words that a contribution has at least"), min_value=1, max_value=grades.MOST_WORDS, initial=20
    )
    until = forms.DateTimeField(
        label=_("Counts until"), required=False, widget=_MOMENT, help_text=_("Empty: for as long as this grade is on.")
    )

    def __init__(self, *args: Any, channels: Sequence[ChannelChoice], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["channels"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = [(channel.id, f"#{channel.name}") for channel in channels]

    def has_no_thread(self) -> None:
        """There is no place in the course whose thread could count instead of channels."""
        self.fields["channels"].required = True
        self.fields["channels"].help_text = ""

    def chosen(self) -> dict[str, Any]:
        """The keyword arguments of `grades.change_grade`."""
        data = self.cleaned_data
        return {
            "channel_ids": [uuid.UUID(channel_id) for channel_id in data["channels"]],
            "wanted": data["wanted"],
            "fewest_words": data["fewest_words"],
            "until": data["until"],
        }

    @staticmethod
    def of(grade: Grade) -> dict[str, Any]:
        """What the form begins with."""
        return {
            "channels": [str(channel_id) for channel_id in grade.channels],
            "wanted": grade.wanted,
            "fewest_words": grade.fewest_words,
            "until": grade.until,
        }


class GradeForm(RuleForm):
    """A new grade."""

    link = forms.ChoiceField(label=_("Where the points go"), widget=forms.RadioSelect)
    label = forms.CharField(label=_("Name of the grade"), max_length=grades.LABEL_LENGTH)
    maximum = forms.IntegerField(
        label=_("Points at most"),
        min_value=1,
        max_value=grades.MOST_POINTS,
        initial=10,
        help_text=_("If the place in the course has a column already, its own points hold."),
    )

    field_order = ("link", "label", "maximum", "channels", "wanted", "fewest_words", "until")

    def __init__(self, *args: Any, context: Context, links: Sequence[Link], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(str(link.pk), _where(link)) for link in links]
        if gradebook.offer(context.ags).may_make:
            choices.append((COLUMN, _now("A new column of the gradebook, for the whole course")))
        field = self.fields["link"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices
        field.initial = choices[0][0] if choices else None

    def chosen(self) -> dict[str, Any]:
        """The keyword arguments of `grades.open_grade`."""
        data = self.cleaned_data
        link = data["link"]
        return {
            **super().chosen(),
            "link_id": None if link == COLUMN else uuid.UUID(link),
            "label": data["label"],
            "maximum": data["maximum"],
        }


def _where(link: Link) -> str:
    if gradebook.offer(link.ags).line_item:
        return _now("The grade of the activity “%(link)s”") % {"link": link}
    return _now("A new grade of the activity “%(link)s”") % {"link": link}
