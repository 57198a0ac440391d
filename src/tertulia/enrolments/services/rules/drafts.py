"""What somebody writes as a rule, checked: whom it may be about, and what its author may give."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from typing import TypeVar

from django.db.models import TextChoices
from django.utils.translation import gettext as _

from tertulia.channels import services as channels
from tertulia.enrolments.models import HERE, NAME_LENGTH, VALUE_LENGTH, Key, Leaving, Rule, RuleSource, Source
from tertulia.enrolments.records import MOST_PLACES, Draft
from tertulia.enrolments.services.systems import visible
from tertulia.kernel.errors import Conflict, Forbidden, Invalid
from tertulia.kernel.ids import new_id
from tertulia.kernel.tidying import line
from tertulia.people.models import Person
from tertulia.workspaces.access import RANK
from tertulia.workspaces.models import Group, Role, Workspace
from tertulia.workspaces.queries import role_of

MOST_CONDITIONS = 10
MOST_VALUES = 50
WHOLE = 100  # percent
Choice = TypeVar("Choice", bound=TextChoices)


def checked(*, actor: Person, rule: Rule, draft: Draft, named: bool = True) -> dict[uuid.UUID, str]:
    """Write the draft into `rule`, not into the database; `actor` becomes its author. Gives back new groups' names.

    A rule without a workspace is the installation's. Raises Invalid, Forbidden (a role above one's own), Conflict (the
    name is in use) with the field that is meant. What may not be seen is as if it did not exist. Without `named`, any
    name will do.
    """
    workspace = rule.workspace
    rule.author = actor
    rule.name = line(draft.name, field="name", label=_("name"), longest=NAME_LENGTH, required=named)
    if named:
        _check_name(rule)
    if draft.system_id is not None and not visible(workspace, actor).filter(pk=draft.system_id).exists():
        raise Invalid(_("There is no such system. Choose one of those offered."), field="system")
    rule.system_id = draft.system_id
    rule.conditions = _conditions(draft.conditions)
    rule.role = HERE if draft.role == HERE else _choice(Role, draft.role, "role")
    rule.leaving = _choice(Leaving, draft.leaving, "leaving")
    if not 0 <= draft.largest_share <= WHOLE:
        raise Invalid(_("The share is a number of percent from 0 to 100."), field="largest_share")
    rule.largest_share, rule.welcome, rule.is_on = draft.largest_share, draft.welcome, draft.is_on
    if rule.role == Role.OWNER:
        raise Forbidden(
            _("Nobody becomes an owner by a rule. An owner can do that on the page of members."), field="role"
        )
    if rule.role != HERE and any(one["key"] == Key.ANSWER for one in rule.conditions):
        raise Invalid(
            _("What members answer brings nobody in, and keeps nobody: choose no role, only groups and channels."),
            field="role",
        )
    if workspace is None:
        rule.per = _choice(Key, draft.per, "per")
        rule.group_names = _names(draft.groups, "groups")
        rule.channel_names = _names(draft.channels, "channels")
        return {}
    if not rule.conditions and rule.system_id is None:
        raise Invalid(_("Say whom the rule is about: choose a system, or write a condition."), field="conditions")
    return _give_in(workspace, actor, rule, draft)


def _give_in(workspace: Workspace, actor: Person, rule: Rule, draft: Draft) -> dict[uuid.UUID, str]:
    own = role_of(workspace.pk, actor.pk) or Role.GUEST
    if rule.role != HERE and RANK[own] > RANK[Role(rule.role)]:
        raise Forbidden(
            _("The role %(role)s is above yours, which is %(own)s.")
            % {"role": Role(rule.role).label, "own": own.label},
            field="role",
        )
    rule.per = ""
    there = channels.givable(actor=actor, workspace=workspace)
    open_to = [channel for channel in there if channel.archived_at is None]
    by_name = {channel.name.casefold(): channel.pk for channel in open_to}
    by_name |= {channel.slug: channel.pk for channel in open_to} | {str(channel.pk): channel.pk for channel in open_to}
    rule.channel_ids = []
    for text in _some(draft.channels, "channels"):
        found = by_name.get(text) or by_name.get(text.removeprefix("#").casefold())
        if found is None:
            raise Invalid(
                _("There is no channel “%(name)s” that you can give. Private ones only who is in them can.")
                % {"name": text[:NAME_LENGTH]},
                field="channels",
            )
        rule.channel_ids.append(found)
    return _groups(workspace, rule, draft.groups)


def _groups(workspace: Workspace, rule: Rule, texts: Sequence[str]) -> dict[uuid.UUID, str]:
    groups = list(Group.objects.filter(workspace=workspace).order_by("-pk"))
    there = {group.name.casefold(): group.pk for group in groups}
    there |= {group.slug: group.pk for group in groups} | {str(group.pk): group.pk for group in groups}
    rule.group_ids, new = [], {}
    for text in _some(texts, "groups"):
        found = there.get(text) or there.get(text.removeprefix("@").casefold())
        if found is None:
            found = new_id()
            new[found] = line(text, field="groups", label=_("group's name"), longest=NAME_LENGTH, required=True)
            there[new[found].casefold()] = found
        rule.group_ids.append(found)
    return new


def _check_name(rule: Rule) -> None:
    if rule.workspace_id is None:
        taken = Rule.objects.filter(workspace=None, name__iexact=rule.name).exclude(pk=rule.pk).exists()
    else:
        own = RuleSource.objects.filter(rule_id=rule.pk).values("source_id")
        taken = (
            Source.objects.filter(workspace_id=rule.workspace_id, name__iexact=rule.name).exclude(pk__in=own).exists()
        )
    if taken:
        raise Conflict(_("There is a rule or source of this name already."), type="name-taken", field="name")


def _conditions(said: Sequence[tuple[str, Sequence[str]]]) -> list[dict[str, object]]:
    if len(said) > MOST_CONDITIONS:
        raise Invalid(_("A rule has at most %(most)s conditions.") % {"most": MOST_CONDITIONS}, field="conditions")
    found: list[dict[str, object]] = []
    for key, texts in said:
        values = list(dict.fromkeys(text.strip() for text in texts if text.strip()))
        label = _choice(Key, key, "conditions").label
        if not values:
            raise Invalid(_("Say which values “%(key)s” may have.") % {"key": label}, field="conditions")
        if len(values) > MOST_VALUES:
            raise Invalid(
                _("“%(key)s” has %(count)s values; %(most)s is the most. A * at the end stands for all that begin so.")
                % {"key": label, "count": len(values), "most": MOST_VALUES},
                field="conditions",
            )
        if any(len(value) > VALUE_LENGTH or not value.isprintable() for value in values):
            raise Invalid(_("A value of “%(key)s” is too long.") % {"key": label}, field="conditions")
        found.append({"key": Key(key).value, "values": values})
    return found


def _some(texts: Iterable[str], field: str) -> list[str]:
    found = list(dict.fromkeys(text.strip() for text in texts if text.strip()))
    if len(found) > MOST_PLACES:
        raise Invalid(_("A rule gives at most %(most)s of these.") % {"most": MOST_PLACES}, field=field)
    return found


def _names(texts: Iterable[str], field: str) -> list[str]:
    words = (text.removeprefix("#").removeprefix("@") for text in _some(texts, field))
    return [line(text, field=field, label=_("name"), longest=NAME_LENGTH, required=True) for text in words]


def _choice(of: type[Choice], value: str, field: str) -> Choice:
    try:
        return of(value)
    except ValueError:
        raise Invalid(_("Choose one of: %(choices)s.") % {"choices": ", ".join(of.values)}, field=field) from None
