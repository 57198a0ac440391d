"""The demonstration's addresses."""

from __future__ import annotations

from django.urls import path

from tertulia.demo import pages

app_name = "demo"

urlpatterns = [path("demo/enter/<slug:door>", pages.enter, name="enter")]
