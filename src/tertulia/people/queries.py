"""Reads about people. Each function runs a fixed number of queries, said in its docstring."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from allauth.account.models import EmailAddress
from django.db import connection
from django.db.models import Count, QuerySet
from django.db.models.functions import Lower

from tertulia.people.models import AccessToken, Block, Consent, Identity, Person


@dataclass(frozen=True, slots=True)
class SharedWorkspace:
    """A workspace that two people are both in."""

    slug: str
    name: str


# People meet in a workspace when both are members of it. A guest knows only its staff and the people in the channels
# given to the guest. The tables belong to packages above, which `people` cannot import; asking here keeps the rule of
# who sees a profile in one statement.
_SHARED = """
SELECT w.slug, w.name
FROM workspaces_membership mine
JOIN workspaces_membership theirs ON theirs.workspace_id = mine.workspace_id
JOIN workspaces_workspace w ON w.id = mine.workspace_id
WHERE mine.person_id = %(viewer)s AND theirs.person_id = %(person)s AND (
    'guest' NOT IN (mine.role, theirs.role)
    OR mine.role IN ('owner', 'operations', 'instructor', 'moderator')
    OR theirs.role IN ('owner', 'operations', 'instructor', 'moderator')
    OR EXISTS (
        SELECT FROM channels_channelmembership a
        JOIN channels_channelmembership b ON b.channel_id = a.channel_id
        JOIN channels_channel c ON c.id = a.channel_id
        WHERE a.person_id = mine.person_id AND b.person_id = theirs.person_id AND c.workspace_id = w.id
    )
)
ORDER BY lower(w.name), w.id
"""


def shared_workspaces(viewer_id: uuid.UUID, person_id: uuid.UUID) -> tuple[SharedWorkspace, ...]:
    """The workspaces in which these two meet, by name. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_SHARED, {"viewer": viewer_id, "person": person_id})
        return tuple(SharedWorkspace(slug, name) for slug, name in cursor.fetchall())


def anybody_exists() -> bool:
    """Whether this installation has an account yet. One query."""
    return Person.objects.filter(is_placeholder=False).exists()


def blocked_ids(person: Person) -> frozenset[uuid.UUID]:
    """Whom this person has blocked. One query."""
    return frozenset(Block.objects.filter(person_id=person.pk).values_list("blocked_id", flat=True))


def blocked_people(person: Person) -> list[Person]:
    """Whom this person has blocked, by name. One query."""
    return list(Person.objects.filter(blocked_by__person_id=person.pk).order_by(Lower("display_name"), "id"))


def has_blocked(person: Person, other_id: uuid.UUID) -> bool:
    """Whether `person` has blocked the other. One query."""
    return Block.objects.filter(person_id=person.pk, blocked_id=other_id).exists()


def people_by_handles(handles: Iterable[str], within: QuerySet[Person] | None = None) -> dict[str, Person]:
    """The people with these handles among `within` (or all), by handle in small letters. One query.

    Unknown ones are left out, and so are people who can no longer sign in.
    """
    wanted = {handle.lower() for handle in handles}
    people = Person.objects.all() if within is None else within
    found = people.annotate(small_handle=Lower("handle")).filter(small_handle__in=wanted, is_active=True)
    return {person.handle.lower(): person for person in found}


def tokens(person: Person) -> list[AccessToken]:
    """A person's access tokens, newest first, expired ones too. One query."""
    return list(AccessToken.objects.filter(person_id=person.pk).order_by("-id"))


def may_sign_in_here(person: Person) -> bool:
    """Whether this person can sign in without any outside system: by a code sent to an address that they confirmed.

    A password or passkey alone does not count: without a confirmed address neither lets them in. One query.
    """
    return bool(EmailAddress.objects.filter(user=person, verified=True).exists())


def identities(person: Person) -> list[Identity]:
    """Who this person is in outside systems, oldest first. One query."""
    return list(Identity.objects.filter(person_id=person.pk).order_by("id"))


def people_of_issuer(issuer: str) -> int:
    """How many people have an identity of this issuer. One query."""
    return Identity.objects.filter(issuer=issuer).values("person_id").distinct().count() if issuer else 0


def consents(person: Person) -> list[Consent]:
    """What this person has allowed tools, the last used first; each with its tool. One query."""
    return list(Consent.objects.filter(person_id=person.pk).select_related("client").order_by("-used_at", "id"))


def has_allowed(person: Person, client_id: str, scopes: Iterable[str]) -> bool:
    """Whether this person has allowed the tool to learn all that these scopes say. One query."""
    return Consent.objects.filter(person_id=person.pk, client_id=client_id, scopes__contains=list(scopes)).exists()


def people_of_tools() -> dict[str, int]:
    """How many people use each tool, by its id. One query."""
    counted = Consent.objects.values("client_id").annotate(people=Count("id"))
    return {row["client_id"]: row["people"] for row in counted}


# The tables belong to a package above; see `_SHARED`.
_GROUPS = """
SELECT w.slug, m.role, array(
    SELECT g.slug FROM workspaces_group g JOIN workspaces_groupmembership gm ON gm.group_id = g.id
    WHERE g.workspace_id = w.id AND gm.person_id = m.person_id ORDER BY g.slug
)
FROM workspaces_membership m JOIN workspaces_workspace w ON w.id = m.workspace_id
WHERE m.person_id = %s AND w.archived_at IS NULL ORDER BY w.slug
"""


def groups_for_tools(person_id: uuid.UUID) -> list[str]:
    """Where this person is, in words that tools understand as groups: `WORKSPACE`, `WORKSPACE:ROLE` and
    `WORKSPACE/GROUP`, with the short names that addresses have. One query.
    """
    with connection.cursor() as cursor:
        cursor.execute(_GROUPS, [person_id])
        found = cursor.fetchall()
    return [
        name for slug, role, groups in found for name in (slug, f"{slug}:{role}", *(f"{slug}/{one}" for one in groups))
    ]
