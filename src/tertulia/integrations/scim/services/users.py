"""Users of a directory: who comes, changes, is switched off and goes."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from tertulia.enrolments import services as enrolments
from tertulia.enrolments.models import Enrolment, Source
from tertulia.enrolments.records import Entry, Line, Mode, Outcome
from tertulia.integrations.scim.errors import Taken
from tertulia.integrations.scim.jobs import tell_soon
from tertulia.integrations.scim.models import DirectoryUser
from tertulia.integrations.scim.resources import User
from tertulia.integrations.scim.services.sources import enter, entry, handles_of, open_source, tell
from tertulia.kernel.clock import now
from tertulia.kernel.errors import Invalid, NotFound
from tertulia.people.models import Person
from tertulia.workspaces.models import Workspace

KEPT = ("name", "displayName", "emails", "roles")
"""Attributes that are kept as they are said."""
KEY_LENGTH = 200


def create_user(*, actor: Person, workspace: Workspace, user: User) -> uuid.UUID:
    """Somebody new in the directory; if active, a member from now on. Gives back their id. Needs ENROL.

    Raises Taken for a user name in use, and Invalid with the reason where the workspace does not take them.
    """
    with transaction.atomic():
        source = open_source(actor=actor, workspace=workspace)
        _check_name(source, user, None)
        line = _enrol_new(actor, source, entry(user, _key(source, str(user.user_name)), ()))
        if line.outcome is not Outcome.REFUSED:
            enrolment = Enrolment.objects.get(source=source, external_id=line.external_id)
            row = DirectoryUser(enrolment=enrolment, source=source)
            _fill(row, user)
            _save(row)
            tell_soon(source, [row.pk])
    if line.outcome is Outcome.REFUSED:  # after the transaction, so that the log of the source tells of it
        raise Invalid(line.detail)
    return enrolment.pk


def save_user(
    *, actor: Person, workspace: Workspace, user_id: uuid.UUID, change: Callable[[DirectoryUser], User]
) -> None:
    """What `change` makes of a user, while nobody else changes them; `active` off means that they leave. Needs ENROL.

    Raises NotFound, Taken, Invalid, and what `change` raises.
    """
    with transaction.atomic():
        source = enter(actor=actor, workspace=workspace)
        row = _locked(source, user_id)
        user = change(row)
        _check_name(source, user, row)
        said = entry(user, row.enrolment.external_id, handles_of([row])[row.pk])
        lines = tell(actor=actor, source=source, people=[said])
        refused = lines[0].outcome is Outcome.REFUSED
        if not refused:
            before = _values(row)
            _fill(row, user)
            was_active = row.enrolment.active
            row.enrolment.refresh_from_db()
            if _values(row) != before or row.enrolment.active != was_active:
                row.changed_at = now()
                _save(row)
                tell_soon(source, [row.pk])
    if refused:
        raise Invalid(lines[0].detail)


def delete_user(*, actor: Person, workspace: Workspace, user_id: uuid.UUID) -> None:
    """Somebody leaves the directory: what it gave them is taken back, by the source's rule. Needs ENROL.

    Who comes again gets a new line: user names are given to others. Raises NotFound.
    """
    with transaction.atomic():
        source = enter(actor=actor, workspace=workspace)
        row = _locked(source, user_id)
        gone = Entry(external_id=row.enrolment.external_id, active=False)
        lines = tell(actor=actor, source=source, people=[gone])
        refused = lines[0].outcome is Outcome.REFUSED
        if not refused:
            tell_soon(source, [row.pk])
            row.delete()
    if refused:
        raise Invalid(lines[0].detail)


def _locked(source: Source, user_id: uuid.UUID) -> DirectoryUser:
    """The user, whom the workspace's lock keeps still."""
    row = DirectoryUser.objects.select_related("enrolment").filter(source=source, pk=user_id).first()
    if row is None:
        raise NotFound
    return row


def _key(source: Source, user_name: str) -> str:
    """By what the ledger knows them, for good: their first user name, unless somebody had that before."""
    key = user_name.strip()[:KEY_LENGTH]
    taken = Enrolment.objects.filter(source=source, external_id=key).exists()
    return f"{key} {uuid.uuid4()}" if taken or not key else key


def _enrol_new(actor: Person, source: Source, said: Entry) -> Line:
    if said.active:
        return tell(actor=actor, source=source, people=[said])[0]
    # Only with a time does the ledger take a line about somebody who has not come yet.
    return enrolments.enrol(source=source, people=[said], mode=Mode.MERGE, actor=actor, as_of=now()).lines[0]


def _check_name(source: Source, user: User, row: DirectoryUser | None) -> None:
    others = DirectoryUser.objects.filter(source=source, user_name__iexact=user.user_name)
    if others.exclude(pk=row.pk if row else None).exists():
        raise _taken(str(user.user_name))


def _taken(name: str) -> Taken:
    return Taken(_("There is a user with the userName “%(name)s” already.") % {"name": name})


def _fill(row: DirectoryUser, user: User) -> None:
    values = user.model_dump()
    row.user_name, row.external_id = str(user.user_name), user.external_id or ""
    row.emails = sorted({str(one.value).strip().lower() for one in user.emails or [] if one.value})
    row.said = {name: values[name] for name in KEPT if values.get(name)}


def _values(row: DirectoryUser) -> tuple[object, ...]:
    return row.user_name, row.external_id, row.said


def _save(row: DirectoryUser) -> None:
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:  # names that differ for Python, and not for the database
        if "scim_user_name_once" not in str(error):
            raise
        raise _taken(row.user_name) from None
