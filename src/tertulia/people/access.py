"""Who may see what of a person, and who a token belongs to: the only door by which pages and REST fetch people."""

from __future__ import annotations

import enum
import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest
from django.utils.module_loading import import_string

from tertulia.kernel.clock import now
from tertulia.kernel.errors import NotFound
from tertulia.kernel.prepared import columns, fetch, made
from tertulia.people import queries
from tertulia.people.models import AccessToken, Identity, Person, Visibility
from tertulia.people.sign_in import providers

TOKEN_PREFIX = "tert_"  # noqa: S105 - not a secret: it lets scanners of leaked secrets know ours
BRUSH_SECONDS = 60

# Fields of a profile that people show or hide, and who sees each when they have not said. Handle and name go with
# everything a person says, so whoever sees the profile at all sees those.
FIELDS: Mapping[str, Visibility] = {
    "picture": Visibility.SHARED,
    "pronouns": Visibility.SHARED,
    "headline": Visibility.SHARED,
    "about": Visibility.SHARED,
    "interests": Visibility.SHARED,
    "time_zone": Visibility.SHARED,
    "email": Visibility.NOBODY,
}


class Relation(enum.Enum):
    """What a viewer is to a person."""

    SELF = "self"
    SHARED = "shared"  # they meet in a workspace
    STRANGER = "stranger"


@dataclass(frozen=True, slots=True)
class Sight:
    """A person whose profile a viewer may open, and what the viewer is to them."""

    person: Person
    relation: Relation
    shared: tuple[queries.SharedWorkspace, ...] = ()

    def shows(self, field: str) -> bool:
        """Whether the viewer may see this field of `FIELDS`."""
        return may_see(self.relation, self.person, field)


def visibility(person: Person, field: str) -> Visibility:
    """Who sees `field` of this person's profile."""
    return Visibility(person.visibility.get(field, FIELDS[field]))


def may_see(viewer_relation: Relation, person: Person, field: str) -> bool:
    """Whether a viewer of this relation sees `field` of the person's profile."""
    if viewer_relation is Relation.SELF:
        return True
    seen_by = visibility(person, field)
    return seen_by == Visibility.EVERYONE or (seen_by == Visibility.SHARED and viewer_relation is Relation.SHARED)


def sight(viewer: Person, handle: str) -> Sight:
    """The person with this handle (also one they had as a placeholder), as `viewer` may see them. At most 3 queries.

    Raises NotFound alike for unknown handles and for strangers who show nothing to everyone.
    """
    return _sight(viewer, Person.objects.select_related("claimed_by").filter(handle__iexact=handle).first())


def sight_by_id(viewer: Person, person_id: uuid.UUID) -> Sight:
    """As `sight`, by id."""
    return _sight(viewer, Person.objects.select_related("claimed_by").filter(pk=person_id).first())


def visible_person(viewer: Person, handle: str) -> Person:
    """As `sight`, for those who need only the person."""
    return sight(viewer, handle).person


def may_hand_over(viewer: Person, person: Person) -> bool:
    """Whether `viewer` may say whose account this placeholder is: owners of the installation may."""
    return viewer.is_owner and person.is_placeholder and person.claimed_by_id is None


def claimable(viewer: Person, handle: str) -> Person:
    """A placeholder that `viewer` sees and may hand over. Raises NotFound alike for all else."""
    person = visible_person(viewer, handle)
    if not may_hand_over(viewer, person):
        raise NotFound
    return person


def blocked_person(viewer: Person, handle: str) -> Person:
    """Somebody `viewer` has blocked, visible or no longer; else as `visible_person`."""
    found = Person.objects.filter(handle__iexact=handle, blocked_by__person_id=viewer.pk).first()
    return found or visible_person(viewer, handle)


def _sight(viewer: Person, found: Person | None) -> Sight:
    person = found.claimed_by if found is not None and found.claimed_by is not None else found
    if person is None or not person.is_active:
        raise NotFound
    if person.pk == viewer.pk:
        return Sight(person, Relation.SELF)
    shared = queries.shared_workspaces(viewer.pk, person.pk)
    if shared:
        return Sight(person, Relation.SHARED, shared)
    if not any(getattr(person, field) for field in FIELDS if may_see(Relation.STRANGER, person, field)):
        raise NotFound
    return Sight(person, Relation.STRANGER)


def picture(viewer: Person, person_id: uuid.UUID) -> tuple[Person, bool]:
    """Whose face to show, and whether the uploaded picture may be shown to `viewer`. At most 2 queries.

    Anyone signed in who knows an id may have the generated face, which tells nothing. Raises NotFound.
    """
    person = Person.objects.only("id", "picture", "visibility").filter(pk=person_id).first()
    if person is None:
        raise NotFound
    if not person.picture:
        return person, False
    relation = Relation.STRANGER
    if person.pk == viewer.pk:
        relation = Relation.SELF
    elif visibility(person, "picture") == Visibility.SHARED and queries.shared_workspaces(viewer.pk, person.pk):
        relation = Relation.SHARED
    return person, may_see(relation, person, "picture")


def digest(raw: str) -> bytes:
    """What is stored of a token. It is 256 random bits, so a plain hash cannot be guessed backwards."""
    return hashlib.sha256(raw.encode("utf-8", "replace")).digest()


def person_for_token(raw: str) -> tuple[Person, AccessToken] | None:
    """Whose token this is, or None when it is unknown, expired, revoked or its person may not sign in.

    One query, which at most once a minute also notes that the token was used.
    """
    if not raw.startswith(TOKEN_PREFIX):
        return None
    moment = now()
    stale = moment - timedelta(seconds=BRUSH_SECONDS)
    found = fetch(_BY_TOKEN, {"digest": digest(raw), "now": moment, "stale": stale})
    if not found:
        return None
    token, person = made(found[0], AccessToken, Person)
    if token.last_used_at is None or token.last_used_at <= stale:
        token.last_used_at = moment
    token.person = person
    return person, token


# Every request of a program begins with this.
_BY_TOKEN = f"""
WITH found AS (
    SELECT t.id FROM people_accesstoken t JOIN people_person p ON p.id = t.person_id
    WHERE t.digest = %(digest)s AND (t.expires_at IS NULL OR t.expires_at > %(now)s) AND p.is_active
), brushed AS (
    UPDATE people_accesstoken SET last_used_at = %(now)s
    WHERE id = (SELECT id FROM found) AND (last_used_at IS NULL OR last_used_at <= %(stale)s)
)
SELECT {columns(AccessToken, "t")}, {columns(Person, "p")}
FROM people_accesstoken t JOIN people_person p ON p.id = t.person_id
WHERE t.id = (SELECT id FROM found)
"""  # noqa: S608 - names of columns only


def own_token(actor: Person, token_id: uuid.UUID) -> AccessToken:
    """A token of this person's own. Raises NotFound."""
    token = AccessToken.objects.filter(pk=token_id, person_id=actor.pk).first()
    if token is None:
        raise NotFound
    return token


def check_installation(actor: Person) -> None:
    """The pages of the installation are its owners'. Raises NotFound for everybody else."""
    if not actor.is_owner:
        raise NotFound


def own_identity(actor: Person, identity_id: uuid.UUID) -> Identity:
    """An identity of this person's own. Raises NotFound."""
    identity = Identity.objects.filter(pk=identity_id, person_id=actor.pk).first()
    if identity is None:
        raise NotFound
    return identity


def may_sign_up(request: HttpRequest, email: str = "") -> bool:
    """Whether this visitor may make an account (with this address, once they have said it).

    Who may is `TERTULIA_SIGN_UP`. Where invitations are needed, the rooms that give them out are asked through
    `settings.SIGN_UP_DOORS`, dotted paths of `(request, email) -> bool`. Nobody may before there is an owner, nor where
    members come by the institution's own sign-in only.
    """
    mode = settings.ENVIRONMENT.sign_up
    if mode == "closed" or not queries.anybody_exists() or providers.only_these():
        return False
    return mode == "open" or any(import_string(door)(request, email) for door in settings.SIGN_UP_DOORS)
