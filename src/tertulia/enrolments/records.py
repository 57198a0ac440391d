"""What goes into an enrolment and what comes out."""

from __future__ import annotations

import enum
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tertulia.enrolments.models import Key

MOST_PEOPLE = 10_000
MOST_SHOWN = 30
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


@dataclass(frozen=True, slots=True)
class Registered:
    """What a system says of one person about one thing; `scope` "": about the person as such.

    Keys that are named replace what was said of them before, others stay; so do an empty `email` and `name`.
    `active` None: this news does not say. `person_id`: who they are, if the caller knows.
    """

    subject: str
    scope: str = ""
    facts: Mapping[Key, Sequence[str]] = field(default_factory=dict)
    email: str = ""
    name: str = ""
    active: bool | None = None
    person_id: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class Applied:
    """What a rule did in one workspace. `counts`: outcome -> how many; `held`: how many wait to be let go."""

    rule_id: uuid.UUID
    workspace_id: uuid.UUID
    counts: Mapping[str, int]
    held: int = 0
    note: str = ""
    """Why it did nothing, or not all, as a sentence."""


@dataclass(frozen=True, slots=True)
class Told:
    """What became of news. `changed`, `gone` and `unchanged` are registrations; `waiting` have no account yet."""

    new: int = 0
    changed: int = 0
    gone: int = 0
    unchanged: int = 0
    waiting: int = 0
    refused: int = 0
    """Could not be used: a subject or scope that is empty, too long or not printable."""
    rules: Sequence[Applied] = ()
    """Of rules that were applied at once."""
    later: int = 0
    """How many rules a job applies after the commit."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A rule as somebody writes it. `conditions`: (key, values); `groups` and `channels`: names, addresses or ids.

    `per`: for a rule of the installation, the key of which each value gets a workspace.
    """

    name: str
    conditions: Sequence[tuple[str, Sequence[str]]] = ()
    system_id: uuid.UUID | None = None
    role: str = "learner"
    groups: Sequence[str] = ()
    channels: Sequence[str] = ()
    leaving: str = "remove"
    largest_share: int = 20
    welcome: bool = False
    is_on: bool = True
    per: str = ""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a rule would do. Each kind of outcome has its count, and its first lines in `lines`.

    `here`: how many of those who change are members already and get nothing new, but are the rule's, too, from then on.
    `spaces`: of a rule of the installation, the workspaces that it would make or has: (title, people, whether new).
    """

    counts: Mapping[str, int]
    lines: Mapping[str, Sequence[Line]]
    waiting: int
    waiting_names: Sequence[str]
    leaving: int
    enrolled: int
    too_many: bool
    here: int = 0
    missing: Sequence[str] = ()
    spaces: Sequence[tuple[str, int, bool]] | None = None

    @property
    def more_waiting(self) -> int:
        """How many wait who are not named."""
        return max(0, self.waiting - len(self.waiting_names))

    @property
    def new_spaces(self) -> int:
        """How many workspaces it would make."""
        return sum(is_new for _title, _people, is_new in self.spaces or ())

    @property
    def first_spaces(self) -> Sequence[tuple[str, int, bool]]:
        """Those that a page shows."""
        return (self.spaces or ())[:MOST_SHOWN]

    @property
    def more_spaces(self) -> int:
        """How many it does not show."""
        return max(0, len(self.spaces or ()) - MOST_SHOWN)
