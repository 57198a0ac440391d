from django.apps import AppConfig


class OpenedxConfig(AppConfig):
    name = "tertulia.integrations.openedx"
    label = "openedx"
