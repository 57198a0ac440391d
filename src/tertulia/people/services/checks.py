"""What a field of a person may hold. Each function gives the tidied value or raises Invalid, naming the field."""

from __future__ import annotations

from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tertulia.kernel.clock import zones
from tertulia.kernel.errors import Invalid
from tertulia.kernel.tidying import tidy, tidy_text
from tertulia.people import names
from tertulia.people.models import HANDLE

LINES = {"display_name": 80, "pronouns": 40, "headline": 160}
ABOUT_LENGTH = 4000
INTERESTS = 20
INTEREST_LENGTH = 40
EMAIL_LENGTH = 254


def line(field: str, text: str) -> str:
    """One tidy line, no longer than the field allows."""
    text = tidy(text)
    if len(text) > LINES[field]:
        raise too_long(field, LINES[field], len(text))
    return text


def display_name(text: str) -> str:
    """A name: not empty."""
    text = line("display_name", text)
    if not text:
        raise Invalid(_("Enter the name that others will see."), field="display_name")
    return text


def about(text: str) -> str:
    """Several lines of Markdown."""
    text = tidy_text(text)
    if len(text) > ABOUT_LENGTH:
        raise too_long("about", ABOUT_LENGTH, len(text))
    return text


def interests(words: Iterable[str]) -> list[str]:
    """Up to 20 tidy interests, each once (without regard to case), in the order given."""
    found: dict[str, str] = {}
    for word in words:
        interest = tidy(word).lstrip("#").strip()
        if len(interest) > INTEREST_LENGTH:
            raise too_long("interests", INTEREST_LENGTH, len(interest))
        if interest:
            found.setdefault(interest.casefold(), interest)
    if len(found) > INTERESTS:
        raise Invalid(
            _("At most %(limit)d interests, please; these are %(count)d.") % {"limit": INTERESTS, "count": len(found)},
            field="interests",
        )
    return list(found.values())


def is_handle(text: str) -> bool:
    """Whether `text`, in small letters, can be a handle."""
    try:
        handle(text)
    except Invalid:
        return False
    return True


def handle(text: str) -> str:
    """A handle in small letters."""
    text = text.strip().removeprefix("@").lower()
    if len(text) > names.HANDLE_LENGTH:
        raise too_long("handle", names.HANDLE_LENGTH, len(text))
    try:
        HANDLE(text)
    except ValidationError as error:
        raise Invalid(" ".join(error.messages), field="handle") from None
    if text in names.RESERVED:
        raise Invalid(
            _("“%(handle)s” has a meaning of its own. Choose another handle.") % {"handle": text}, field="handle"
        )
    return text


def email(text: str) -> str:
    """An e-mail address in small letters."""
    text = text.strip().lower()
    try:
        validate_email(text)
    except ValidationError:
        raise Invalid(_("Enter an e-mail address such as ana@example.org."), field="email") from None
    if len(text) > EMAIL_LENGTH:
        raise too_long("email", EMAIL_LENGTH, len(text))
    return text


def time_zone(name: str) -> str:
    """The name of a zone in the IANA time zone database."""
    if name not in zones():
        raise Invalid(
            _("“%(name)s” is not a time zone. An example is Europe/Madrid.") % {"name": tidy(name)[:60]},
            field="time_zone",
        )
    return name


def time_zone_or_utc(name: str) -> str:
    """The same, without complaint."""
    return name if name in zones() else "UTC"


def too_long(field: str, limit: int, length: int) -> Invalid:
    """Says the limit and the length."""
    return Invalid(
        ngettext(
            "At most %(limit)d character, please; this has %(length)d.",
            "At most %(limit)d characters, please; this has %(length)d.",
            limit,
        )
        % {"limit": limit, "length": length},
        field=field,
    )
