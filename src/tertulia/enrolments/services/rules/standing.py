"""Whether a rule may still give: it never gives more than its author may, at the moment at which it gives."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tertulia.channels import services as channels
from tertulia.enrolments.models import HERE, Rule, RuleSource, System
from tertulia.enrolments.services.systems import visible_ids
from tertulia.people.models import Person
from tertulia.workspaces.access import GRANTS, RANK, Permission
from tertulia.workspaces.models import Group, Role, Workspace
from tertulia.workspaces.queries import role_of


@dataclass(frozen=True, slots=True)
class Standing:
    """What a rule can do now. `stopped`: the sentence why it gives nothing any more, or ""."""

    author: Person | None
    systems: Collection[uuid.UUID]
    """In which to look; of a rule that is stopped, all that could ever be meant, so that nobody leaves by that."""
    stopped: str


@dataclass(frozen=True, slots=True)
class Places:
    """Groups and channels that a rule can give now, as ids; `missing`: what it cannot, as sentences."""

    groups: Sequence[str]
    channels: Sequence[str]
    missing: Sequence[str]


def standing(rule: Rule, workspace: Workspace | None) -> Standing:
    """What a rule can do in a workspace (None: one that it has yet to make). Up to three queries."""
    systems = visible_ids(rule.workspace, rule.author)
    role = role_of(workspace.pk, rule.author.pk) if workspace is not None and rule.author is not None else None
    stopped = why_stopped(rule, systems, role, somewhere=workspace is not None)
    if stopped:
        meant = System.objects.filter(Q(workspace=None) | Q(workspace=rule.workspace))
        systems = list(meant.values_list("pk", flat=True))
    return Standing(author=rule.author, systems=systems, stopped=stopped)


def why_stopped(rule: Rule, systems: Collection[uuid.UUID], role: Role | None, *, somewhere: bool = True) -> str:
    """Why a rule gives nothing any more, as a sentence, or "".

    `systems`: that its author may see; `role`: the author's in the workspace, if it gives to one that is there already.
    """
    author = rule.author
    if author is None or not author.is_active:
        return _("It gives nothing any more, because who wrote it is gone. Save it, and it is yours.")
    given = None if rule.role == HERE else Role(rule.role)
    named = {"name": author.display_name, "role": given.label if given else ""}
    why = ""
    if rule.workspace_id is None and not author.is_owner:
        why = _(
            "It gives nothing any more, because %(name)s does not own this installation now. Save it, and it is yours."
        )
    elif rule.system_id is not None and rule.system_id not in systems:
        why = _("It gives nothing any more, because what its system tells is not open to this workspace.")
    elif somewhere and role is None:
        why = _("It gives nothing any more, because %(name)s is not in the workspace now. Save it, and it is yours.")
    elif role is not None and role not in GRANTS[Permission.ENROL]:
        why = _("It gives nothing any more, because %(name)s may not enrol people now. Save it, and it is yours.")
    elif role is not None and given is not None and RANK[role] > RANK[given]:
        why = _(
            "It gives nothing any more, because %(name)s may not give the role %(role)s now. Save it, and it is yours."
        )
    return why % named


def places(
    rule: Rule, target: RuleSource | None, workspace: Workspace, *, new: Mapping[uuid.UUID, str] | None = None
) -> Places:
    """What the rule can give in a workspace now. Two queries. `new`: groups that a preview would make, with names."""
    fresh = new or {}
    group_ids, channel_ids = list(rule.group_ids), list(rule.channel_ids)
    if target is not None and rule.workspace_id is None:
        group_ids = [uuid.UUID(key) for name, key in target.made.get("groups", {}).items() if name in rule.group_names]
        channel_ids = [
            uuid.UUID(key) for name, key in target.made.get("channels", {}).items() if name in rule.channel_names
        ]
    groups = set(Group.objects.filter(workspace=workspace, pk__in=group_ids).values_list("pk", flat=True))
    there = channels.givable(actor=rule.author, workspace=workspace)
    takes = {channel.pk for channel in there if channel.archived_at is None}
    missing = []
    if gone := sum(key not in groups and key not in fresh for key in group_ids):
        missing.append(
            ngettext("%(n)d of its groups does not exist any more.", "%(n)d of its groups do not exist any more.", gone)
            % {"n": gone}
        )
    if shut := sum(key not in takes for key in channel_ids):
        missing.append(
            ngettext(
                "%(n)d of its channels cannot be given: it is archived or gone, or its author is not in it.",
                "%(n)d of its channels cannot be given: they are archived or gone, or its author is not in them.",
                shut,
            )
            % {"n": shut}
        )
    return Places(
        groups=[fresh.get(key) or str(key) for key in group_ids if key in groups or key in fresh],
        channels=[str(key) for key in channel_ids if key in takes],
        missing=missing,
    )
