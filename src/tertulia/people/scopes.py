"""What an access token may be allowed to do. Scripts rely on these words: they never change meaning."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

SCOPES: Mapping[str, Promise] = {
    "profile:read": _("See your profile and the profiles you may see"),
    "profile:write": _("Change your profile and your door"),
    "workspaces:read": _("See your workspaces and who is in them"),
    "workspaces:write": _("Make and change workspaces, members and invitations"),
    "enrolments:read": _("See what outside systems said about who belongs to your workspaces"),
    "enrolments:write": _("Add and remove people of your workspaces by lists"),
    "channels:read": _("See channels and who is in them"),
    "channels:write": _("Make and change channels, join and leave"),
    "posts:read": _("Read posts"),
    "posts:write": _("Post, edit, delete and react in your name"),
    "files:write": _("Upload files"),
}
