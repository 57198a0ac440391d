"""What the pages of workspaces ask for. Forms only read; services decide what is allowed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from tertulia.kernel.clock import now
from tertulia.kernel.errors import Refusal
from tertulia.workspaces import access
from tertulia.workspaces.access import Place
from tertulia.workspaces.blueprints import Blueprint
from tertulia.workspaces.doors import ChannelChoice
from tertulia.workspaces.models import GROUP_SLUG_LENGTH, SLUG_LENGTH, Joining, Role

DAYS = (1, 7, 30, 90)


class Form(forms.Form):
    """Base: refusals of services are shown beside the field that they name."""

    def refuse(self, refusal: Refusal) -> None:
        """Show why it was not done; what was typed stays."""
        self.add_error(refusal.field if refusal.field in self.fields else None, refusal.detail)


class NewWorkspaceForm(Form):
    """A new workspace after a template that has been chosen."""

    name = forms.CharField(label=_("Name"), max_length=80)
    slug = forms.CharField(
        label=_("Address"),
        max_length=SLUG_LENGTH,
        required=False,
        help_text=_("The part after /w/ in its links: small letters, digits, dashes. Made from the name if empty."),
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false"}),
    )
    goal = forms.CharField(max_length=300, required=False, widget=forms.Textarea(attrs={"rows": 3}))
    joining = forms.ChoiceField(
        label=_("Who may come in"), choices=Joining.choices, initial=Joining.CLOSED, widget=forms.RadioSelect
    )

    def __init__(self, *args: Any, blueprint: Blueprint, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        goal = self.fields["goal"]
        goal.label = str(blueprint.goal_prompt)
        goal.help_text = str(
            _("Shown at its head. Specific goals draw the right people. For example: “%(example)s”")
            % {"example": blueprint.goal_example}
        )


class SettingsForm(Form):
    """What can be changed of a workspace."""

    name = forms.CharField(label=_("Name"), max_length=80)
    goal = forms.CharField(
        label=_("What this community is for"),
        max_length=300,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Shown at its head. Specific goals draw the right people."),
    )
    slug = forms.CharField(
        label=_("Address"),
        max_length=SLUG_LENGTH,
        help_text=_("Links with the old address stop working when you change it."),
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false"}),
    )
    joining = forms.ChoiceField(label=_("Who may come in"), choices=Joining.choices, widget=forms.RadioSelect)
    listed = forms.BooleanField(
        label=_("Show it in the directory"),
        required=False,
        help_text=_(
            "Everybody with an account here sees its name and goal, nothing else."
            " Always so where people may join or ask by themselves."
        ),
    )
    learners_may_message = forms.BooleanField(label=_("Learners may message each other directly"), required=False)


class AskForm(Form):
    """A request to join."""

    message = forms.CharField(
        label=_("A word to the people who decide"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class RoleForm(Form):
    """A role that this member may give."""

    role = forms.ChoiceField(label=_("Role"))

    def __init__(self, *args: Any, place: Place, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["role"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(role.value, role.label) for role in access.grantable(place)]


class ReasonForm(Form):
    """Why somebody is banned."""

    reason = forms.CharField(
        label=_("Reason"), max_length=500, required=False, help_text=_("Staff can read it later; the person cannot.")
    )


class _InvitationForm(RoleForm):
    days = forms.TypedChoiceField(label=_("Works for"), coerce=int, initial=7)
    channels = forms.MultipleChoiceField(
        label=_("Channels to give"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Guests see only these. Everybody else also gets the channels for all new members."),
    )

    def __init__(self, *args: Any, place: Place, channels: Sequence[ChannelChoice], **kwargs: Any) -> None:
        super().__init__(*args, place=place, **kwargs)
        self.fields["role"].initial = Role.LEARNER
        days, given = self.fields["days"], self.fields["channels"]
        assert isinstance(days, forms.TypedChoiceField)
        assert isinstance(given, forms.MultipleChoiceField)
        days.choices = [(number, ngettext("%(n)s day", "%(n)s days", number) % {"n": number}) for number in DAYS]
        given.choices = [(channel.id, channel.name) for channel in channels]
        if not channels:
            del self.fields["channels"]

    @property
    def expires_at(self) -> datetime:
        """When the invitation ends."""
        return now() + timedelta(days=self.cleaned_data["days"])

    @property
    def channel_ids(self) -> list[str]:
        """Ids of the channels to give."""
        return list(self.cleaned_data.get("channels", []))


class LinkForm(_InvitationForm):
    """An invitation by link."""

    prefix = "link"
    max_uses = forms.IntegerField(
        label=_("How many people may use it"),
        min_value=1,
        max_value=100_000,
        required=False,
        help_text=_("Empty: any number."),
    )
    field_order = ("role", "days", "max_uses", "channels")


class MailForm(_InvitationForm):
    """Invitations by mail."""

    prefix = "mail"
    emails = forms.CharField(
        label=_("E-mail addresses"),
        max_length=8000,
        widget=forms.Textarea(attrs={"rows": 3, "placeholder": "ana@example.org", "spellcheck": "false"}),
        help_text=_("One to a line, or with commas between them; up to 50."),
    )
    field_order = ("emails", "role", "days", "channels")

    def addresses(self) -> list[str]:
        """The addresses as typed."""
        return [part for part in re.split(r"[\s,;]+", self.cleaned_data["emails"]) if part]


class GroupForm(Form):
    """A group's name and handle."""

    name = forms.CharField(label=_("Name"), max_length=80)
    slug = forms.CharField(
        label=_("Handle"),
        max_length=GROUP_SLUG_LENGTH + 1,
        required=False,
        help_text=_("For mentions such as @spring-2027. Made from the name if empty."),
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false"}),
    )
