"""People arrive, or prove who they are: what systems said before they came is theirs from then on, and rules follow."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import connection, transaction
from django.utils.translation import gettext as _

from tertulia.enrolments.models import Key, Kind, Registration, System
from tertulia.enrolments.records import MOST_PEOPLE, Registered
from tertulia.enrolments.services.knowing import recognise
from tertulia.enrolments.services.rules.following import follow
from tertulia.enrolments.services.systems import open_system
from tertulia.enrolments.services.telling import tell

_DOMAINS = """
WITH here AS (
    SELECT p.id::text AS subject, array_agg(DISTINCT split_part(lower(e.email), '@', 2)) AS domains
    FROM account_emailaddress e JOIN people_person p ON p.id = e.user_id
    WHERE e.verified AND p.is_active AND NOT p.is_placeholder {of}
    GROUP BY p.id
), known AS (
    SELECT subject, facts, active FROM enrolments_registration WHERE system_id = %s AND scope = '' {known}
)
SELECT coalesce(h.subject, k.subject), coalesce(h.domains, '{{}}') FROM here h FULL JOIN known k USING (subject)
WHERE (h.subject IS NULL AND k.active) OR (h.subject IS NOT NULL AND (
    k.subject IS NULL OR NOT k.active OR coalesce(k.facts->'domain', '[]') <> to_jsonb(h.domains)
))
ORDER BY 1
"""


def accounts() -> System:
    """The system that tells of our own accounts: in which mail domains they have confirmed an address."""
    return open_system(kind=Kind.ACCOUNTS, name=_("Accounts here"))


def tell_domains(person_id: uuid.UUID | None = None) -> None:
    """Tell the mail domains of one person, or of everybody of whom they are not known as they are now."""
    system = accounts()
    one = [str(person_id)] if person_id is not None else []
    statement = _DOMAINS.format(of="AND p.id = %s" if one else "", known="AND subject = %s" if one else "")
    with connection.cursor() as cursor:
        cursor.execute(statement, [*one, system.pk, *one])
        found = cursor.fetchall()
    people = [
        Registered(subject=subject, facts={Key.DOMAIN: domains}, active=bool(domains), person_id=uuid.UUID(subject))
        for subject, domains in found
    ]
    for start in range(0, len(people), MOST_PEOPLE):
        tell(system=system, people=people[start : start + MOST_PEOPLE])


def claim_identity(*, person_id: uuid.UUID, issuer: str, subject: str) -> None:
    """Somebody has come in by this identity: what waited for it is theirs, and rules apply before their first page."""
    with transaction.atomic():
        for system in System.objects.filter(issuer=issuer).exclude(issuer="").order_by("pk"):
            rows = Registration.objects.filter(system=system, subject=subject).exclude(person_id=person_id)
            _give(system, rows.order_by("subject", "scope").select_for_update(), {subject: person_id})


def claim_address(*, person_id: uuid.UUID, email: str) -> None:
    """Somebody has proved that they read this address: the same for systems that prove addresses."""
    with transaction.atomic():
        for system in System.objects.filter(mail_verified=True).order_by("pk"):
            rows = Registration.objects.filter(system=system, person=None, email=email)
            found = list(rows.order_by("subject", "scope").select_for_update())
            _give(system, found, {row.subject: person_id for row in found})


def claim_waiting() -> None:
    """Look for everybody who waits for an account once more; a net for what was changed behind our back."""
    for system in System.objects.order_by("pk"):
        with transaction.atomic():
            rows = Registration.objects.filter(system=system, person=None, active=True)
            found = list(rows.order_by("subject", "scope").select_for_update())
            recognise(system, found)
            known = {row.subject: row.person_id for row in found if row.person_id is not None}
            _give(system, [row for row in found if row.person_id is not None], known)


def tell_groups(
    *, person_id: uuid.UUID, issuer: str, subject: str, name: str, groups: Sequence[str], as_of: datetime | None = None
) -> None:
    """A sign-in provider has named the directory groups of somebody who comes in by it."""
    system = open_system(kind=Kind.SIGN_IN, name=name, issuer=issuer)
    said = Registered(subject=subject, facts={Key.GROUP: groups}, active=True, person_id=person_id)
    tell(system=system, people=[said], as_of=as_of)


def _give(system: System, rows: Iterable[Registration], owners: dict[str, uuid.UUID]) -> None:
    changed: list[Registration] = []
    for row in rows:
        if row.person_id is not None and row.person_id != owners[row.subject]:  # they lose what was never theirs
            changed.append(Registration(person_id=row.person_id, facts=row.facts))
        row.person_id = owners[row.subject]
        changed.append(row)
    Registration.objects.bulk_update([row for row in changed if row.subject], ["person_id"], batch_size=1000)
    if changed:
        follow(system, changed, confirmed=None)
