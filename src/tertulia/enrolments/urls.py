"""Addresses of enrolments."""

from __future__ import annotations

from django.urls import path

from tertulia.enrolments import pages

app_name = "enrolments"

urlpatterns = [
    path("w/<slug:slug>/enrolments", pages.sources, name="sources"),
    path("w/<slug:slug>/enrolments/<uuid:source_id>", pages.source, name="source"),
    path("w/<slug:slug>/enrolments/runs/<uuid:run_id>", pages.run, name="run"),
    path("w/<slug:slug>/enrolments/lists/<uuid:list_id>", pages.uploaded, name="list"),
]
