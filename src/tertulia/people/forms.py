"""The forms of accounts and profiles. They parse; the services check, and say what is wrong in the same sentences."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from allauth.account.forms import RequestLoginCodeForm, SignupForm
from allauth.core import context
from allauth.mfa.base.forms import AuthenticateForm
from django import forms
from django.conf import settings
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.db import transaction
from django.forms.widgets import CheckboxSelectMultiple
from django.http import HttpRequest, QueryDict
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from tertulia.kernel.clock import now, zones
from tertulia.kernel.errors import Refusal
from tertulia.people import access, names, throttles
from tertulia.people.models import DENSITIES, THEMES, Person, Visibility
from tertulia.people.scopes import SCOPES
from tertulia.people.services import Crop, ProfileChanges, checks

PASSWORD_HINT = gettext_lazy("At least 10 characters. A few words that only you would put together are best.")
TOKEN_DAYS = (7, 30, 90, 365)

FIELD_NAMES = {
    "picture": gettext_lazy("Picture"),
    "pronouns": gettext_lazy("Pronouns"),
    "headline": gettext_lazy("Headline"),
    "about": gettext_lazy("About you"),
    "interests": gettext_lazy("Interests"),
    "time_zone": gettext_lazy("Your local time"),
    "email": gettext_lazy("E-mail address"),
}


def refuse(form: forms.BaseForm, refusal: Refusal) -> None:
    """Show a service's refusal in the form, at its field where it has one."""
    field = (refusal.field or "").replace(".", "_")
    form.add_error(field if field in form.fields else None, refusal.detail)


class ZoneInput(forms.HiddenInput):
    """Brings its own browser module along, so that any page that shows the form has it."""

    template_name = "people/zone_input.html"


class ZoneField(forms.CharField):
    """Hidden; filled by the browser with the device's zone. Whatever is no zone counts as UTC."""

    def __init__(self) -> None:
        super().__init__(required=False, max_length=100, widget=ZoneInput(attrs={"data-time-zone": ""}))

    def clean(self, value: Any) -> str:
        """A zone that exists."""
        return checks.time_zone_or_utc(str(value or ""))


class SignUpForm(SignupForm):  # type: ignore[misc]  # allauth ships no types
    """allauth's sign-up with a name, for those who may."""

    display_name = forms.CharField(
        label=gettext_lazy("Your name"),
        max_length=80,
        help_text=gettext_lazy("As others will see it. You can change it later."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    time_zone = ZoneField()
    field_order = ("display_name", "email", "password1")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = _("E-mail")
        if "password1" in self.fields:  # not for those who sign up by passkey
            self.fields["password1"].help_text = PASSWORD_HINT

    def clean_display_name(self) -> str:
        """A visible name."""
        return _checked(checks.display_name, self.cleaned_data["display_name"])

    def clean_email(self) -> str:
        """An address that may sign up: an invitation by mail is for its address alone."""
        email: str = super().clean_email()
        if not access.may_sign_up(_request(), email):
            raise ValidationError(_("Your invitation was sent to another address. Sign up with that one."))
        return email

    def save(self, request: HttpRequest) -> Person:
        """The person and their address, both or none."""
        with transaction.atomic():
            person: Person = super().save(request)
        return person


class RequestCodeForm(RequestLoginCodeForm):  # type: ignore[misc]  # allauth ships no types
    """allauth's form for a code by mail, with our limit: a mailbox is not to be flooded."""

    def clean_email(self) -> str:
        """The address. Raises TooMany."""
        throttles.spend(_request(), throttles.CODE, str(self.cleaned_data["email"]).lower())
        email: str = super().clean_email()
        return email


class SecondFactorForm(AuthenticateForm):  # type: ignore[misc]  # allauth ships no types
    """allauth's form for a second factor, with our limit."""

    def clean_code(self) -> str:
        """The code. Raises TooMany."""
        throttles.spend(_request(), throttles.SECOND_FACTOR, self.user.pk)
        code: str = super().clean_code()
        return code


class WelcomeForm(forms.Form):
    """The owner of an empty installation."""

    display_name = forms.CharField(
        label=gettext_lazy("Your name"), max_length=80, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    email = forms.EmailField(label=gettext_lazy("E-mail"), widget=forms.EmailInput(attrs={"autocomplete": "email"}))
    password = forms.CharField(
        label=gettext_lazy("Password"),
        strip=False,
        max_length=200,
        help_text=PASSWORD_HINT,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    time_zone = ZoneField()

    def clean(self) -> dict[str, Any]:
        """The password must not be common, nor made of the name or address."""
        data = super().clean() or {}
        somebody = Person(email=data.get("email"), display_name=data.get("display_name", ""))
        if data.get("password"):
            try:
                password_validation.validate_password(data["password"], somebody)
            except ValidationError as error:
                self.add_error("password", error)
        return data


class ProfileForm(forms.Form):
    """What others see of a person, and who does."""

    display_name = forms.CharField(
        label=gettext_lazy("Name"), max_length=80, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    handle = forms.CharField(
        label=gettext_lazy("Handle"),
        max_length=names.HANDLE_LENGTH + 1,
        help_text=gettext_lazy("What people type after @ to call you, and the address of your profile."),
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false", "autocomplete": "username"}),
    )
    pronouns = forms.CharField(label=FIELD_NAMES["pronouns"], max_length=40, required=False)
    headline = forms.CharField(
        label=FIELD_NAMES["headline"],
        max_length=160,
        required=False,
        help_text=gettext_lazy("One line: what you do, or what you are here for."),
    )
    about = forms.CharField(
        label=FIELD_NAMES["about"],
        max_length=checks.ABOUT_LENGTH,
        required=False,
        help_text=gettext_lazy("You can use Markdown."),
        widget=forms.Textarea(attrs={"rows": 6}),
    )
    interests = forms.CharField(
        label=FIELD_NAMES["interests"],
        max_length=checks.INTERESTS * (checks.INTEREST_LENGTH + 2),
        required=False,
        help_text=gettext_lazy("Separated by commas: statistics, choir, bread"),
    )

    def __init__(self, data: QueryDict | None = None, *, person: Person) -> None:
        initial = {
            field: getattr(person, field) for field in ("display_name", "handle", "pronouns", "headline", "about")
        }
        initial["interests"] = ", ".join(person.interests)
        initial |= {f"visibility_{field}": access.visibility(person, field) for field in access.FIELDS}
        super().__init__(data, initial=initial)
        for field in access.FIELDS:
            self.fields[f"visibility_{field}"] = forms.ChoiceField(label=FIELD_NAMES[field], choices=Visibility.choices)

    @property
    def names(self) -> list[forms.BoundField]:
        """The fields that go with everything one says."""
        return [self["display_name"], self["handle"]]

    @property
    def pairs(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        """The other fields, each with the choice of who sees it."""
        return [(self[field], self[f"visibility_{field}"]) for field in self.base_fields if field in access.FIELDS]

    @property
    def elsewhere(self) -> list[forms.BoundField]:
        """Who sees what is set on other pages."""
        return [self[f"visibility_{field}"] for field in access.FIELDS if field not in self.base_fields]

    def changes(self) -> ProfileChanges:
        """For `services.update_profile`."""
        data = self.cleaned_data
        return ProfileChanges(
            display_name=data["display_name"],
            handle=data["handle"],
            pronouns=data["pronouns"],
            headline=data["headline"],
            about=data["about"],
            interests=data["interests"].replace("،", ",").replace("、", ",").split(","),
            visibility={field: data[f"visibility_{field}"] for field in access.FIELDS},
        )


class HandOverForm(forms.Form):
    """Whose account a placeholder is."""

    handle = forms.CharField(
        label=gettext_lazy("Handle of the account"),
        max_length=names.HANDLE_LENGTH + 1,
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false", "placeholder": "@ana.lima"}),
    )


class PreferencesForm(forms.Form):
    """How a person's own pages look, and their door."""

    door_open = forms.BooleanField(label=gettext_lazy("My door is open: I am glad to be interrupted"), required=False)
    time_zone = forms.ChoiceField(label=gettext_lazy("Time zone"))
    language = forms.ChoiceField(label=gettext_lazy("Language"), required=False)
    theme = forms.ChoiceField(label=gettext_lazy("Colours"), choices=THEMES, widget=forms.RadioSelect)
    density = forms.ChoiceField(label=gettext_lazy("Density"), choices=DENSITIES, widget=forms.RadioSelect)

    def __init__(self, data: QueryDict | None = None, *, person: Person) -> None:
        initial = {name: getattr(person, name) for name in ("door_open", "time_zone", "language", "theme", "density")}
        super().__init__(data, initial=initial)
        zone, language = self.fields["time_zone"], self.fields["language"]
        assert isinstance(zone, forms.ChoiceField)
        assert isinstance(language, forms.ChoiceField)
        zone.choices = zone_choices(person.time_zone)
        zone.widget.attrs["data-time-zone-select"] = ""
        language.choices = [("", _("As my browser")), *_languages()]

    def changes(self) -> ProfileChanges:
        """For `services.update_profile`."""
        data = self.cleaned_data
        return ProfileChanges(
            door_open=data["door_open"],
            time_zone=data["time_zone"],
            language=data["language"],
            theme=data["theme"],
            density=data["density"],
        )


class PictureForm(forms.Form):
    """A picture and, where scripts helped to choose it, the square to keep."""

    picture = forms.FileField(
        label=gettext_lazy("Choose a picture"),
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp,image/gif,image/avif"}),
    )
    crop_left = forms.FloatField(required=False, widget=forms.HiddenInput)
    crop_top = forms.FloatField(required=False, widget=forms.HiddenInput)
    crop_side = forms.FloatField(required=False, widget=forms.HiddenInput)

    def crop(self) -> Crop | None:
        """The square, if one was chosen."""
        left, top, side = (self.cleaned_data.get(f"crop_{name}") for name in ("left", "top", "side"))
        return Crop(left, top, side) if left is not None and top is not None and side else None


class TokenForm(forms.Form):
    """A new access token."""

    name = forms.CharField(
        label=gettext_lazy("What it is for"),
        max_length=80,
        widget=forms.TextInput(attrs={"placeholder": gettext_lazy("Weekly export"), "autocomplete": "off"}),
    )
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("What it may do"),
        choices=[],
        widget=CheckboxSelectMultiple,
    )
    days = forms.TypedChoiceField(label=gettext_lazy("How long it works"), coerce=int, initial=90)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        scopes, days = self.fields["scopes"], self.fields["days"]
        assert isinstance(scopes, forms.MultipleChoiceField)
        assert isinstance(days, forms.TypedChoiceField)
        scopes.choices = [(scope, f"{text} ({scope})") for scope, text in SCOPES.items()]
        days.choices = [
            *((number, ngettext("%(days)d day", "%(days)d days", number) % {"days": number}) for number in TOKEN_DAYS),
            (0, _("Until I revoke it")),
        ]

    def expires_at(self) -> datetime | None:
        """The moment at which it ends."""
        days: int = self.cleaned_data["days"]
        return now() + timedelta(days=days) if days else None


def zone_choices(current: str) -> list[Any]:
    """Time zones by continent, as places; the person's own is there even if its name is old-fashioned."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for name in sorted(zones()):
        area, _slash, place = name.partition("/")
        if place and area not in ("Etc", "SystemV", "US", "Brazil", "Canada", "Chile", "Mexico", "posix", "right"):
            groups.setdefault(area, []).append((name, place.replace("_", " ").replace("/", ", ")))
    listed = {name for places in groups.values() for name, _place in places}
    first = [("UTC", "UTC")] + ([(current, current)] if current not in listed | {"UTC"} else [])
    return [*first, *groups.items()]


def _request() -> HttpRequest:
    """The page's request: allauth hands its forms none, but keeps it for its adapter."""
    request: HttpRequest = context.request
    return request


def _languages() -> list[tuple[str, str]]:
    return [(code, translation.get_language_info(code)["name_local"]) for code, _name in settings.LANGUAGES]


def _checked(check: Any, value: str) -> str:
    try:
        checked: str = check(value)
    except Refusal as refusal:
        raise ValidationError(refusal.detail) from None
    return checked
