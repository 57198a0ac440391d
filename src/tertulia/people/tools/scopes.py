"""What a tool may learn of who signs in to it. Tools rely on these words: they never change meaning."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

OPENID = "openid"
SCOPES: Mapping[str, Promise] = {
    OPENID: _("That it is you again: a number of yours, the same in all tools"),
    "profile": _("Your name, handle, language and time zone"),
    "email": _("Your confirmed e-mail address"),
    "groups": _("Which workspaces you are in, with your role and your groups there"),
}
TO_OWNERS: Mapping[str, Promise] = {
    "profile": _("Name, handle, language and time zone"),
    "email": _("Confirmed e-mail address"),
    "groups": _("Workspaces, with the role and groups there"),
}
"""The same in words for who decides about others."""
