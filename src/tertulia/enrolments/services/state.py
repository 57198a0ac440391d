"""What is there before an enrolment: read in a fixed number of statements, however many people it concerns."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from django.db.models.expressions import RawSQL

from tertulia.channels.models import Channel, ChannelMembership
from tertulia.enrolments.models import HERE, Enrolment, Source, Standing
from tertulia.kernel.bulk import among, among_texts
from tertulia.people.services.bulk import Account, Newcomer, accounts_by_id
from tertulia.workspaces.access import RANK
from tertulia.workspaces.models import Ban, GroupMembership, Membership, Role, Workspace


@dataclass(frozen=True, slots=True)
class Claim:
    """What one line of one source gives a person. `role` None: groups and channels only, if something else makes them
    a member.
    """

    role: Role | None
    group_ids: frozenset[uuid.UUID]
    channel_ids: frozenset[uuid.UUID]


@dataclass(slots=True)
class Member:
    """One person in the workspace, as they are now. `newcomer`: they have no account yet."""

    id: uuid.UUID
    name: str
    is_active: bool = True
    newcomer: Newcomer | None = None
    is_banned: bool = False
    membership_id: uuid.UUID | None = None
    role: Role | None = None
    standing: Standing | None = None
    """None, too, where it tells of a membership that has ended since."""
    groups: dict[uuid.UUID, int] = field(default_factory=dict)
    """The rows that make them members of groups, by group."""
    seats: dict[uuid.UUID, tuple[uuid.UUID, bool]] = field(default_factory=dict)
    """Their seats by channel, and whether only a group holds them there."""
    claims: dict[uuid.UUID, Claim] = field(default_factory=dict)
    """What all sources give them, by the id of the line in the ledger."""

    @property
    def base_role(self) -> Role | None:
        """The role that staff gave them; None where they are members by enrolment only, or none at all."""
        if self.standing is None:
            return self.role
        if self.is_by_hand:
            return self.role
        return Role(self.standing.base_role) if self.standing.base_role else None

    @property
    def is_by_hand(self) -> bool:
        """Whether staff have changed their role since an enrolment set it."""
        return self.standing is not None and (self.standing.by_hand or self.role != self.standing.set_role)

    @property
    def wanted_role(self) -> Role | None:
        """The highest role that sources and staff give; None: nobody wants them here (any more)."""
        roles = [claim.role for claim in self.claims.values() if claim.role is not None]
        base = self.base_role
        if base is not None and self.is_by_hand:
            return base
        if base is not None:
            roles.append(base)
        return min(roles, key=RANK.__getitem__, default=None)

    @property
    def our_groups(self) -> dict[uuid.UUID, int]:
        """The groups that they are in by enrolment, with the rows."""
        ours = set(self.standing.group_rows) if self.standing else set()
        return {group_id: row for group_id, row in self.groups.items() if row in ours}

    @property
    def our_seats(self) -> dict[uuid.UUID, uuid.UUID]:
        """The channels that they are in by enrolment, with the seats."""
        ours = set(self.standing.seat_rows) if self.standing else set()
        return {channel_id: seat for channel_id, (seat, _by_group) in self.seats.items() if seat in ours}


def claim_of(enrolment: Enrolment) -> Claim | None:
    """What a line of the ledger gives; None: nothing."""
    if not enrolment.role:
        return None
    role = None if enrolment.role == HERE else Role(enrolment.role)
    return Claim(role, frozenset(enrolment.group_ids), frozenset(enrolment.channel_ids))


def ledger(source: Source, external_ids: Collection[str] | None) -> dict[str, Enrolment]:
    """The source's lines of these people (None: of all), by external id. One query."""
    rows = Enrolment.objects.filter(source=source)
    if external_ids is not None:
        rows = rows.filter(external_id__in=among_texts(external_ids))
    return {row.external_id: row for row in rows}


def members(
    workspace: Workspace, person_ids: Collection[uuid.UUID], channel_ids: Iterable[uuid.UUID]
) -> dict[uuid.UUID, Member]:
    """These people as they are, with their seats in these channels and those that sources gave. Eight queries."""
    ids = among(person_ids)
    found = {account.id: _member(account) for account in accounts_by_id(person_ids).values()}
    if not found:
        return found
    for row in Membership.objects.filter(workspace=workspace, person_id__in=ids).values_list("person", "pk", "role"):
        if row[0] in found:
            found[row[0]].membership_id, found[row[0]].role = row[1], Role(row[2])
    for person_id in Ban.objects.filter(workspace=workspace, person_id__in=ids).values_list("person", flat=True):
        if person_id in found:
            found[person_id].is_banned = True
    for standing in Standing.objects.filter(workspace=workspace, person_id__in=ids):
        member = found.get(standing.person_id)
        if member is not None and member.membership_id == standing.membership_id:
            member.standing = standing
    given = set(channel_ids)
    for enrolment in Enrolment.objects.filter(source__workspace=workspace, person_id__in=ids).exclude(role=""):
        claim = claim_of(enrolment)
        if claim is not None and enrolment.person_id in found:
            found[enrolment.person_id].claims[enrolment.pk] = claim
            given |= claim.channel_ids
    _places(workspace, found, ids, given)
    return found


def _places(workspace: Workspace, found: dict[uuid.UUID, Member], ids: RawSQL, channel_ids: set[uuid.UUID]) -> None:
    groups = GroupMembership.objects.filter(group__workspace=workspace, person_id__in=ids)
    for person_id, group_id, row in groups.values_list("person", "group", "pk"):
        if person_id in found:
            found[person_id].groups[group_id] = row
    seats = ChannelMembership.objects.filter(channel_id__in=list(channel_ids), person_id__in=ids)
    for person_id, channel_id, seat, group in seats.values_list("person", "channel", "pk", "via_group"):
        if person_id in found:
            found[person_id].seats[channel_id] = (seat, group is not None)


def open_channels(workspace: Workspace, channel_ids: Iterable[uuid.UUID]) -> set[uuid.UUID]:
    """Those of these channels that exist and take people. One query."""
    rows = Channel.objects.filter(workspace=workspace, archived_at=None, pk__in=set(channel_ids))
    return set(rows.values_list("pk", flat=True))


def _member(account: Account) -> Member:
    return Member(id=account.id, name=account.name, is_active=account.is_active)
