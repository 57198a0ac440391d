"""Open edX beside Tertulia: people sign in with their account there, and the platform tells who is in which course."""

from django.apps import AppConfig


class OpenedxConfig(AppConfig):
    name = "tertulia.integrations.openedx"
    label = "openedx"
    default_auto_field = "django.db.models.BigAutoField"
