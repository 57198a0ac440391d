"""What must be done for one person to be exactly what staff and all claims on them give together."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from tertulia.enrolments.services.state import Member
from tertulia.workspaces.models import Role

NOTHING: frozenset[uuid.UUID] = frozenset()


@dataclass(frozen=True, slots=True)
class Change:
    """The steps for one person; `admit` and `role` are None where they stay what they are."""

    admit: Role | None = None
    role: Role | None = None
    dismiss: bool = False
    join: frozenset[uuid.UUID] = NOTHING
    """Groups to come into."""
    quit: frozenset[uuid.UUID] = NOTHING
    seat: frozenset[uuid.UUID] = NOTHING
    """Channels to come into."""
    unseat: frozenset[uuid.UUID] = NOTHING

    @property
    def is_any(self) -> bool:
        """Whether there is anything to do."""
        return self != NO_CHANGE


NO_CHANGE = Change()


def settle(member: Member, groups: Collection[uuid.UUID], channels: Collection[uuid.UUID]) -> Change:
    """The steps; `groups` and `channels` are those that exist and take people."""
    wanted = member.wanted_role
    if member.is_banned or (member.role is None and not member.is_active):
        return NO_CHANGE
    if wanted is None:
        return Change(dismiss=True) if member.role is not None else NO_CHANGE
    in_groups = {group_id for claim in member.claims.values() for group_id in claim.group_ids}
    in_channels = {channel_id for claim in member.claims.values() for channel_id in claim.channel_ids}
    role = wanted if member.role is not None and member.role != wanted else None
    # A new guest is taken out of all public channels, so that what is given is given again.
    seated = set() if role is Role.GUEST else {key for key, (_seat, by_group) in member.seats.items() if not by_group}
    return Change(
        admit=wanted if member.role is None else None,
        role=role,
        join=frozenset(group_id for group_id in in_groups if group_id not in member.groups and group_id in groups),
        quit=frozenset(member.our_groups.keys() - in_groups),
        seat=frozenset(key for key in in_channels if key not in seated and key in channels),
        unseat=frozenset(member.our_seats.keys() - in_channels),
    )


def words(change: Change, names: Mapping[uuid.UUID, str]) -> list[str]:
    """The steps that are worth a word, as short sentences."""
    said = []
    if change.role is not None:
        said.append(_("Now %(role)s.") % {"role": change.role.label})
    came, went = (_listed(keys, names) for keys in (change.join | change.seat, change.quit | change.unseat))
    if came:
        said.append(_("Into %(places)s.") % {"places": came})
    if went:
        said.append(_("Out of %(places)s.") % {"places": went})
    return said


def _listed(keys: Collection[uuid.UUID], names: Mapping[uuid.UUID, str]) -> str:
    return ", ".join(sorted(names[key] for key in keys if key in names))
