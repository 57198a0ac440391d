"""Open edX's LTI consumer, serving: its own views, models, serializers and keys, in an environment of its own.

What it asks of the rest of Open edX is given here: who is in the course, and that instructors may edit it. `/course`
stands in for the course's page; it does what the block there does.

    python openedx_course.py PORT TOOL_URL
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import django
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import include, path, re_path

PORT, TOOL = int(sys.argv[1]), sys.argv[2]
HOME = f"http://127.0.0.1:{PORT}"
COURSE = "course-v1:Bread+B101+2026"
BLOCK = "block-v1:Bread+B101+2026+type@lti_consumer+block@unit1"
PEOPLE = {
    1: ("ines", "Inés Instructora", "instructor"),
    2: ("lena", "Lena Learner", "student"),
    3: ("paul", "Paul Pain", "student"),
    4: ("staff", "Sam Staff", "staff"),
    5: ("quiet", "Quinn Quiet", "student"),
}

settings.configure(
    SECRET_KEY="a key of a test's",
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    USE_TZ=True,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}},
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "config_models", "lti_consumer"],
    MIDDLEWARE=["edx_django_utils.cache.middleware.RequestCacheMiddleware", f"{__name__}.nobody"],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
    USAGE_ID_PATTERN=r"(?P<usage_id>(?:i4x://?[^/]+/[^/]+/[^/]+/[^@]+(?:@[^/]+)?)|(?:[^/]+))",
    PLATFORM_NAME="Open edX",
    LMS_ROOT_URL=HOME,
    LMS_BASE=f"127.0.0.1:{PORT}",
)
django.setup()

from django.contrib.auth.models import AnonymousUser  # noqa: E402 - they need the settings
from lti_consumer import api, models  # noqa: E402
from lti_consumer.data import Lti1p3LaunchData  # noqa: E402
from lti_consumer.plugin import compat  # noqa: E402
from opaque_keys.edx.keys import CourseKey, UsageKey  # noqa: E402

_config: Any = None
_grades: list[dict[str, Any]] = []


def nobody(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Open edX's own accounts are not here."""

    def middleware(request: HttpRequest) -> HttpResponse:
        request.user = AnonymousUser()
        return get_response(request)

    return middleware


def course(request: HttpRequest) -> HttpResponse:
    """Open the unit as one of `PEOPLE`; `deep` chooses what it shall be, `item` opens what was chosen."""
    number, (handle, name, role) = next(each for each in PEOPLE.items() if each[1][0] == request.GET["as"])
    launch = Lti1p3LaunchData(
        user_id=number,
        user_role=role,
        config_id=_config.config_id,
        resource_link_id=BLOCK,
        external_user_id=_external(number),
        name=name,
        email=f"{handle}@example.org",
        preferred_username=handle,
        launch_presentation_document_target="window",
        context_id=COURSE,
        context_type=["course_offering"],
        context_title="Bread for beginners",
        context_label="B101",
    )
    address = api.get_lti_1p3_launch_start_url(
        launch, deep_link_launch="deep" in request.GET, dl_content_id=request.GET.get("item")
    )
    return HttpResponseRedirect(address)


def chosen(_request: HttpRequest) -> JsonResponse:
    """What Open edX has stored of deep linking."""
    items = models.LtiDlContentItem.objects.order_by("pk")
    return JsonResponse([{"id": i.pk, "type": i.content_type, **i.attributes} for i in items], safe=False)


def grades(_request: HttpRequest) -> JsonResponse:
    """What stands in Open edX's own gradebook: who, how many of the block's points, what was said of it."""
    return JsonResponse(_grades, safe=False)


def results(_request: HttpRequest) -> JsonResponse:
    """The columns, and the scores that have arrived for each."""
    shown = [
        {"label": line.label, "maximum": line.score_maximum, "scores": line.scores.count()}
        for line in models.LtiAgsLineItem.objects.order_by("pk")
    ]
    return JsonResponse(shown, safe=False)


def grade_mode(request: HttpRequest) -> HttpResponse:
    """As an author sets it in Studio: who makes columns, the tool (programmatic) or Open edX (declarative)."""
    models.LtiAgsLineItem.objects.all().delete()
    _grades.clear()
    models.LtiConfiguration.objects.update(lti_advantage_ags_mode=request.GET["mode"])
    _config.refresh_from_db()
    return HttpResponse("set")


class _Block:
    """The unit, as its gradebook asks for it."""

    has_score, weight, display_name = True, 50, "Unit 1"
    accept_grades_past_due = False
    scope_ids = SimpleNamespace(usage_id=BLOCK)

    def is_past_due(self) -> bool:
        """It has no date."""
        return False

    def max_score(self) -> int:
        """Its points."""
        return self.weight

    def set_user_module_score(self, user: str, score: float, maximum: int, comment: str) -> None:
        """Where grades end up."""
        _grades.append({"user": user, "score": score, "maximum": maximum, "comment": comment})


def _external(number: int) -> str:
    return f"b0b0b0b0-0000-4000-8000-{number:012}"


def _members(_course_key: CourseKey) -> dict[int, dict[str, Any]]:
    return {
        number: {"id": number, "username": handle, "email": f"{handle}@example.org", "name": name, "roles": [role]}
        for number, (handle, name, role) in PEOPLE.items()
    }


compat.get_course_members = _members
compat.merge_course_forum_roles = lambda _course, members: members
compat.batch_get_or_create_externalids = lambda _users: {
    number: SimpleNamespace(external_user_id=_external(number)) for number in PEOPLE
}
compat.user_has_studio_write_access = lambda _user, _course: True
compat.get_event_tracker = lambda: None
compat.load_enough_xblock = lambda _location: _Block()
compat.load_block_as_user = lambda _location: _Block()
compat.get_user_from_external_user_id = lambda external: PEOPLE[int(external.rpartition("-")[2])][0]

urlpatterns = [
    path("course", course),
    path("chosen", chosen),
    path("grades", grades),
    path("results", results),
    path("grade-mode", grade_mode),
    re_path("^api/", include("lti_consumer.plugin.urls", namespace="lti_consumer")),
]


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_args: object) -> None:
        """Nothing is logged."""


def main() -> None:
    """Serve, after a line that says what an administrator would enter in the tool."""
    global _config  # noqa: PLW0603 - one course, made once
    call_command("migrate", verbosity=0)
    passport = models.Lti1p3Passport.objects.create(lti_1p3_tool_keyset_url=f"{TOOL}/lti/jwks")
    _config = models.LtiConfiguration.objects.create(
        version=models.LtiConfiguration.LTI_1P3,
        config_store=models.LtiConfiguration.CONFIG_ON_DB,
        location=UsageKey.from_string(BLOCK),
        lti_1p3_passport=passport,
        lti_1p3_oidc_url=f"{TOOL}/lti/login",
        lti_1p3_launch_url=f"{TOOL}/lti/launch",
        lti_advantage_enable_nrps=True,
        lti_advantage_deep_linking_enabled=True,
        lti_advantage_deep_linking_launch_url=f"{TOOL}/lti/launch",
        lti_advantage_ags_mode=models.LtiConfiguration.LTI_ADVANTAGE_AGS_PROGRAMMATIC,
    )
    models.CourseAllowPIISharingInLTIFlag.objects.create(course_id=CourseKey.from_string(COURSE), enabled=True)
    base = f"{HOME}/api/lti_consumer/v1"
    told = {
        "issuer": HOME,
        "client_id": passport.lti_1p3_client_id,
        "auth_url": f"{base}/launch/",
        "token_url": f"{base}/token/{passport.passport_id}",
        "jwks_url": f"{base}/public_keysets/{passport.passport_id}",
    }
    with make_server("127.0.0.1", PORT, get_wsgi_application(), handler_class=_Quiet) as server:
        sys.stdout.write(f"{json.dumps(told)}\n")
        sys.stdout.flush()
        server.serve_forever()


main()
