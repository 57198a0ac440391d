"""What the pages of rules ask for. Conditions are lines of a key and a value; the same key again: or this one."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from tertulia.channels.models import Channel
from tertulia.enrolments.forms import Form
from tertulia.enrolments.models import HERE, NAME_LENGTH, Key, Leaving, Rule, System
from tertulia.enrolments.records import Draft
from tertulia.workspaces.models import Group, Role, Workspace

LINES = 2
"""Empty lines for conditions that the page offers at once."""
MOST_LINES = 60


class RuleForm(Form):
    """What every rule has."""

    name = forms.CharField(
        label=_("Name"), max_length=NAME_LENGTH, help_text=_("For the people who run this: Learners of Design 101.")
    )
    system = forms.ChoiceField(label=_("Told by"), required=False)
    role = forms.ChoiceField(label=_("Role"), initial=Role.LEARNER.value)
    leaving = forms.ChoiceField(
        label=_("When it is no longer true of somebody"),
        choices=[
            (Leaving.REMOVE.value, _("They leave, unless something else brought them, too")),
            (Leaving.GUEST.value, _("They stay as guests, in the channels that the rule gave")),
            (Leaving.KEEP.value, _("They stay as they are")),
        ],
        initial=Leaving.REMOVE.value,
        widget=forms.RadioSelect,
    )
    largest_share = forms.IntegerField(
        label=_("Largest share that may leave at once, in percent"),
        min_value=0,
        max_value=100,
        initial=20,
        help_text=_("If more would, they stay until somebody confirms it. News of single people is always followed."),
    )
    welcome = forms.BooleanField(label=_("Mail people who come in"), required=False)
    confirm = forms.BooleanField(label=_("Yes, let all of these people go"), required=False)

    def __init__(self, *args: Any, systems: Iterable[System], roles: Iterable[Role], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._choose(
            "system", [("", _("Any system that this rule may see")), *((str(one.pk), one.name) for one in systems)]
        )
        none = (HERE, _("None: only groups and channels, for people who are here already"))
        self._choose("role", [*((role.value, role.label) for role in roles), none])

    def _choose(self, name: str, choices: Sequence[tuple[str, Any]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = list(choices)

    def draft(self, *, is_on: bool) -> Draft:
        """The rule as it was typed, once the form is valid."""
        said = self.cleaned_data
        data = self.data
        assert isinstance(data, QueryDict)
        return Draft(
            name=said.get("name") or "",
            conditions=conditions_of(data),
            system_id=uuid.UUID(said["system"]) if said["system"] else None,
            role=said["role"],
            groups=[*said.get("groups", ()), *_split(said["more_groups"])],
            channels=[*said.get("channels", ()), *_split(said.get("more_channels", ""))],
            leaving=said["leaving"],
            largest_share=said["largest_share"],
            welcome=said["welcome"],
            is_on=is_on,
            per=said.get("per", ""),
        )


class WorkspaceRuleForm(RuleForm):
    """A rule of one workspace."""

    groups = forms.MultipleChoiceField(label=_("Groups"), required=False, widget=forms.CheckboxSelectMultiple)
    more_groups = forms.CharField(
        label=_("Other groups"),
        required=False,
        max_length=2000,
        help_text=_("Made if they do not exist. Separate several by semicolons."),
    )
    channels = forms.MultipleChoiceField(
        label=_("Channels"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Beside those that everybody gets. Private ones are here if you are in them."),
    )

    def __init__(self, *args: Any, groups: Iterable[Group], channels: Iterable[Channel], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._choose("groups", [(str(group.pk), group.name) for group in groups])
        self._choose("channels", [(str(channel.pk), f"#{channel.name}") for channel in channels])

    @classmethod
    def initial_of(cls, rule: Rule) -> dict[str, object]:
        """The fields of a rule."""
        return {
            **_initial(rule),
            "groups": [str(key) for key in rule.group_ids],
            "channels": [str(key) for key in rule.channel_ids],
        }


class InstallationRuleForm(RuleForm):
    """A rule that makes workspaces."""

    per = forms.ChoiceField(
        label=_("One workspace for each"),
        choices=Key.choices,
        initial=Key.COURSE.value,
        help_text=_(
            "Made when the first person with a new value is told of; you own it. It can be renamed afterwards."
        ),
    )
    more_groups = forms.CharField(
        label=_("Groups"),
        required=False,
        max_length=2000,
        help_text=_("In each of them; made if they do not exist. Separate several by semicolons."),
    )
    more_channels = forms.CharField(
        label=_("Private channels"),
        required=False,
        max_length=2000,
        help_text=_("In each of them; made if they do not exist. Separate several by semicolons."),
    )
    field_order = ("name", "per")

    @classmethod
    def initial_of(cls, rule: Rule) -> dict[str, object]:
        """The fields of a rule."""
        return {
            **_initial(rule),
            "per": rule.per,
            "more_groups": "; ".join(rule.group_names),
            "more_channels": "; ".join(rule.channel_names),
        }


class LendingForm(Form):
    """Whose rules may see what a system tells."""

    is_open = forms.BooleanField(
        label=_("Every workspace may write rules on it"),
        required=False,
        help_text=_("Whoever runs enrolments anywhere then sees who is told of, by name, and can bring them in."),
    )
    workspaces = forms.CharField(
        label=_("These workspaces may"),
        required=False,
        help_text=_("The parts of their addresses after /w/, one a line."),
        widget=forms.Textarea(attrs={"rows": 4, "autocapitalize": "none", "spellcheck": "false"}),
    )

    def clean_workspaces(self) -> list[Workspace]:
        """The workspaces that are named."""
        slugs = {slug.strip().removeprefix("/w/").lower() for slug in self.cleaned_data["workspaces"].split()}
        found = list(Workspace.objects.filter(slug__in=slugs))
        unknown = sorted(slugs - {one.slug for one in found})
        if unknown:
            raise forms.ValidationError(_("There is no workspace “%(slug)s”."), params={"slug": unknown[0][:80]})
        return found


def _initial(rule: Rule) -> dict[str, object]:
    names = ("name", "role", "leaving", "largest_share", "welcome")
    return {"system": str(rule.system_id or ""), **{name: getattr(rule, name) for name in names}}


def conditions_of(data: QueryDict) -> list[tuple[str, list[str]]]:
    """The conditions that were typed, by key in the order of their first lines; lines without a value are left out."""
    found: dict[str, list[str]] = {}
    for key, value in zip(data.getlist("key"), data.getlist("value"), strict=False):
        if value.strip():
            found.setdefault(key, []).append(value.strip())
    return list(found.items())


def lines_of(
    conditions: Iterable[tuple[str, Sequence[str]]] | Iterable[Mapping[str, Any]], *, more: int = 0
) -> list[tuple[str, str]]:
    """Conditions as the lines of the page, with empty ones to go on."""
    lines: list[tuple[str, str]] = []
    for one in conditions:
        key, values = (one["key"], one["values"]) if isinstance(one, Mapping) else one
        lines += [(key, value) for value in values]
    return (lines + [("", "")] * (LINES + more))[: max(len(lines), MOST_LINES)]


def _split(text: str) -> list[str]:
    return [part.strip() for part in re.split(r"[;\n]", text) if part.strip()]
