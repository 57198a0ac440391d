"""Runs in an environment of its own: real events of `openedx-events`, sent by a real plugin of Open edX.

`openedx_sender.py openedx-webhooks|openedx-webhooks-form ADDRESS`, or `openedx_sender.py eox-hooks` with its settings
as YAML on standard input. Ana enrols, changes her track, is put into a cohort and leaves.
"""

import sys
from datetime import UTC, datetime
from typing import Any

plugin = sys.argv[1]
is_eox = plugin == "eox-hooks"
extra: dict[str, Any] = {}
if is_eox:
    import yaml

    backends = {  # of its own tests: the platform's models, which posting needs none of
        "ENROLLMENTS": "enrollments_l_v1_test",
        "COURSES": "courses_j_v1_test",
        "COURSE_MODES": "course_modes_l_v1_test",
        "MODELS": "models_l_v1_test",
    }
    extra = {
        f"EOX_HOOKS_{name}_BACKEND": f"eox_hooks.edxapp_wrapper.backends.{each}" for name, each in backends.items()
    }
    extra |= {"EOX_HOOKS_TEST_ENVIRONMENT": True, **yaml.safe_load(sys.stdin.read())}

import django  # noqa: E402 - settings first
from django.conf import settings  # noqa: E402

settings.configure(
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "eox_hooks" if is_eox else "openedx_webhooks",
    ],
    USE_TZ=True,
    **extra,
)
django.setup()

from opaque_keys.edx.keys import CourseKey  # noqa: E402 - Django first
from openedx_events.learning import signals  # noqa: E402
from openedx_events.learning.data import (  # noqa: E402
    CohortData,
    CourseData,
    CourseEnrollmentData,
    UserData,
    UserPersonalData,
)

SIGNALS = {
    "COURSE_ENROLLMENT_CREATED": "post_enrollment",
    "COURSE_ENROLLMENT_CHANGED": "post_enrollment_change",
    "COURSE_UNENROLLMENT_COMPLETED": "post_unenrollment",
    "COHORT_MEMBERSHIP_CHANGED": "post_cohort_change",
}
if is_eox:
    from eox_hooks.receivers import hooks_handler

    for name, trigger in SIGNALS.items():
        getattr(signals, name).connect(hooks_handler, dispatch_uid=f"eox-hooks:{trigger}")
else:
    from django.core.management import call_command
    from openedx_webhooks import receivers
    from openedx_webhooks.models import Webhook

    call_command("migrate", verbosity=0)
    for name in SIGNALS:
        is_form = plugin.endswith("form")
        Webhook.objects.create(event=name, webhook_url=sys.argv[2], enabled=True, use_www_form_encoding=is_form)
        getattr(signals, name).connect(getattr(receivers, f"{name.lower()}_receiver"))

ana = UserData(id=4, is_active=True, pii=UserPersonalData(username="ana", email="ana@example.org", name="Ana Ruiz"))
course = CourseData(course_key=CourseKey.from_string("course-v1:Ateneo+BAKE101+2026_T1"), display_name="Baking")


def enrolled(*, mode: str, is_active: bool) -> CourseEnrollmentData:
    """Ana's enrolment."""
    return CourseEnrollmentData(
        user=ana, course=course, mode=mode, is_active=is_active, creation_date=datetime.now(UTC), created_by=None
    )


signals.COURSE_ENROLLMENT_CREATED.send_event(enrollment=enrolled(mode="audit", is_active=True))
signals.COURSE_ENROLLMENT_CHANGED.send_event(enrollment=enrolled(mode="verified", is_active=True))
signals.COHORT_MEMBERSHIP_CHANGED.send_event(cohort=CohortData(user=ana, course=course, name="Mornings"))
signals.COURSE_UNENROLLMENT_COMPLETED.send_event(enrollment=enrolled(mode="verified", is_active=False))
