from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "tertulia.demo"
