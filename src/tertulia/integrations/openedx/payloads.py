"""What plugins of Open edX send by webhook, read.

`openedx-webhooks` (aulasneo) posts JSON: the event's data under the full name of its class, such as
`openedx_events.learning.data.CourseEnrollmentData`, and `event_metadata` with `id`, `event_type` and `time`; or the
same flattened into a form, its names joined by `_`, which releases before 22 sent as JSON called a form. `eox-hooks`
(eduNEXT) posts a form of the fields that its administrator chose: docs/integrations/open-edx.md says which we need.

What happened when: a person left by `unenrollment.completed`, whatever its `is_active` says; otherwise by `is_active`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from django.utils.translation import gettext as _

from tertulia.integrations.openedx.models import KEY_LENGTH, SUBJECT_LENGTH
from tertulia.kernel.clock import now
from tertulia.kernel.errors import Invalid

ENROLLED = ("course.enrollment.created", "course.enrollment.changed", "post_enrollment", "post_enrollment_change")
UNENROLLED = ("course.unenrollment.completed", "post_unenrollment")
COHORT = ("cohort_membership.changed", "post_cohort_change")
CERTIFICATE = ("certificate.created", "post_certificate_creation")
MOST_FIELDS = 300
DEEPEST = 6
MOST_ID = 100
LONG_AGO = datetime(1971, 1, 1, tzinfo=UTC)
FORM = "application/x-www-form-urlencoded"
_CLASS = re.compile(r"^(?:openedx_events\.[\w.]*?Data|enrollment|cohort|certificate)_")
_VERSION = re.compile(r"\.v\d+$")


@dataclass(frozen=True, slots=True)
class News:
    """An event, as far as it concerns who is in which course. Empty texts: it does not say.

    `type` is the event's, without `org.openedx.learning.` and version. `active` None: it does not say.
    `email` is empty unless the platform says that they have confirmed it.
    """

    key: str
    type: str
    happened_at: datetime
    username: str = ""
    email: str = ""
    name: str = ""
    run: str = ""
    title: str = ""
    mode: str = ""
    cohort: str = ""
    active: bool | None = None

    @property
    def concerns_us(self) -> bool:
        """Whether it says anything about who is in a course."""
        return self.type in (*ENROLLED, *UNENROLLED, *COHORT)


def of_openedx_webhooks(body: bytes, kind: str) -> News:
    """An event of `openedx-webhooks`. Raises Invalid with a sentence."""
    said = _fields(body, kind)
    meta = {
        name.removeprefix("event_metadata_"): said.pop(name) for name in [*said] if name.startswith("event_metadata_")
    }
    if not meta.get("event_type"):
        raise Invalid(_("There is no event_metadata with an event_type in this. Is the sender openedx-webhooks?"))
    plain = {_CLASS.sub("", name): value for name, value in said.items()}
    return _news(
        body,
        {
            "event": meta["event_type"],
            "event_id": meta.get("id", ""),
            "time": meta.get("time", ""),
            "username": plain.get("user_pii_username", ""),
            "email": plain.get("user_pii_email", ""),
            "name": plain.get("user_pii_name", ""),
            "account_is_active": plain.get("user_is_active", ""),
            "course": plain.get("course_course_key", ""),
            "course_name": plain.get("course_display_name", ""),
            "mode": plain.get("mode", ""),
            "is_active": plain.get("is_active", ""),
            "cohort": plain.get("name", ""),
        },
    )


def of_eox_hooks(body: bytes, kind: str) -> News:
    """An event of `eox-hooks`, by the fields that our documentation names. Raises Invalid with a sentence."""
    said = _fields(body, kind)
    if not said.get("event"):
        raise Invalid(_("There is no field “event” in this: add it to “fields” or “extra_fields” of the hook."))
    return _news(body, said)


def secret_in(body: bytes, kind: str) -> str:
    """The field `secret` of a form or of JSON; "" if there is none."""
    try:
        return _fields(body, kind).get("secret", "")
    except Invalid:
        return ""


def _news(body: bytes, said: Mapping[str, str]) -> News:
    kind = _VERSION.sub("", said["event"].removeprefix("org.openedx.learning."))[:100]
    found = News(key=_key(said, body), type=kind, happened_at=_moment(said.get("time", "")))
    if not found.concerns_us and kind not in CERTIFICATE:
        return found
    username, run = said.get("username", ""), said.get("course", "")
    if not _is_word(username, SUBJECT_LENGTH) or not _is_word(run, KEY_LENGTH):
        raise Invalid(_("This event names no user (username) or no course (course key)."))
    active: bool | None = None
    if kind in UNENROLLED:
        active = False
    elif kind in ENROLLED:
        active = _truth(said.get("is_active", ""), default=True)
    confirmed = _truth(said.get("account_is_active", ""), default=False)
    return News(
        key=found.key,
        type=kind,
        happened_at=found.happened_at,
        username=username,
        email=_text(said, "email", 254) if confirmed else "",
        name=_text(said, "name", 200),
        run=run,
        title=_text(said, "course_name", 200),
        mode=_text(said, "mode", 100) if kind in ENROLLED else "",
        cohort=_text(said, "cohort", KEY_LENGTH) if kind in COHORT else "",
        active=active,
    )


def _text(said: Mapping[str, str], name: str, longest: int) -> str:
    """What is said under a name, if anything is: in a flattened form, nothing is the word None."""
    value = said.get(name, "")
    return "" if value == "None" else value[:longest]


def _fields(body: bytes, kind: str) -> dict[str, str]:
    """JSON or a form, flattened: names joined by `_`, values as text."""
    text = body.strip()
    if kind == "application/json" or text.startswith(b"{"):
        try:
            said = json.loads(text)
        except (ValueError, RecursionError):
            raise Invalid(_("This is not JSON.")) from None
        if not isinstance(said, dict):
            raise Invalid(_("This is JSON, but no object."))
        return dict(_flattened(said, "", DEEPEST)[:MOST_FIELDS])
    try:
        pairs = parse_qsl(text.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise Invalid(_("This is neither JSON nor a form.")) from None
    if not pairs:
        raise Invalid(_("There is nothing in this that could be read."))
    return dict(pairs)


def _flattened(values: Mapping[str, Any], above: str, deeper: int) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, value in values.items():
        path = f"{above}_{name}" if above else name
        if isinstance(value, dict):
            found += _flattened(value, path, deeper - 1) if deeper else []
        elif value is not None:
            found.append((path, str(value)))
    return found


def _key(said: Mapping[str, str], body: bytes) -> str:
    """What the event is known again by: its id, else the digest of its body.

    A body without a time is the same each time that somebody comes and goes: only within a minute is it one event.
    """
    event_id = said.get("event_id", "")
    if _is_word(event_id, MOST_ID):
        return event_id
    moment = b"" if said.get("time") else now().strftime("%Y-%m-%dT%H:%M").encode()
    return f"sha256:{hashlib.sha256(body + moment).hexdigest()}"


def _moment(text: str) -> datetime:
    """When it happened: Python's `str` of a datetime, in UTC if it says no zone; never in the future. Else now."""
    moment = now()
    try:
        said = datetime.fromisoformat(text.strip())
    except ValueError:
        return moment
    said = said.replace(tzinfo=UTC) if said.tzinfo is None else said
    return min(said, moment) if said > LONG_AGO else moment


def _truth(text: str, *, default: bool) -> bool:
    small = text.strip().lower()
    if small in ("true", "1", "yes", "on"):
        return True
    return False if small in ("false", "0", "no", "off") else default


def _is_word(value: str, longest: int) -> bool:
    return 0 < len(value) <= longest and value.isprintable()
