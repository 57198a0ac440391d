from django.apps import AppConfig


class ChannelsConfig(AppConfig):
    name = "tertulia.channels"
    default_auto_field = "django.db.models.BigAutoField"
