"""What goes into an enrolment and what comes out."""

from __future__ import annotations

import enum
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

MOST_PEOPLE = 10_000
MOST_PLACES = 50
"""Groups, and channels, of one person."""


class Mode(enum.StrEnum):
    """`merge`: who is not named stays. `mirror`: the list is whole, so who is not on it leaves."""

    MERGE = "merge"
    MIRROR = "mirror"


class Outcome(enum.StrEnum):
    """What became of one person."""

    CREATED = "created"  # has an account now, and is a member
    ADDED = "added"  # had an account, and is a member now
    CHANGED = "changed"  # role, groups, channels or what the source says of them
    UNCHANGED = "unchanged"
    LEFT = "left"  # no longer a member, or a guest now
    KEPT = "kept"  # left the source and stays, for the reason in the detail
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Entry:
    """One person, as a source tells of them. `groups` are names or handles, `channels` names, addresses or ids.

    `person_id`: who they are, if the caller knows better than by an e-mail address (an LTI launch).
    """

    external_id: str
    email: str = ""
    name: str = ""
    role: str = "learner"
    groups: Sequence[str] = ()
    channels: Sequence[str] = ()
    active: bool = True
    person_id: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """What became of one person of the list, or of one who is no longer on it."""

    external_id: str
    outcome: Outcome
    person_id: uuid.UUID | None = None
    name: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What a call did, or would do. `leaving` of `enrolled` people leave; that must be confirmed if `too_many`."""

    lines: Sequence[Line]
    leaving: int
    enrolled: int
    too_many: bool

    @property
    def counts(self) -> Mapping[str, int]:
        """How many people had each outcome; all outcomes are there."""
        found = Counter(line.outcome for line in self.lines)
        return {outcome.value: found[outcome] for outcome in Outcome}
