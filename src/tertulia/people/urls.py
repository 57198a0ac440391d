"""Where people's pages live."""

from __future__ import annotations

from django.urls import path
from django.views.generic import RedirectView

from tertulia.people import pages
from tertulia.people.sign_in import pages as sign_in
from tertulia.people.sign_in import saml_pages
from tertulia.people.tools import pages as tools

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
    path("settings/sign-in", sign_in.ways, name="ways"),
    path("settings/sign-in/<uuid:identity_id>/remove", sign_in.unlink, name="unlink"),
    path("settings/tools", tools.allowed, name="allowed"),
    path("settings/tools/<uuid:consent_id>/take-back", tools.take_back, name="take_back"),
    path("sign-in/join", sign_in.join, name="join"),
    path("signed-out", sign_in.signed_out, name="signed_out"),
    path("signed-out/there", sign_in.leave, name="leave"),
    path("installation", sign_in.installation, name="installation"),
    path("installation/sign-in", sign_in.provider_list, name="providers"),
    path("installation/sign-in/new", sign_in.new_provider, name="new_provider"),
    path("installation/sign-in/<slug:slug>", sign_in.provider, name="provider"),
    path("installation/sign-in/<slug:slug>/try", sign_in.try_provider, name="try_provider"),
    path("installation/sign-in/<slug:slug>/remove", sign_in.remove_provider, name="remove_provider"),
    path("installation/tools", tools.tools, name="tools"),
    path("installation/tools/new", tools.new_tool, name="new_tool"),
    path("installation/tools/rotate", tools.rotate_key, name="rotate_key"),
    path("installation/tools/<slug:client_id>", tools.tool, name="tool"),
    path("installation/tools/<slug:client_id>/secret", tools.new_secret, name="new_secret"),
    path("installation/tools/<slug:client_id>/remove", tools.remove_tool, name="remove_tool"),
    path("accounts/saml/<slug:slug>/acs/finish/", saml_pages.finish, name="saml_finish"),
    path("accounts/saml/<slug:slug>/metadata/", saml_pages.description, name="saml_description"),
    path("accounts/saml/<slug:slug>/sls/", saml_pages.signing_out, name="saml_signing_out"),
    # allauth's own list, which would be empty: identities are ours.
    path("accounts/3rdparty/", RedirectView.as_view(pattern_name="people:ways"), name="connections"),
    path("accounts/3rdparty/signup/", RedirectView.as_view(pattern_name="people:join"), name="pending"),
]
