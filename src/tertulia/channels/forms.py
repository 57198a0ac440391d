"""What the pages of channels ask for. Forms only read; services decide what is allowed."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tertulia.channels import words
from tertulia.channels.access import Seat
from tertulia.channels.models import Posting, Visibility
from tertulia.kernel.errors import Refusal
from tertulia.workspaces.access import Permission, Place, may

PAUSES = [
    (0, _("Off")),
    (10, _("10 seconds")),
    (30, _("30 seconds")),
    (60, _("1 minute")),
    (300, _("5 minutes")),
    (900, _("15 minutes")),
    (3600, _("1 hour")),
    (21_600, _("6 hours")),
]
PLAIN = {"autocapitalize": "none", "autocomplete": "off", "spellcheck": "false"}


def _name() -> forms.CharField:
    attrs = {"autocomplete": "off", "data-channel-name": "", "autofocus": True}
    return forms.CharField(label=_("Name"), max_length=words.LONGEST_NAME, widget=forms.TextInput(attrs=attrs))


def _slug(help_text: Any, *, required: bool) -> forms.CharField:
    return forms.CharField(
        label=_("URL"),
        max_length=words.LONGEST_SLUG,
        required=required,
        help_text=help_text,
        widget=forms.TextInput(attrs={**PLAIN, "data-channel-slug": ""}),
    )


def _purpose() -> forms.CharField:
    return forms.CharField(
        label=_("Purpose"),
        max_length=words.LONGEST_PURPOSE,
        required=False,
        help_text=_("How this channel should be used."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )


def _header() -> forms.CharField:
    return forms.CharField(
        label=_("Header"),
        max_length=words.LONGEST_HEADER,
        required=False,
        help_text=_("Shown beside the name; Markdown. For example: [Course page](https://example.org)"),
        widget=forms.Textarea(attrs={"rows": 2}),
    )


def _posting() -> forms.ChoiceField:
    return forms.ChoiceField(
        label=_("Who may post"), choices=Posting.choices, initial=Posting.EVERYONE, widget=forms.RadioSelect
    )


class Form(forms.Form):
    """Base: refusals of services are shown beside the field that they name."""

    def refuse(self, refusal: Refusal) -> None:
        """Show why it was not done; what was typed stays."""
        self.add_error(refusal.field if refusal.field in self.fields else None, refusal.detail)


class NewChannelForm(Form):
    """The *New channel* dialogue."""

    visibility = forms.ChoiceField(
        label=_("Type"),
        choices=[
            (Visibility.PUBLIC, _("Public: anyone can join")),
            (Visibility.PRIVATE, _("Private: only invited members")),
        ],
        initial=Visibility.PUBLIC,
        widget=forms.RadioSelect,
    )
    name = _name()
    slug = _slug(_("Made from the name; change it if you like. Small letters, digits and dashes."), required=False)
    purpose = _purpose()
    header = _header()

    def __init__(self, *args: Any, place: Place, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["visibility"]
        assert isinstance(field, forms.ChoiceField)
        if not may(place, Permission.CREATE_PRIVATE_CHANNEL):
            field.choices = [(Visibility.PUBLIC, _("Public: anyone can join"))]
            field.help_text = _("Private channels are made by mentors and staff.")


class SettingsForm(Form):
    """What a manager can change of a channel."""

    name = _name()
    slug = _slug(
        _("Links with the old URL stop working when you change it; links to posts go on working."), required=True
    )
    purpose = _purpose()
    header = _header()
    posting = _posting()
    slow_seconds = forms.TypedChoiceField(
        label=_("Slow mode"),
        coerce=int,
        choices=PAUSES,
        help_text=_("How long everybody waits between two posts of theirs."),
    )
    is_default = forms.BooleanField(label=_("New members are put into this channel"), required=False)

    def __init__(self, *args: Any, seat: Seat, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["name"].widget.attrs["autofocus"]
        pause = self.fields["slow_seconds"]
        assert isinstance(pause, forms.TypedChoiceField)
        now = seat.channel.slow_seconds
        if now not in dict(PAUSES):  # set over REST
            pause.choices = [*PAUSES, (now, _("%(seconds)s seconds") % {"seconds": now})]
        if seat.channel.visibility != Visibility.PUBLIC or not may(seat.place, Permission.MANAGE_CHANNELS):
            del self.fields["is_default"]
