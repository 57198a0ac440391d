"""Many accounts at once, and finding many by their addresses: for enrolments, which bring whole classes.

The rules are those of one account (`accounts`, `checks`); only the statements are fewer.
"""

from __future__ import annotations

import json
import re
import secrets
import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db import connection, transaction
from django.db.models.functions import Lower

from tertulia.kernel import audit
from tertulia.kernel.bulk import among_texts, insert_alike
from tertulia.kernel.ids import new_id
from tertulia.kernel.tidying import tidy
from tertulia.people import names
from tertulia.people.models import Identity, Person
from tertulia.people.services import checks

TRIES = 5
NAME_LENGTH = 80


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Somebody of whom an outside system says that they belong here; `id` will be theirs. The address is not proved."""

    id: uuid.UUID
    email: str
    name: str


@dataclass(frozen=True, slots=True)
class Account:
    """An account, as far as enrolments must know it.

    `is_theirs`: whoever uses it has proved to read its address, or nobody has ever come in by it. Otherwise somebody
    may have put another's address there, and must not be given what is meant for the other.
    """

    id: uuid.UUID
    email: str
    name: str
    is_active: bool
    is_theirs: bool


_ACCOUNTS = """
SELECT p.id, p.email, p.display_name, p.is_active,
       EXISTS (SELECT FROM account_emailaddress e WHERE e.user_id = p.id AND e.verified AND lower(e.email) = p.email)
       OR (p.last_login IS NULL AND NOT EXISTS (SELECT FROM people_identity i WHERE i.person_id = p.id))
FROM people_person p
WHERE p.{column} IN (SELECT json_array_elements_text(%s::json){cast}) AND NOT p.is_placeholder
"""


def accounts_by_email(emails: Iterable[str]) -> dict[str, Account]:
    """The accounts with these addresses, by address in small letters. One query."""
    return {account.email: account for account in _accounts("email", "", [email.lower() for email in emails])}


def accounts_by_id(ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Account]:
    """The accounts with these ids; placeholders have none. One query."""
    return {account.id: account for account in _accounts("id", "::uuid", list(map(str, ids)))}


def _accounts(column: str, cast: str, values: Sequence[str]) -> list[Account]:
    if not values:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_ACCOUNTS.format(column=column, cast=cast), [json.dumps(values)])
        return [Account(row[0], row[1] or "", row[2], row[3], row[4]) for row in cursor.fetchall()]


def people_by_identity(issuer: str, subjects: Iterable[str]) -> dict[str, uuid.UUID]:
    """Whose identities at this issuer these are, by subject; unknown ones are not in it. One query."""
    rows = Identity.objects.filter(issuer=issuer, subject__in=among_texts(subjects))
    return dict(rows.values_list("subject", "person_id"))


def usable_email(text: str) -> str:
    """An address in small letters. Raises Invalid with a sentence."""
    return checks.email(text)


def newcomer(*, email: str, name: str) -> Newcomer:
    """Somebody who can get an account, with a usable name: cut, or after the address. `email` is a `usable_email`."""
    name = tidy(name)[:NAME_LENGTH].strip() or names.name_from(email) or email.partition("@")[0][:NAME_LENGTH]
    return Newcomer(new_id(), email, name)


def create_people(*, actor: Person | None, newcomers: Iterable[Newcomer]) -> set[uuid.UUID]:
    """Make an account for each; gives back the ids of those made.

    They confirm the address by signing in with an e-mailed code. Who has an account with this address already, or
    gets one at this moment, is left out.
    """
    waiting = {newcomer.email: newcomer for newcomer in newcomers}
    made: dict[uuid.UUID, str] = {}
    handles: dict[str, str] = {}
    with transaction.atomic():
        for _try in range(TRIES):
            if not waiting:
                break
            handles |= _handles(list(waiting.values()))
            # Others may take a handle or an address between our look and our insert: what could not be is tried anew.
            rows = insert_alike(
                Person(password=""),
                (
                    {
                        "id": one.id,
                        "email": email,
                        "display_name": one.name,
                        "handle": handles[email],
                        "password": f"{UNUSABLE_PASSWORD_PREFIX}{secrets.token_hex(20)}",
                    }
                    for email, one in waiting.items()
                ),
                ignore=True,
                returning=["id", "email"],
            )
            made |= dict(rows)
            for email in accounts_by_email(waiting):
                del waiting[email]
        insert_alike(
            EmailAddress(primary=True, verified=False),
            ({"user_id": person_id, "email": email} for person_id, email in made.items()),
        )
        audit.record_all(
            actor=actor,
            verb="enrolled",
            object_kind="person",
            after={person_id: {"handle": handles[email]} for person_id, email in made.items()},
        )
    return set(made)


def _handles(newcomers: Sequence[Newcomer]) -> dict[str, str]:
    """A handle after the name of each that nobody has, by address."""
    bases = {one.email: names.handle_from(one.name) or "somebody" for one in newcomers}
    taken = _taken(set(bases.values()))
    last: dict[str, int] = {}
    found: dict[str, str] = {}
    for email, base in bases.items():
        number = last.get(base, 0 if base not in names.RESERVED else 1)
        handle = ""
        while not handle or handle in taken:
            number += 1
            handle = base if number == 1 else f"{base}{number}"
        taken.add(handle)
        last[base] = number
        found[email] = handle
    return found


def _taken(bases: Collection[str]) -> set[str]:
    """The handles in use that are one of these, or one of these with a number. Two queries."""
    small = Person.objects.annotate(small=Lower("handle"))
    taken = set(small.filter(small__in=bases).values_list("small", flat=True))
    if taken:
        pattern = rf"^(?:{'|'.join(re.escape(base) for base in sorted(taken))})[0-9]+$"
        taken |= set(small.filter(small__regex=pattern).values_list("small", flat=True))
    return taken
