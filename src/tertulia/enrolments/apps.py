from django.apps import AppConfig


class EnrolmentsConfig(AppConfig):
    name = "tertulia.enrolments"
    label = "enrolments"
