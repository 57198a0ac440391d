"""What the owners' pages about Open edX ask for. Forms only read; services decide what is allowed."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tertulia.integrations.openedx.models import NAME_LENGTH, Connection, Every
from tertulia.integrations.openedx.services.connections import Fields
from tertulia.kernel.errors import NotFound, Refusal

_CODE = {"autocapitalize": "none", "autocomplete": "off", "spellcheck": "false", "dir": "ltr"}


class ConnectionForm(forms.Form):
    """A platform. The secret that is there is never shown; an empty field leaves it."""

    name = forms.CharField(label=_("Name"), max_length=NAME_LENGTH, help_text=_("As your people call the platform."))
    address = forms.CharField(
        label=_("Address of the LMS"),
        max_length=500,
        widget=forms.URLInput(attrs={**_CODE, "placeholder": "https://courses.example.org"}),
    )
    client_id = forms.CharField(label=_("Client ID"), max_length=255, widget=forms.TextInput(attrs=_CODE))
    client_secret = forms.CharField(
        label=_("Client secret"),
        max_length=255,
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    follow = forms.CharField(
        label=_("Courses to follow"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, **_CODE}),
        help_text=_(
            "Course keys, one a line; a * stands for anything: course-v1:Ateneo+* follows all courses of Ateneo, also"
            " those to come. Others can be ticked under “Choose courses”."
        ),
    )
    every = forms.TypedChoiceField(
        label=_("Rosters are fetched"), choices=Every.choices, coerce=int, initial=Every.NIGHT
    )
    largest_share = forms.IntegerField(
        label=_("Largest share that may leave a course at once, in percent"),
        min_value=0,
        max_value=100,
        initial=20,
        help_text=_("A roster by which more would leave waits for somebody to confirm it."),
    )
    reads_accounts = forms.BooleanField(
        label=_("Ask for names and addresses"),
        required=False,
        initial=True,
        help_text=_(
            "Of people who have not come here yet. Without, they are known by their user names until they sign in."
        ),
    )
    mail_verified = forms.BooleanField(
        label=_("Its mail addresses are verified"),
        required=False,
        help_text=_(
            "Then people are found by the address that they have confirmed there, and enrolled before they come. Only"
            " if nobody can enter an address there that they do not read."
        ),
    )
    is_active = forms.BooleanField(
        label=_("It is asked and heard"), required=False, initial=True, help_text=_("Off: no rosters, no webhooks.")
    )

    def __init__(self, *args: Any, connection: Connection | None = None, **kwargs: Any) -> None:
        if connection is not None:
            kwargs["initial"] = {
                **{name: getattr(connection, name) for name in self.base_fields if hasattr(connection, name)},
                "client_secret": "",
                "follow": "\n".join(connection.follow),
                "largest_share": connection.system.largest_share,
            }
        super().__init__(*args, **kwargs)
        secret = self.fields["client_secret"]
        if connection is None:
            secret.required = True
        else:
            secret.help_text = _("One is kept, sealed, and not shown. Leave this empty to keep it.")
            moved = _("If the same platform has moved. Another platform gets a connection of its own.")
            self.fields["address"].help_text = moved

    def chosen(self) -> Fields:
        """The keyword arguments of `connections.add_connection` and `change_connection`."""
        data = self.cleaned_data
        fields: Fields = {**data, "follow": data["follow"].splitlines()}  # type: ignore[typeddict-item]  # the fields above
        return fields

    def refuse(self, refusal: Refusal) -> None:
        """Show why it was not done beside the field; what was typed stays. What does not exist is no matter of ours."""
        if isinstance(refusal, NotFound):
            raise refusal
        self.add_error(refusal.field if refusal.field in self.fields else None, refusal.detail)
