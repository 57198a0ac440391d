from django.apps import AppConfig


class LtiConfig(AppConfig):
    name = "tertulia.integrations.lti"
    label = "lti"
    default_auto_field = "django.db.models.BigAutoField"
