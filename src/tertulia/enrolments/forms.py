"""What the pages of enrolments ask for. Forms only read; services decide what is allowed."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from tertulia.enrolments.models import NAME_LENGTH, Leaving
from tertulia.enrolments.records import Mode
from tertulia.kernel.errors import Refusal


class Form(forms.Form):
    """Base: refusals of services are shown beside the field that they name."""

    def refuse(self, refusal: Refusal) -> None:
        """Show why it was not done; what was typed stays."""
        self.add_error(refusal.field if refusal.field in self.fields else None, refusal.detail)


class UploadForm(Form):
    """A list from a spreadsheet."""

    source = forms.CharField(
        label=_("What this list is called"),
        max_length=NAME_LENGTH,
        help_text=_("The same name next time, so that the list can take back what it gave. For example: Spring class."),
    )
    file = forms.FileField(
        label=_("CSV file"),
        help_text=_(
            "Its first row names the columns: email, name, role, groups, channels, active, external_id."
            " Only email is needed."
        ),
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,text/csv,text/plain"}),
    )
    mode = forms.ChoiceField(
        label=_("What the list means"),
        choices=[
            (Mode.MERGE.value, _("Add and change these people; everybody else stays")),
            (
                Mode.MIRROR.value,
                _("This is everybody: whom only an earlier list of this name had, leaves"),
            ),
        ],
        initial=Mode.MERGE.value,
        widget=forms.RadioSelect,
    )


class SourceForm(Form):
    """What a source is called, and what happens when people come to it, and leave it."""

    name = forms.CharField(
        label=_("Name"),
        max_length=NAME_LENGTH,
        help_text=_("A program that speaks by the old name afterwards opens a new source."),
    )
    leaving = forms.ChoiceField(
        label=_("When somebody leaves this source"), choices=Leaving.choices, widget=forms.RadioSelect
    )
    largest_share = forms.IntegerField(
        label=_("Largest share that one whole list may let go, in percent"),
        min_value=0,
        max_value=100,
        help_text=_("A list that lets more people go is not followed before somebody confirms it."),
    )
    welcome = forms.BooleanField(
        label=_("Mail people who come in"),
        required=False,
        help_text=_("How to sign in, and where. Leave it off if your learning platform tells them."),
    )


class ConfirmForm(Form):
    """Yes, do it."""

    confirm = forms.BooleanField(label=_("Yes, let all of these people go"), required=False)
