"""The forms of the owners' pages about signing in. They parse; the services check."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tertulia.people.models import Kind, Trust
from tertulia.people.services import ProviderChanges
from tertulia.people.sign_in.providers import Provider

_PLAIN = {"autocapitalize": "none", "spellcheck": "false", "autocomplete": "off"}


class NewProviderForm(forms.Form):
    """The first step: then its own addresses are known, which the other side asks for."""

    kind = forms.ChoiceField(label=_("What it speaks"), choices=Kind.choices, widget=forms.RadioSelect)
    name = forms.CharField(
        label=_("Name"),
        max_length=40,
        help_text=_("As people know it. The button reads “Continue with” and this."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class ProviderForm(forms.Form):
    """The second step, and every later change."""

    name = forms.CharField(label=_("Name"), max_length=40, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    address = forms.CharField(max_length=500, required=False, widget=forms.URLInput(attrs=_PLAIN))
    metadata = forms.CharField(
        label=_("Its metadata (XML)"),
        required=False,
        help_text=_("Only where the metadata has no address."),
        widget=forms.Textarea(attrs={"rows": 5, **_PLAIN}),
    )
    client_id = forms.CharField(
        label=_("Client ID"),
        max_length=255,
        required=False,
        help_text=_("The other side gives it when you make Tertulia known there."),
        widget=forms.TextInput(attrs=_PLAIN),
    )
    secret = forms.CharField(
        label=_("Client secret"),
        max_length=2000,
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    token_issuer = forms.CharField(
        label=_("Issuer of its tokens"),
        max_length=255,
        required=False,
        help_text=_("Its setting JWT_ISSUER. Empty: its address with /oauth2."),
        widget=forms.TextInput(attrs=_PLAIN),
    )
    audience = forms.CharField(
        label=_("Audience of its tokens"),
        max_length=255,
        required=False,
        help_text=_("Its setting JWT_AUDIENCE; “openedx” unless changed."),
        widget=forms.TextInput(attrs=_PLAIN),
    )
    groups_claim = forms.CharField(
        max_length=255,
        required=False,
        widget=forms.TextInput(attrs=_PLAIN),
    )
    trust = forms.ChoiceField(
        label=_("Are the e-mail addresses that it gives those of its people?"),
        help_text=_(
            "If so, who comes with the address of an account here is let into it. Else they sign in to it once."
        ),
        widget=forms.RadioSelect,
    )
    newcomers = forms.BooleanField(label=_("Who has no account here gets one"), required=False)
    is_enabled = forms.BooleanField(label=_("People can come in by it"), required=False)

    def __init__(self, data: Any = None, *, provider: Provider) -> None:
        shown = ("name", "address", "client_id", "token_issuer", "audience", "groups_claim", "trust", "newcomers")
        initial = {field: getattr(provider, field) for field in shown}
        # Until it is complete for the first time, saving it means to use it.
        initial["is_enabled"] = provider.is_enabled or not (provider.address or provider.metadata)
        initial["metadata"] = "" if provider.address else provider.metadata
        super().__init__(data, initial=initial)
        for field in _ABSENT[provider.kind]:
            del self.fields[field]
        address, trust = self.fields["address"], self.fields["trust"]
        if "groups_claim" in self.fields:
            self.fields["groups_claim"].label, self.fields["groups_claim"].help_text = _GROUPS[provider.kind]
        address.label, address.help_text = _ADDRESS[provider.kind]
        assert isinstance(trust, forms.ChoiceField)
        trust.choices = [
            (value, label)
            for value, label in Trust.choices
            if not (provider.kind == Kind.SAML and value == Trust.CLAIM)  # SAML has no such claim
        ]
        if "secret" in self.fields and provider.secret:
            self.fields["secret"].help_text = _("There is one. It is never shown; leave this empty to keep it.")

    def changes(self) -> ProviderChanges:
        """For `services.change_provider`."""
        data = self.cleaned_data
        changes = ProviderChanges(name=data["name"], trust=data["trust"])
        for field in ("address", "client_id", "secret", "metadata", "token_issuer", "audience", "groups_claim"):
            if field in self.fields:
                changes[field] = data[field]
        changes["newcomers"], changes["is_enabled"] = data["newcomers"], data["is_enabled"]
        return changes


_ABSENT = {
    Kind.OIDC: ("metadata", "token_issuer", "audience"),
    Kind.OPENEDX: ("metadata", "groups_claim"),
    Kind.SAML: ("client_id", "secret", "token_issuer", "audience"),
}
_GROUPS = {
    Kind.OIDC: (
        _("Where it names directory groups (claim)"),
        _("As a rule “groups”. Rules of enrolments can ask for them. Empty: they are not read."),
    ),
    Kind.SAML: (
        _("Where it names directory groups (attribute)"),
        _("Empty: isMemberOf, memberOf, groups, or what Entra calls them. Rules of enrolments can ask for them."),
    ),
}
_ADDRESS = {
    Kind.OIDC: (_("Its address (issuer)"), _("For example https://id.example.org/realms/campus")),
    Kind.OPENEDX: (_("Address of the platform (LMS)"), _("For example https://courses.example.org")),
    Kind.SAML: (_("Address of its metadata"), _("For example https://idp.example.org/metadata")),
}
