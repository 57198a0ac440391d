"""Where the pages of channels live."""

from __future__ import annotations

from django.urls import path

from tertulia.channels.pages import browsing, direct, making, members, settings

app_name = "channels"

_CHANNEL = "w/<slug:workspace>/c/<slug:channel>"

urlpatterns = [
    path("w/<slug:workspace>", browsing.home, name="home"),
    path("w/<slug:workspace>/sidebar", browsing.sidebar, name="sidebar"),
    path("w/<slug:workspace>/switcher", browsing.switcher, name="switcher"),
    path("w/<slug:workspace>/channels", browsing.browse, name="browse"),
    path("w/<slug:workspace>/channels/new", making.new, name="new"),
    path("w/<slug:workspace>/direct", direct.direct, name="direct"),
    path(f"{_CHANNEL}/join", members.join, name="join"),
    path(f"{_CHANNEL}/leave", members.leave, name="leave"),
    path(f"{_CHANNEL}/preferences", members.preferences, name="preferences"),
    path(f"{_CHANNEL}/settings", settings.settings, name="settings"),
    path(f"{_CHANNEL}/visibility", settings.visibility, name="visibility"),
    path(f"{_CHANNEL}/archive", settings.archive, name="archive"),
    path(f"{_CHANNEL}/restore", settings.restore, name="restore"),
    path(f"{_CHANNEL}/members", members.members, name="members"),
    path(f"{_CHANNEL}/members/add", members.add, name="add"),
    path(f"{_CHANNEL}/members/<uuid:person_id>/remove", members.remove, name="remove"),
    path(f"{_CHANNEL}/members/<uuid:person_id>/manager", members.manager, name="manager"),
    path(f"{_CHANNEL}/groups/add", members.add_group, name="add_group"),
    path(f"{_CHANNEL}/groups/<uuid:group_id>/remove", members.remove_group, name="remove_group"),
]
