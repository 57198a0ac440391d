"""The bodies in which plugins of a real platform tell of its events; part of the fake platform, which is a fake.

Shapes and names are those of `openedx-events` (data classes and metadata), of aulasneo's `openedx-webhooks` (JSON, or
the same flattened as a form: no signature, no header of its own) and of eduNEXT's `eox-hooks` (`post_to_webhook_url`: a
form of the configured fields, without those that are None).
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

LEARNING = "org.openedx.learning"
CREATED = f"{LEARNING}.course.enrollment.created.v1"
CHANGED = f"{LEARNING}.course.enrollment.changed.v1"
UNENROLLED = f"{LEARNING}.course.unenrollment.completed.v1"
COHORT = f"{LEARNING}.cohort_membership.changed.v1"
CERTIFICATE = f"{LEARNING}.certificate.created.v1"
LOGIN = f"{LEARNING}.auth.session.login.completed.v1"

CLASSES = {
    CREATED: ("enrollment", "CourseEnrollmentData"),
    CHANGED: ("enrollment", "CourseEnrollmentData"),
    UNENROLLED: ("enrollment", "CourseEnrollmentData"),
    COHORT: ("cohort", "CohortData"),
    CERTIFICATE: ("certificate", "CertificateData"),
    LOGIN: ("user", "UserData"),
}
"""Event -> the name of its argument, and its data class in `openedx_events.learning.data`."""

FIELDS = {
    "event": "metadata.event_type",
    "event_id": "metadata.id",
    "time": "metadata.time",
    "username": "enrollment.user.pii.username",
    "email": "enrollment.user.pii.email",
    "name": "enrollment.user.pii.name",
    "account_is_active": "enrollment.user.is_active",
    "course": "enrollment.course.course_key",
    "course_name": "enrollment.course.display_name",
    "mode": "enrollment.mode",
    "is_active": "enrollment.is_active",
}
"""What docs/integrations/open-edx.md has an administrator configure in EOX_HOOKS_DEFINITIONS."""


@dataclass
class Event:
    """Something that happened on the platform: `data` as the data class of its type."""

    type: str
    data: dict[str, Any]
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    id: str = field(default_factory=lambda: str(uuid.uuid1()))

    @property
    def metadata(self) -> dict[str, Any]:
        """`EventsMetadata`; its time is written as Python's `str` does."""
        return {
            "id": self.id,
            "event_type": self.type,
            "minorversion": 0,
            "source": "openedx/lms/web",
            "sourcehost": "8616aa50f067",
            "time": str(self.at),
            "sourcelib": [11, 2, 0],
        }


def as_json(event: Event) -> tuple[bytes, str]:
    """`openedx-webhooks`, as it posts by itself."""
    name = f"openedx_events.learning.data.{CLASSES[event.type][1]}"
    return json.dumps({name: event.data, "event_metadata": event.metadata}).encode(), "application/json"


def as_form(event: Event) -> tuple[bytes, str]:
    """`openedx-webhooks` with “Use WWW form encoding”."""
    name = f"openedx_events.learning.data.{CLASSES[event.type][1]}"
    flat = flattened({name: event.data, "event_metadata": event.metadata})
    return urlencode(flat).encode(), "application/x-www-form-urlencoded"


def as_form_of_old(event: Event) -> tuple[bytes, str]:
    """The same by releases before 22: called a form, but JSON."""
    name = f"openedx_events.learning.data.{CLASSES[event.type][1]}"
    flat = flattened({name: event.data, "event_metadata": event.metadata})
    return json.dumps(flat).encode(), "application/x-www-form-urlencoded"


def as_fields(event: Event, extra: Mapping[str, str] | None = None) -> tuple[bytes, str]:
    """`eox-hooks` with the fields above (for cohorts and certificates, of that argument) and `extra_fields`."""
    argument = CLASSES[event.type][0]
    known = {argument: event.data, "metadata": event.metadata}
    wanted = {name: path.replace("enrollment.", f"{argument}.") for name, path in FIELDS.items()}
    if argument == "cohort":
        wanted["cohort"] = "cohort.name"
    found: dict[str, Any] = {name: _at(known, path) for name, path in wanted.items()}
    found.update(extra or {})
    return urlencode({name: value for name, value in found.items() if value is not None}).encode(), (
        "application/x-www-form-urlencoded"
    )


def flattened(values: Mapping[str, Any], above: str = "") -> dict[str, str]:
    """Nested names joined by `_`, values as text."""
    flat: dict[str, str] = {}
    for name, value in values.items():
        path = f"{above}_{name}" if above else name
        flat.update(flattened(value, path) if isinstance(value, Mapping) else {path: str(value)})
    return flat


def _at(values: Any, path: str) -> Any:
    for name in path.split("."):
        values = values.get(name) if isinstance(values, Mapping) else None
    return values
