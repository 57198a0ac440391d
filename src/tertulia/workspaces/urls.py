"""Addresses of workspaces. `/w/SLUG` itself is a page of channels (`channels:home`)."""

from __future__ import annotations

from django.urls import path

from tertulia.workspaces.pages import front, groups, members, running

app_name = "workspaces"

urlpatterns = [
    path("", front.front, name="front"),
    path("workspaces", front.directory, name="directory"),
    path("workspaces/new", front.new, name="new"),
    path("workspaces/<slug:slug>", front.about, name="about"),
    path("workspaces/<slug:slug>/withdraw", front.withdraw, name="withdraw"),
    path("join/<str:secret>", front.accept, name="accept"),
    path("w/<slug:slug>/members", members.members, name="members"),
    path("w/<slug:slug>/members/<uuid:person_id>", members.member, name="member"),
    path("w/<slug:slug>/members/<uuid:person_id>/remove", members.remove, name="remove"),
    path("w/<slug:slug>/members/<uuid:person_id>/ban", members.ban, name="ban"),
    path("w/<slug:slug>/bans", members.bans, name="bans"),
    path("w/<slug:slug>/bans/<uuid:person_id>/lift", members.unban, name="unban"),
    path("w/<slug:slug>/requests", members.requests, name="requests"),
    path("w/<slug:slug>/requests/<uuid:person_id>", members.decide, name="decide"),
    path("w/<slug:slug>/leave", members.leave, name="leave"),
    path("w/<slug:slug>/groups", groups.groups, name="groups"),
    path("w/<slug:slug>/groups/<slug:group>", groups.group, name="group"),
    path("w/<slug:slug>/groups/<slug:group>/delete", groups.delete, name="group-delete"),
    path("w/<slug:slug>/groups/<slug:group>/add/<uuid:person_id>", groups.add, name="group-add"),
    path("w/<slug:slug>/groups/<slug:group>/remove/<uuid:person_id>", groups.remove, name="group-remove"),
    path("w/<slug:slug>/invitations", running.invitations, name="invitations"),
    path("w/<slug:slug>/invitations/<uuid:invitation_id>/revoke", running.revoke_invitation, name="revoke-invitation"),
    path("w/<slug:slug>/settings", running.settings, name="settings"),
    path("w/<slug:slug>/archive", running.archive, name="archive"),
    path("w/<slug:slug>/restore", running.restore, name="restore"),
    path("w/<slug:slug>/log", running.log, name="log"),
]
