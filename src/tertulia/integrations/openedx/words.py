"""The log of a roster as people read it: each line's kind and details are stored, its sentence is made here."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext

from tertulia.integrations.openedx.models import Stage


class Kind(enum.StrEnum):
    """What a line tells."""

    STARTED = "started"
    RESUMED = "resumed"
    ANEW = "anew"
    READ = "read"
    WAITED = "waited"
    TROUBLE = "trouble"
    NO_COHORTS = "no-cohorts"
    NO_ACCOUNTS = "no-accounts"
    TOLD = "told"
    ASKS = "asks"
    CONFIRMED = "confirmed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the log."""

    at: datetime
    kind: Kind
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def stored(self) -> list[Any]:
        """As it stands in the database."""
        return [self.at.isoformat(), self.kind.value, dict(self.details)]

    @property
    def is_trouble(self) -> bool:
        """Whether somebody may have to do something."""
        return self.kind in (Kind.TROUBLE, Kind.NO_COHORTS, Kind.NO_ACCOUNTS, Kind.ASKS, Kind.FAILED)

    @property
    def text(self) -> str:
        """The sentence."""
        return _SENTENCES[self.kind](self.details)


def read(stored: list[Any]) -> Line:
    """A line of the database."""
    at, kind, details = stored
    return Line(datetime.fromisoformat(at), Kind(kind), details)


def _read(details: Mapping[str, Any]) -> str:
    count, pages = details["count"], details["pages"]
    said = {
        Stage.ENROLMENTS: _("Enrolments: %(count)d people are in the course (requests: %(pages)d)."),
        Stage.COHORTS: _("Cohorts: %(count)d (requests: %(pages)d)."),
        Stage.ACCOUNTS: _(
            "Names and addresses: asked for %(count)d people who have not come here yet (requests: %(pages)d)."
        ),
    }
    return said[Stage(details["stage"])] % {"count": count, "pages": pages}


def _waited(details: Mapping[str, Any]) -> str:
    return ngettext(
        "The platform asked for a pause of %(seconds)d second. From now on: %(pace)d requests a minute at most.",
        "The platform asked for a pause of %(seconds)d seconds. From now on: %(pace)d requests a minute at most.",
        details["seconds"],
    ) % dict(details)


def _told(details: Mapping[str, Any]) -> str:
    return _(
        "Applied: %(active)d people are in the course; %(new)d new, %(changed)d changed, %(gone)d gone."
        " %(waiting)d of them have not come here yet and find their place when they do."
    ) % dict(details)


def _plain(text: Any) -> Callable[[Mapping[str, Any]], str]:
    """A sentence with the details in it, translated when it is read."""
    return lambda details: str(text) % dict(details)


_SENTENCES: Mapping[Kind, Callable[[Mapping[str, Any]], str]] = {
    Kind.STARTED: _plain(lazy("Begun.")),
    Kind.RESUMED: _plain(lazy("Goes on where it stopped.")),
    Kind.ANEW: _plain(lazy("It stopped so long ago that it starts anew.")),
    Kind.READ: _read,
    Kind.WAITED: _waited,
    Kind.TROUBLE: _plain(lazy("%(why)s It is tried again in %(seconds)d seconds; nothing is lost.")),
    Kind.NO_COHORTS: _plain(lazy("The cohorts cannot be read: %(why)s What is known of them stays as it was.")),
    Kind.NO_ACCOUNTS: _plain(
        lazy("Names and addresses cannot be read: %(why)s People are known by their user names until they sign in.")
    ),
    Kind.TOLD: _told,
    Kind.ASKS: _plain(lazy("Not applied yet: %(why)s")),
    Kind.CONFIRMED: _plain(lazy("%(who)s has confirmed it.")),
    Kind.FAILED: _plain(lazy("Given up: %(why)s Nobody was added or removed.")),
}
