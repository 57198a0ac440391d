"""Accounts come into being: by sign-up, by the first page of an empty install, by the command line, by an import."""

from __future__ import annotations

import re

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from tertulia.kernel import audit
from tertulia.kernel.errors import Conflict, NotFound
from tertulia.kernel.happenings import emit
from tertulia.kernel.tidying import tidy
from tertulia.people import names, queries
from tertulia.people.happenings import PersonVerified
from tertulia.people.models import Person
from tertulia.people.services import checks
from tertulia.people.services.claims import claim_all

TRIES = 5
_FIRST_OWNER_LOCK = 7_233_001  # key of an advisory lock; any number that nothing else uses


def create_person(
    *,
    email: str | None,
    display_name: str = "",
    handle: str = "",
    password: str | None = None,
    verified: bool = False,
    is_owner: bool = False,
    time_zone: str = "UTC",
) -> Person:
    """Make an account. Without a name one is made from the address; without a handle, from the name, made unique.

    `verified`: the address is known to be theirs, so that they can sign in at once. Without a password they sign in
    by e-mailed code; with no address (`None`), only by an identity of an outside system.
    Raises Invalid for what cannot be used, Conflict for an address or a given handle in use.
    """
    with transaction.atomic():
        person = enrol(
            email=email,
            display_name=display_name,
            handle=handle,
            password=password,
            is_owner=is_owner,
            time_zone=time_zone,
        )
        if person.email:
            EmailAddress.objects.create(user=person, email=person.email, primary=True, verified=verified)
            if verified:
                note_verified(person=person, email=person.email)
    return person


def enrol(
    *,
    email: str | None,
    display_name: str,
    handle: str = "",
    password: str | None = None,
    is_owner: bool = False,
    time_zone: str = "UTC",
) -> Person:
    """As `create_person`, for sign-up, where allauth itself goes on to note the address and to have it confirmed."""
    if email is not None:
        email = checks.email(email)
        display_name = display_name or names.name_from(email) or email.partition("@")[0]
    person = Person(
        email=email,
        display_name=checks.display_name(display_name),
        password=make_password(password),
        is_owner=is_owner,
        time_zone=checks.time_zone(time_zone),
    )
    with transaction.atomic():
        if email and Person.objects.filter(email=email).exists():
            raise _email_in_use()
        _insert(person, handle=handle)
        audit.record(
            actor=person,
            verb="signed up",
            object_kind="person",
            object_id=person.pk,
            after={"handle": person.handle, "is_owner": is_owner},
        )
    return person


def create_first_owner(*, display_name: str, email: str, password: str, time_zone: str = "UTC") -> Person:
    """Make the owner of an empty installation; their address counts as confirmed. Raises NotFound when somebody exists.

    Of two who send the page at the same moment, one becomes the owner.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_FIRST_OWNER_LOCK])
        if queries.anybody_exists():
            raise NotFound
        return create_person(
            email=email,
            display_name=display_name,
            password=password,
            verified=True,
            is_owner=True,
            time_zone=time_zone,
        )


def create_placeholder(
    *,
    display_name: str,
    handle: str = "",
    headline: str = "",
    time_zone: str = "UTC",
    email: str | None = None,
) -> Person:
    """Make somebody who spoke in an imported conversation: cannot sign in; may be claimed by who reads `email`.

    Imports must not stop at a name, so what cannot be used is made usable: a handle that is taken or unfit is derived
    anew, an empty name becomes “Somebody”, an unknown zone UTC, an unfit address none.
    """
    handle = handle.lower()
    with transaction.atomic():
        person = Person(
            display_name=tidy(display_name)[:80].strip() or _("Somebody"),
            headline=tidy(headline)[:160].strip(),
            time_zone=checks.time_zone_or_utc(time_zone),
            claim_email=_address_or_none(email),
            password=make_password(None),
            is_placeholder=True,
        )
        fit = checks.is_handle(handle) and not Person.objects.filter(handle__iexact=handle).exists()
        _insert(person, handle=handle if fit else "", wish=handle)
    return person


def note_verified(*, person: Person, email: str) -> None:
    """`person` has proved that they read `email`: tell, and give them the placeholders of that address."""
    with transaction.atomic():
        emit(PersonVerified(person_id=str(person.pk), email=email.lower()))
        claim_all(person=person, email=email)


def _insert(person: Person, *, handle: str, wish: str = "") -> None:
    """Save with the given handle, or with one derived from `wish` or the name. Others may take it meanwhile."""
    base = names.handle_from(wish) or names.handle_from(person.display_name) or "somebody"
    tries = 1 if handle else TRIES
    while True:
        tries -= 1
        person.handle = checks.handle(handle) if handle else _free_handle(base)
        try:
            with transaction.atomic():
                person.save(force_insert=True)
        except IntegrityError as error:
            if not tries or "person_handle_unique" not in str(error):
                raise _clash(error) from None
        else:
            return


def _free_handle(base: str) -> str:
    taken = set(
        Person.objects.annotate(small=Lower("handle"))
        .filter(small__regex=rf"^{re.escape(base)}[0-9]*$")
        .values_list("small", flat=True)
    )
    if base not in taken and base not in names.RESERVED:
        return base
    return next(f"{base}{number}" for number in range(2, len(taken) + 3) if f"{base}{number}" not in taken)


def _address_or_none(email: str | None) -> str:
    try:
        validate_email(email)
    except ValidationError:
        return ""
    return str(email).lower()


def _clash(error: IntegrityError) -> Conflict:
    if "person_handle_unique" in str(error):
        return Conflict(_("This handle is taken. Choose another one."), type="handle-taken")
    return _email_in_use()


def _email_in_use() -> Conflict:
    refusal = Conflict(_("There is already an account with this e-mail."), type="email-taken")
    refusal.field = "email"
    return refusal
