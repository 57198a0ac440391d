"""Whose registration is it: by the identity they have come in with, or by an address that the system has proved."""

from __future__ import annotations

from collections.abc import Sequence

from tertulia.enrolments.models import Registration, System
from tertulia.kernel.errors import Invalid
from tertulia.people.services import bulk


def recognise(system: System, rows: Sequence[Registration]) -> None:
    """Set `person_id` of those whose person has an account (two queries); the others wait, and nothing is stored yet.

    An identity outranks everything. An address counts only if the system proves it, and for an account that is its
    owner's beyond doubt (`bulk.Account.is_theirs`).
    """
    unknown = [row for row in rows if row.person_id is None]
    if system.issuer and unknown:
        found = bulk.people_by_identity(system.issuer, {row.subject for row in unknown})
        for row in unknown:
            row.person_id = found.get(row.subject)
    if not system.mail_verified:
        return
    addresses = {row: proved_address(system, row) for row in unknown if row.person_id is None}
    accounts = bulk.accounts_by_email({email for email in addresses.values() if email})
    for row, email in addresses.items():
        account = accounts.get(email)
        if account is not None and account.is_theirs:
            row.person_id = account.id


def proved_address(system: System, row: Registration) -> str:
    """The address by which somebody without an account can get one, in small letters; "" if there is none."""
    if not system.mail_verified or not row.email:
        return ""
    try:
        return bulk.usable_email(row.email)
    except Invalid:
        return ""
