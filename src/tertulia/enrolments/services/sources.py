"""Sources and uploaded lists: making them, changing what happens when people leave."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from tertulia.enrolments.models import NAME_LENGTH, Kind, Leaving, Source, UploadedList
from tertulia.enrolments.records import Entry, Mode, Report
from tertulia.enrolments.services.enrolling import enrol
from tertulia.enrolments.services.handing_over import hand_over, let_go
from tertulia.enrolments.services.planning import WHOLE
from tertulia.kernel import audit
from tertulia.kernel.clock import now
from tertulia.kernel.errors import Conflict, Invalid
from tertulia.kernel.tidying import line
from tertulia.people.models import Person
from tertulia.workspaces import services as workspaces
from tertulia.workspaces.models import Workspace

MOST_SOURCES = 200
LISTS_KEPT = timedelta(days=1)


def find_source(*, workspace: Workspace, name: str, kind: Kind) -> Source:
    """The source of this name, or one that is not stored yet, for previews. Raises Invalid."""
    name = line(name, field="source", label=_("source"), longest=NAME_LENGTH, required=True)
    found = Source.objects.filter(workspace=workspace, name__iexact=name).first()
    if found is not None:
        found.workspace = workspace
        return found
    return Source(workspace=workspace, name=name, kind=kind)


def open_source(*, actor: Person | None, workspace: Workspace, name: str, kind: Kind) -> Source:
    """The source of this name; made if it has never spoken. Needs ENROL (`actor` None: the caller has seen to it).

    Raises NotFound, Forbidden, Invalid, Conflict (archived, too many).
    """
    with transaction.atomic():
        locked = workspaces.open_to_enrol(actor=actor, workspace=workspace)
        source = find_source(workspace=locked, name=name, kind=kind)
        if not Source.objects.filter(pk=source.pk).exists():
            if Source.objects.filter(workspace=locked).count() >= MOST_SOURCES:
                raise Conflict(_("This workspace has %(count)s sources. Use one of them.") % {"count": MOST_SOURCES})
            source.created_by = actor
            source.save(force_insert=True)
            _record(actor, "added the source", source, {}, _settings(source))
    return source


def follow(
    *,
    actor: Person,
    workspace: Workspace,
    name: str,
    people: Sequence[Entry],
    mode: Mode,
    confirmed: bool = False,
    as_of: datetime | None = None,
) -> Report:
    """`enrol` for a source called by its name, which is made if it has never spoken: both, or neither."""
    with transaction.atomic():
        source = open_source(actor=actor, workspace=workspace, name=name, kind=Kind.REST)
        return enrol(source=source, people=people, mode=mode, actor=actor, confirmed=confirmed, as_of=as_of)


def change_source(
    *, actor: Person, source: Source, leaving: Leaving, largest_share: int, welcome: bool, name: str | None = None
) -> Source:
    """What happens when people leave a source, how many may at once, whether those who come get a mail. Needs ENROL.

    `name`: what it is called from now on; a program that speaks by the old name opens a new source. A rule's source is
    changed by its rule. Raises Invalid, Conflict (`name-taken`, `is-a-rule`).
    """
    _check_not_a_rule(source)
    if not 0 <= largest_share <= WHOLE:
        raise Invalid(_("The share is a number of percent from 0 to 100."), field="largest_share")
    with transaction.atomic():
        workspaces.open_to_enrol(actor=actor, workspace=source.workspace)
        source.refresh_from_db(fields=["name", "leaving", "largest_share", "welcome"])
        before = _settings(source)
        if name is not None:
            source.name = line(name, field="name", label=_("name"), longest=NAME_LENGTH, required=True)
            others = Source.objects.filter(workspace=source.workspace, name__iexact=source.name).exclude(pk=source.pk)
            if others.exists():
                raise Conflict(_("There is a source of this name already."), type="name-taken", field="name")
        source.leaving, source.largest_share, source.welcome = leaving, largest_share, welcome
        if _settings(source) != before:
            source.save(update_fields=["name", "leaving", "largest_share", "welcome"])
            _record(actor, "changed the source", source, before, _settings(source))
    return source


def delete_source(*, actor: Person, source: Source, keep_people: bool) -> None:
    """The source and its log end. `keep_people`: whom it brought stays as they are, as if staff had added them; else
    they leave as the source's leaving says. Needs ENROL. Raises Conflict (`is-a-rule`, `archived`).
    """
    _check_not_a_rule(source)
    with transaction.atomic():
        source.workspace = workspaces.open_to_enrol(actor=actor, workspace=source.workspace)
        _record(actor, "deleted the source", source, _settings(source), {"people_stay": keep_people})
        if not keep_people:
            let_go(source)
        hand_over(source)
        source.delete()


def _check_not_a_rule(source: Source) -> None:
    if source.kind == Kind.RULE:
        raise Conflict(_("This source is a rule. Change or delete the rule."), type="is-a-rule")


def keep_list(*, actor: Person, source: Source, people: Sequence[Entry], mode: Mode) -> UploadedList:
    """Keep an uploaded list until it has been looked at. Older ones nobody came back to go."""
    UploadedList.objects.filter(created_at__lt=now() - LISTS_KEPT).delete()
    entries = [dataclasses.asdict(entry) for entry in people]
    return UploadedList.objects.create(source=source, by=actor, mode=mode, people=entries)


def entries_of(uploaded: UploadedList) -> list[Entry]:
    """The people of an uploaded list."""
    return [Entry(**entry) for entry in uploaded.people]


def apply_list(*, actor: Person, uploaded: UploadedList, confirmed: bool) -> Report:
    """Do what a list says; it is gone then. Raises what `enrol` raises, and then it stays."""
    with transaction.atomic():
        report = enrol(
            source=uploaded.source,
            people=entries_of(uploaded),
            mode=Mode(uploaded.mode),
            actor=actor,
            confirmed=confirmed,
        )
        uploaded.delete()
    return report


def _settings(source: Source) -> dict[str, object]:
    return {
        "name": source.name,
        "leaving": source.leaving,
        "largest_share": source.largest_share,
        "welcome": source.welcome,
    }


def _record(
    actor: Person | None, verb: str, source: Source, before: dict[str, object], after: dict[str, object]
) -> None:
    audit.record(
        actor=actor,
        verb=verb,
        object_kind="enrolment source",
        object_id=source.pk,
        workspace_id=source.workspace_id,
        before=before,
        after=after,
    )
