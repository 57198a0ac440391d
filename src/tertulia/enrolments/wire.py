"""Lists of people as they come over REST: read by msgspec, since ten thousand of them must not take seconds."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any

import msgspec
from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _
from msgspec import Meta, Struct

from tertulia.enrolments.models import NAME_LENGTH
from tertulia.enrolments.records import MOST_PEOPLE, Entry, Line, Mode, Report
from tertulia.kernel.errors import Invalid, Refusal, TooLarge

JSON = "application/json"


class WrongMediaType(Refusal):
    """The body is of a kind that this operation does not read."""

    status = 415
    type = "unsupported-media-type"


class Malformed(Refusal):
    """The body is no JSON."""

    status = 400
    type = "malformed"


class PersonIn(Struct, forbid_unknown_fields=True, frozen=True):
    """One person. What cannot be used is refused for this person alone, in the answer."""

    external_id: Annotated[str, Meta(description="How your system calls them, for ever; up to 255 characters.")]
    email: Annotated[str, Meta(description="Needed when they come for the first time.")] = ""
    name: Annotated[str, Meta(description="For a new account; made from the address if empty.")] = ""
    role: Annotated[
        str, Meta(description="operations, instructor, moderator, mentor, learner or guest; none above yours.")
    ] = "learner"
    groups: Annotated[
        list[str], Meta(description="Names or handles; those that do not exist are made. At most 50.")
    ] = []
    channels: Annotated[
        list[str],
        Meta(description="Names, addresses or ids of channels; private ones only if you are in them. At most 50."),
    ] = []
    active: Annotated[bool, Meta(description="false: they have left.")] = True


class ListIn(Struct, forbid_unknown_fields=True, frozen=True):
    """A list of people who belong to a workspace."""

    source: Annotated[
        str, Meta(min_length=1, max_length=NAME_LENGTH, description="What your system or list is called here.")
    ]
    people: Annotated[list[PersonIn], Meta(max_length=MOST_PEOPLE)]
    mode: Annotated[
        Mode, Meta(description="merge: who is not named stays. mirror: the list is whole, and who is not on it leaves.")
    ] = Mode.MERGE
    confirm: Annotated[bool, Meta(description="Yes, let go more people than the source's share (mirror only).")] = False
    as_of: Annotated[
        Annotated[datetime, Meta(tz=True)] | None,
        Meta(description="When this was true. What is older than what is known of somebody is passed over."),
    ] = None

    def entries(self) -> list[Entry]:
        """As services want them."""
        return [
            Entry(
                external_id=one.external_id,
                email=one.email,
                name=one.name,
                role=one.role,
                groups=one.groups,
                channels=one.channels,
                active=one.active,
            )
            for one in self.people
        ]


def _schema() -> dict[str, Any]:
    (_reference,), shapes = msgspec.json.schema_components([ListIn], ref_template="#/components/schemas/{name}")
    whole: dict[str, Any] = shapes["ListIn"]
    fields = whole["properties"]
    fields["people"] = {**fields["people"], "items": shapes["PersonIn"]}
    mode = {key: value for key, value in shapes["Mode"].items() if key in {"type", "enum"}}
    fields["mode"] = {**fields["mode"], **mode}
    fields["mode"].pop("$ref", None)
    fields["mode"].pop("allOf", None)
    return whole


BODY = {"requestBody": {"required": True, "content": {JSON: {"schema": _schema()}}}}
"""The body in the OpenAPI description."""

_decoder = msgspec.json.Decoder(ListIn)
_PLACE = re.compile(r" - at `\$(.*)`$")
_NUL = b"\\u0000"


def read(request: HttpRequest) -> ListIn:
    """The list that a request carries. Raises refusals of status 400, 413, 415 and 422."""
    if request.content_type != JSON:
        raise WrongMediaType(_("Send the body as JSON, with “Content-Type: application/json”."))
    # Not `request.body`, whose limit is that of forms.
    body = request.read(settings.MAX_LIST_BYTES + 1)
    if len(body) > settings.MAX_LIST_BYTES:
        raise TooLarge(_("This is more than one request may carry. Send less at once."))
    try:
        found = _decoder.decode(body)
    except msgspec.ValidationError as error:
        raise _invalid(str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(_("The body is not valid JSON: %(reason)s.") % {"reason": str(error)}) from None
    if _NUL in body and "\0" in _texts(found):
        raise Invalid(_("The text has a character in it that cannot be stored (NUL, or half of a pair)."))
    return found


def _texts(found: ListIn) -> str:
    parts = [found.source]
    for one in found.people:
        parts += [one.external_id, one.email, one.name, one.role, *one.groups, *one.channels]
    return "".join(parts)


def _invalid(message: str) -> Invalid:
    place = _PLACE.search(message)
    sentence = message[: place.start()] if place else message
    field = re.sub(r"\[(\w+)\]", r".\1", place.group(1)).replace("[...]", "").lstrip(".") if place else ""
    if named := re.search(r"(?:unknown|required) field `(.*)`", sentence):
        field = f"{field}.{named.group(1)}".lstrip(".")
        unknown = "unknown" in sentence
        sentence = _("There is no field of this name.") if unknown else _("This is needed.")
    else:
        sentence = sentence.replace("Expected", "It must be").replace("`", "") + "."
    return Invalid(f"{field}: {sentence}" if field else sentence, field=field or None)


def answer(report: Report) -> bytes:
    """What became of everybody, as JSON: `EnrolledOut` of the OpenAPI description."""
    return msgspec.json.encode(
        {
            "people": [_line(line) for line in report.lines],
            "counts": report.counts,
            "enrolled": report.enrolled,
            "leaving": report.leaving,
            "needs_confirmation": report.too_many,
        }
    )


def _line(line: Line) -> dict[str, object]:
    return {
        "external_id": line.external_id,
        "outcome": line.outcome.value,
        "person_id": line.person_id,
        "detail": line.detail,
    }
