"""The owners' form for a tool. It parses; the services check."""

from __future__ import annotations

from typing import Any

from allauth.idp.oidc.models import Client
from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from tertulia.people.services.tools import NAME_LENGTH, ToolFields
from tertulia.people.tools import clients
from tertulia.people.tools.scopes import OPENID, TO_OWNERS

_PLAIN = {"autocapitalize": "none", "spellcheck": "false", "autocomplete": "off", "dir": "ltr"}


class ToolForm(forms.Form):
    """A tool: what it is called, where people come back to, what it learns."""

    name = forms.CharField(
        label=_("Name"),
        max_length=NAME_LENGTH,
        help_text=_("As people know it: “Course wiki”."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    redirect_uris = forms.CharField(
        label=_("Where people come back to (redirect URIs)"),
        help_text=_("The tool names it, to the letter. One a line."),
        widget=forms.Textarea(attrs={"rows": 2, **_PLAIN}),
    )
    logout_uris = forms.CharField(
        label=_("Where people land after signing out (post-logout redirect URIs)"),
        required=False,
        help_text=_("One a line. Empty: any page at the addresses above."),
        widget=forms.Textarea(attrs={"rows": 2, **_PLAIN}),
    )
    scopes = forms.MultipleChoiceField(
        label=_("What it may learn of who signs in, besides that it is the same person as last time"),
        choices=[(scope, format_lazy("{} ({})", text, scope)) for scope, text in TO_OWNERS.items()],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    trusted = forms.BooleanField(
        label=_("It is ours: people are not asked"),
        required=False,
        help_text=_("For tools that you run yourselves. People still find it in their settings."),
    )
    public = forms.BooleanField(
        label=_("It can keep no secret"),
        required=False,
        help_text=_("It runs in people's browsers or on their devices (a public client). Then PKCE alone protects it."),
    )
    needs_pkce = forms.BooleanField(
        label=_("It uses PKCE"),
        required=False,
        help_text=_("Untick only if the tool is too old for it, which it says by an error."),
    )

    def __init__(self, data: Any = None, *, client: Client | None = None) -> None:
        initial: dict[str, Any] = {"needs_pkce": True, "scopes": ["profile", "email"]}
        if client is not None:
            initial = {
                "name": client.name,
                "redirect_uris": "\n".join(client.get_redirect_uris()),
                "logout_uris": "\n".join(client.get_post_logout_redirect_uris()),
                "scopes": client.get_scopes(),
                "trusted": client.skip_consent,
                "public": clients.is_public(client),
                "needs_pkce": clients.needs_pkce(client),
            }
        super().__init__(data, initial=initial)

    def fields_of_tool(self) -> ToolFields:
        """For `services.add_tool` and `services.change_tool`."""
        data = self.cleaned_data
        return ToolFields(
            name=data["name"],
            redirect_uris=data["redirect_uris"].split(),
            logout_uris=data["logout_uris"].split(),
            scopes=[OPENID, *data["scopes"]],
            trusted=data["trusted"],
            public=data["public"],
            needs_pkce=data["needs_pkce"],
        )
