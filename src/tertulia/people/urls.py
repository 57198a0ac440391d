"""Where people's pages live."""

from __future__ import annotations

from django.urls import path

from tertulia.people import pages

app_name = "people"

urlpatterns = [
    path("welcome", pages.welcome, name="welcome"),
    path("people/<uuid:person_id>/picture", pages.picture, name="picture"),
    path("people/<str:handle>", pages.profile, name="profile"),
    path("people/<str:handle>/hand-over", pages.hand_over, name="hand_over"),
    path("people/<str:handle>/block", pages.block, name="block"),
    path("people/<str:handle>/unblock", pages.unblock, name="unblock"),
    path("settings", pages.settings_profile, name="settings"),
    path("settings/picture", pages.set_picture, name="set_picture"),
    path("settings/picture/remove", pages.remove_picture, name="remove_picture"),
    path("settings/preferences", pages.preferences, name="preferences"),
    path("settings/door", pages.door, name="door"),
    path("settings/tokens", pages.tokens, name="tokens"),
    path("settings/tokens/<uuid:token_id>/revoke", pages.revoke_token, name="revoke_token"),
    path("settings/blocks", pages.blocks, name="blocks"),
]
