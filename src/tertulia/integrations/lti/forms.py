"""What the pages of LTI ask for. Forms only read; services decide what is allowed."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from tertulia.integrations.lti import roles
from tertulia.integrations.lti.models import Context, Platform, Target
from tertulia.kernel.errors import NotFound, Refusal
from tertulia.workspaces import access as workspaces
from tertulia.workspaces.access import Place
from tertulia.workspaces.doors import ChannelChoice
from tertulia.workspaces.models import Role

NEW = "new"
_CODE = {"autocapitalize": "none", "autocomplete": "off", "spellcheck": "false", "dir": "ltr"}


class Form(forms.Form):
    """Base: refusals of services are shown beside the field that they name."""

    def refuse(self, refusal: Refusal) -> None:
        """Show why it was not done; what was typed stays. What does not exist is no matter of the form."""
        if isinstance(refusal, NotFound):
            raise refusal
        self.add_error(refusal.field if refusal.field in self.fields else None, refusal.detail)


class PlatformForm(Form):
    """An LMS, as its own page of tools shows it."""

    name = forms.CharField(label=_("Name"), max_length=80, help_text=_("As your people call it."))
    issuer = forms.CharField(
        label=_("Issuer"),
        max_length=255,
        widget=forms.TextInput(attrs=_CODE),
        help_text=_("Also called platform ID. To the letter, for it is compared, not opened."),
    )
    client_id = forms.CharField(label=_("Client ID"), max_length=255, widget=forms.TextInput(attrs=_CODE))
    deployments = forms.CharField(
        label=_("Deployment IDs"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, **_CODE}),
        help_text=_(
            "One a line. A launch from another one is refused and shown on the platform's page, to be accepted."
        ),
    )
    auth_url = forms.CharField(
        label=_("Authentication request URL"),
        max_length=1000,
        widget=forms.URLInput(attrs=_CODE),
        help_text=_("Also called OIDC authorization or login URL."),
    )
    jwks_url = forms.CharField(
        label=_("Public keyset URL"),
        max_length=1000,
        widget=forms.URLInput(attrs=_CODE),
        help_text=_("Also called JWKS URL."),
    )
    token_url = forms.CharField(
        label=_("Access token URL"),
        max_length=1000,
        required=False,
        widget=forms.URLInput(attrs=_CODE),
        help_text=_("Needed for fetching rosters; launches work without."),
    )


class TrustForm(Form):
    """How far an LMS is trusted."""

    is_active = forms.BooleanField(
        label=_("Launches are let in"), required=False, help_text=_("Off: everybody who comes from there is refused.")
    )
    mail_verified = forms.BooleanField(
        label=_("Its mail addresses are verified"),
        required=False,
        help_text=_(
            "Then somebody who comes from there with the address of an account here is signed in to it. Only if people"
            " cannot enter an address there that they do not read."
        ),
    )
    instructors_make_workspaces = forms.BooleanField(
        label=_("Its instructors may make a workspace for their course"), required=False
    )
    administrators_run = forms.BooleanField(
        label=_("Its administrators come in as operations"),
        required=False,
        help_text=_("Only those who are administrators of the course. Otherwise they come in as instructors."),
    )
    rosters_for_rules = forms.BooleanField(
        label=_("Rosters are fetched for rules"),
        required=False,
        help_text=_(
            "Of courses that have no workspace of their own and that a rule of enrolment could be about: every night,"
            " and once when a course first opens Tertulia. Rules then know who is in the course and who has left it,"
            " also of people who have never opened Tertulia: their id there, role and name, and their address if"
            " addresses are verified. Off: rules know only who has opened Tertulia, and of nobody who leaves."
        ),
    )
    takes_new_deployments = forms.BooleanField(
        label=_("New deployments are accepted by themselves"),
        required=False,
        help_text=_("For a platform of your own. On a shared one, others could install Tertulia in their part of it."),
    )
    frame_origins = forms.CharField(
        label=_("Other addresses of its pages"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, **_CODE}),
        help_text=_(
            "Pages of these may show Tertulia inside, besides those of the issuer: one a line, such as"
            " https://apps.lms.example.org. Needed where courses are shown by another host."
        ),
    )


class DeploymentForm(Form):
    """One more deployment."""

    deployment_id = forms.CharField(label=_("Deployment ID"), max_length=255, widget=forms.TextInput(attrs=_CODE))


class SetUpForm(Form):
    """The workspace of a course: one of those that the instructor runs, or a new one."""

    workspace = forms.ChoiceField(label=_("Workspace"), widget=forms.RadioSelect)
    name = forms.CharField(
        label=_("Name of the new workspace"), max_length=80, required=False, help_text=_("If you make a new one.")
    )

    def __init__(self, *args: Any, places: Sequence[Place], may_make: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(str(place.workspace.pk), place.workspace.name) for place in places]
        if may_make:
            choices.insert(0, (NEW, _now("A new workspace for this course")))
        else:
            del self.fields["name"]
        field = self.fields["workspace"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices
        field.initial = choices[0][0] if choices else None


class ChoiceForm(Form):
    """What to put into a course."""

    target = forms.ChoiceField(label=_("Lead to"), choices=Target.choices, widget=forms.RadioSelect)
    channel = forms.ChoiceField(
        label=_("Channel"),
        required=False,
        help_text=_("A private channel takes in the people of the course, from their next launch on."),
    )
    new_channel = forms.CharField(
        label=_("Or make a new channel called"), max_length=80, required=False, help_text=_("Everybody can join it.")
    )
    q = forms.CharField(
        label=_("Find a thread"),
        max_length=80,
        required=False,
        help_text=_("By words of its first post, among the newest of each channel."),
    )
    thread = forms.ChoiceField(label=_("Thread"), required=False, widget=forms.RadioSelect)
    title = forms.CharField(
        label=_("Name of the link in the course"),
        max_length=200,
        required=False,
        help_text=_("Empty: the beginning of the thread, or the name of the channel or workspace."),
    )

    def __init__(
        self, *args: Any, channels: Sequence[ChannelChoice], threads: Sequence[tuple[str, str]], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        found = self.fields["thread"]
        assert isinstance(found, forms.ChoiceField)
        found.choices = [*threads]
        if not threads:
            found.help_text = _now("None is there. Choose a channel instead, or look for other words.")
        field = self.fields["channel"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", "—"), *((channel.id, f"#{channel.name}") for channel in channels)]
        self.fields["target"].initial = Target.UNIT


class CourseForm(Form):
    """What people of a course are given."""

    unit_channel = forms.ChoiceField(
        label=_("Units that lead nowhere in particular have a thread in"),
        required=False,
        help_text=_("Each place in the course from which Tertulia is opened gets a thread of its own, on first visit."),
    )
    channels = forms.MultipleChoiceField(
        label=_("Channels that its people are put into"), required=False, widget=forms.CheckboxSelectMultiple
    )
    launches_admit = forms.TypedChoiceField(
        label=_("Who is in the course?"),
        coerce=lambda value: value == "yes",
        choices=[
            ("yes", _("Whoever opens Tertulia there, and its roster")),
            ("no", _("Whom another list has: a program, an uploaded list, a rule")),
        ],
        widget=forms.RadioSelect,
        help_text=_(
            "With another list, opening Tertulia there only signs people in. Who runs the course always comes in."
        ),
    )
    roster_nightly = forms.BooleanField(
        label=_("Fetch its roster every night"),
        required=False,
        help_text=_("Who has left the course leaves the workspace, unless somebody else put them there."),
    )
    groups = forms.CharField(
        label=_("Groups that its people are put into"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("By name, one a line; new ones are made."),
    )

    def __init__(
        self, *args: Any, place: Place, context: Context, channels: Sequence[ChannelChoice], **kwargs: Any
    ) -> None:
        kwargs.setdefault(
            "initial",
            {
                "unit_channel": str(context.unit_channel_id or ""),
                "channels": [str(channel_id) for channel_id in context.channels],
                "groups": "\n".join(context.groups),
                "roster_nightly": context.roster_nightly,
                "launches_admit": "yes" if context.launches_admit else "no",
                **{f"role_{kind}": roles.role_of(kind, context.roles) for kind in roles.Kind},
            },
        )
        super().__init__(*args, **kwargs)
        choices = [(channel.id, f"#{channel.name}") for channel in channels]
        unit, given = self.fields["unit_channel"], self.fields["channels"]
        assert isinstance(unit, forms.ChoiceField)
        assert isinstance(given, forms.MultipleChoiceField)
        unit.choices = [("", _now("They lead to the workspace")), *choices]
        given.choices = choices
        if not context.nrps_url:
            del self.fields["roster_nightly"]
        self.kinds = [kind for kind in roles.Kind if kind is not roles.Kind.ADMINISTRATOR or _counts(context.platform)]
        grantable = [role for role in workspaces.grantable(place) if role is not Role.OWNER]
        for kind in self.kinds:
            self.fields[f"role_{kind}"] = forms.ChoiceField(
                label=LABELS[kind], choices=[(role.value, role.label) for role in grantable]
            )

    def chosen(self) -> dict[str, Any]:
        """The keyword arguments of `courses.change_course`."""
        data = self.cleaned_data
        return {
            "unit_channel": uuid.UUID(data["unit_channel"]) if data["unit_channel"] else None,
            "channel_ids": [uuid.UUID(channel_id) for channel_id in data["channels"]],
            "groups": data["groups"].splitlines(),
            "roster_nightly": data.get("roster_nightly", False),
            "launches_admit": data["launches_admit"],
            "role_map": {kind.value: data[f"role_{kind}"] for kind in self.kinds},
        }


LABELS = {
    roles.Kind.ADMINISTRATOR: _("Administrators of the course become"),
    roles.Kind.INSTRUCTOR: _("Instructors become"),
    roles.Kind.ASSISTANT: _("Teaching assistants become"),
    roles.Kind.LEARNER: _("Learners become"),
    roles.Kind.OBSERVER: _("Those who look on (parents, advisers) become"),
}


def _counts(platform: Platform) -> bool:
    return platform.administrators_run
