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
