"""Addresses of SCIM: everything below a workspace's directory goes to one function, so that all answers are SCIM's."""

from django.urls import path

from tertulia.integrations.scim.endpoints import endpoint

urlpatterns = [path("scim/v2/w/<slug:slug>/<path:rest>", endpoint, name="scim")]
