"""The words by which sources name roles, groups and channels."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from tertulia.channels import services as channels
from tertulia.enrolments.models import HERE, Enrolment
from tertulia.enrolments.records import MOST_PLACES
from tertulia.kernel.errors import Forbidden, Invalid
from tertulia.kernel.ids import new_id
from tertulia.kernel.tidying import tidy
from tertulia.people.models import Person
from tertulia.workspaces.access import RANK
from tertulia.workspaces.models import Group, Role, Workspace
from tertulia.workspaces.queries import role_of

GROUP_NAME_LENGTH = 80
MOST_NEW_GROUPS = 1000
ALONE = Role.INSTRUCTOR
"""The highest role that a source gives by itself, when nobody's token stands behind a call."""


@dataclass(slots=True)
class Places:
    """Groups and channels of a workspace, as they can be given by `actor` (None: by the source itself)."""

    ceiling: Role
    new_groups: dict[uuid.UUID, str] = field(default_factory=dict)
    """Groups that must be made: id -> name."""
    names: dict[uuid.UUID, str] = field(default_factory=dict)
    """What people call groups and channels."""
    _groups: dict[str, uuid.UUID] = field(default_factory=dict)
    _channels: dict[str, uuid.UUID] = field(default_factory=dict)
    _open: set[uuid.UUID] = field(default_factory=set)
    _archived: set[uuid.UUID] = field(default_factory=set)

    @classmethod
    def of(cls, workspace: Workspace, actor: Person | None) -> Places:
        """What can be given in a workspace. Three queries."""
        own = role_of(workspace.pk, actor.pk) if actor is not None else ALONE
        found = cls(ceiling=own or Role.GUEST)
        groups = list(Group.objects.filter(workspace=workspace).order_by("-pk"))
        for group in groups:  # handles win over names, older groups over younger ones
            found._groups[group.name.casefold()] = group.pk
            found.names[group.pk] = group.name
        found._groups |= {group.slug: group.pk for group in groups}
        found._groups |= {str(group.pk): group.pk for group in groups}
        there = channels.givable(actor=actor, workspace=workspace)[::-1]
        for channel in there:
            found._channels[channel.name.casefold()] = channel.pk
            found.names[channel.pk] = f"#{channel.name}"
            (found._open if channel.archived_at is None else found._archived).add(channel.pk)
        found._channels |= {channel.slug: channel.pk for channel in there}
        found._channels |= {str(channel.pk): channel.pk for channel in there}
        return found

    def role(self, text: str) -> Role | None:
        """The role of this name; None: none (HERE). Raises Invalid, Forbidden with a sentence for one person's line."""
        if text == HERE:
            return None
        try:
            role = Role(text.strip().lower())
        except ValueError:
            raise Invalid(
                _("“%(role)s” is not a role. The roles are: %(roles)s.")
                % {"role": text[:40], "roles": ", ".join(one for one in Role.values if one != Role.OWNER)}
            ) from None
        if role is Role.OWNER:
            raise Forbidden(_("Nobody becomes an owner by enrolment. An owner can do that on the page of members."))
        self.check(role)
        return role

    def check(self, role: Role | None) -> None:
        """Raises Forbidden for a role that who asks may not give, and therefore not take away."""
        if role is not None and RANK[self.ceiling] > RANK[role]:
            raise Forbidden(
                _("The role %(role)s is above %(own)s, the highest that can be given here.")
                % {"role": role.label, "own": self.ceiling.label}
            )

    def groups(self, texts: Sequence[str]) -> frozenset[uuid.UUID]:
        """The groups of these names or handles; those that do not exist are noted as new. Raises Invalid."""
        if len(texts) > MOST_PLACES:
            raise Invalid(_("At most %(most)s groups for one person.") % {"most": MOST_PLACES})
        return frozenset(self._group(text) for text in texts)

    @property
    def group_ids(self) -> frozenset[uuid.UUID]:
        """Those that exist, or will."""
        return frozenset(self._groups.values())

    def check_new_groups(self) -> None:
        """Raises Invalid for so many new groups that they cannot be meant."""
        if len(self.new_groups) > MOST_NEW_GROUPS:
            raise Invalid(
                _("This list would make %(count)s new groups, and %(most)s are the most. Is it the right column?")
                % {"count": len(self.new_groups), "most": MOST_NEW_GROUPS},
                field="people",
            )

    def _group(self, text: str) -> uuid.UUID:
        found = self._groups.get(text)
        if found is not None:
            return found
        name = tidy(text)
        if not name or len(name) > GROUP_NAME_LENGTH:
            raise Invalid(
                _("“%(name)s” cannot be the name of a group: it has 1 to %(most)s characters.")
                % {"name": name[:40], "most": GROUP_NAME_LENGTH}
            )
        key = name.casefold()
        group_id = self._groups.get(key) or self._groups.get(key.removeprefix("@"))
        if group_id is None:
            group_id = new_id()
            self.new_groups[group_id] = self.names[group_id] = name
            self._groups[key] = group_id
        self._groups[text] = group_id  # the next of a class says it the same way
        return group_id

    def channels(self, texts: Sequence[str], before: Enrolment | None) -> tuple[frozenset[uuid.UUID], Sequence[str]]:
        """The channels of these names, addresses or ids, and what is wrong with the others, as sentences.

        What the source gave `before` and who asks cannot see now stays as it is. Raises Invalid.
        """
        if len(texts) > MOST_PLACES:
            raise Invalid(_("At most %(most)s channels for one person.") % {"most": MOST_PLACES})
        already = set(before.channel_ids) if before is not None else set()
        wanted, wrong = already - self._open - self._archived, []
        for text in texts:
            channel_id = self._channels.get(text) or self._channels.get(text.strip().removeprefix("#").casefold())
            if channel_id in self._archived and channel_id not in already:
                wrong.append(_("The channel “%(name)s” is archived.") % {"name": text[:80]})
            elif channel_id is None:
                wrong.append(_("There is no channel “%(name)s” that could be given.") % {"name": text[:80]})
            else:
                wanted.add(channel_id)
        return frozenset(wanted), wrong
