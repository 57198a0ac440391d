"""Rules of the installation: one workspace for each value of a key, made when the first person with it is told of."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping

from django.utils.translation import gettext as _

from tertulia.channels import services as channels
from tertulia.channels.models import Visibility
from tertulia.enrolments.models import NAME_LENGTH, Key, Kind, KnownValue, Rule, RuleSource, Source
from tertulia.enrolments.services.rules import matching, standing
from tertulia.enrolments.services.rules.matching import Among, Question
from tertulia.kernel.ids import new_id
from tertulia.kernel.tidying import tidy
from tertulia.people.models import Person
from tertulia.workspaces import services as workspaces
from tertulia.workspaces.models import Group, Template, Workspace

MOST_SPACES = 1000
"""Workspaces that one rule makes; a key with more values was not meant for this."""
Value = tuple[uuid.UUID, str]
"""A system, and a value of the rule's key that it has told."""
_TEMPLATES = {
    Key.COURSE: Template.COURSE,
    Key.RUN: Template.COURSE,
    Key.CONTEXT: Template.COURSE,
    Key.PLATFORM: Template.PLATFORM,
}


def make(rule: Rule, whom: Among | None) -> None:
    """Make the workspaces that are missing for these people (None: for everybody), and what each should have.

    The rule is locked. One that cannot give any more makes nothing.
    """
    able = standing.standing(rule, None)
    if able.stopped or able.author is None:
        return
    found = matching.matches(Question.of(rule, able.systems), whom)
    there = {(row.system_id, row.value): row for row in rule.sources.select_related("source__workspace")}
    wanted = sorted({(one.system_id, one.value) for one in found if (one.system_id, one.value) not in there})
    titles = titles_of(Key(rule.per), wanted)
    for value in wanted[: max(0, MOST_SPACES - len(there))]:
        _make(rule, value, titles[value], able.author)
    for row in there.values():
        if row.source is not None and row.source.workspace.archived_at is None and _lacks(rule, row):
            _furnish(rule, row, row.source.workspace, able.author)


def titles_of(key: Key, values: Collection[Value]) -> dict[Value, str]:
    """What people call these values; the value itself where no system told more. One query."""
    rows = KnownValue.objects.filter(key=key, system__in={system for system, _value in values}).exclude(title="")
    told = {
        (row.system_id, row.value): row.title for row in rows.filter(value__in={value for _system, value in values})
    }
    return {value: told.get(value) or value[1] for value in values}


def _make(rule: Rule, value: Value, title: str, author: Person) -> None:
    workspace = workspaces.create_workspace(
        actor=author,
        name=tidy(title)[:NAME_LENGTH].strip() or _("Workspace"),
        template=_TEMPLATES.get(Key(rule.per), Template.SEGMENT),
        allowed=True,
    )
    source = Source.objects.create(
        workspace=workspace,
        name=rule.name,
        kind=Kind.RULE,
        leaving=rule.leaving,
        largest_share=rule.largest_share,
        welcome=rule.welcome,
        created_by=author,
    )
    row = RuleSource.objects.create(rule=rule, source=source, system_id=value[0], value=value[1])
    _furnish(rule, row, workspace, author)


def _lacks(rule: Rule, row: RuleSource) -> bool:
    groups, made = row.made.get("groups", {}), row.made.get("channels", {})
    return any(name not in groups for name in rule.group_names) or any(name not in made for name in rule.channel_names)


def _furnish(rule: Rule, row: RuleSource, workspace: Workspace, author: Person) -> None:
    """The groups and private channels that the rule names: found by their names, or made."""
    groups: dict[str, str] = row.made.get("groups", {})
    made: dict[str, str] = row.made.get("channels", {})
    there = {group.name.casefold(): group.pk for group in Group.objects.filter(workspace=workspace)}
    fresh = {new_id(): name for name in rule.group_names if name not in groups and name.casefold() not in there}
    if fresh:
        workspaces.make_groups(workspace=workspace, names=fresh)
        there |= {name.casefold(): key for key, name in fresh.items()}
    _note(groups, rule.group_names, there)
    givable = channels.givable(actor=author, workspace=workspace)
    open_to = {channel.name.casefold(): channel.pk for channel in givable if channel.archived_at is None}
    for name in rule.channel_names:
        if name not in made and name.casefold() not in open_to:
            channel = channels.create_channel(
                actor=author, workspace=workspace, name=name, visibility=Visibility.PRIVATE, quiet=True
            )
            open_to[name.casefold()] = channel.pk
    _note(made, rule.channel_names, open_to)
    row.made = {"groups": groups, "channels": made}
    row.save(update_fields=["made"])


def _note(made: dict[str, str], names: Iterable[str], found: Mapping[str, uuid.UUID]) -> None:
    for name in names:
        if name not in made:
            made[name] = str(found[name.casefold()])
