from django.apps import AppConfig


class WorkspacesConfig(AppConfig):
    name = "tertulia.workspaces"
    default_auto_field = "django.db.models.BigAutoField"
