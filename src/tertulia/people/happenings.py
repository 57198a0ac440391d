"""What happens to people, for the packages above. Ids are strings."""

from __future__ import annotations

from dataclasses import dataclass

from tertulia.kernel.happenings import Happening


@dataclass(frozen=True)
class PersonVerified(Happening):
    """Somebody has just proved that they read this address. May come more than once for one address."""

    person_id: str
    email: str


@dataclass(frozen=True)
class PlaceholderClaimed(Happening):
    """All that is the placeholder's becomes the person's. Whoever owns rows of it moves them inside the transaction;
    where the person has such a row already (both in one channel), theirs stays and the placeholder's goes.
    """

    placeholder_id: str
    person_id: str


@dataclass(frozen=True)
class IdentityNoted(Happening):
    """Somebody has arrived with this identity of an outside system for the first time, or linked it to their account.

    What that system said of `subject` before is about this person; told before their first page.
    """

    person_id: str
    issuer: str
    subject: str


@dataclass(frozen=True)
class Arrived(Happening):
    """Somebody comes in by an outside sign-in (each time, and when they link it), and this is what it says of them.

    `system` is what people here call it. `groups`: the directory groups that it names, or None if it spoke of none,
    which is not the same as being in none. Told inside the transaction of the arrival, after `IdentityNoted`.
    """

    person_id: str
    issuer: str
    subject: str
    system: str
    groups: tuple[str, ...] | None
