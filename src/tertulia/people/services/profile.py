"""People change what others see of them, and how their own pages look."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypedDict, Unpack

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from tertulia.kernel import audit, bus, rich_text
from tertulia.kernel.errors import Conflict, Invalid
from tertulia.people.access import FIELDS
from tertulia.people.models import DENSITIES, THEMES, Person, Visibility
from tertulia.people.services import checks

AUDITED = ("handle", "display_name")


class ProfileChanges(TypedDict, total=False):
    """What may change; what is not named stays. `visibility` names the fields of `access.FIELDS` that change."""

    handle: str
    display_name: str
    pronouns: str
    headline: str
    about: str
    interests: Sequence[str]
    time_zone: str
    language: str
    theme: str
    density: str
    door_open: bool
    visibility: Mapping[str, str]


def update_profile(*, actor: Person, **changes: Unpack[ProfileChanges]) -> Person:
    """Change one's own profile; all or nothing. Returns the person as they are now.

    Raises Invalid naming the first field that cannot be used, Conflict for a handle in use.
    """
    wanted: dict[str, Any] = {field: _CHECKS[field](value) for field, value in changes.items()}
    if "about" in wanted:
        wanted["about_html"] = rich_text.render(wanted["about"], prefix="about").html
    with transaction.atomic():
        person = Person.objects.select_for_update().get(pk=actor.pk)
        if "visibility" in wanted:
            wanted["visibility"] = {**person.visibility, **wanted["visibility"]}
        before = {field: getattr(person, field) for field in wanted}
        changed = [field for field in wanted if wanted[field] != before[field]]
        if not changed:
            return person
        for field in changed:
            setattr(person, field, wanted[field])
        try:
            with transaction.atomic():
                person.save(update_fields=changed)
        except IntegrityError:
            refusal = Conflict(_("This handle is taken. Choose another one."), type="handle-taken")
            refusal.field = "handle"
            raise refusal from None
        audited = [field for field in AUDITED if field in changed]
        if audited:
            audit.record(
                actor=actor,
                verb="renamed",
                object_kind="person",
                object_id=person.pk,
                before={field: before[field] for field in audited},
                after={field: wanted[field] for field in audited},
            )
        bus.notify("identity", person=person.pk)
    return person


def set_door(*, actor: Person, is_open: bool) -> Person:
    """Open: glad to be interrupted. Closed: not now."""
    return update_profile(actor=actor, door_open=is_open)


def _visibility(wanted: Mapping[str, str]) -> dict[str, str]:
    for field, seen_by in wanted.items():
        if field not in FIELDS:
            raise Invalid(_("“%(field)s” cannot be shown or hidden.") % {"field": field[:40]}, field="visibility")
        if seen_by not in Visibility.values:
            raise Invalid(
                _("Choose who sees your %(field)s: everyone, shared or nobody.") % {"field": field},
                field=f"visibility.{field}",
            )
    return {field: str(seen_by) for field, seen_by in wanted.items()}


def _one_of(field: str, choices: Sequence[str]) -> Callable[[str], str]:
    def check(value: str) -> str:
        if value not in choices:
            raise Invalid(
                _("Choose one of these: %(choices)s.") % {"choices": ", ".join(choice for choice in choices if choice)},
                field=field,
            )
        return value

    return check


_CHECKS: Mapping[str, Callable[[Any], Any]] = {
    "handle": checks.handle,
    "display_name": checks.display_name,
    "pronouns": lambda text: checks.line("pronouns", text),
    "headline": lambda text: checks.line("headline", text),
    "about": checks.about,
    "interests": checks.interests,
    "time_zone": checks.time_zone,
    "language": _one_of("language", ["", *dict(settings.LANGUAGES)]),
    "theme": _one_of("theme", [value for value, _label in THEMES]),
    "density": _one_of("density", [value for value, _label in DENSITIES]),
    "door_open": bool,
    "visibility": _visibility,
}
