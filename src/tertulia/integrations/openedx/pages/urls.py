"""Where Open edX lives, besides signing in (`tertulia.integrations.openedx.urls`, which allauth finds by itself).

What stands under `/openedx/` is entered in platforms, and never changes. The log leaves out the secret at its end.
"""

from __future__ import annotations

from django.urls import path

from tertulia.integrations.openedx.pages import courses, hooks, installation

app_name = "openedx"
_ONE = "installation/openedx/<uuid:connection_id>"
_HOOKS = "openedx/<uuid:connection_id>"

urlpatterns = [
    path("installation/openedx", installation.index, name="index"),
    path("installation/openedx/add", installation.add, name="add"),
    path(_ONE, installation.connection, name="connection"),
    path(f"{_ONE}/settings", installation.change, name="settings"),
    path(f"{_ONE}/try", installation.try_out, name="try"),
    path(f"{_ONE}/remove", installation.remove, name="remove"),
    path(f"{_ONE}/courses", installation.choose, name="choose"),
    path(f"{_ONE}/courses/list", installation.list_courses, name="list"),
    path(f"{_ONE}/courses/<uuid:course_id>", courses.course, name="course"),
    path(f"{_ONE}/courses/<uuid:course_id>/fetch", courses.fetch, name="fetch"),
    path(f"{_ONE}/courses/<uuid:course_id>/confirm", courses.confirm, name="confirm"),
    path(f"{_ONE}/webhooks", installation.webhooks, name="webhooks"),
    path(f"{_ONE}/webhooks/secret", installation.new_secret, name="secret"),
    path(f"{_HOOKS}/openedx-webhooks", hooks.openedx_webhooks, name="openedx_webhooks"),
    path(f"{_HOOKS}/openedx-webhooks/<str:secret>", hooks.openedx_webhooks, name="openedx_webhooks_by_secret"),
    path(f"{_HOOKS}/eox-hooks", hooks.eox_hooks, name="eox_hooks"),
    path(f"{_HOOKS}/eox-hooks/<str:secret>", hooks.eox_hooks, name="eox_hooks_by_secret"),
]
