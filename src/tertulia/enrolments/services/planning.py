"""What a list of people means for a workspace: decided here, from what is there, without changing anything.

A preview is a plan that is not carried out. Each line of the ledger is a claim on a person, who is to be exactly what
staff and all claims give together: so the order in which sources speak does not matter.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.utils.translation import gettext as _

from tertulia.enrolments.models import EXTERNAL_ID_LENGTH, Enrolment, Leaving, Source
from tertulia.enrolments.records import Entry, Mode
from tertulia.enrolments.services import state
from tertulia.enrolments.services.places import Places
from tertulia.enrolments.services.settling import Change, settle
from tertulia.enrolments.services.state import Claim, Member, claim_of
from tertulia.kernel.errors import Refusal
from tertulia.kernel.ids import new_id
from tertulia.people.models import Person
from tertulia.people.services import bulk
from tertulia.people.services.bulk import Newcomer
from tertulia.workspaces.models import Role

WHOLE = 100  # percent


@dataclass(slots=True)
class Said:
    """One line of the list; or somebody of the ledger whom a whole list leaves out (`entry` None)."""

    external_id: str
    entry: Entry | None
    known: Enrolment | None
    id: uuid.UUID = field(default_factory=new_id)
    """Of their line in the ledger."""
    person_id: uuid.UUID | None = None
    claim: Claim | None = None
    is_leaving: bool = False
    is_over: bool = False
    """Nothing is to be done."""
    is_old: bool = False
    """Something newer is known."""
    is_news: bool = False
    """The ledger did not say so before."""
    refusal: str = ""
    notes: Sequence[str] = ()

    def refuse(self, why: str) -> None:
        """Leave this person as they are, and say why."""
        self.refusal, self.is_over = why, True


@dataclass(frozen=True, slots=True)
class Plan:
    """What would have to be done; `applying` does it."""

    source: Source
    places: Places
    said: Sequence[Said]
    members: dict[uuid.UUID, Member]
    changes: dict[uuid.UUID, Change]
    as_of: datetime | None
    is_stamped: bool
    """Each line of the ledger is told when its news was true. A whole list says that of all of them at once."""
    leaving: int
    enrolled: int
    too_many: bool


def plan(*, source: Source, people: Sequence[Entry], mode: Mode, actor: Person | None, as_of: datetime | None) -> Plan:
    """What `people` mean for the source's workspace. A fixed number of queries. Raises Invalid (too many groups)."""
    here = Places.of(source.workspace, actor)
    known = state.ledger(source, None if mode is Mode.MIRROR else [entry.external_id for entry in people])
    said = _listed(people, known)
    if mode is Mode.MIRROR:
        named = {one.external_id for one in said}
        said += [Said(key, None, row, row.pk) for key, row in known.items() if row.active and key not in named]
    _pass_over_old(said, source, as_of)
    newcomers = _find(said)
    for one in said:
        if not one.is_over:
            _judge(one, source, here)
    here.check_new_groups()
    given = {channel_id for one in said if one.claim for channel_id in one.claim.channel_ids}
    ids = {one.person_id for one in said if one.person_id} | {row.person_id for row in known.values() if row.person_id}
    members = state.members(source.workspace, ids - newcomers.keys(), given)
    members |= {key: Member(key, one.name, newcomer=one) for key, one in newcomers.items()}
    concerned = _claim(said, members)
    taking = state.open_channels(source.workspace, [key for one in concerned for key in _channels(members[one])])
    leaving = sum(one.is_leaving and not one.is_over for one in said)
    enrolled = source.enrolments.filter(active=True).count()
    whole = mode is Mode.MIRROR and source.leaving != Leaving.KEEP
    return Plan(
        source=source,
        places=here,
        said=said,
        members=members,
        changes={key: settle(members[key], here.group_ids, taking) for key in concerned},
        as_of=as_of,
        is_stamped=as_of is not None and mode is Mode.MERGE,
        leaving=leaving,
        enrolled=enrolled,
        too_many=whole and leaving * WHOLE > enrolled * source.largest_share,
    )


def _listed(people: Sequence[Entry], known: dict[str, Enrolment]) -> list[Said]:
    said: list[Said] = []
    seen: set[str] = set()
    for entry in people:
        row = known.get(entry.external_id)
        one = Said(entry.external_id, entry, row, row.pk if row else new_id())
        if not entry.external_id.strip() or len(entry.external_id) > EXTERNAL_ID_LENGTH:
            one.refuse(_("The external_id has 1 to %(most)s characters.") % {"most": EXTERNAL_ID_LENGTH})
        elif entry.external_id in seen:
            one.refuse(_("This external_id stands in the list twice: only its first line counts."))
        seen.add(entry.external_id)
        said.append(one)
    return said


def _pass_over_old(said: Sequence[Said], source: Source, as_of: datetime | None) -> None:
    if as_of is None:
        return
    for one in said:
        times = [moment for moment in (source.listed_at, one.known and one.known.said_at) if moment]
        if times and as_of < max(times):
            one.is_over, one.is_old = True, True
            one.notes = [_("Passed over: newer news of them is known.")]


def _find(said: Sequence[Said]) -> dict[uuid.UUID, Newcomer]:
    """Say whom each line is about, and who needs an account. One query."""
    unknown: dict[str, list[Said]] = {}
    for one in said:
        if one.is_over:
            continue
        one.person_id = one.known.person_id if one.known else None
        if one.entry is None or not one.entry.active:
            one.is_leaving = one.known is not None and one.known.active
            one.is_over = not one.is_leaving
            one.is_news = one.known is None
        elif one.entry.person_id is not None:
            one.person_id = one.entry.person_id
        elif one.person_id is None:
            try:
                unknown.setdefault(bulk.usable_email(one.entry.email), []).append(one)
            except Refusal as refusal:
                one.refuse(refusal.detail)
    return _find_by_email(unknown)


def _find_by_email(unknown: Mapping[str, Sequence[Said]]) -> dict[uuid.UUID, Newcomer]:
    accounts = bulk.accounts_by_email(unknown)
    newcomers: dict[uuid.UUID, Newcomer] = {}
    for email, lines in unknown.items():
        account = accounts.get(email)
        if account is not None and account.is_theirs:
            for one in lines:
                one.person_id = account.id
        elif account is not None:
            for one in lines:
                one.refuse(_("There is an account with this address, but nobody has proved that it is theirs."))
        else:
            newcomer = bulk.newcomer(email=email, name=next((one.entry.name for one in lines if one.entry), ""))
            newcomers[newcomer.id] = newcomer
            for one in lines:
                one.person_id = newcomer.id
    return newcomers


def _judge(one: Said, source: Source, here: Places) -> None:
    """Say what a line gives from now on."""
    entry = one.entry
    try:
        if entry is not None and not one.is_leaving:
            role, group_ids = here.role(entry.role), here.groups(entry.groups)
            channel_ids, one.notes = here.channels(entry.channels, one.known)
            one.claim = Claim(role, group_ids, channel_ids)
            return
        before = claim_of(one.known) if one.known else None
        if before is not None:
            here.check(before.role)
            if source.leaving == Leaving.GUEST:
                one.claim = Claim(Role.GUEST if before.role else None, frozenset(), before.channel_ids)
            elif source.leaving == Leaving.KEEP:
                one.claim = before
    except Refusal as refusal:
        one.refuse(refusal.detail)


def _claim(said: Sequence[Said], members: dict[uuid.UUID, Member]) -> Collection[uuid.UUID]:
    """Put the lines' claims in the place of those of the ledger; gives back whom that concerns."""
    concerned: dict[uuid.UUID, None] = {}  # in the order of the list
    for one in said:
        member = members.get(one.person_id) if one.person_id else None
        if one.is_over:
            continue
        if member is None:
            one.refuse(_("There is no account that this could be about."))
            continue
        if not one.is_leaving and member.is_banned:
            one.refuse(_("They are banned from this workspace. Its staff can lift the ban."))
            continue
        if not one.is_leaving and not member.is_active:
            one.refuse(_("Their account is closed."))
            continue
        concerned[member.id] = None
        before = one.known.person_id if one.known else None
        if before is not None and before != member.id and before in members:
            members[before].claims.pop(one.id, None)
            concerned[before] = None
        if one.claim is None:
            member.claims.pop(one.id, None)
        else:
            member.claims[one.id] = one.claim
        one.is_news = _differs(one)
    return concerned


def _differs(one: Said) -> bool:
    row = one.known
    if row is None or row.person_id != one.person_id or row.active == one.is_leaving or claim_of(row) != one.claim:
        return True
    return one.entry is not None and one.entry.email.strip()[:254] != row.email


def _channels(member: Member) -> set[uuid.UUID]:
    return {channel_id for claim in member.claims.values() for channel_id in claim.channel_ids}
